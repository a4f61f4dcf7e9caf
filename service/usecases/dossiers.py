"""Dossiers: all that is known about a case, a notice or a sweep, gathered for an evidence pack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python

from service.domain.errors import NotFound
from service.domain.evidence import Evidence
from service.domain.measure import Measure
from service.domain.report import Comparison, Comparisons, Facts, Picture, Section, Text
from service.domain.sweep import SweepHit
from service.domain.wording import Wording
from service.ports import Blobs, EvidenceRecord, Measures, PastScreening, Policies, SetDirectory
from service.ports.notices import Notices
from service.ports.sweeps import SweepHits, SweepRecord
from service.usecases.case_view import CaseView, media_type, telling
from service.usecases.review import Review

MOST_PAIRS = 24
"""Pictures side by side in the readable report; all that were compared are in the pack."""

MOST_PICTURES = 1_000
MOST_HITS = 10_000
_PAGE = 500
_IMAGE = "image:"
_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif", "image/avif": "avif"}


@dataclass(frozen=True, slots=True)
class Dossier:
    """What goes into a pack: its main document, other files, sections of the report, and subjects of the audit log.

    With `closed` the entries of the audit log are proven, and their content is withheld.
    """

    kind: str
    title: Wording
    document: Mapping[str, Any]
    files: Mapping[str, bytes]
    sections: tuple[Section, ...]
    subjects: tuple[str, ...]
    closed: bool = False


class Dossiers:
    """Gathers dossiers."""

    def __init__(
        self,
        *,
        review: Review,
        notices: Notices,
        sweeps: SweepRecord,
        hits: SweepHits,
        measures: Measures,
        record: EvidenceRecord,
        sets: SetDirectory,
        policies: Policies,
        blobs: Blobs,
    ) -> None:
        self._review = review
        self._notices = notices
        self._sweeps = sweeps
        self._hits = hits
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
        files, comparisons = self._pictures(view)
        version = screening.answer.get("policy_version")
        document = {
            "case": to_jsonable_python(case),
            "decisions": to_jsonable_python(view.decisions),
            "screening": _screening(screening),
            "policy": self._policy(version),
            "index": {"snapshot": screening.answer.get("snapshot"), "model": screening.answer.get("model")},
            **self._measures_told(taken),
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
            sections.append(Comparisons(Wording("Pictures compared", "图片比对"), shown, more))
        sections += [*_measure_sections(taken), *statements]
        if case.appeal is not None:
            sections.append(Text(Wording("Appeal", "申诉"), Wording("(as written)", case.appeal)))
        subjects = (f"case:{case_id}", f"screening:{case.screening_id}", *(f"measure:{item.id}" for item in taken))
        title = Wording("Evidence pack of a case", "案件证据包")
        return Dossier("case", title, document, files, tuple(sections), subjects)

    def of_notice(self, notice_id: str, owner: str | None = None) -> Dossier:
        """Gather all about a notice; for its `owner` without other people's data. Raises NotFound."""
        notice = self._notices.get(notice_id)
        if notice is None or (owner is not None and notice.owner != owner):
            raise NotFound(f"there is no notice {notice_id}")
        closed = owner is not None
        taken = self._taken(f"notice:{notice_id}")
        hanging = self._notices.correspondence(notice_id)
        if closed:
            notice = replace(
                notice, accused=tuple(replace(item, uploader=None, screening_id=None) for item in notice.accused)
            )
            taken = [replace(item, uploader=None, taken_by="", ended_by=None) for item in taken]
        document: dict[str, Any] = {"notice": to_jsonable_python(notice)}
        if closed:
            document["measures"] = to_jsonable_python(taken)
            document["counter_notices"] = [
                {"id": item.id, "state": item.state.value, "received": item.received.isoformat()}
                for item in hanging.counter_notices
            ]
        else:
            document |= {"correspondence": to_jsonable_python(hanging), **self._measures_told(taken)}
        facts = (
            (Wording("Notice", "通知"), notice.id),
            (Wording("State", "状态"), notice.state.value),
            (Wording("Notifier", "通知人"), notice.notifier.name),
            (Wording("Work", "作品"), notice.claim.work),
            (Wording("Reference sets", "参考集"), ", ".join(notice.reference_sets) or "–"),
            (Wording("Received", "收到时间"), _time(notice.received)),
            (Wording("Complete since", "要件齐备时间"), _time(notice.completed)),
            (Wording("Passed on", "转送时间"), _time(notice.forwarded)),
            (Wording("Ended", "终结时间"), _time(notice.ended)),
            (Wording("Uploads accused", "被指上传内容"), str(len(notice.accused))),
        )
        said = Wording(notice.claim.explanation, notice.claim.explanation)
        sections: list[Section] = [Facts(Wording("Facts", "基本事实"), facts), *_measure_sections(taken)]
        if said.en:
            sections.append(Text(Wording("What the notifier says", "通知人的说明"), Wording("", said.zh)))
        if not closed:
            sections += [
                Text(Wording(f"Letter: {item.kind}, {_time(item.at)}", f"函件：{item.kind}"), item.text)
                for item in hanging.letters
            ]
        subjects = (
            f"notice:{notice_id}",
            *((f"sweep:{notice.sweep_id}",) if notice.sweep_id else ()),
            *(f"measure:{item.id}" for item in taken),
        )
        title = Wording("Evidence pack of a notice", "通知证据包")
        return Dossier("notice", title, document, {}, tuple(sections), subjects, closed)

    def of_sweep(self, sweep_id: str) -> Dossier:
        """Gather all about a sweep. Raises NotFound."""
        found = self._sweeps.find(sweep_id=sweep_id)
        if not found:
            raise NotFound(f"there is no sweep {sweep_id}")
        sweep = found[0]
        hits: list[SweepHit] = []
        place = ""
        while len(hits) < MOST_HITS and (some := self._hits.page(sweep_id, place, _PAGE)):
            hits += some
            place = some[-1].screening_id
        taken = self._taken(f"sweep:{sweep_id}")
        document = {
            "sweep": to_jsonable_python(sweep),
            "hits": to_jsonable_python(hits),
            "hits_in_all": sweep.hits,
            **self._measures_told(taken),
        }
        progress = sweep.progress
        facts = (
            (Wording("Sweep", "排查"), sweep.id),
            (Wording("Because of", "起因"), sweep.because or "–"),
            (Wording("Reference sets", "参考集"), ", ".join(sweep.reference_sets)),
            (Wording("State", "状态"), sweep.state.value),
            (Wording("Started", "开始时间"), _time(sweep.started)),
            (Wording("Ended", "终结时间"), _time(sweep.ended)),
            (Wording("Looked at", "已检查"), f"{progress.done} / {progress.total}"),
            (Wording("Found", "命中"), str(sweep.hits)),
        )
        sections = (Facts(Wording("Facts", "基本事实"), facts), *_measure_sections(taken))
        subjects = (f"sweep:{sweep_id}", *(f"measure:{item.id}" for item in taken))
        title = Wording("Evidence pack of a sweep", "排查证据包")
        return Dossier("sweep", title, document, {}, sections, subjects)

    def _taken(self, because: str, upload: tuple[str, str] | None = None) -> list[Measure]:
        found = {item.id: item for item in self._measures.find(because=because)}
        if upload is not None:
            found |= {item.id: item for item in self._measures.find(upload=upload)}
        return sorted(found.values(), key=lambda item: (item.taken, item.id))

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

    def _pictures(self, view: CaseView) -> tuple[dict[str, bytes], list[Comparison]]:
        """Return the pictures that facts speak of, by file name, and each beside its reference, the rarest first."""
        kept = {item.name: (number, item) for number, item in enumerate(view.screening.pictures)}
        pairs: dict[tuple[str, str, str], list[Evidence]] = {}
        for fact in sorted(view.judged.evidence, key=lambda item: item.rate):
            name = fact.source.removeprefix(_IMAGE)
            if fact.reference is not None and fact.reference_set is not None and name in kept:
                pairs.setdefault((name, fact.reference_set, fact.reference), []).append(fact)
        files: dict[str, bytes] = {}
        comparisons = []
        for (name, slug, reference), facts in list(pairs.items())[:MOST_PICTURES]:
            number, picture = kept[name]
            upload = self._picture(files, f"upload-{number:04}", name, picture.sha256)
            other = self._reference(slug, reference)
            ours = self._picture(files, f"reference-{slug}", f"{slug}: {reference}", other) if other else None
            shown = ours or Picture(f"{slug}: {reference}", "–", None)
            comparisons.append(Comparison(upload, shown, tuple(fact.explanation for fact in facts)))
        return files, comparisons

    def _picture(self, files: dict[str, bytes], stem: str, caption: str, sha256: str) -> Picture:
        data = self._blobs.read(f"pictures/{sha256}") or self._blobs.read(f"thumbnails/{sha256}")
        if data is not None:
            files[f"pictures/{stem}-{sha256[:16]}.{_SUFFIXES.get(media_type(data), 'bin')}"] = data
        return Picture(caption, sha256, data)

    def _reference(self, slug: str, file: str) -> str | None:
        known = self._sets.get(slug)
        return next((item.sha256 for item in known.references if item.file == file), None) if known else None


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


def _measure_sections(taken: Sequence[Measure]) -> list[Section]:
    if not taken:
        return []
    rows = tuple((Wording(item.kind.value, _time(item.taken)), _measure_told(item)) for item in taken)
    return [Facts(Wording("Measures", "采取的措施"), rows)]


def _measure_told(item: Measure) -> str:
    done = f"confirmed {_time(item.confirmed)}; ended {_time(item.ended)}"
    return f"{item.platform} / {item.external_id}\n{item.id} · {item.because}\n{done}"


def _versions(answer: Mapping[str, Any]) -> str:
    return "\n".join(str(answer.get(name) or "–") for name in ("policy_version", "snapshot", "model"))


def _time(time: datetime | None) -> str:
    return time.isoformat(timespec="seconds") if time is not None else "–"
