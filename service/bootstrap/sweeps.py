"""Sweeps: the store of everything screened, and the lane in which sweeps are run.

Each function gives fields of `Wired` by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

from sqlalchemy import Engine

from indexer.signals.pixels.images import PictureLimits
from service.adapters.lane import Lane
from service.adapters.live_index import LiveIndex
from service.adapters.screened import open_screened
from service.adapters.sql.blocked import SqlBlockedLoras
from service.adapters.sql.measures import SqlMeasures, SqlScreenedLoras
from service.adapters.sql.picture_record import SqlPictureRecord
from service.adapters.sql.sweeps import SqlSweepHits, SqlSweepRecord
from service.adapters.sweeping import IndexMatching
from service.domain.errors import NotReady
from service.ports import Blobs, Clock, Measures, Policies
from service.settings import Settings
from service.usecases.sweep import Sweeps
from service.usecases.sweep_run import Runner

_LOOK_SECONDS = 15.0


class SweepRooms(TypedDict):
    """Sweeps, the measures that follow from them and others, and the lane that has to be closed."""

    sweeps: Sweeps
    measures: Measures
    sweep_lane: Lane


def make_runner(  # noqa: PLR0917 (each of them another kind of thing)
    settings: Settings, engine: Engine, blobs: Blobs, index: LiveIndex, policies: Policies, clock: Clock
) -> Runner:
    """Wire what runs sweeps."""
    limits = PictureLimits(settings.max_picture_bytes, settings.max_picture_pixels)
    return Runner(
        sweeps=SqlSweepRecord(engine),
        record=SqlPictureRecord(engine),
        store=open_screened(settings.screened_pictures),
        matching=IndexMatching(index, blobs, limits),
        loras=SqlScreenedLoras(engine),
        blocked=SqlBlockedLoras(engine),
        policies=policies,
        clock=clock,
    )


def sweep_rooms(  # noqa: PLR0917 (as above)
    settings: Settings, engine: Engine, blobs: Blobs, index: LiveIndex, policies: Policies, clock: Clock
) -> SweepRooms:
    """Wire sweeps, and start their lane: it also keeps the store where the record is."""
    runner = make_runner(settings, engine, blobs, index, policies, clock)

    def work(go_on: Callable[[], bool]) -> bool:
        if runner.run_next(go_on) is not None:
            return True
        try:
            runner.catch_up(go_on)
        except NotReady:
            return False
        return False

    lane = Lane("sweeps", _LOOK_SECONDS, work)
    measures = SqlMeasures(engine)
    sweeps = Sweeps(
        sweeps=SqlSweepRecord(engine),
        hits=SqlSweepHits(engine),
        measures=measures,
        index=index,
        clock=clock,
        on_change=lane.wake,
    )
    lane.start()
    return SweepRooms(sweeps=sweeps, measures=measures, sweep_lane=lane)
