"""A record with many screenings, and what runs sweeps over it, in this process or another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from indexer.index import snapshot as snapshots
from service.adapters.blobs import FolderBlobs
from service.adapters.clock import SystemClock
from service.adapters.live_index import LiveIndex
from service.adapters.memory import MemoryPolicies
from service.adapters.segments import SegmentPictures
from service.adapters.sql.blocked import SqlBlockedLoras
from service.adapters.sql.measures import SqlMeasures, SqlScreenedLoras
from service.adapters.sql.picture_record import SqlPictureRecord
from service.adapters.sql.screenings import SqlScreeningStore
from service.adapters.sql.sweeps import SqlSweepHits, SqlSweepRecord
from service.adapters.sweeping import IndexMatching
from service.bootstrap.policy import policy_content
from service.domain.identity import Caller, Role
from service.ports import KeptPicture
from service.usecases import record
from service.usecases.sweep import Sweeps
from service.usecases.sweep_run import Runner
from tests.cases import ANSWER, CONTEXT, finished, screening
from tests.conftest import RUNTIME
from tests.databases import fresh_database
from tests.screened import hashes

MO = Caller("mo", Role.MODERATOR)


@dataclass(frozen=True)
class Sweeping:
    """Sweeps over one record."""

    engine: sa.Engine
    sweeps: Sweeps
    runner: Runner
    store: SegmentPictures
    index: LiveIndex
    blobs: FolderBlobs


@contextmanager
def opened(
    url: str,
    folder: Path,
    snapshot: Path,
    *,
    patience: timedelta = timedelta(0),
    rest: Callable[[float], object] = lambda _: None,
) -> Iterator[Sweeping]:
    """Open a record with the store and the blobs in a folder."""
    engine, blobs = fresh_database(url), FolderBlobs(folder / "blobs")
    index = LiveIndex(snapshot, runtime=RUNTIME)
    index.refresh()
    store, clock = SegmentPictures(folder / "screened"), SystemClock()
    sweeps = Sweeps(
        sweeps=SqlSweepRecord(engine),
        hits=SqlSweepHits(engine),
        measures=SqlMeasures(engine),
        index=index,
        clock=clock,
    )
    runner = Runner(
        sweeps=SqlSweepRecord(engine),
        record=SqlPictureRecord(engine),
        store=store,
        matching=IndexMatching(index, blobs),
        loras=SqlScreenedLoras(engine),
        blocked=SqlBlockedLoras(engine),
        policies=MemoryPolicies(policy_content(None)),
        clock=clock,
        patience=patience,
        rest=rest,
    )
    try:
        yield Sweeping(engine, sweeps, runner, store, index, blobs)
    finally:
        index.close()
        engine.dispose()


def fill(url: str, snapshot: Path, count: int, *, model: str | None = None) -> None:
    """Write screenings: every third has a picture of `amber-owl`, every fifth its name, the others neither."""
    engine, loaded = fresh_database(url), snapshots.load(snapshot)
    store = SqlScreeningStore(engine)
    owl = [loaded.vectors.vector(row)[:-1] for row in range(4)]
    strange = np.random.default_rng(5).standard_normal((count, loaded.model.embed_dim))
    kept = hashes(count)
    for number in range(count):
        vector = owl[number % 4] if number % 3 == 0 else strange[number] / np.linalg.norm(strange[number])
        written = record.write_unscreened(CONTEXT, [])
        name = "Amber Owl in the night" if number % 5 == 0 else "Night forest"
        text = {"source": "model.name", "text": name, "trust": "declared", "weightless": False, "share": None}
        left = finished(
            verdict="allow",
            answer={**ANSWER, "verdict": "allow", "model": model or loaded.model.label},
            record={**written, "texts": {"items": [text], "left_out": 0}},
            pictures=(
                KeptPicture(
                    "a.png", f"{number:064x}", kept[number].tobytes(), vector.astype("<f2").tobytes(), "nothing"
                ),
            ),
            sets=(),
        )
        store.add(screening(number, id=f"scr_{number:05}", external_id=f"m-{number}", answer=None), replace(left))
    engine.dispose()


def run_slowly(url: str, folder: str, snapshot: str) -> None:
    """Run what waits, so slowly that it can be killed."""
    with opened(url, Path(folder), Path(snapshot), rest=lambda _: time.sleep(0.1)) as own:
        own.runner.run_next()
