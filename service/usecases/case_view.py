"""A case as somebody who has to decide sees it, and the statement of reasons prepared for them."""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.audit import Entry
from service.domain.case import Case, Decision, DecisionKind, ReasonCode
from service.domain.evidence import Evidence
from service.domain.statement import Concerned, statement
from service.domain.wording import Title, Wording
from service.ports import PastScreening
from service.usecases import record
from service.usecases.record import Judged, KnownSet

_IMAGE = "image:"
_SIGNATURES = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (8, b"WEBP", "image/webp"),
    (0, b"GIF8", "image/gif"),
    (4, b"ftypavi", "image/avif"),
)


@dataclass(frozen=True, slots=True)
class CaseView:
    """All that bears on a case.

    `screening.answer` holds the machine's verdict, which nobody may be shown who has yet to decide: a second look looks
    like any other case. `same_uploader` are their other uploads, `same_sets` other cases of the same sets, each newest
    first; `timeline` is the audit log's, oldest first.
    """

    case: Case
    screening: PastScreening
    decisions: list[Decision]
    same_uploader: list[PastScreening]
    same_sets: list[Case]
    timeline: list[Entry]

    @property
    def judged(self) -> Judged:
        """What was found: evidence, what was not screened, and the sets as they were then."""
        return record.read(self.screening.record)


@dataclass(frozen=True, slots=True)
class PictureBytes:
    """A picture as it is kept, and what it is by its own first bytes."""

    data: bytes
    media_type: str


def draft(case: Case, screening: PastScreening, kind: DecisionKind, reason: ReasonCode) -> Wording:
    """Prepare the statement of reasons for a decision."""
    judged = record.read(screening.record)
    sets = [_concerned(item) for item in judged.sets if item.slug in case.reference_sets]
    return statement(kind, reason, case.external_id, sets, [item.explanation for item in telling(case, judged)])


def telling(case: Case, judged: Judged) -> list[Evidence]:
    """Return the facts that tell something about the sets of a case, the rarest first; each source and kind once."""
    about = [
        item
        for item in judged.evidence
        if not item.weightless and item.kind.value in case.kinds and item.reference_set in (None, *case.reference_sets)
    ]
    first: dict[tuple[str, str, str | None], Evidence] = {}
    for item in sorted(about, key=lambda item: item.rate):
        first.setdefault((item.kind.value, item.source, item.reference_set), item)
    return list(first.values())


def dismissed_pictures(case: Case, screening: PastScreening) -> list[str]:
    """Return the sha256 of the pictures that the facts of a case speak of."""
    judged = record.read(screening.record)
    names = {item.source.removeprefix(_IMAGE) for item in telling(case, judged) if item.source.startswith(_IMAGE)}
    return list(dict.fromkeys(item.sha256 for item in screening.pictures if item.name in names and item.vector))


def media_type(data: bytes) -> str:
    """Tell a picture's type by its first bytes, among those that are ever decoded."""
    found = (kind for place, sign, kind in _SIGNATURES if data[place : place + len(sign)] == sign)
    return next(found, "application/octet-stream")


def _concerned(known: KnownSet) -> Concerned:
    return Concerned(Title.among(known.title), Title.among(known.work), known.holder)
