"""The form by which measures are taken: what kind, against which uploads, and the statement that uploaders are sent."""

from __future__ import annotations

from dataclasses import dataclass, field

from service.console.accused_view import UploadList, read_values
from service.console.complaint_form import Sent
from service.console.i18n import mark
from service.console.pages import Page
from service.domain.errors import FieldFault, InvalidFields
from service.domain.measure import MeasureKind
from service.domain.measure_statement import UPLOAD
from service.domain.notice import Notice
from service.domain.wording import Wording

NONE_CHOSEN = mark("Choose one upload at least.")


@dataclass(frozen=True, slots=True)
class MeasureForm:
    """The form as it stands; `chosen` are the values of uploads, `every` says that all are meant.

    `unfolded` tells whether the statement is shown at once.
    """

    kind: MeasureKind = MeasureKind.UNPUBLISH
    every: bool = False
    chosen: frozenset[str] = frozenset()
    statement: Wording = field(default_factory=lambda: Wording("", ""))
    unfolded: bool = False

    @classmethod
    def read(cls, sent: Sent) -> MeasureForm:
        """Read a form that was sent."""
        kind = sent.texts.get("kind", "")
        return cls(
            MeasureKind(kind) if kind in set(MeasureKind) else MeasureKind.UNPUBLISH,
            sent.texts.get("scope") == "all",
            frozenset(sent.every.get("uploads", ())),
            Wording(sent.text("statement_en"), sent.text("statement_zh")),
        )

    def uploads(self, page: Page) -> list[tuple[str, str]] | None:
        """Return the chosen uploads, None for all. Raises InvalidFields where none is chosen."""
        if self.every:
            return None
        found = read_values(sorted(self.chosen))
        if not found:
            raise InvalidFields([FieldFault("uploads", page.say(NONE_CHOSEN), page.say(NONE_CHOSEN))])
        return found


def prepared(page: Page, notice: Notice, kind: MeasureKind, uploads: UploadList | None = None) -> MeasureForm:
    """Prepare the form with the statement of a kind, and with what is usually chosen of the uploads.

    That is each one without a measure, unless a licence or a private use stands for it; all where not all are shown.
    """
    rows = uploads.rows if uploads is not None else ()
    chosen = frozenset(row.value for row in rows if row.value and not row.measures and not row.covered)
    every = uploads is not None and uploads.left > 0
    return MeasureForm(kind, every, chosen, page.wired.notices.statement(notice, kind))


def written(form: MeasureForm, usual: Wording) -> Wording | None:
    """Return the statement where somebody changed it. Raises InvalidFields where it names no upload, or is empty."""
    if form.statement in (Wording("", ""), Wording(usual.en.strip(), usual.zh.strip())):
        return None
    faults = []
    for language in ("en", "zh"):
        if not getattr(form.statement, language):
            faults.append(FieldFault(f"statement_{language}", "must not be empty", "不能为空"))
        elif UPLOAD not in getattr(form.statement, language):
            message = f"leave {UPLOAD} in it: the name of each upload stands there"
            faults.append(FieldFault(f"statement_{language}", message, f"请保留 {UPLOAD}：此处为各上传内容的名称"))
    if faults:
        raise InvalidFields(faults)
    return form.statement
