"""What Reports and Backlog count, on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from service.adapters.sql.cases import SqlCases
from service.adapters.sql.reports import SqlBacklog, SqlReports
from service.adapters.sql.screenings import SqlScreeningStore
from service.adapters.sql.tables import reference_sets, screenings
from service.domain.case import CaseState, DecisionKind, Origin
from service.ports import DecidedKind, SetFound, Verdicts, Waiting
from tests.cases import ANSWER, MINUTE, NOON, case, decision, fill, finished, screening
from tests.databases import fresh_database

TODAY = NOON.date()
DAY = timedelta(days=1)
SINCE, UNTIL = TODAY - timedelta(days=2), TODAY + DAY


def screened(engine: sa.Engine, number: int, when: datetime, verdict: str, *sets: str, shadow: bool = False) -> None:
    found = tuple(SetFound(slug, verdict, 0.001, ("alias",)) for slug in sets)
    left = finished(verdict=verdict, sets=found)
    left = replace(left, answer={**left.answer, "shadow": shadow})
    SqlScreeningStore(engine).add(screening(number, created=when, answer=left.answer), left)


def decided(
    engine: sa.Engine, number: int, waited: timedelta, at: datetime, kind: DecisionKind, **changes: Any
) -> None:
    """Open a case, and decide it after it waited."""
    opened = case(number, opened=at - waited, **changes)
    fill(engine, opened)
    cases = SqlCases(engine)
    assert cases.claim(opened.id, "user:mo", at, at + MINUTE)
    made = decision(number, kind=kind, at=at)
    state = CaseState.ESCALATED if kind is DecisionKind.ESCALATE else CaseState.DECIDED
    assert cases.decide(opened.id, made, state)


def test_screenings_are_counted_by_their_day_in_utc_and_verdict(engine: sa.Engine) -> None:
    midnight = datetime.combine(TODAY, datetime.min.time(), UTC)
    moments = [midnight - timedelta(microseconds=1), midnight, midnight + DAY - timedelta(microseconds=1)]
    for number, (when, verdict) in enumerate(zip(moments, ["block", "block", "allow"], strict=True)):
        screened(engine, number, when, verdict)
    screened(engine, 10, midnight + DAY, "allow")
    assert SqlReports(engine).verdicts(SINCE, UNTIL) == [
        Verdicts(TODAY - DAY, {"block": 1}),
        Verdicts(TODAY, {"block": 1, "allow": 1}),
    ]


def test_shadow_screenings_are_in_no_verdicts_and_in_all_screenings(engine: sa.Engine) -> None:
    screened(engine, 1, NOON, "block", shadow=True)
    screened(engine, 2, NOON, "block")
    SqlScreeningStore(engine).add(screening(3, answer=None))
    reports = SqlReports(engine)
    assert reports.verdicts(SINCE, UNTIL) == [Verdicts(TODAY, {"block": 1})]
    assert reports.screenings(SINCE, UNTIL) == 2


def test_of_no_days_nothing_is_counted(engine: sa.Engine) -> None:
    reports = SqlReports(engine)
    assert reports.verdicts(TODAY, TODAY) == []
    assert reports.waits(TODAY, TODAY) == []


def test_sets_are_listed_by_the_screenings_that_they_were_found_in(engine: sa.Engine) -> None:
    for number, sets in enumerate([("owl", "fox"), ("owl",), ("eel", "fox"), ("owl",)]):
        screened(engine, number, NOON, "review", *sets)
    screened(engine, 9, NOON - timedelta(days=9), "review", "eel", "ant")
    reports = SqlReports(engine)
    assert reports.sets_found(SINCE, UNTIL, 10) == [("owl", 3), ("fox", 2), ("eel", 1)]
    assert reports.sets_found(SINCE, UNTIL, 2) == [("owl", 3), ("fox", 2)]


def test_waits_are_told_by_the_day_of_the_decision(engine: sa.Engine) -> None:
    for number in range(20):
        decided(engine, number, (number + 1) * MINUTE, NOON, DecisionKind.UPHOLD)
    decided(engine, 30, 3 * DAY, NOON - DAY, DecisionKind.DISMISS)
    decided(engine, 31, MINUTE, NOON, DecisionKind.ESCALATE)
    assert SqlReports(engine).waits(SINCE, UNTIL) == [
        Waiting(TODAY - DAY, 1, 3 * DAY, 3 * DAY),
        Waiting(TODAY, 20, 10 * MINUTE, 19 * MINUTE),
    ]


def test_kinds_are_counted_by_how_their_cases_were_decided(engine: sa.Engine) -> None:
    up, down = DecisionKind.UPHOLD, DecisionKind.DISMISS
    for number, (kind, kinds) in enumerate(
        [(up, ("alias", "exact_copy")), (up, ("alias",)), (down, ("alias",)), (DecisionKind.ESCALATE, ("alias",))]
    ):
        decided(engine, number, MINUTE, NOON + number * MINUTE, kind, kinds=kinds)
    fill(engine, case(9))
    reports = SqlReports(engine)
    assert reports.decided_kinds(100) == [DecidedKind("alias", 2, 1), DecidedKind("exact_copy", 1, 0)]
    assert reports.decided_kinds(1) == [DecidedKind("alias", 0, 1)]


def test_open_cases_are_counted_by_when_they_were_opened(engine: sa.Engine) -> None:
    fill(engine, *(case(number, opened=NOON - number * DAY) for number in range(5)))
    decided(engine, 9, 9 * DAY, NOON, DecisionKind.UPHOLD)
    times = [NOON + DAY, NOON - 2 * DAY, NOON - timedelta(days=2, seconds=-1), NOON - 9 * DAY, NOON + DAY]
    assert SqlBacklog(engine).opened_before(times) == [5, 2, 3, 0, 5]


def test_what_is_older_than_the_record_is_counted_up_to_a_bound(engine: sa.Engine) -> None:
    screened(engine, 1, NOON, "allow")
    SqlScreeningStore(engine).add(screening(2, answer=None))
    backlog = SqlBacklog(engine)
    assert backlog.without_record(10) == 0
    bare = {name: getattr(screening(3), name) for name in ("platform", "external_id", "created", "request_sha256")}
    with engine.begin() as connection:
        connection.execute(screenings.insert(), [{**bare, "id": f"old_{n}", "answer": ANSWER} for n in range(4)])
    assert backlog.without_record(10) == 4
    assert backlog.without_record(3) == 3


def test_sets_that_flood_are_listed_until_they_are_withdrawn(engine: sa.Engine) -> None:
    said = {"en": "Found 12 times as often.", "zh": "命中率为 12 倍。"}
    row = {"title": {"en": "Owl"}, "work": {}, "fame": "ordinary", "rights_holder": "", "rights_identity": ""}
    row |= {"rights_evidence": "", "created": NOON, "changed": NOON}
    with engine.begin() as connection:
        for slug, state, quarantine in [("b", "active", said), ("a", "suspended", said), ("c", "active", None)]:
            connection.execute(reference_sets.insert().values(slug=slug, state=state, quarantine=quarantine, **row))
        connection.execute(reference_sets.insert().values(slug="d", state="withdrawn", quarantine=said, **row))
    found = SqlBacklog(engine).flooding()
    assert [(item.slug, item.title, item.quarantine.zh) for item in found] == [
        ("a", {"en": "Owl"}, said["zh"]),
        ("b", {"en": "Owl"}, said["zh"]),
    ]


@settings(max_examples=25)
@given(waits=st.lists(st.integers(0, 100_000), min_size=1, max_size=40))
def test_waits_are_the_nearest_ranks_of_all_waits(waits: list[int]) -> None:
    engine = fresh_database("sqlite://")
    for number, seconds in enumerate(waits):
        decided(engine, number, timedelta(seconds=seconds), NOON, DecisionKind.UPHOLD)
    ranked = sorted(waits)
    half, most = (ranked[-(-len(waits) * percent // 100) - 1] for percent in (50, 95))
    told = SqlReports(engine).waits(TODAY, UNTIL)
    assert told == [Waiting(TODAY, len(waits), timedelta(seconds=half), timedelta(seconds=most))]
    engine.dispose()


def test_second_looks_wait_like_any_other_case(engine: sa.Engine) -> None:
    decided(engine, 1, MINUTE, NOON, DecisionKind.UPHOLD, origin=Origin.SECOND_LOOK)
    assert SqlReports(engine).waits(TODAY, date.max.replace(year=TODAY.year)) == [Waiting(TODAY, 1, MINUTE, MINUTE)]
