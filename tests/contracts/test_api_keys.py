"""What every ApiKeys does, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.adapters.sql.audit import SqlAuditLog
from service.adapters.sql.keys import SqlApiKeys
from service.domain.account import ApiKey
from service.domain.audit import verify
from service.domain.identity import Role, Scope
from tests.databases import fresh_database

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = date(2026, 11, 20)
HASH = "c" * 64
KEY = ApiKey(
    "key_1",
    "uploads",
    Role.PLATFORM,
    "atelier",
    "ls_pl_abcdef",
    frozenset({Scope.READ, Scope.SCREEN}),
    NOON,
    "user:ad",
    per_minute=60,
    per_day=None,
)


class ApiKeysContract:
    """Subclasses give the fixture `engine`."""

    @pytest.fixture
    def keys(self, engine: sa.Engine) -> SqlApiKeys:
        return SqlApiKeys(engine)

    def test_a_key_is_found_by_its_hash_as_it_was_kept(self, keys: SqlApiKeys) -> None:
        keys.add(KEY, HASH)
        assert keys.find(HASH) == KEY
        assert keys.find("d" * 64) is None

    def test_keys_are_listed_newest_first_also_those_revoked(self, keys: SqlApiKeys) -> None:
        keys.add(KEY, HASH)
        keys.add(replace(KEY, id="key_2", created=NOON + timedelta(seconds=1)), "d" * 64)
        keys.revoke("key_1", "user:ad", NOON)
        assert [(key.id, key.revoked) for key in keys.list_all()] == [("key_2", None), ("key_1", NOON)]

    def test_a_revoked_key_is_found_no_more_and_revoked_once(self, keys: SqlApiKeys) -> None:
        keys.add(KEY, HASH)
        assert keys.revoke("key_1", "user:ad", NOON)
        assert keys.find(HASH) is None
        assert not keys.revoke("key_1", "user:ad", NOON)
        assert not keys.revoke("key_2", "user:ad", NOON)

    def test_uses_are_counted_by_day(self, keys: SqlApiKeys) -> None:
        keys.add(KEY, HASH)
        keys.add(replace(KEY, id="key_2"), "d" * 64)
        assert keys.count_uses("key_1", TODAY, 1, NOON) == 1
        assert keys.count_uses("key_1", TODAY, 41, NOON + timedelta(minutes=1)) == 42
        assert keys.count_uses("key_2", TODAY, 1, NOON) == 1
        assert keys.count_uses("key_1", TODAY + timedelta(days=1), 3, NOON + timedelta(minutes=2)) == 3
        found = keys.find(HASH)
        assert found is not None
        assert found.last_used == NOON + timedelta(minutes=2)

    def test_no_use_is_lost_when_many_are_counted_at_once(self, keys: SqlApiKeys) -> None:
        keys.add(KEY, HASH)
        barrier = threading.Barrier(8)

        def count() -> None:
            barrier.wait()
            for _ in range(5):
                keys.count_uses("key_1", TODAY, 2, NOON)

        threads = [threading.Thread(target=count) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert keys.count_uses("key_1", TODAY, 1, NOON) == 81

    def test_making_and_revoking_are_logged_and_counting_is_not(self, keys: SqlApiKeys, engine: sa.Engine) -> None:
        keys.add(KEY, HASH)
        keys.count_uses("key_1", TODAY, 1, NOON)
        keys.revoke("key_1", "user:bo", NOON)
        log = SqlAuditLog(engine)
        entries = log.entries(subject="key:key_1")
        assert [(entry.actor, entry.action) for entry in entries] == [
            ("user:ad", "key.added"),
            ("user:bo", "key.revoked"),
        ]
        assert len(list(log.all_entries())) == 2
        assert verify(log.all_entries(), head=log.head()) is None
        assert HASH not in entries[0].after


class TestSqlite(ApiKeysContract):
    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[sa.Engine]:
        engine = fresh_database(f"sqlite:///{tmp_path / 'record.db'}")
        yield engine
        engine.dispose()


class TestPostgres(ApiKeysContract):
    @pytest.fixture
    def engine(self, postgres_url: str) -> Iterator[sa.Engine]:
        engine = fresh_database(postgres_url)
        yield engine
        engine.dispose()
