"""Terms of notices: across weekends, holidays, zones and the change of clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.notice_terms import Jurisdiction, Term, TermDays, due, parse_holidays, profiles

HOLIDAYS = parse_holidays("prc:2026-10-01 2026-10-02 2026-10-05,us:2026-11-26,us:2026-12-25")
LAWS = profiles(TermDays(), HOLIDAYS)
PRC, EU, US = Jurisdiction.PRC, Jurisdiction.EU, Jurisdiction.US


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("law", "term", "begin", "end"),
    [
        # Friday 20 November + 15 days is Saturday 5 December: until Monday's midnight in Shanghai.
        (PRC, Term.REINSTATE, "2026-11-20T12:00", "2026-12-07T16:00"),
        # 17:00 UTC is the next day in Shanghai: Saturday 21 + 15 days is Sunday, so Monday again.
        (PRC, Term.REINSTATE, "2026-11-20T17:00", "2026-12-07T16:00"),
        (PRC, Term.REINSTATE, "2026-11-23T01:00", "2026-12-08T16:00"),
        # 16 September + 15 days is 1 October: holidays and a weekend follow, then Tuesday 6.
        (PRC, Term.REINSTATE, "2026-09-16T02:00", "2026-10-06T16:00"),
        (PRC, Term.ACT, "2026-11-20T12:00", "2026-11-23T16:00"),
        # Ten business days after Friday 20 November, with Thanksgiving: Monday 7 December, standard time.
        (US, Term.REINSTATE, "2026-11-20T12:00", "2026-12-08T05:00"),
        (US, Term.REINSTATE_LATEST, "2026-11-20T12:00", "2026-12-12T05:00"),
        # 02:00 UTC is the evening before in New York.
        (US, Term.REINSTATE, "2026-11-21T02:00", "2026-12-08T05:00"),
        # From daylight saving time into standard time, 1 November, and back, 14 March 2027.
        (US, Term.REINSTATE, "2026-10-26T12:00", "2026-11-10T05:00"),
        (US, Term.REINSTATE, "2027-03-05T12:00", "2027-03-20T04:00"),
        # Six months from 31 August is 28 February, a Sunday: until 1 March, Brussels.
        (EU, Term.COMPLAIN, "2026-08-31T12:00", "2027-03-01T23:00"),
        (EU, Term.COMPLAIN, "2026-11-20T12:00", "2027-05-20T22:00"),
        (EU, Term.REINSTATE, "2026-11-20T12:00", None),
        (PRC, Term.COMPLAIN, "2026-11-20T12:00", None),
    ],
)
def test_a_term_ends_where_the_law_counts_it(law: Jurisdiction, term: Term, begin: str, end: str | None) -> None:
    assert due(LAWS[law], term, at(begin)) == (at(end) if end is not None else None)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), st.sampled_from(Jurisdiction), st.sampled_from(Term))  # noqa: DTZ001
def test_a_term_is_never_shorter_than_its_days_and_ends_at_a_midnight_after_a_working_day(
    begin: datetime, law: Jurisdiction, term: Term
) -> None:
    start = begin.replace(tzinfo=UTC)
    end = due(LAWS[law], term, start)
    if end is None:
        assert term not in LAWS[law].periods
        return
    local = end.astimezone(ZoneInfo(LAWS[law].zone))
    assert (local.hour, local.minute) == (0, 0)
    last = date.fromordinal(local.date().toordinal() - 1)
    assert LAWS[law].works(last)
    least = LAWS[law].periods[term].count * (28 if term is Term.COMPLAIN else 1)
    assert (last - start.astimezone(ZoneInfo(LAWS[law].zone)).date()).days >= least


@pytest.mark.parametrize("text", ["fr:2026-01-01", "prc:yesterday", "2026-01-01", "prc:2026-13-01"])
def test_holidays_that_cannot_be_read_are_named(text: str) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_holidays(text)
