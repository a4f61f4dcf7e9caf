"""The overview: shares with their intervals, and open cases by age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from service.ports import (
    Agreement,
    ControlPicture,
    DecidedKind,
    FloodingSet,
    QueueFilter,
    QueuePage,
    Verdicts,
    Waiting,
)
from service.usecases.overview import AGES, Overview, Share, Summary
from tests.cases import NOON, case
from tests.fakes import FixedClock

TODAY = NOON.date()


@dataclass
class FakeWork:
    """Reports, Backlog, CaseQueue, CaseHistory and ControlPictures of a few things."""

    opened: list[datetime] = field(default_factory=list)
    asked: list[tuple[date, date]] = field(default_factory=list)

    def verdicts(self, since: date, until: date) -> list[Verdicts]:
        self.asked.append((since, until))
        return [Verdicts(TODAY, {"allow": 7})]

    def waits(self, since: date, until: date) -> list[Waiting]:
        self.asked.append((since, until))
        return []

    def screenings(self, since: date, until: date) -> int:
        self.asked.append((since, until))
        return 8

    def sets_found(self, since: date, until: date, most: int) -> list[tuple[str, int]]:
        self.asked.append((since, until))
        return [("owl", 4), ("fox", 1)][:most]

    def decided_kinds(self, most: int) -> list[DecidedKind]:  # noqa: ARG002 (there are few)
        return [DecidedKind("alias", 3, 1)]

    def opened_before(self, times: Sequence[datetime]) -> list[int]:
        return [sum(item < time for item in self.opened) for time in times]

    def flooding(self) -> list[FloodingSet]:
        return []

    def without_record(self, most: int) -> int:  # noqa: ARG002 (there are none)
        return 0

    def page(self, wanted: QueueFilter, *, order: str, cursor: str | None, most: int) -> QueuePage:
        assert (wanted, order, cursor) == (QueueFilter(), "oldest", None)
        found = [case(number, opened=when) for number, when in enumerate(sorted(self.opened))]
        return QueuePage(tuple(found[:most]), None)

    def agreement(self, most: int = 1) -> list[Agreement]:  # noqa: ARG002 (there are few)
        return [Agreement("block", None, 1, 2)]

    def waiting(self) -> list[ControlPicture]:
        return [ControlPicture("0" * 64, "case_1", "atelier", NOON, "user:mo")]


def read(work: FakeWork) -> Summary:
    parts: dict[str, Any] = dict.fromkeys(("reports", "backlog", "queue", "history", "controls"), work)
    return Overview(**parts, clock=FixedClock(NOON)).read()


def test_the_last_thirty_days_end_with_today() -> None:
    work = FakeWork()
    summary = read(work)
    assert (summary.days[0], summary.days[-1], len(summary.days)) == (TODAY - timedelta(days=29), TODAY, 30)
    assert set(work.asked) == {(TODAY - timedelta(days=29), TODAY + timedelta(days=1))}


def test_open_cases_are_counted_by_the_ages_of_the_queues_filter() -> None:
    work = FakeWork([NOON, NOON - timedelta(hours=2), NOON - timedelta(hours=30), NOON - timedelta(days=8)])
    summary = read(work)
    assert summary.open_cases == 4
    assert summary.open_older == {"1h": 3, "4h": 2, "1d": 2, "7d": 1}
    assert list(summary.open_older) == list(AGES)
    assert summary.oldest is not None
    assert summary.oldest.opened == NOON - timedelta(days=8)


def test_without_open_cases_there_is_no_oldest() -> None:
    assert read(FakeWork()).oldest is None


def test_sets_are_shares_of_all_screenings_and_kinds_of_what_was_upheld_or_dismissed() -> None:
    summary = read(FakeWork())
    assert summary.sets == [("owl", Share(4, 8)), ("fox", Share(1, 8))]
    assert summary.kinds == [("alias", Share(3, 4))]
    assert summary.control_pictures == 1


COUNTED = st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(COUNTED)
def test_the_interval_is_wilsons(counted: tuple[int, int]) -> None:
    expected = binomtest(*counted).proportion_ci(0.9, method="wilson")
    assert Share(*counted).interval == (pytest.approx(expected.low, abs=1e-9), pytest.approx(expected.high, abs=1e-9))


@given(COUNTED)
def test_the_interval_holds_the_share_and_stays_within_0_and_1(counted: tuple[int, int]) -> None:
    share = Share(*counted)
    low, high = share.interval
    assert share.value is not None
    assert 0.0 <= low <= share.value <= high <= 1.0


def test_of_nothing_nothing_is_known() -> None:
    assert (Share(0, 0).value, Share(0, 0).interval) == (None, (0.0, 1.0))


@given(st.integers(1, 1000), st.integers(2, 20))
def test_more_of_the_same_makes_the_interval_narrower(count: int, times: int) -> None:
    (low, high), (lower, higher) = Share(count, 2 * count).interval, Share(count * times, 2 * count * times).interval
    assert higher - lower < high - low
