"""Terms of notices by jurisdiction: when something is due, in the days and the time zone of the law that counts them.

A day on which something happens does not count; a term ends with the last minute of its last day, and where that is a
Saturday, a Sunday or a holiday, with the next working day: China's Civil Code, Art. 201 and 203; the EU's Regulation
1182/71, Art. 3; for the United States the Federal Rules of Civil Procedure, Rule 6(a), say the same.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_SATURDAY = 5
_MONTHS = 12


class Jurisdiction(StrEnum):
    """Whose law a notice is given under."""

    PRC = "prc"
    EU = "eu"
    US = "us"


class Term(StrEnum):
    """What has a term.

    `act`: a complete notice is to be acted upon. `reinstate`: from when a counter-notice reached the right holder (in
    the United States: the service), the uploads come back. `reinstate_latest`: until then they have to. `complain`: the
    uploader may complain about a measure.
    """

    ACT = "act"
    REINSTATE = "reinstate"
    REINSTATE_LATEST = "reinstate_latest"
    COMPLAIN = "complain"


class Unit(StrEnum):
    """How a term is counted."""

    DAYS = "days"
    BUSINESS_DAYS = "business_days"
    MONTHS = "months"


@dataclass(frozen=True, slots=True)
class Period:
    """So many days, working days or months."""

    count: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Profile:
    """How a jurisdiction counts. `reinstates` tells whether uploads come back by themselves when a term is over."""

    jurisdiction: Jurisdiction
    zone: str
    periods: Mapping[Term, Period]
    reinstates: bool
    holidays: frozenset[date] = field(default_factory=frozenset)

    def works(self, day: date) -> bool:
        """Tell whether a day is a working day."""
        return day.weekday() < _SATURDAY and day not in self.holidays


def due(profile: Profile, event: Term, at: datetime) -> datetime | None:
    """Return, in UTC, when a term that began at a time is over; None where the jurisdiction sets none.

    `at` is aware. What is returned is the midnight that ends the last day in the zone of the jurisdiction.
    """
    period = profile.periods.get(event)
    if period is None:
        return None
    zone = ZoneInfo(profile.zone)
    last = _last_day(profile, period, at.astimezone(zone).date())
    return datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)


def _last_day(profile: Profile, period: Period, begin: date) -> date:
    if period.unit is Unit.BUSINESS_DAYS:
        day, left = begin, period.count
        while left:
            day += timedelta(days=1)
            left -= profile.works(day)
        return day
    day = begin + timedelta(days=period.count) if period.unit is Unit.DAYS else _months_on(begin, period.count)
    while not profile.works(day):
        day += timedelta(days=1)
    return day


def _months_on(day: date, count: int) -> date:
    """Return the same day some months on, or the last of a month that has no such day (Regulation 1182/71, Art. 3)."""
    year, month = divmod(day.month - 1 + count, _MONTHS)
    year, month = day.year + year, month + 1
    return day.replace(year=year, month=month, day=min(day.day, calendar.monthrange(year, month)[1]))


@dataclass(frozen=True, slots=True)
class TermDays:
    """The numbers that an operator may set; `act` is its own target, since no statute names one.

    prc_wait: E-Commerce Law, Art. 43: 15 days after the counter-notice reached the right holder (Civil Code, Art. 1196,
    in force since 2021, asks for a reasonable period). us_wait and us_latest: 17 USC 512(g)(2)(C), not less than 10 and
    not more than 14 business days following receipt. eu_complain: Regulation 2022/2065, Art. 20(1), at least six
    months; the regulation knows no waiting period: a person decides in a timely manner, Art. 20(4) and (6).
    """

    act: int = 1
    prc_wait: int = 15
    us_wait: int = 10
    us_latest: int = 14
    eu_complain: int = 6


def profiles(days: TermDays, holidays: Mapping[Jurisdiction, frozenset[date]]) -> Mapping[Jurisdiction, Profile]:
    """Make the profiles of all jurisdictions."""
    act = {Term.ACT: Period(days.act, Unit.BUSINESS_DAYS)}
    wait = Period(days.prc_wait, Unit.DAYS)
    made = (
        Profile(Jurisdiction.PRC, "Asia/Shanghai", {**act, Term.REINSTATE: wait}, reinstates=True),
        Profile(
            Jurisdiction.EU,
            "Europe/Brussels",
            {**act, Term.COMPLAIN: Period(days.eu_complain, Unit.MONTHS)},
            reinstates=False,
        ),
        Profile(
            Jurisdiction.US,
            "America/New_York",
            {
                **act,
                Term.REINSTATE: Period(days.us_wait, Unit.BUSINESS_DAYS),
                Term.REINSTATE_LATEST: Period(days.us_latest, Unit.BUSINESS_DAYS),
            },
            reinstates=True,
        ),
    )
    return {
        item.jurisdiction: Profile(
            item.jurisdiction, item.zone, item.periods, item.reinstates, holidays.get(item.jurisdiction, frozenset())
        )
        for item in made
    }


def parse_holidays(text: str) -> Mapping[Jurisdiction, frozenset[date]]:
    """Read `prc:2026-10-01 2026-10-02,us:2026-11-26`. Raises ValueError naming the entry."""
    found: dict[Jurisdiction, frozenset[date]] = {}
    for number, entry in enumerate(filter(None, (part.strip() for part in text.split(","))), start=1):
        name, _, days = entry.partition(":")
        if name not in set(Jurisdiction):
            raise ValueError(f"entry {number}: {name!r} is none of {', '.join(Jurisdiction)}")
        try:
            read = frozenset(date.fromisoformat(day) for day in days.split())
        except ValueError:
            raise ValueError(f"entry {number}: give days such as 2026-10-01, separated by spaces") from None
        found[Jurisdiction(name)] = found.get(Jurisdiction(name), frozenset()) | read
    return found
