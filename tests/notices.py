"""Notices and what they need, in one line each, for the tests of notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from indexer.model import Licence, LoraSignals, ReferenceSet, TensorHash
from service.adapters.sql.blocked import SqlBlockedLoras
from service.adapters.sql.measures import SqlMeasures, SqlScreenedLoras
from service.adapters.sql.notice_lookups import SqlNoticeLookups
from service.adapters.sql.notices import SqlNotices
from service.adapters.sql.owners import SqlRightsOwners
from service.adapters.sql.screening_history import SqlScreeningHistory
from service.adapters.sql.screenings import SqlScreeningStore
from service.adapters.sql.set_changes import SqlSetRecord
from service.adapters.sql.sets import SqlSetDirectory
from service.adapters.sql.strikes import SqlStrikes
from service.domain.errors import NotReady
from service.domain.identity import Caller, Role
from service.domain.notice import Accused, Claim, Notice, NoticeState, Notifier
from service.domain.notice_terms import Jurisdiction, TermDays, profiles
from service.domain.registration import RegisteredSet, RightsOwner, SetState
from service.ports import SweptUpload
from service.usecases.attachments import Attachments
from service.usecases.blocking import Blocking
from service.usecases.consequences import Consequences
from service.usecases.counter_notices import CounterNotices, Reply
from service.usecases.notice_measures import MeasureMaker
from service.usecases.notices import Given, NoticeDesk
from tests.cases import NOON, finished, screening
from tests.fakes import FakeBlobs, FixedClock

OWNER = Caller("ro", Role.RIGHTS_OWNER, "ro")
RIVAL = Caller("rival", Role.RIGHTS_OWNER, "rival")
MO = Caller("mo", Role.MODERATOR, via="user")
ATELIER = Caller("atelier", Role.PLATFORM)
BAZAAR = Caller("bazaar", Role.PLATFORM)
DAY = timedelta(days=1)
CLAIM = Claim("Rook of the Lamp", "register no. 7", "It shows the rook.", True, True, True, "Ro Rook")
GIVEN = Given(
    Jurisdiction.PRC,
    name="Lamp Ltd",
    contact="rights@lamp.example",
    address="1 Lamp Street",
    identity="register no. 7",
    claim=CLAIM,
    accused=(Accused("atelier", "model-1"), Accused("bazaar", "model-2")),
    reference_sets=("owl",),
)
REPLY = Reply(
    name="Una",
    contact="una@example.org",
    address="2 Oak Street",
    explanation="I drew it.",
    evidence="Sketches.",
    signature="Una",
    good_faith=True,
    consents_to_jurisdiction=True,
)


def notice(number: int = 1, **changes: Any) -> Notice:
    """Make a complete notice."""
    made = Notice(
        id=f"ntc_{number}",
        state=NoticeState.COMPLETE,
        jurisdiction=Jurisdiction.PRC,
        notifier=Notifier("owner:ro", "Lamp Ltd", "rights@lamp.example", "1 Lamp Street", "register no. 7"),
        claim=CLAIM,
        accused=GIVEN.accused if isinstance(GIVEN.accused, tuple) else (),
        reference_sets=("owl",),
        received=NOON + timedelta(seconds=number),
        received_by="key:ro",
        rank=float(number),
        owner="ro",
        completed=NOON,
    )
    return replace(made, **changes)


@dataclass
class FakeSweeps:
    """A SweepStarter that finds what it is given; `ready` is false while there is no index."""

    swept: Sequence[SweptUpload] = ()
    ready: bool = True
    started: list[tuple[tuple[str, ...], str]] = field(default_factory=list)

    def start(self, sets: Sequence[str], who: Caller, because: str) -> str:  # noqa: ARG002 (it keeps no record)
        if not self.ready:
            raise NotReady("no index is loaded")
        self.started.append((tuple(sets), because))
        return f"swp_{len(self.started)}"

    def found(self, sweep_id: str) -> list[SweptUpload]:  # noqa: ARG002 (all find the same)
        return list(self.swept)


class Bench:
    """The use cases of notices on a real record, with a set `owl` and three screened uploads."""

    def __init__(self, engine: sa.Engine, *, licences: tuple[Licence, ...] = ()) -> None:
        self.engine, self.clock, self.sweeps = engine, FixedClock(NOON), FakeSweeps()
        self.notices, self.lookups, self.measures = SqlNotices(engine), SqlNoticeLookups(engine), SqlMeasures(engine)
        self.strikes, self.blocked = SqlStrikes(engine), SqlBlockedLoras(engine)
        directory = SqlSetDirectory(engine)
        self.maker = MeasureMaker(directory, SqlScreeningHistory(engine), self.clock)
        laws = profiles(TermDays(), {})
        self.desk = NoticeDesk(
            self.notices,
            self.lookups,
            self.measures,
            self.maker,
            directory,
            self.sweeps,
            clock=self.clock,
            profiles=laws,
        )
        self.blobs = FakeBlobs()
        self.attachments = Attachments(self.notices, self.blobs, self.clock, most=3, most_bytes=1_000)
        self.counters = CounterNotices(
            self.notices,
            self.lookups,
            self.measures,
            self.maker,
            self.desk,
            attachments=self.attachments,
            clock=self.clock,
            profiles=laws,
        )
        self.consequences = Consequences(
            self.strikes, SqlScreenedLoras(engine), Blocking(self.blocked, self.clock), self.clock
        )
        if directory.get("owl") is not None:
            return
        for name in ("ro", "rival"):
            SqlRightsOwners(engine).add(RightsOwner(name, name, "", "", NOON), "cli:ad")
        content = ReferenceSet("owl", {"en": "Owl", "zh": "枭"}, (), holder="Lamp Ltd", licences=licences)
        SqlSetRecord(engine).add(RegisteredSet(content, "ro", SetState.ACTIVE, NOON, NOON), "cli:ad")
        for number, platform in ((1, "atelier"), (2, "bazaar"), (3, "atelier")):
            screen(engine, number, platform)

    def acted(self, given: Given = GIVEN) -> str:
        """Receive a notice and take its measures; return its id."""
        notice_id = self.desk.receive(given, OWNER).notice.id
        self.desk.take_measures(notice_id, MO)
        return notice_id

    def state(self, notice_id: str) -> NoticeState:
        """Say where a notice stands."""
        found = self.notices.get(notice_id)
        assert found is not None
        return found.state

    def in_force(self, notice_id: str) -> list[str]:
        """Name the uploads against which measures of a notice are in force."""
        found = self.measures.find(because=f"notice:{notice_id}")
        return sorted(item.external_id for item in found if item.ended is None)


def screen(engine: sa.Engine, number: int, platform: str = "atelier", uploader: str = "u-1") -> None:
    """Keep a screening of `model-<number>` with a LoRA that can be known again."""
    tensor = TensorHash("F16", (64, 64), f"{number:064x}", telling=True)
    lora = LoraSignals(f"{number}.safetensors", f"{number:064x}", f"{number:064x}", (tensor,), None)
    stored = screening(number, platform=platform, external_id=f"model-{number}")
    SqlScreeningStore(engine).add(stored, finished(uploader=uploader, verdict="allow", lora=lora))
