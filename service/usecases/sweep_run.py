"""Running sweeps: one at a time, in small steps, each of which is kept with what it found.

1. the store of everything screened catches up with the record
2. `pictures`   every upload with a picture that is near is judged
3. `records`    every screening is judged by its texts and its LoRA; what was found before is not found again

Whatever is killed goes on at the place that was kept last. A hit is kept once, whichever phase found it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import structlog

from indexer.errors import IndexerError
from service.domain.audit import SYSTEM
from service.domain.errors import ServiceError
from service.domain.identity import new_id
from service.domain.sweep import Phase, Progress, Sweep, SweepHit, SweepState
from service.ports import (
    BlockedLoras,
    Clock,
    PastScreening,
    PictureRecord,
    Policies,
    ScreenedLoras,
    ScreenedPictures,
    SetMatching,
    SweepRecord,
    SweptSets,
)
from service.usecases.following import Following
from service.usecases.swept import Hindsight

log = structlog.get_logger()
PATIENCE = timedelta(seconds=60)
"""A runner that was not heard of for so long is dead, and its sweep another's."""

_AT_ONCE = 50
_REST = 0.5
"""How long is rested after a step, as a share of the time that it took."""

SEARCH_REST = 7.0
"""The same between the parts of a search, which takes two cores and a fifth of a second for a million pictures."""


class Runner:
    """Runs the sweeps that wait."""

    def __init__(
        self,
        *,
        sweeps: SweepRecord,
        record: PictureRecord,
        store: ScreenedPictures,
        matching: SetMatching,
        loras: ScreenedLoras,
        blocked: BlockedLoras,
        policies: Policies,
        clock: Clock,
        patience: timedelta = PATIENCE,
        rest: Callable[[float], object] = time.sleep,
    ) -> None:
        """Wire the job; `rest` rests for some seconds, so that live screening comes first."""
        self._sweeps = sweeps
        self._record = record
        self._store = store
        self._matching = matching
        self._loras = loras
        self._blocked = blocked
        self._policies = policies
        self._clock = clock
        self._patience = patience
        self._rest = rest
        self._name = new_id("run")
        self._following = Following(record, store, matching)

    def run_next(self, go_on: Callable[[], bool] = lambda: True) -> Sweep | None:
        """Run the next sweep until it is over or `go_on` says no; return it as it was taken, None where none waits."""
        now = self._clock.now()
        sweep = self._sweeps.take(self._name, now, now - self._patience)
        if sweep is None:
            return None
        log.info("sweep_begins", sweep_id=sweep.id, reference_sets=sweep.reference_sets, phase=sweep.progress.phase)
        try:
            done = self._run(sweep, go_on)
        # Somebody waits for this sweep: whatever happens has to be told there.
        except Exception as error:
            log.exception("sweep_failed", sweep_id=sweep.id)
            told = str(error) if isinstance(error, (ServiceError, IndexerError)) else "internal_failure"
            self._sweeps.end(sweep.id, SweepState.FAILED, self._clock.now(), SYSTEM, f"{type(error).__name__}: {told}")
            return sweep
        if done:
            self._sweeps.end(sweep.id, SweepState.FINISHED, self._clock.now(), SYSTEM)
            log.info("sweep_finished", sweep_id=sweep.id)
        return sweep

    def catch_up(self, go_on: Callable[[], bool] = lambda: True) -> int:
        """Bring the store to where the record is. Raises NotReady or Overloaded."""
        return self._following.catch_up(go_on)

    def _run(self, sweep: Sweep, go_on: Callable[[], bool]) -> bool:
        """Run both phases; tell whether the sweep was done, and is still this runner's."""
        progress = sweep.progress

        def heard() -> bool:
            return go_on() and self._sweeps.advance(sweep.id, self._name, self._clock.now(), progress, ())

        self.catch_up(heard)
        sets = self._matching.prepare(sweep.reference_sets)
        judge = Hindsight(
            sets.index, sweep.reference_sets, self._policies.in_force(), self._blocked, self._clock.now().date()
        )
        if progress.phase is Phase.PICTURES:
            near = self._near(sets, heard)
            held = self._store.state().pictures
            others = sum(count for label, count in held.items() if label != sets.index.model)
            progress = replace(progress, total=len(near), not_compared=others)
            todo = [screening_id for screening_id in near if screening_id > progress.place]
            for start in range(0, len(todo), _AT_ONCE):
                some = self._record.read(todo[start : start + _AT_ONCE])
                progress = replace(progress, place=todo[: start + _AT_ONCE][-1])
                step = self._step(sweep, judge, some, progress, sets)
                if step is None or not go_on():
                    return False
                progress = step
            progress = Progress(Phase.RECORDS, not_compared=others, unreadable=progress.unreadable)
        progress = replace(progress, total=max(self._record.count(), progress.done))
        while some := self._record.screenings(progress.place, _AT_ONCE):
            if not go_on():
                return False
            progress = replace(progress, place=some[-1].id)
            step = self._step(sweep, judge, some, progress, None)
            if step is None:
                return False
            progress = step
        return heard()

    def _near(self, sets: SweptSets, heard: Callable[[], bool]) -> list[str]:
        """Return, in order, the screenings with a picture that is near."""
        near: set[str] = set()
        query = sets.query()
        started = told = time.perf_counter()
        for hits in self._store.search(query):
            near.update(hit.screening_id for hit in hits)
            spent = time.perf_counter() - started
            if time.perf_counter() - told > 1.0:
                told = time.perf_counter()
                heard()
            self._rest(SEARCH_REST * spent)
            started = time.perf_counter()
        return sorted(near)

    def _step(
        self, sweep: Sweep, judge: Hindsight, some: list[PastScreening], progress: Progress, sets: SweptSets | None
    ) -> Progress | None:
        """Judge some screenings and keep what was found; None where the sweep is no more this runner's.

        With `sets` their pictures are matched.
        """
        started = time.perf_counter()
        hits: list[SweepHit] = []
        unreadable = 0
        for past in some:
            found = sets.examine(past.pictures, past.answer.get("model")) if sets is not None else None
            try:
                hit = judge.judge(past, self._loras.read(past.id), found)
            except (KeyError, TypeError, ValueError):
                log.warning("record_unreadable", screening_id=past.id, exc_info=True)
                # Counted where all are gone through, once.
                unreadable += sets is None
                continue
            if hit is not None:
                hits.append(hit)
        progress = replace(progress, done=progress.done + len(some), unreadable=progress.unreadable + unreadable)
        if not self._sweeps.advance(sweep.id, self._name, self._clock.now(), progress, hits):
            return None
        self._rest(_REST * (time.perf_counter() - started))
        return progress
