"""What sweeps found, for evidence packs: each hit with its verdict then and now, and its pictures beside references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import to_jsonable_python

from service.domain.report import Comparison, Comparisons, Facts, Section
from service.domain.sweep import Sweep, SweepHit
from service.domain.verdict import Outcome
from service.domain.wording import Wording
from service.ports import Measures, ScreeningHistory
from service.ports.sweeps import SweepHits, SweepRecord
from service.usecases.compared_pictures import ComparedPictures, rate_of, said_of, told_pairs
from service.usecases.dossier_sections import OUTCOMES, STANDINGS, SWEEPS, both, when

MOST_HITS = 10_000
MOST_COMPARED = 200
PICTURES_A_HIT = 3
MOST_SHOWN = 60
"""Pairs in the readable report, unless there are more hits; each has one at least."""

_PAGE = 500
_FINDINGS = 5
_STRICT = {Outcome.BLOCK: 0, Outcome.REVIEW: 1, Outcome.ALLOW: 2}


@dataclass(frozen=True, slots=True)
class Swept:
    """A sweep and its hits, MOST_HITS at most, as their uploads stand now."""

    sweep: Sweep
    hits: tuple[SweepHit, ...]


class SweepParts:
    """Gathers sweeps."""

    def __init__(self, sweeps: SweepRecord, hits: SweepHits, measures: Measures, history: ScreeningHistory) -> None:
        self._sweeps = sweeps
        self._hits = hits
        self._measures = measures
        self._history = history

    def read(self, sweep_id: str) -> Swept | None:
        """Return a sweep with its hits."""
        found = self._sweeps.find(sweep_id=sweep_id)
        if not found:
            return None
        hits: list[SweepHit] = []
        while len(hits) < MOST_HITS and (
            some := self._hits.page(sweep_id, hits[-1].screening_id if hits else "", _PAGE)
        ):
            standing = self._measures.standing([item.upload for item in some])
            hits += [replace(item, standing=standing.get(item.upload, item.standing)) for item in some]
        return Swept(found[0], tuple(hits))

    def compared(
        self, swept: Sequence[Swept], pictures: ComparedPictures
    ) -> tuple[list[Mapping[str, Any]], list[Section]]:
        """Put the pictures of hits beside the references that they match; as JSON values, and as sections.

        An upload that several sweeps found is compared once, as the last of them saw it; the plainest matches come
        first, MOST_COMPARED at most.
        """
        last = {hit.screening_id: hit for item in swept for hit in item.hits}
        hits = sorted(last.values(), key=lambda item: (_STRICT[item.asks_for], lowest_rate(item), item.upload))
        chosen = hits[:MOST_COMPARED]
        shown = max(1, min(PICTURES_A_HIT, MOST_SHOWN // max(1, len(chosen))))
        told: list[Mapping[str, Any]] = []
        sections: list[Section] = []
        for number, hit in enumerate(chosen, 1):
            past = self._history.read(hit.screening_id)
            kept = past.pictures if past is not None else ()
            pairs, omitted = pictures.compare(f"hit-{number:03}", kept, hit.evidence, PICTURES_A_HIT)
            told.append(
                {
                    "screening_id": hit.screening_id,
                    "upload": list(hit.upload),
                    "pairs": told_pairs(pairs),
                    "pairs_left_out": omitted,
                }
            )
            heading = f"{hit.platform} / {hit.external_id}"
            sections.append(
                Comparisons(
                    Wording(f"Hit {number}: {heading}", f"命中 {number}"),
                    tuple(pairs[:shown]),
                    len(pairs[shown:]),
                    omitted,
                    _about(hit, pairs[:shown]),
                )
            )
        return told, sections


def told_sweep(swept: Swept) -> dict[str, Any]:
    """Write a sweep and its hits as JSON values."""
    left_out = max(0, swept.sweep.hits - len(swept.hits))
    return {
        "sweep": to_jsonable_python(swept.sweep),
        "hits": to_jsonable_python(swept.hits),
        "hits_in_all": swept.sweep.hits,
        "hits_left_out": left_out,
    }


def sweep_section(swept: Swept, *, closed: bool = False) -> Facts:
    """Tell a sweep in short; `closed` without who started it."""
    sweep = swept.sweep
    progress = sweep.progress
    counts = {item: sum(hit.asks_for is item for hit in swept.hits) for item in Outcome}
    rows = [
        (Wording("Sweep", "排查"), sweep.id),
        (Wording("Because of", "起因"), sweep.because or "–"),
        (Wording("Reference sets", "参考集"), ", ".join(sweep.reference_sets)),
        (Wording("State", "状态"), both(SWEEPS[sweep.state])),
        (Wording("Started, ended", "开始、结束时间"), f"{when(sweep.started)}\n{when(sweep.ended)}"),
        (Wording("Looked at", "已检查"), f"{progress.done} / {progress.total}"),
        (Wording("Pictures not compared", "未比对的图片"), str(progress.not_compared)),
        (Wording("Matches plainly", "明显匹配"), str(counts[Outcome.BLOCK])),
        (Wording("May match", "可能匹配"), str(counts[Outcome.REVIEW])),
        (Wording("Licensed or private", "已获许可或仅限私用"), str(counts[Outcome.ALLOW])),
    ]
    if not closed:
        rows.insert(2, (Wording("Started by", "发起人"), sweep.by))
    return Facts(Wording("Sweep", "排查"), tuple(rows))


def lowest_rate(hit: SweepHit) -> float:
    """Return the rate of the most telling fact about a hit."""
    return min((rate_of(item) for item in hit.evidence), default=1.0)


def left_out_section(swept: Iterable[Swept]) -> list[Section]:
    """Say how many uploads were found whose pictures are not compared in the pack."""
    count = len({hit.screening_id for item in swept for hit in item.hits}) - MOST_COMPARED
    if count <= 0:
        return []
    rows = ((Wording("Found, and without pictures in this pack", "已命中，但本包未收录其图片"), str(count)),)
    return [Facts(Wording("Left out", "未收录的内容"), rows)]


def _about(hit: SweepHit, shown: Sequence[Comparison]) -> tuple[tuple[Wording, str], ...]:
    then = OUTCOMES.get(hit.said)
    verdicts = f"{both(then) if then else '–'} → {both(OUTCOMES[hit.verdict])}"
    beside = {said for item in shown for said in item.findings}
    facts = [said for said in map(said_of, sorted(hit.evidence, key=rate_of)) if said not in beside]
    found = "\n".join(f"{said.zh}\n{said.en}" for said in facts[:_FINDINGS])
    return (
        (Wording("Screening", "筛查"), f"{hit.screening_id}\n{when(hit.screened)}"),
        (Wording("Uploader", "上传者"), hit.uploader or "–"),
        (Wording("Verdict then → now", "当时 → 现在的结论"), verdicts),
        (Wording("Standing", "公开状态"), both(STANDINGS[hit.standing])),
        (Wording("Reference sets", "参考集"), ", ".join(hit.reference_sets)),
        *(((Wording("Licence", "许可"), hit.licence),) if hit.licence else ()),
        *(((Wording("What was found", "所发现的内容"), found),) if found else ()),
    )
