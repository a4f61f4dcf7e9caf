"""What rights owners see of matches, and what a dry run tells whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

import pytest

from indexer.model import ReferenceSet
from service.adapters.sql.case_queue import SqlCaseQueue
from service.adapters.sql.cases import SqlCases
from service.adapters.sql.policies import SqlPolicies
from service.adapters.sql.screening_history import SqlScreeningHistory
from service.adapters.sql.screenings import SqlScreeningStore
from service.adapters.sql.traffic import SqlSetTraffic
from service.bootstrap import policy_content
from service.domain.case import Case, CaseState, Origin
from service.domain.errors import NotFound
from service.domain.identity import Caller
from service.ports import KeptPicture, Reach, SetFound
from service.usecases.desk import Desk
from service.usecases.dry_run import MOST_TOLD, DryRuns
from tests.cases import NOON, case, decision, finished, screening
from tests.registration import ADMIN, MODERATOR, OWNER, RIVAL, Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    bench.made("owl")
    bench.clock.time = NOON + timedelta(hours=1)
    yield bench
    bench.engine.dispose()


@pytest.fixture
def desk(bench: Bench) -> Desk:
    engine = bench.engine
    traffic = SqlSetTraffic(engine)
    return Desk(
        bench.directory, SqlScreeningHistory(engine), SqlCaseQueue(engine), traffic, bench.blobs, clock=bench.clock
    )


def found(bench: Bench, number: int, verdict: str = "review", of: Case | None = None) -> None:
    """Remember a screening in which the set was found."""
    answer = {**(screening().answer or {}), "verdict": verdict, "evidence": []}
    left = finished(of, sets=(SetFound("owl", verdict, 1e-05, ("alias",)),), answer=answer)
    SqlScreeningStore(bench.engine).add(screening(number), left)


def test_matches_are_told_newest_first_and_without_their_ids(bench: Bench, desk: Desk) -> None:
    found(bench, 1, "review", case(1))
    found(bench, 2, "block")
    seen = desk.matches(OWNER, "owl")
    assert [(item.verdict, item.asked_for, item.case, item.screening_id) for item in seen] == [
        ("block", "block", None, None),
        ("review", "review", CaseState.OPEN, None),
    ]
    assert (seen[0].day, seen[0].platform, seen[0].kinds) == (NOON.date(), "atelier", ("alias",))
    assert [item.screening_id for item in desk.matches(MODERATOR, "owl")] == ["scr_2", "scr_1"]


def test_a_second_look_is_not_told(bench: Bench, desk: Desk) -> None:
    found(bench, 1, "block", case(1, origin=Origin.SECOND_LOOK))
    assert desk.matches(OWNER, "owl")[0].case is None


@pytest.mark.parametrize(("seconds", "told"), [(59, None), (60, "uphold")])
def test_a_decision_is_told_once_it_is_final(bench: Bench, desk: Desk, seconds: int, told: str | None) -> None:
    found(bench, 1, "review", case(1))
    cases = SqlCases(bench.engine)
    assert cases.claim("case_1", "user:mo", NOON, NOON + timedelta(minutes=15))
    assert cases.decide("case_1", decision(at=NOON), CaseState.DECIDED)
    bench.clock.time = NOON + timedelta(seconds=seconds)
    assert desk.matches(OWNER, "owl")[0].decision == told


def test_matches_of_others_are_not_there(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.matches(RIVAL, "owl")


def test_recent_matches_are_counted_for_whom_they_concern(bench: Bench, desk: Desk) -> None:
    for number in range(3):
        found(bench, number)
    counts = {who.name: desk.recent(who) for who in (OWNER, RIVAL, ADMIN)}
    assert counts == {"ro": {"owl": 3}, "ri": {}, "ad": {"owl": 3}}


class FakeReaches:
    """Reaches by which every picture matches."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float]] = []

    def of(self, item: ReferenceSet, screened: Iterable[tuple[str, KeptPicture]], review_rate: float) -> Reach:
        self.asked.append((item.slug, review_rate))
        ids = [screening_id for screening_id, _ in screened]
        return Reach(len(ids), len(ids), 0, tuple(dict.fromkeys(ids)), 4000, 3, alike_known=True)


@pytest.mark.parametrize(("who", "told"), [(OWNER, None), (ADMIN, MOST_TOLD), (MODERATOR, MOST_TOLD)])
def test_owners_get_figures_and_the_house_some_screenings(bench: Bench, who: Caller, told: int | None) -> None:
    for number in range(MOST_TOLD + 2):
        found(bench, number)
    reaches = FakeReaches()
    policies = SqlPolicies(bench.engine, policy_content(None))
    runs = DryRuns(bench.directory, SqlScreeningHistory(bench.engine), policies, reaches, bench.clock)
    result = runs.run(who, "owl")
    assert (result.screenings, result.reach.pictures) == (MOST_TOLD + 2, 2 * (MOST_TOLD + 2))
    assert (len(result.told) if result.told is not None else None) == told
    assert reaches.asked == [("owl", pytest.approx(0.02))]
    assert bool(result.reach.screenings) is (told is not None)
    assert runs.run(who, "owl", 10).screenings == 5
    with pytest.raises(NotFound):
        runs.run(RIVAL, "owl")
