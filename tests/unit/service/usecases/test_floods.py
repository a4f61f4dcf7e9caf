"""The flood breaker, with fixed times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from service.adapters.sql.audit import SqlAuditLog
from service.usecases.floods import Floods
from tests.registration import ADMIN, OWNER, Bench


@dataclass
class FakeTraffic:
    """A SetTraffic of so many screenings a day, lately and before."""

    lately: Mapping[str, int]
    before: Mapping[str, int] = field(default_factory=dict)
    a_day: tuple[int, int] = (1000, 1000)
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)

    def screenings(self, since: datetime, until: datetime) -> int:
        self.asked.append((since, until))
        days = (until - since) // timedelta(days=1)
        return self.a_day[0] if days == 1 else self.a_day[1] * days

    def by_set(self, since: datetime, until: datetime) -> Mapping[str, int]:
        self.asked.append((since, until))
        return self.lately if until - since == timedelta(days=1) else self.before


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    bench.made()
    bench.added(b"a")
    bench.registration.activate(ADMIN, "moon-fox")
    yield bench
    bench.engine.dispose()


def watched(bench: Bench, traffic: FakeTraffic, factor: float = 10.0) -> list[str]:
    return Floods(bench.directory, bench.record, traffic, bench.clock, factor=factor).watch()


@pytest.mark.parametrize(
    ("lately", "before", "a_day", "floods"),
    [
        (19, 0, (1000, 1000), False),  # too few to tell
        (20, 0, (1000, 1000), True),  # never found before
        (100, 140, (1000, 1000), False),  # ten times as often is not more than that
        (101, 140, (1000, 1000), True),
        (1010, 140, (10_000, 1000), True),  # shares, not counts: a busy day …
        (1000, 140, (10_000, 1000), False),  # … is no flood by itself
        (30, 0, (30, 0), True),  # the first day of a service
    ],
)
def test_a_set_is_marked_when_its_share_jumps(
    bench: Bench,
    lately: int,
    before: int,
    a_day: tuple[int, int],
    floods: bool,  # noqa: FBT001 (what is expected)
) -> None:
    traffic = FakeTraffic({"moon-fox": lately}, {"moon-fox": before} if before else {}, a_day)
    assert watched(bench, traffic) == (["moon-fox"] if floods else [])
    assert (bench.registration.get(OWNER, "moon-fox").quarantine is not None) is floods


def test_a_mark_puts_nothing_out_of_force_and_says_why_in_both_languages(bench: Bench) -> None:
    revision = bench.directory.revision()
    watched(bench, FakeTraffic({"moon-fox": 500}, {"moon-fox": 14}))
    item = bench.registration.get(OWNER, "moon-fox")
    assert item.quarantine is not None
    assert "500 screenings" in item.quarantine.en
    assert "500 次" in item.quarantine.zh
    assert (item.state, bench.directory.revision()) == ("active", revision)
    entry = SqlAuditLog(bench.engine).entries(subject="set:moon-fox")[-1]
    assert (entry.actor, entry.action) == ("system", "set.quarantined")


def test_a_marked_set_is_marked_once_until_it_is_activated_again(bench: Bench) -> None:
    traffic = FakeTraffic({"moon-fox": 500})
    assert watched(bench, traffic) == ["moon-fox"]
    assert watched(bench, traffic) == []
    bench.registration.suspend(OWNER, "moon-fox")
    bench.registration.activate(ADMIN, "moon-fox")
    assert watched(bench, traffic) == ["moon-fox"]


def test_sets_out_of_force_and_of_folders_are_not_marked(bench: Bench) -> None:
    bench.registration.suspend(OWNER, "moon-fox")
    assert watched(bench, FakeTraffic({"moon-fox": 500, "of-a-folder": 500})) == []


def test_the_last_day_is_compared_with_the_fourteen_before(bench: Bench) -> None:
    traffic = FakeTraffic({"moon-fox": 500})
    watched(bench, traffic)
    day, fortnight = bench.now - timedelta(days=1), bench.now - timedelta(days=15)
    assert set(traffic.asked) == {(day, bench.now), (fortnight, day)}
