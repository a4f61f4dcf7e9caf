"""Sweeps: all earlier uploads that match some reference sets now, and what is done about them at once.

    start ──> (run in a lane of its own, usecases/sweep_run.py) ──> hits ──> measures

A court asked for all the models of a character to go when a platform is told of one; a new picture, name or notice is
therefore looked for among everything that was screened before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from indexer.model import ReferenceSet
from service.domain.errors import FieldFault, InvalidFields, NotFound, WrongState
from service.domain.identity import Caller, new_id
from service.domain.measure import Measure, MeasureKind, Standing
from service.domain.measure_statement import measure_statement
from service.domain.statement import Concerned
from service.domain.sweep import OVER, Proposal, Sweep, SweepHit, SweepState
from service.domain.verdict import Outcome
from service.domain.wording import Title, Wording
from service.ports import Clock, CurrentIndex, Measures, SweepHits, SweepRecord, SweptUpload

log = structlog.get_logger()

MOST_SETS = 100
MOST_ON_A_PAGE = 200
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class HitPage:
    """Some hits in order of their screenings' ids, and where the next page begins."""

    hits: tuple[SweepHit, ...]
    next_cursor: str | None


class Sweeps:
    """What people do with sweeps."""

    def __init__(
        self,
        *,
        sweeps: SweepRecord,
        hits: SweepHits,
        measures: Measures,
        index: CurrentIndex,
        clock: Clock,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """Wire the job; `on_change` wakes whoever runs sweeps."""
        self._sweeps = sweeps
        self._hits = hits
        self._measures = measures
        self._index = index
        self._clock = clock
        self._on_change = on_change

    def start(self, reference_sets: Sequence[str], who: Caller, because: str | None = None) -> Sweep:
        """Ask for a sweep; `because` names what asked, such as `notice:<id>`. Raises InvalidFields.

        Sets have to be in force when it is run: one that was activated a moment ago is, within seconds.
        """
        slugs = tuple(dict.fromkeys(reference_sets))
        if not 1 <= len(slugs) <= MOST_SETS:
            raise InvalidFields([FieldFault("reference_sets", f"name 1 to {MOST_SETS} reference sets")])
        known = self._index.get().sets
        faults = [
            FieldFault(f"reference_sets[{number}]", f"no reference set {slug!r} is in force")
            for number, slug in enumerate(slugs)
            if slug not in known
        ]
        if faults:
            raise InvalidFields(faults)
        sweep = Sweep(new_id("swp"), slugs, because, who.actor, self._clock.now())
        self._sweeps.add(sweep)
        self._on_change()
        log.info("sweep_asked_for", sweep_id=sweep.id, reference_sets=slugs, because=because)
        return sweep

    def find(self, sweep_id: str) -> Sweep:
        """Return a sweep. Raises NotFound."""
        found = self._sweeps.find(sweep_id=sweep_id)
        if not found:
            raise NotFound(f"there is no sweep {sweep_id}")
        return found[0]

    def latest(self, most: int = 100) -> list[Sweep]:
        """Return the latest sweeps, newest first."""
        return self._sweeps.find(most=most)

    def cancel(self, sweep_id: str, who: Caller) -> Sweep:
        """Stop a sweep; what it found stays. Raises NotFound, or WrongState where it is over."""
        self.find(sweep_id)
        if not self._sweeps.end(sweep_id, SweepState.CANCELLED, self._clock.now(), who.actor):
            raise WrongState(f"the sweep {sweep_id} is over")
        return self.find(sweep_id)

    def page(
        self, sweep_id: str, cursor: str | None = None, most: int = 50, asks_for: Outcome | None = None
    ) -> HitPage:
        """Return a page of what a sweep has found so far, with the standing of each upload. Raises NotFound."""
        self.find(sweep_id)
        most = max(1, min(most, MOST_ON_A_PAGE))
        some = self._hits.page(sweep_id, cursor or "", most + 1, asks_for.value if asks_for else None)
        shown = self._with_standing(some[:most])
        return HitPage(tuple(shown), shown[-1].screening_id if len(some) > most else None)

    def hits(self, sweep_id: str) -> Iterator[SweepHit]:
        """Go through all that a sweep has found so far; nothing for one that is not there."""
        after = ""
        while some := self._hits.page(sweep_id, after, _AT_ONCE):
            yield from self._with_standing(some)
            after = some[-1].screening_id

    def counts(self, sweep_id: str) -> Mapping[str, int]:
        """Count hits by what they ask for: `block`, `review`, or `allow` for licensed and private uses."""
        return self._hits.counts(sweep_id)

    def proposals(self) -> list[Proposal]:
        """Return the sets that should be swept for, derived from the record."""
        return self._hits.proposals()

    def measures(
        self,
        sweep_id: str,
        kind: MeasureKind,
        who: Caller,
        uploads: Collection[tuple[str, str]] | None = None,
    ) -> list[Measure]:
        """Take a measure against uploads (platform, external id) that a sweep found, or against all that ask for one.

        What asks for `allow`, as it is licensed or private, is never among them. Raises NotFound, WrongState while the
        sweep is not over, or InvalidFields naming an upload that was not found or may not be taken down.
        """
        sweep = self.find(sweep_id)
        if sweep.state not in OVER:
            raise WrongState(f"the sweep {sweep_id} is {sweep.state}; wait until it is over")
        latest: dict[tuple[str, str], SweepHit] = {}
        for hit in self.hits(sweep_id):
            known = latest.get(hit.upload)
            if known is None or hit.screened >= known.screened:
                latest[hit.upload] = hit
        wanted = {upload: hit for upload, hit in latest.items() if hit.asks_for is not Outcome.ALLOW}
        if uploads is not None:
            _check(uploads, latest, wanted)
            wanted = {upload: wanted[upload] for upload in uploads}
        taken = [self._measure(sweep, kind, who, hit) for hit in wanted.values()]
        return self._measures.take(taken) if taken else []

    def _measure(self, sweep: Sweep, kind: MeasureKind, who: Caller, hit: SweepHit) -> Measure:
        sets = self._index.get().sets
        concerned = [_concerned(sets[slug]) for slug in hit.reference_sets if slug in sets]
        return Measure(
            id=new_id("msr"),
            kind=kind,
            screening_id=hit.screening_id,
            platform=hit.platform,
            external_id=hit.external_id,
            uploader=hit.uploader,
            reference_sets=hit.reference_sets,
            because=sweep.reason,
            taken=self._clock.now(),
            taken_by=who.actor,
            statement=measure_statement(kind, sweep.reason, hit.external_id, concerned, _facts(hit)),
        )

    def _with_standing(self, hits: Sequence[SweepHit]) -> list[SweepHit]:
        standing = self._measures.standing(list(dict.fromkeys(hit.upload for hit in hits)))
        return [replace(hit, standing=standing.get(hit.upload, Standing.PUBLISHED)) for hit in hits]


class SweepsForNotices:
    """The SweepStarter of notices."""

    def __init__(self, sweeps: Sweeps) -> None:
        self._sweeps = sweeps

    def start(self, sets: Sequence[str], who: Caller, because: str) -> str:
        """Look for all uploads that match some sets; return the sweep's id. Raises InvalidFields."""
        return self._sweeps.start(sets, who, because).id

    def found(self, sweep_id: str) -> list[SweptUpload]:
        """Return what a sweep has found so far and may be taken down: neither licensed nor private uses."""
        return [
            SweptUpload(hit.platform, hit.external_id, hit.screening_id, hit.uploader, hit.reference_sets, _facts(hit))
            for hit in self._sweeps.hits(sweep_id)
            if hit.asks_for is not Outcome.ALLOW
        ]


def _facts(hit: SweepHit) -> tuple[Wording, ...]:
    return tuple(Wording(item["explanation"]["en"], item["explanation"]["zh"]) for item in hit.evidence)


def _check(
    uploads: Collection[tuple[str, str]],
    found: Mapping[tuple[str, str], SweepHit],
    wanted: Mapping[tuple[str, str], SweepHit],
) -> None:
    free = Wording("it is licensed or private, so nothing stands against it", "已获许可或仅供私用，不对其采取措施")
    strange = Wording("the sweep did not find it", "排查未发现该内容")
    faults = []
    for number, upload in enumerate(uploads):
        if upload not in wanted:
            told = free if upload in found else strange
            faults.append(FieldFault(f"uploads[{number}]", told.en, told.zh))
    if faults:
        raise InvalidFields(faults)


def _concerned(known: ReferenceSet) -> Concerned:
    return Concerned(Title.among(known.title), Title.among(known.work), known.holder)
