"""Dossiers: all that is known about a case, a notice or a sweep, gathered for an evidence pack."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic_core import to_jsonable_python

from service.domain.errors import NotFound
from service.domain.measure import Measure
from service.domain.notice import Notice
from service.domain.report import Comparisons, Facts, Section, Text
from service.domain.wording import Wording
from service.ports import Attachment, Blobs, EvidenceRecord, Measures, PastScreening, Policies, SetDirectory
from service.ports.notices import Notices
from service.usecases.answer import shown_evidence
from service.usecases.case_view import telling
from service.usecases.compared_pictures import ComparedPictures
from service.usecases.dossier_redacted import (
    own_attachments,
    redacted_attachment,
    redacted_measures,
    redacted_notice,
)
from service.usecases.dossier_sections import (
    NOTICES,
    as_written,
    attachments_section,
    both,
    counters_section,
    letters_section,
    measures_section,
    messages_section,
    statements_section,
    when,
)
from service.usecases.dossier_sweeps import SweepParts, Swept, left_out_section, sweep_section, told_sweep
from service.usecases.review import Review

MOST_PAIRS = 24
"""Pictures side by side in the readable report; all that were compared are in the pack."""

MOST_PICTURES = 1_000
_ATTACHED = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}


@dataclass(frozen=True, slots=True)
class Dossier:
    """What goes into a pack: its main document, other files, sections of the report, and subjects of the audit log.

    With `closed` the entries of the audit log are proven, and their content is withheld. The entries about `named`
    subjects belong to it where `reason` is why they were written.
    """

    kind: str
    title: Wording
    document: Mapping[str, Any]
    files: Mapping[str, bytes]
    sections: tuple[Section, ...]
    subjects: tuple[str, ...]
    closed: bool = False
    reason: str | None = None
    named: tuple[str, ...] = ()


class Dossiers:
    """Gathers dossiers."""

    def __init__(
        self,
        *,
        review: Review,
        notices: Notices,
        sweeps: SweepParts,
        measures: Measures,
        record: EvidenceRecord,
        sets: SetDirectory,
        policies: Policies,
        blobs: Blobs,
    ) -> None:
        self._review = review
        self._notices = notices
        self._parts = sweeps
        self._measures = measures
        self._record = record
        self._sets = sets
        self._policies = policies
        self._blobs = blobs

    def of_case(self, case_id: str) -> Dossier:
        """Gather all about a case. Raises NotFound."""
        view = self._review.open(case_id)
        case, screening = view.case, view.screening
        taken = self._taken(f"case:{case_id}", (case.platform, case.external_id))
        pictures = ComparedPictures(self._blobs, self._sets)
        facts_of = map(shown_evidence, view.judged.evidence)
        comparisons, omitted = pictures.compare("upload", screening.pictures, facts_of, MOST_PICTURES)
        told = self._measures_told(taken)
        version = screening.answer.get("policy_version")
        document = {
            "case": to_jsonable_python(case),
            "decisions": to_jsonable_python(view.decisions),
            "screening": _screening(screening),
            "policy": self._policy(version),
            "index": {"snapshot": screening.answer.get("snapshot"), "model": screening.answer.get("model")},
            **told,
        }
        facts = [
            (Wording("Case", "案件"), case.id),
            (Wording("Platform", "平台"), case.platform),
            (Wording("Upload", "上传内容"), case.external_id),
            (Wording("Uploader", "上传者"), case.uploader or "–"),
            (Wording("Reference sets", "参考集"), ", ".join(case.reference_sets) or "–"),
            (Wording("State", "状态"), case.state.value),
            (Wording("Opened", "立案时间"), case.opened.isoformat(timespec="seconds")),
            (Wording("Verdict of the screening", "筛查结论"), str(screening.answer.get("verdict"))),
            (Wording("Policy, index, model", "策略、索引、模型"), _versions(screening.answer)),
        ]
        statements = [
            Text(Wording(f"Decision: {item.kind.value}", f"决定：{item.kind.value}"), item.statement)
            for item in view.decisions
            if item.statement is not None and item.undone is None
        ]
        found = tuple(item.explanation for item in telling(case, view.judged))
        sections: list[Section] = [Facts(Wording("Facts", "基本事实"), tuple(facts))]
        if found:
            rows = tuple((Wording(f"{number}", ""), f"{item.zh}\n{item.en}") for number, item in enumerate(found, 1))
            sections.append(Facts(Wording("What was found", "所发现的内容"), rows))
        if comparisons:
            shown, more = tuple(comparisons[:MOST_PAIRS]), max(0, len(comparisons) - MOST_PAIRS)
            sections.append(Comparisons(Wording("Pictures compared", "图片比对"), shown, more, omitted))
        sections += [*measures_section(taken, told["messages"]), *statements_section(taken), *statements]
        if case.appeal is not None:
            sections.append(as_written(Wording("Appeal", "申诉"), case.appeal))
        subjects = (f"case:{case_id}", f"screening:{case.screening_id}", *(f"measure:{item.id}" for item in taken))
        title = Wording("Evidence pack of a case", "案件证据包")
        return Dossier("case", title, document, pictures.files, tuple(sections), subjects)

    def of_notice(self, notice_id: str, owner: str | None = None) -> Dossier:
        """Gather all about a notice; for its `owner` without other people's data. Raises NotFound."""
        notice = self._notices.get(notice_id)
        if notice is None or (owner is not None and notice.owner != owner):
            raise NotFound(f"there is no notice {notice_id}")
        closed = owner is not None
        taken = self._taken(notice.because)
        hanging = self._notices.correspondence(notice_id)
        swept = self._swept(notice)
        sections: list[Section] = [Facts(Wording("Facts", "基本事实"), _notice_facts(notice))]
        if notice.claim.explanation:
            sections.append(as_written(Wording("What the notifier says", "通知人的说明"), notice.claim.explanation))
        pictures = ComparedPictures(self._blobs, self._sets)
        if closed:
            attached, files = self._attachments(own_attachments(hanging.attachments))
            document = redacted_notice(notice, hanging, taken, swept)
            document["attachments"] = [redacted_attachment(item) for item in attached]
            sections += [*redacted_measures(taken), *attachments_section(attached)]
            sections += [sweep_section(item, closed=True) for item in swept]
        else:
            attached, files = self._attachments(hanging.attachments)
            told = self._measures_told(taken)
            about, alerts = self._record.notice_messages(notice_id), self._record.alerts(notice.because)
            compared, shown = self._parts.compared(swept, pictures)
            document = {
                "notice": to_jsonable_python(notice),
                "correspondence": {
                    "letters": to_jsonable_python(hanging.letters),
                    "counter_notices": to_jsonable_python(hanging.counter_notices),
                },
                "attachments": attached,
                **told,
                "notice_messages": about,
                "partners_told": alerts,
                "sweeps": [told_sweep(item) for item in swept],
                "compared": compared,
            }
            sections += [
                *measures_section(taken, told["messages"]),
                *attachments_section(attached),
                *messages_section(Wording("Messages about the notice", "关于通知的消息"), about),
                *messages_section(Wording("Partners told", "已告知的合作方"), alerts),
                *(sweep_section(item) for item in swept),
                *shown,
                *left_out_section(swept),
                *counters_section(hanging.counter_notices),
                *letters_section(hanging.letters),
                *statements_section(taken),
            ]
        subjects = (
            notice.because,
            *(f"sweep:{item.sweep.id}" for item in swept),
            *(f"measure:{item.id}" for item in taken),
        )
        title = Wording("Evidence pack of a notice", "通知证据包")
        files |= pictures.files
        reason = None if closed else notice.because
        named = tuple(f"set:{slug}" for slug in notice.reference_sets)
        return Dossier("notice", title, document, files, tuple(sections), subjects, closed, reason, named)

    def of_sweep(self, sweep_id: str) -> Dossier:
        """Gather all about a sweep. Raises NotFound."""
        swept = self._parts.read(sweep_id)
        if swept is None:
            raise NotFound(f"there is no sweep {sweep_id}")
        taken = self._taken(f"sweep:{sweep_id}")
        told, pictures = self._measures_told(taken), ComparedPictures(self._blobs, self._sets)
        compared, shown = self._parts.compared([swept], pictures)
        document = {**told_sweep(swept), "compared": compared, **told}
        sections = (
            sweep_section(swept),
            *measures_section(taken, told["messages"]),
            *shown,
            *left_out_section([swept]),
            *statements_section(taken),
        )
        subjects = (f"sweep:{sweep_id}", *(f"measure:{item.id}" for item in taken))
        title = Wording("Evidence pack of a sweep", "排查证据包")
        return Dossier("sweep", title, document, pictures.files, sections, subjects)

    def _swept(self, notice: Notice) -> list[Swept]:
        """Return the sweeps that ran because of a notice, in their order."""
        ids = self._record.sweeps(notice.because)
        ids += [notice.sweep_id] if notice.sweep_id is not None and notice.sweep_id not in ids else []
        return [item for sweep_id in ids if (item := self._parts.read(sweep_id)) is not None]

    def _attachments(self, attachments: Sequence[Attachment]) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
        """Return attachments as JSON values, and their files; one that is gone, or is another by now, has none."""
        told, files = [], {}
        for item in attachments:
            data = self._blobs.read(f"attachments/{item.sha256}")
            name = None
            if data is not None and hashlib.sha256(data).hexdigest() == item.sha256:
                name = f"attachments/{item.sha256[:16]}.{_ATTACHED.get(item.media_type, 'bin')}"
                files[name] = data
            told.append({**to_jsonable_python(asdict(item)), "file": name})
        return told, files

    def _taken(self, because: str, upload: tuple[str, str] | None = None) -> list[Measure]:
        found = {item.id: item for item in self._measures.find(because=because)}
        if upload is not None:
            found |= {item.id: item for item in self._measures.find(upload=upload)}
        return sorted(found.values(), key=lambda item: (item.taken, item.platform, item.external_id, item.id))

    def _measures_told(self, taken: Sequence[Measure]) -> dict[str, Any]:
        return {
            "measures": to_jsonable_python(taken),
            "messages": self._record.messages([item.id for item in taken]),
        }

    def _policy(self, version: Any) -> dict[str, Any]:
        published = next((item for item in self._policies.history() if item.version == version), None)
        if published is not None:
            return {"version": version, "content": published.content, "published": published.published.isoformat()}
        if self._policies.in_force().version == version:
            return {"version": version, "content": self._policies.content(), "published": None}
        return {"version": version, "content": None, "published": None}


def _screening(screening: PastScreening) -> dict[str, Any]:
    return {
        "id": screening.id,
        "platform": screening.platform,
        "external_id": screening.external_id,
        "uploader": screening.uploader,
        "created": screening.created.isoformat(),
        "answer": screening.answer,
        "record": screening.record,
        "pictures": [
            {"name": item.name, "sha256": item.sha256, "pdq": item.pdq.hex(), "kept": item.kept}
            for item in screening.pictures
        ],
    }


def _notice_facts(notice: Notice) -> tuple[tuple[Wording, str], ...]:
    return (
        (Wording("Notice", "通知"), notice.id),
        (Wording("State", "状态"), both(NOTICES[notice.state])),
        (Wording("Notifier", "通知人"), notice.notifier.name),
        (Wording("Work", "作品"), notice.claim.work or "–"),
        (Wording("Proof of the right", "权利证明"), notice.claim.rights_evidence or "–"),
        (Wording("Reference sets", "参考集"), ", ".join(notice.reference_sets) or "–"),
        (Wording("Received", "收到时间"), when(notice.received)),
        (Wording("Complete since", "要件齐备时间"), when(notice.completed)),
        (Wording("Forwarded to the uploaders", "转送上传者时间"), when(notice.forwarded)),
        (Wording("Ended", "终结时间"), when(notice.ended)),
        (Wording("Uploads accused", "被指上传内容"), _accused(notice)),
    )


def _accused(notice: Notice) -> str:
    named = sum(item.named for item in notice.accused)
    return f"{named} + {len(notice.accused) - named}（排查发现 found by sweeps）"


def _versions(answer: Mapping[str, Any]) -> str:
    return "\n".join(str(answer.get(name) or "–") for name in ("policy_version", "snapshot", "model"))
