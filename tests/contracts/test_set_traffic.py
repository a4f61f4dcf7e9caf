"""What every SetTraffic counts, on SQLite and on PostgreSQL where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.adapters.sql.screenings import SqlScreeningStore
from service.adapters.sql.traffic import SqlSetTraffic
from service.ports import SetFound
from tests.cases import MINUTE, NOON, finished, screening
from tests.databases import fresh_database


class SetTrafficContract:
    """Subclasses give the fixture `engine`."""

    def test_screenings_are_counted_by_set_and_time(self, engine: sa.Engine) -> None:
        store, traffic = SqlScreeningStore(engine), SqlSetTraffic(engine)
        found = [("owl", "block"), ("owl", "review"), ("owl", "allow"), ("fox", "review")]
        for number, (slug, outcome) in enumerate(found):
            sets = (SetFound(slug, outcome, 0.001, ("alias",)),)
            store.add(screening(number, created=NOON + number * MINUTE), finished(sets=sets))
        store.add(screening(9, created=NOON, answer=None))
        hour = timedelta(hours=1)
        assert traffic.by_set(NOON, NOON + hour) == {"owl": 2, "fox": 1}
        assert traffic.screenings(NOON, NOON + hour) == 4
        # From a time, to just before another.
        assert traffic.by_set(NOON, NOON + MINUTE) == {"owl": 1}
        assert traffic.screenings(NOON + MINUTE, NOON + 3 * MINUTE) == 2
        assert (traffic.by_set(NOON - hour, NOON), traffic.screenings(NOON - hour, NOON)) == ({}, 0)


class TestSqlite(SetTrafficContract):
    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[sa.Engine]:
        engine = fresh_database(f"sqlite:///{tmp_path / 'record.db'}")
        yield engine
        engine.dispose()


class TestPostgres(SetTrafficContract):
    @pytest.fixture
    def engine(self, postgres_url: str) -> Iterator[sa.Engine]:
        engine = fresh_database(postgres_url)
        yield engine
        engine.dispose()
