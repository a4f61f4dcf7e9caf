"""Statistics of notices and appeals, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from service.adapters.sql.case_history import SqlCaseHistory
from service.adapters.sql.cases import SqlCases
from service.adapters.sql.engine import writing
from service.adapters.sql.statistics import SqlStatisticsRecord
from service.adapters.sql.tables import measures, notice_uploads, notices
from service.domain.case import LEASE, CaseState, DecisionKind, ReasonCode
from service.domain.errors import InvalidFields
from service.usecases.statistics import Figures, Statistics, as_csv
from tests.cases import MINUTE, NOON, case, decision, fill
from tests.fakes import FixedClock


@pytest.fixture
def engine(engine: sa.Engine) -> sa.Engine:
    fill(engine, case())
    return engine


def note(
    engine: sa.Engine, number: int, received: datetime, waits: timedelta | None, platform: str = "atelier"
) -> None:
    """Write a notice and its first measure by hand."""
    notice_id = f"ntc_{number}"
    row = {"id": notice_id, "version": 1, "state": "measures_taken", "jurisdiction": "cn", "notifier": "owner:o"}
    row |= {"given_by": {}, "claim": {}, "reference_sets": ["owl"], "missing": [], "received": received}
    row |= {"received_by": "key:ro", "rank": 0.0, "owner": "own_1"}
    with writing(engine) as connection:
        connection.execute(notices.insert().values(row))
        about = {"notice_id": notice_id, "number": 0, "platform": platform, "external_id": "m", "note": ""}
        connection.execute(notice_uploads.insert().values(**about, named=True))
        if waits is None:
            return
        for place, later in enumerate((waits, waits + timedelta(days=3))):
            values = {"id": f"msr_{number}_{place}", "kind": "unpublish", "screening_id": "scr_1"}
            values |= {"platform": platform, "external_id": f"m-{number}-{place}", "reference_sets": ["owl"]}
            values |= {"because": f"notice:{notice_id}", "taken": received + later, "taken_by": "system"}
            connection.execute(measures.insert().values(**values, statement_en="", statement_zh=""))


def figures(engine: sa.Engine, by: str, name: str) -> Figures:
    found = Statistics(SqlStatisticsRecord(engine), FixedClock(NOON)).read()
    return next(item for item in found if (item.by, item.name) == (by, name))


def test_the_time_to_the_first_measure_is_that_of_notices_with_one(engine: sa.Engine) -> None:
    for number in range(20):
        note(engine, number, NOON - timedelta(days=40 + number), timedelta(hours=number + 1))
    note(engine, 99, NOON - MINUTE, None, platform="bazaar")
    whole = figures(engine, "all", "all")
    assert (whole.notices, whole.measured) == (21, 20)
    assert (whole.median, whole.slowest) == (10 * 3600, 19 * 3600)
    assert whole.outcomes == {"measures_taken": 21}
    assert figures(engine, "month", "2026-11").notices == 1
    assert figures(engine, "platform", "bazaar").median is None
    assert (figures(engine, "owner", "own_1").notices, figures(engine, "set", "owl").notices) == (21, 21)


def test_an_appeal_that_changed_the_decision_counts_as_reversed(engine: sa.Engine) -> None:
    fill(engine, case(2))
    for number in (1, 2):
        _decide(engine, number, f"dec_{number}", NOON, DecisionKind.UPHOLD)
        assert SqlCaseHistory(engine).appeal(f"case_{number}", "no", "key:atelier", NOON + 2 * MINUTE)
    assert (figures(engine, "all", "all").appeals, figures(engine, "all", "all").reversed) == (2, 0)
    _decide(engine, 1, "dec_8", NOON + 3 * MINUTE, DecisionKind.DISMISS)
    _decide(engine, 2, "dec_9", NOON + 3 * MINUTE, DecisionKind.UPHOLD)
    assert (figures(engine, "set", "owl").appeals, figures(engine, "set", "owl").reversed) == (2, 1)


def _decide(engine: sa.Engine, number: int, name: str, at: datetime, kind: DecisionKind) -> None:
    reason = ReasonCode.SHOWS_CHARACTER if kind is DecisionKind.UPHOLD else ReasonCode.OTHER_CHARACTER
    made = decision(number, id=name, at=at, kind=kind, reason_code=reason)
    assert SqlCases(engine).claim(f"case_{number}", made.by, at, at + LEASE)
    assert SqlCases(engine).decide(f"case_{number}", made, CaseState.DECIDED)


def test_nothing_is_all_zeros(engine: sa.Engine) -> None:
    assert figures(engine, "all", "all") == Figures("all", "all", 0, 0, None, None, {}, 0, 0, 0)


@pytest.mark.parametrize(
    ("since", "until"), [(date(2026, 2, 1), date(2026, 1, 1)), (date(2001, 1, 1), date(2026, 1, 1)), (None, date.max)]
)
def test_a_time_that_is_none_is_refused(engine: sa.Engine, since: date | None, until: date) -> None:
    with pytest.raises(InvalidFields, match="since"):
        Statistics(SqlStatisticsRecord(engine), FixedClock(NOON)).read(since, until)


def test_a_spreadsheet_takes_no_name_for_a_formula() -> None:
    written = as_csv([Figures("set", "=cmd", 1, 0, None, None, {"closed": 1}, 0, 0, 0)])
    assert written.splitlines() == [
        "by,name,notices,measured,median_seconds,p95_seconds,counter_notices,appeals,reversed,closed",
        "set,'=cmd,1,0,,,0,0,0,1",
    ]
