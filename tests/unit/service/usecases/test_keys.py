"""API keys: making and revoking, who they stand for, and what they may send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from service.adapters.sql.engine import open_database
from service.domain.errors import InvalidFields, NotAuthenticated, NotFound, NotPermitted, QuotaExceeded
from service.domain.identity import SCOPES, Caller, Key, Role, Scope, key_sha256
from service.usecases.keys import BELIEVED_SECONDS
from service.usecases.quotas import Minutes
from tests.unit.service.usecases.accounts_bench import ADMIN, OWNER, Bench, Ticks

FIXED = Key("atelier", Role.PLATFORM, key_sha256("k"))


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench(fixed=[FIXED], per_minute=2)
    yield bench
    bench.engine.dispose()


@pytest.fixture
def replicas(tmp_path: Path) -> Iterator[tuple[Bench, Bench]]:
    engines = [open_database(f"sqlite:///{tmp_path / 'record.db'}") for _ in range(2)]
    yield Bench(engine=engines[0]), Bench(engine=engines[1])
    for engine in engines:
        engine.dispose()


class TestMaking:
    def test_a_key_begins_with_what_it_is_for_and_is_kept_as_a_hash(self, bench: Bench) -> None:
        kept, text = bench.keys.make("uploads", Role.PLATFORM, "atelier", by=ADMIN)
        assert text.startswith("ls_pl_")
        assert len(text) >= 6 + 43
        assert kept.prefix == text[:12]
        assert bench.stored_keys.find(key_sha256(text)) == kept
        assert kept.created_by == "user:ad"
        log = "".join(entry.after for entry in bench.log.all_entries())
        assert text not in log
        assert key_sha256(text) not in log

    @pytest.mark.parametrize(
        ("changes", "place"),
        [
            ({"label": ""}, "label"),
            ({"label": " "}, "label"),
            ({"label": "x" * 129}, "label"),
            ({"label": "two\nlines"}, "label"),
            ({"holder": ""}, "holder"),
            ({"holder": "two words"}, "holder"),
            ({"holder": "x" * 65}, "holder"),
            ({"role": Role.RIGHTS_OWNER, "holder": "own_none"}, "holder"),
            ({"scopes": []}, "scopes"),
            ({"scopes": [Scope.SCREEN, Scope.ADMIN]}, "scopes"),
            ({"per_minute": 0}, "per_minute"),
            ({"per_day": -1}, "per_day"),
            ({"per_day": 10**18}, "per_day"),
        ],
    )
    def test_what_cannot_be_a_key_is_named_in_both_languages(
        self, bench: Bench, changes: dict[str, Any], place: str
    ) -> None:
        given = {"label": "uploads", "role": Role.PLATFORM, "holder": "atelier", **changes}
        with pytest.raises(InvalidFields) as refused:
            bench.keys.make(**given, by=ADMIN)
        assert [fault.location for fault in refused.value.faults] == [place]
        assert all(fault.zh for fault in refused.value.faults)

    @pytest.mark.parametrize(
        "by", [Caller("x", role) for role in Role if role is not Role.ADMIN], ids=lambda by: by.role
    )
    def test_only_an_admin_makes_lists_and_revokes(self, bench: Bench, by: Caller) -> None:
        key_id = bench.keys.make("uploads", Role.PLATFORM, "atelier", by=ADMIN)[0].id
        narrowed = replace(ADMIN, scopes=frozenset({Scope.READ, Scope.CASES}))
        for who in (by, narrowed):
            with pytest.raises(NotPermitted):
                bench.keys.make("mine", Role.ADMIN, "mallory", by=who)
            with pytest.raises(NotPermitted):
                bench.keys.list_all(who)
            with pytest.raises(NotPermitted):
                bench.keys.revoke(key_id, who)
        assert [key.revoked for key in bench.keys.list_all(ADMIN)] == [None]


class TestAdmitting:
    def test_a_key_of_the_settings_may_do_what_its_role_may(self, bench: Bench) -> None:
        assert bench.keys.admit("k") == Caller("atelier", Role.PLATFORM, None, SCOPES[Role.PLATFORM])

    def test_a_key_stands_for_its_holder_with_its_scopes(self, bench: Bench) -> None:
        _, text = bench.keys.make("reads", Role.PLATFORM, "bazaar", by=ADMIN, scopes=[Scope.READ])
        assert bench.keys.admit(text) == Caller("bazaar", Role.PLATFORM, None, frozenset({Scope.READ}))

    def test_a_rights_owners_key_speaks_for_them(self, bench: Bench) -> None:
        _, text = bench.keys.make("desk", Role.RIGHTS_OWNER, OWNER, by=ADMIN)
        assert bench.keys.admit(text).owner == OWNER

    @pytest.mark.parametrize("key", [None, "", "K", "k ", key_sha256("k"), "ls_", "ls_pl_unknown"])
    def test_a_key_is_known_exactly_or_not_at_all(self, bench: Bench, key: str | None) -> None:
        with pytest.raises(NotAuthenticated):
            bench.keys.admit(key)

    def test_a_revoked_key_stops_here_at_once_and_elsewhere_within_two_seconds(
        self, replicas: tuple[Bench, Bench]
    ) -> None:
        here, there = replicas
        kept, text = here.keys.make("uploads", Role.PLATFORM, "atelier", by=ADMIN)
        for replica in replicas:
            replica.keys.admit(text)
        here.keys.revoke(kept.id, ADMIN)
        with pytest.raises(NotAuthenticated):
            here.keys.admit(text)
        there.ticks.now += BELIEVED_SECONDS
        assert BELIEVED_SECONDS <= 2
        with pytest.raises(NotAuthenticated):
            there.keys.admit(text)

    def test_what_is_not_in_force_cannot_be_revoked(self, bench: Bench) -> None:
        with pytest.raises(NotFound):
            bench.keys.revoke("key_none", ADMIN)


class TestCounting:
    def test_one_minute_after_the_first_request_the_quota_is_whole_again(self, bench: Bench) -> None:
        for _ in range(2):
            bench.keys.admit("k")
        bench.ticks.now = 45.0
        with pytest.raises(QuotaExceeded) as refused:
            bench.keys.admit("k")
        assert refused.value.retry_after == 15
        bench.ticks.now = 60.0
        assert bench.keys.admit("k").role is Role.PLATFORM

    def test_a_key_s_own_limit_comes_before_that_of_the_settings(self, bench: Bench) -> None:
        wide, narrow = bench.key(per_minute=3), bench.key(per_minute=1)
        for _ in range(3):
            bench.keys.admit(wide)
        bench.keys.admit(narrow)
        for text in (wide, narrow):
            with pytest.raises(QuotaExceeded):
                bench.keys.admit(text)
        assert bench.keys.limits(wide).per_minute == 3

    def test_a_daily_quota_holds_to_the_request_in_one_process(self, bench: Bench) -> None:
        text = bench.key(per_minute=1000, per_day=100)
        for _ in range(100):
            bench.keys.admit(text)
            bench.ticks.now += 7
        with pytest.raises(QuotaExceeded) as refused:
            bench.keys.admit(text)
        assert refused.value.retry_after == 12 * 3600 + 1
        bench.clock.time += timedelta(hours=12)
        bench.keys.admit(text)

    def test_over_several_processes_it_is_passed_by_a_minute_of_each_at_most(
        self, replicas: tuple[Bench, Bench]
    ) -> None:
        text = replicas[0].key(per_minute=10, per_day=50)
        admitted = 0
        for _ in range(60):
            for replica in replicas:
                for _ in range(12):
                    try:
                        replica.keys.admit(text)
                        admitted += 1
                    except QuotaExceeded:
                        pass
                replica.ticks.now += 60
        assert 50 <= admitted <= 50 + 2 * 10

    def test_a_request_costs_no_write_but_the_first_of_a_minute(self, bench: Bench) -> None:
        text = bench.key(per_minute=1000)
        written = []
        for _ in range(120):
            bench.keys.admit(text)
            bench.ticks.now += 1
            (kept,) = bench.keys.list_all(ADMIN)
            written.append(kept.last_used)
            bench.clock.time += timedelta(seconds=1)
        assert len(set(written)) == 2

    def test_closing_writes_what_was_not_written(self, bench: Bench) -> None:
        text = bench.key(per_minute=1000)
        for _ in range(5):
            bench.keys.admit(text)
        bench.keys.close()
        (kept,) = bench.keys.list_all(ADMIN)
        assert bench.stored_keys.count_uses(kept.id, bench.clock.now().date(), 0, bench.clock.now()) == 5

    def test_uses_of_yesterday_are_counted_for_yesterday(self, bench: Bench) -> None:
        text = bench.key(per_minute=1000)
        yesterday = bench.clock.now().date()
        for _ in range(3):
            bench.keys.admit(text)
        bench.clock.time += timedelta(days=1)
        bench.keys.admit(text)
        (kept,) = bench.keys.list_all(ADMIN)
        assert bench.stored_keys.count_uses(kept.id, yesterday, 0, bench.clock.now()) == 3


def test_the_counter_of_minutes_stays_small_however_many_addresses_come() -> None:
    ticks = Ticks()
    minutes = Minutes(ticks)
    for number in range(30_000):
        assert minutes.take(str(number), 1) is None
        ticks.now += 0.001
    assert len(minutes._counts) <= 10_000
    assert minutes.take("29999", 1) == 60
