"""What Cases, CaseQueue, CaseHistory and ControlPictures do, on SQLite and on PostgreSQL."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from service.adapters.sql.case_history import SqlCaseHistory
from service.adapters.sql.case_queue import SqlCaseQueue
from service.adapters.sql.cases import SqlCases
from service.adapters.sql.control_pictures import SqlControlPictures
from service.domain.case import APPEAL, LEASE, UNDO, CaseState, Claim, DecisionKind, Origin, ReasonCode
from service.domain.errors import InvalidFields
from service.ports import Agreement, ControlPicture, QueueFilter
from tests.cases import MINUTE, NOON, actions, case, decision, fill
from tests.databases import fresh_database

MO, ADA = "user:mo", "user:ada"
UNTIL = NOON + LEASE
FINAL = NOON + UNDO
OPEN, DECIDED, ESCALATED = CaseState.OPEN, CaseState.DECIDED, CaseState.ESCALATED
RACERS = 8


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'record.db'}"
    given: str = request.getfixturevalue("postgres_url")
    return given


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    engine = fresh_database(url)
    fill(engine, case())
    yield engine
    engine.dispose()


@pytest.fixture
def cases(engine: sa.Engine) -> SqlCases:
    return SqlCases(engine)


@pytest.fixture
def history(engine: sa.Engine) -> SqlCaseHistory:
    return SqlCaseHistory(engine)


@pytest.fixture
def queue(engine: sa.Engine) -> SqlCaseQueue:
    return SqlCaseQueue(engine)


def decided(cases: SqlCases, number: int = 1, **changes: Any) -> None:
    made = decision(number, **changes)
    case_id = f"case_{number}"
    assert cases.claim(case_id, made.by, made.at - MINUTE, made.at + MINUTE)
    assert cases.decide(case_id, made, ESCALATED if made.kind is DecisionKind.ESCALATE else DECIDED)


DISMISSED = {"kind": DecisionKind.DISMISS, "reason_code": ReasonCode.OTHER_CHARACTER}
HANDED_ON = {"kind": DecisionKind.ESCALATE, "reason_code": ReasonCode.CANNOT_TELL}


class TestClaims:
    def test_a_free_case_is_claimed_and_the_log_tells_it(self, cases: SqlCases, engine: sa.Engine) -> None:
        assert cases.claim("case_1", MO, NOON, UNTIL)
        assert cases.get("case_1") == case(claim=Claim(MO, UNTIL))
        assert actions(engine, "case:case_1") == ["case.opened", "case.claimed"]

    def test_a_claimed_case_is_not_anothers_until_its_lease_ends(self, cases: SqlCases) -> None:
        cases.claim("case_1", MO, NOON, UNTIL)
        assert not cases.claim("case_1", ADA, UNTIL - timedelta(seconds=1), UNTIL + LEASE)
        assert cases.claim("case_1", ADA, UNTIL, UNTIL + LEASE)

    def test_a_lease_is_renewed_by_its_holder(self, cases: SqlCases, engine: sa.Engine) -> None:
        cases.claim("case_1", MO, NOON, UNTIL)
        assert cases.claim("case_1", MO, NOON + MINUTE, UNTIL + MINUTE)
        assert cases.get("case_1") == case(claim=Claim(MO, UNTIL + MINUTE))
        assert actions(engine, "case:case_1")[-1] == "case.claim_renewed"

    def test_a_case_is_given_back_by_its_holder_alone(self, cases: SqlCases, engine: sa.Engine) -> None:
        cases.claim("case_1", MO, NOON, UNTIL)
        assert not cases.release("case_1", ADA, NOON)
        assert cases.release("case_1", MO, NOON)
        assert not cases.release("case_1", MO, NOON)
        assert cases.get("case_1") == case()
        assert actions(engine, "case:case_1")[-1] == "case.released"

    def test_what_is_not_there_is_nobodys(self, cases: SqlCases) -> None:
        assert cases.get("case_9") is None
        assert not cases.claim("case_9", MO, NOON, UNTIL)
        assert not cases.release("case_9", MO, NOON)
        assert not cases.decide("case_9", decision(), DECIDED)
        assert not cases.undo("case_9", MO, NOON)

    def test_of_two_who_reach_for_a_case_one_gets_it(self, cases: SqlCases, engine: sa.Engine) -> None:
        with ThreadPoolExecutor(RACERS) as pool:
            got = list(pool.map(lambda n: cases.claim("case_1", f"user:{n}", NOON, UNTIL), range(RACERS)))
        assert sorted(got) == [False] * (RACERS - 1) + [True]
        assert actions(engine, "case:case_1") == ["case.opened", "case.claimed"]

    def test_of_two_processes_that_reach_for_a_case_one_gets_it(self, url: str, engine: sa.Engine) -> None:
        with get_context("spawn").Pool(2) as pool:
            got = pool.starmap(claim_all, [(url, MO), (url, ADA)])
        assert sorted(got[0] + got[1]) == ["case_1"]
        assert actions(engine, "case:case_1") == ["case.opened", "case.claimed"]


def claim_all(url: str, who: str) -> list[str]:
    """Reach for the one case from a process of its own; return what was got."""
    engine = fresh_database(url)
    try:
        return ["case_1"] if SqlCases(engine).claim("case_1", who, NOON, UNTIL) else []
    finally:
        engine.dispose()


class TestDecisions:
    def test_the_holder_decides(self, cases: SqlCases, engine: sa.Engine) -> None:
        decided(cases)
        found = cases.get("case_1")
        assert found == case(state=DECIDED, decision=decision())
        assert actions(engine, "case:case_1")[-1] == "case.decided"

    @pytest.mark.parametrize(("by", "at"), [(ADA, NOON), (MO, UNTIL)])
    def test_nobody_else_does_and_nobody_after_the_lease(self, cases: SqlCases, by: str, at: Any) -> None:
        cases.claim("case_1", MO, NOON, UNTIL)
        assert not cases.decide("case_1", decision(by=by, at=at), DECIDED)

    def test_a_decided_case_is_neither_claimed_nor_decided_again(self, cases: SqlCases) -> None:
        decided(cases)
        assert not cases.claim("case_1", MO, NOON, UNTIL)
        assert not cases.decide("case_1", decision(2), DECIDED)

    def test_of_many_decisions_at_once_one_is_kept(self, cases: SqlCases, history: SqlCaseHistory) -> None:
        cases.claim("case_1", MO, NOON, UNTIL)
        with ThreadPoolExecutor(RACERS) as pool:
            got = list(pool.map(lambda n: cases.decide("case_1", decision(n), DECIDED), range(RACERS)))
        assert sum(got) == 1
        assert len(history.decisions("case_1")) == 1

    def test_within_a_minute_it_is_taken_back_by_who_made_it(self, cases: SqlCases, history: SqlCaseHistory) -> None:
        decided(cases)
        assert not cases.undo("case_1", ADA, NOON)
        assert cases.undo("case_1", MO, FINAL - timedelta(seconds=1))
        found = cases.get("case_1")
        assert found == case(claim=Claim(MO, FINAL - timedelta(seconds=1) + LEASE))
        assert [item.undone for item in history.decisions("case_1")] == [FINAL - timedelta(seconds=1)]

    def test_after_a_minute_it_is_not(self, cases: SqlCases) -> None:
        decided(cases)
        assert not cases.undo("case_1", MO, FINAL)

    def test_an_escalated_case_goes_back_to_where_it_stood(self, cases: SqlCases, engine: sa.Engine) -> None:
        decided(cases, **HANDED_ON)
        assert cases.get("case_1") == case(state=ESCALATED, decision=decision(**HANDED_ON))
        cases.claim("case_1", ADA, NOON, UNTIL)
        assert not cases.undo("case_1", MO, NOON)
        assert cases.decide("case_1", decision(2, by=ADA, at=NOON + timedelta(seconds=5)), DECIDED)
        assert cases.undo("case_1", ADA, NOON + timedelta(seconds=9))
        found = cases.get("case_1")
        assert found is not None
        assert (found.state, found.decision) == (ESCALATED, decision(**HANDED_ON))
        assert actions(engine, "case:case_1")[2:] == [
            "case.escalated",
            "case.claimed",
            "case.decided",
            "case.decision_undone",
        ]

    def test_an_escalation_is_taken_back_too(self, cases: SqlCases) -> None:
        decided(cases, **HANDED_ON)
        assert cases.undo("case_1", MO, NOON)
        assert cases.get("case_1") == case(claim=Claim(MO, UNTIL))


class TestAppeals:
    def test_a_final_decision_is_appealed_once(
        self, cases: SqlCases, history: SqlCaseHistory, engine: sa.Engine
    ) -> None:
        assert not history.appeal("case_1", "mine", "key:atelier", FINAL)
        decided(cases)
        assert not history.appeal("case_1", "mine", "key:atelier", FINAL - timedelta(seconds=1))
        assert history.appeal("case_1", "mine", "key:atelier", FINAL)
        assert not history.appeal("case_1", "again", "key:atelier", FINAL)
        assert cases.get("case_1") == case(rank=1.0 - APPEAL, appeal="mine", appealed_from=MO)
        assert actions(engine, "case:case_1")[-1] == "case.appealed"
        decided(cases, at=FINAL, by=ADA, id="dec_2")
        assert not history.appeal("case_1", "thrice", "key:atelier", FINAL + UNDO)

    def test_all_decisions_are_kept(self, cases: SqlCases, history: SqlCaseHistory) -> None:
        decided(cases)
        history.appeal("case_1", "mine", "key:atelier", FINAL)
        decided(cases, at=FINAL, by=ADA, id="dec_2")
        assert [item.id for item in history.decisions("case_1")] == ["dec_1", "dec_2"]

    def test_what_was_decided_in_a_time(self, cases: SqlCases, history: SqlCaseHistory, engine: sa.Engine) -> None:
        fill(engine, case(2))
        decided(cases, 1, at=NOON + MINUTE)
        decided(cases, 2, at=NOON)
        assert [item.id for item in history.decided_between(NOON, NOON + 2 * MINUTE)] == ["case_2", "case_1"]
        assert [item.id for item in history.decided_between(NOON, NOON + MINUTE)] == ["case_2"]

    def test_second_looks_are_compared_with_the_verdicts(
        self, cases: SqlCases, history: SqlCaseHistory, engine: sa.Engine
    ) -> None:
        looks = {"origin": Origin.SECOND_LOOK}
        fill(engine, case(2, **looks), case(3, **looks, kinds=("exact_copy",)), verdict="block")
        fill(engine, case(4, **looks, kinds=()), case(5, **looks, kinds=()), verdict="allow")
        decided(cases, 1)
        decided(cases, 2)
        decided(cases, 3, **DISMISSED)
        decided(cases, 4, **DISMISSED)
        assert history.agreement() == [
            Agreement("allow", None, 1, 1),
            Agreement("block", None, 1, 2),
            Agreement("block", "alias", 1, 1),
            Agreement("block", "character_similarity", 1, 1),
            Agreement("block", "exact_copy", 0, 1),
        ]


class TestQueue:
    @pytest.fixture(autouse=True)
    def _many(self, engine: sa.Engine) -> None:
        fill(
            engine,
            case(2, rank=0.5, platform="bazaar"),
            case(3, rank=0.5, stage="training", reference_sets=("owl", "fox")),
            case(4, rank=9.0, uploader=None, kinds=("alias",), reference_sets=()),
        )

    @pytest.mark.parametrize(("order", "listed"), [("priority", "2314"), ("oldest", "1234"), ("newest", "4321")])
    @pytest.mark.parametrize("most", [1, 2, 3, 9])
    @pytest.mark.parametrize("narrowed", [False, True])
    def test_pages_follow_each_other_in_order(
        self, queue: SqlCaseQueue, order: str, listed: str, most: int, *, narrowed: bool
    ) -> None:
        wanted = QueueFilter(kind="alias") if narrowed else QueueFilter()
        seen: list[str] = []
        cursor = None
        while True:
            page = queue.page(wanted, order=order, cursor=cursor, most=most)
            assert len(page.cases) <= most
            seen += [item.id.removeprefix("case_") for item in page.cases]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert "".join(seen) == listed

    @pytest.mark.parametrize(
        ("wanted", "listed"),
        [
            (QueueFilter(platform="bazaar"), "2"),
            (QueueFilter(reference_set="fox"), "3"),
            (QueueFilter(reference_set="owl"), "231"),
            (QueueFilter(reference_set="owl", kind="alias", platform="atelier"), "31"),
            (QueueFilter(kind="character_similarity"), "231"),
            (QueueFilter(stage="training"), "3"),
            (QueueFilter(uploader="u-1"), "231"),
            (QueueFilter(older_than=NOON + timedelta(seconds=3)), "21"),
            (QueueFilter(older_than=NOON + timedelta(seconds=3), kind="alias"), "21"),
            (QueueFilter(state=DECIDED), ""),
            (QueueFilter(reference_set="' OR 1=1 --"), ""),
        ],
        ids=str,
    )
    def test_the_queue_is_narrowed(self, queue: SqlCaseQueue, wanted: QueueFilter, listed: str) -> None:
        found = queue.page(wanted, cursor=None, most=9).cases
        assert "".join(item.id.removeprefix("case_") for item in found) == listed

    def test_what_others_look_at_can_be_left_out(self, queue: SqlCaseQueue, cases: SqlCases) -> None:
        cases.claim("case_2", MO, NOON, UNTIL)
        for at, listed in ((NOON, ["case_3"]), (UNTIL, ["case_2"])):
            page = queue.page(QueueFilter(unclaimed_at=at), cursor=None, most=1)
            assert [item.id for item in page.cases] == listed

    def test_a_case_that_moves_is_found_where_it_is(self, queue: SqlCaseQueue, cases: SqlCases) -> None:
        decided(cases, 3)
        by_set = QueueFilter(reference_set="fox")
        assert queue.page(by_set, cursor=None, most=9).cases == ()
        found = queue.page(replace(by_set, state=DECIDED), cursor=None, most=9).cases
        assert [item.id for item in found] == ["case_3"]

    @pytest.mark.parametrize(
        "cursor",
        ["", "x", "!!", "W10", "WyJuZXdlc3QiLDEsImEiXQ", "bnVsbA", "9" * 500, "WyJwcmlvcml0eSIsTmFOLCJhIl0", "\ud800"],
    )
    def test_a_cursor_that_is_not_ours_is_a_fault_that_says_so(self, queue: SqlCaseQueue, cursor: str) -> None:
        with pytest.raises(InvalidFields, match="cursor"):
            queue.page(QueueFilter(), cursor=cursor, most=9)

    def test_a_cursor_with_a_time_before_all_times_is_a_fault_that_says_so(self, queue: SqlCaseQueue) -> None:
        place = json.dumps(["newest", "0001-01-01T00:00:00+14:00", "case_1"])
        cursor = base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")
        with pytest.raises(InvalidFields, match="cursor"):
            queue.page(QueueFilter(), order="newest", cursor=cursor, most=9)

    def test_a_cursor_is_good_for_one_order(self, queue: SqlCaseQueue) -> None:
        cursor = queue.page(QueueFilter(), cursor=None, most=1).next_cursor
        with pytest.raises(InvalidFields, match="cursor"):
            queue.page(QueueFilter(), order="newest", cursor=cursor, most=9)

    def test_there_are_three_orders(self, queue: SqlCaseQueue) -> None:
        with pytest.raises(InvalidFields, match="priority, oldest, newest"):
            queue.page(QueueFilter(), order="rank", cursor=None, most=9)

    def test_cases_are_counted(self, queue: SqlCaseQueue, cases: SqlCases) -> None:
        decided(cases, 1)
        decided(cases, 2, **HANDED_ON)
        cases.claim("case_3", MO, NOON, UNTIL)
        found = queue.counters(NOON + MINUTE, NOON)
        assert (found.open, found.escalated, found.claimed, found.decided) == (2, 1, 1, 1)
        assert found.oldest == NOON + timedelta(seconds=3)
        assert found.by == {
            "platform": {"atelier": 2},
            "stage": {"publication": 1, "training": 1},
            "set": {"fox": 1, "owl": 1},
            "kind": {"alias": 2, "character_similarity": 1},
        }
        assert queue.counters(UNTIL, NOON + MINUTE).claimed == 0
        assert queue.counters(UNTIL, NOON + MINUTE).decided == 0

    def test_cases_are_found_by_their_screenings(self, queue: SqlCaseQueue) -> None:
        found = queue.of_screenings(["scr_1", "scr_4", "scr_9"])
        assert {name: item.id for name, item in found.items()} == {"scr_1": "case_1", "scr_4": "case_4"}

    def test_cases_of_the_same_sets_are_related(self, queue: SqlCaseQueue, cases: SqlCases) -> None:
        decided(cases, 1)
        assert [item.id for item in queue.related(case(3, reference_sets=("owl", "fox")), 9)] == ["case_2", "case_1"]
        assert [item.id for item in queue.related(case(1), 1)] == ["case_3"]
        assert queue.related(case(4, reference_sets=()), 9) == []


class TestControlPictures:
    @pytest.fixture
    def control(self, engine: sa.Engine) -> SqlControlPictures:
        return SqlControlPictures(engine)

    @staticmethod
    def proposed(number: int = 1) -> ControlPicture:
        return ControlPicture(f"{number:064}", "case_1", "atelier", NOON, MO)

    def test_another_person_confirms_what_was_dismissed(self, cases: SqlCases, control: SqlControlPictures) -> None:
        decided(cases, **DISMISSED)
        control.propose([self.proposed(2), self.proposed(1)])
        control.propose([self.proposed(1)])
        assert control.waiting() == [self.proposed(1), self.proposed(2)]
        assert not control.judge(self.proposed().sha256, MO, NOON, confirm=True)
        assert control.judge(self.proposed().sha256, ADA, NOON, confirm=True)
        assert not control.judge(self.proposed().sha256, ADA, NOON, confirm=True)
        assert control.judge(self.proposed(2).sha256, MO, NOON, confirm=False)
        assert control.waiting() == []
        assert control.confirmed() == [replace(self.proposed(1), confirmed_by=ADA)]

    def test_pictures_count_only_while_their_case_stands_dismissed(
        self, cases: SqlCases, control: SqlControlPictures, history: SqlCaseHistory
    ) -> None:
        decided(cases, **DISMISSED)
        control.propose([self.proposed(1), self.proposed(2)])
        control.judge(self.proposed(1).sha256, ADA, NOON, confirm=True)
        history.appeal("case_1", "no", "key:atelier", FINAL)
        assert (control.waiting(), control.confirmed()) == ([], [])
        assert not control.judge(self.proposed(2).sha256, ADA, NOON, confirm=True)

    def test_the_log_tells_it(self, cases: SqlCases, control: SqlControlPictures, engine: sa.Engine) -> None:
        decided(cases, **DISMISSED)
        control.propose([self.proposed()])
        control.propose([])
        control.judge(self.proposed().sha256, ADA, NOON, confirm=True)
        assert actions(engine, "case:case_1")[-1] == "control_picture.proposed"
        assert actions(engine, f"control_picture:{self.proposed().sha256}") == ["control_picture.confirmed"]

    def test_what_was_never_proposed_is_not_judged(self, control: SqlControlPictures) -> None:
        assert not control.judge("0" * 64, ADA, NOON, confirm=True)
