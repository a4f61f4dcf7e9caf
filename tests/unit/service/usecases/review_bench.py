"""A Review over a database in memory, and people who use it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from indexer.model import Match, PictureFindings, PictureSignals
from service.adapters.sql.audit import SqlAuditLog
from service.adapters.sql.case_history import SqlCaseHistory
from service.adapters.sql.case_queue import SqlCaseQueue
from service.adapters.sql.cases import SqlCases
from service.adapters.sql.control_pictures import SqlControlPictures
from service.adapters.sql.screening_history import SqlScreeningHistory
from service.adapters.sql.screenings import SqlScreeningStore
from service.domain.identity import Caller, Role
from service.ports import QueueFilter
from service.usecases.keeping import Keeping
from service.usecases.review import Review
from service.usecases.screening import Request
from tests.databases import fresh_database
from tests.fakes import FakeBlobs, FixedClock
from tests.unit.service.domain.facts import context
from tests.unit.service.usecases.screening_bench import bench_of, similar, upload_of

MO = Caller("mo", Role.MODERATOR, via="user")
ADA = Caller("ada", Role.MODERATOR, via="user")
BOSS = Caller("boss", Role.ADMIN, via="user")
ATELIER = Caller("atelier", Role.PLATFORM)


@dataclass
class Desk:
    """A Review, with what is behind it within reach."""

    review: Review
    engine: sa.Engine
    clock: FixedClock
    blobs: FakeBlobs

    def screened(self, *found: Sequence[Match], name: str = "m-1", **options: Any) -> dict[str, Any]:
        """Screen an upload with a picture for each list of matches; return its answer."""
        bench = bench_of(
            {f"{number}.png": kept(number, matches) for number, matches in enumerate(found)},
            store=SqlScreeningStore(self.engine),
            clock=self.clock,
            keeping=Keeping(self.blobs),
            **options,
        )
        circumstances = context(uploader="u-1", pictures=0)
        upload = upload_of(*(f"{number}.png" for number in range(len(found))), external_id=name, context=circumstances)
        return dict(bench.screening.answer(upload, Request("s")))

    def opened(self, name: str = "m-1", rate: float = 0.001) -> str:
        """Open a case; return its id."""
        case_id: str = self.screened([similar(rate)], [], name=name)["case_id"]
        return case_id

    def only(self) -> str:
        """Return the id of the one open case."""
        (case,) = SqlCaseQueue(self.engine).page(QueueFilter(), cursor=None, most=9).cases
        return case.id


def kept(number: int, matches: Sequence[Match]) -> PictureFindings:
    """Script what matching a picture gives, with signals."""
    return PictureFindings(
        f"{number}.png", tuple(matches), signals=PictureSignals(f"{number:064x}", b"p" * 32, b"v" * 8, b"small")
    )


def desk() -> Desk:
    """Make an empty one."""
    engine, clock, blobs = fresh_database("sqlite://"), FixedClock(), FakeBlobs()
    review = Review(
        queue=SqlCaseQueue(engine),
        cases=SqlCases(engine),
        history=SqlCaseHistory(engine),
        screenings=SqlScreeningHistory(engine),
        control=SqlControlPictures(engine),
        audit=SqlAuditLog(engine),
        blobs=blobs,
        clock=clock,
    )
    return Desk(review, engine, clock, blobs)
