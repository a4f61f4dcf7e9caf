"""What every ScreeningStore does, run against each: in memory, SQLite on disk, and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.adapters.memory import MemoryScreeningStore
from service.adapters.sql.screenings import SqlScreeningStore
from service.ports import ScreeningStore
from tests.cases import ANSWER, NOON, finished, screening
from tests.databases import fresh_database


class ScreeningStoreContract:
    """Subclasses give the fixture `store`."""

    def test_what_was_added_is_read_back_as_it_was(self, store: ScreeningStore) -> None:
        added = store.add(screening(idempotency_key="k"))
        assert added == screening(idempotency_key="k")
        assert store.get("scr_1", "atelier") == added

    def test_times_are_in_utc_whatever_zone_they_came_in(self, store: ScreeningStore) -> None:
        store.add(screening(created=NOON.astimezone(timezone(timedelta(hours=8)))))
        found = store.get("scr_1", None)
        assert found is not None
        assert found.created == NOON

    @pytest.mark.parametrize(("platform", "seen"), [("atelier", True), (None, True), ("bazaar", False)])
    def test_a_platform_sees_its_own(self, store: ScreeningStore, platform: str | None, *, seen: bool) -> None:
        store.add(screening(idempotency_key="k"))
        assert (store.get("scr_1", platform) is not None) is seen
        assert len(store.find(platform, external_id="model-17/v2")) == seen
        assert len(store.find(platform, idempotency_key="k")) == seen

    def test_what_was_never_added_is_not_found(self, store: ScreeningStore) -> None:
        assert store.get("scr_1", None) is None
        assert store.find(None, external_id="model-17/v2") == []
        assert store.find(None, idempotency_key="k") == []
        assert store.unfinished() == []

    def test_a_used_idempotency_key_gives_the_earlierscreening(self, store: ScreeningStore) -> None:
        first = store.add(screening(1, idempotency_key="k"))
        assert store.add(screening(2, idempotency_key="k", request_sha256="1" * 64)) == first
        assert store.get("scr_2", None) is None

    def test_one_key_of_two_platforms_is_two_keys(self, store: ScreeningStore) -> None:
        store.add(screening(1, idempotency_key="k"))
        other = screening(2, idempotency_key="k", platform="bazaar")
        assert store.add(other) == other

    def test_without_a_key_nothing_is_the_same(self, store: ScreeningStore) -> None:
        for number in (1, 2):
            store.add(screening(number))
        assert len(store.find("atelier", external_id="model-17/v2")) == 2

    def test_many_at_once_with_one_key_keep_one(self, store: ScreeningStore) -> None:
        with ThreadPoolExecutor(8) as pool:
            kept = list(pool.map(lambda n: store.add(screening(n, idempotency_key="k")), range(16)))
        assert len({item.id for item in kept}) == 1
        assert store.find("atelier", idempotency_key="k") == kept[:1]

    def test_what_is_unfinished_is_listed_until_it_is_finished(self, store: ScreeningStore) -> None:
        store.add(screening(1, answer=None))
        store.add(screening(2))
        assert [item.id for item in store.unfinished()] == ["scr_1"]
        assert store.finish("scr_1", finished()) == ANSWER
        assert store.unfinished() == []
        found = store.get("scr_1", "atelier")
        assert found is not None
        assert found.answer == ANSWER

    def test_whoever_finishes_first_wins(self, store: ScreeningStore) -> None:
        store.add(screening(answer=None))
        first = store.finish("scr_1", finished(verdict="block"))
        assert store.finish("scr_1", finished(verdict="allow")) == first
        found = store.get("scr_1", None)
        assert found is not None
        assert found.answer == first

    def test_of_many_who_finish_at_once_one_wins_and_all_get_its_answer(self, store: ScreeningStore) -> None:
        store.add(screening(answer=None))
        with ThreadPoolExecutor(8) as pool:
            given = list(pool.map(lambda n: store.finish("scr_1", finished(verdict=f"verdict-{n}")), range(8)))
        assert len({answer["verdict"] for answer in given}) == 1

    def test_what_is_added_finished_is_read_back_with_its_answer(self, store: ScreeningStore) -> None:
        added = store.add(screening(answer=None), finished(verdict="allow"))
        assert added.answer == {**ANSWER, "verdict": "allow"}
        assert store.get("scr_1", "atelier") == added
        assert store.unfinished() == []

    def test_everything_unfinished_is_listed_however_much(self, store: ScreeningStore) -> None:
        for number in range(130):
            store.add(screening(number, answer=None))
        assert len(store.unfinished()) == 130

    def test_the_newest_come_first_a_hundred_at_most(self, store: ScreeningStore) -> None:
        for number in range(105):
            store.add(screening(number))
        found = store.find("atelier", external_id="model-17/v2")
        assert [item.id for item in found] == [f"scr_{n}" for n in range(104, 4, -1)]

    @pytest.mark.parametrize("text", ["'; DROP TABLE screenings; --", "蛇后", "%", "m" * 512])
    def test_an_external_id_is_text_and_nothing_more(self, store: ScreeningStore, text: str) -> None:
        store.add(screening(1))
        store.add(screening(2, external_id=text))
        assert [item.id for item in store.find(None, external_id=text)] == ["scr_2"]


class TestMemory(ScreeningStoreContract):
    @pytest.fixture
    def store(self) -> ScreeningStore:
        return MemoryScreeningStore()


class TestSqlite(ScreeningStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[ScreeningStore]:
        engine = fresh_database(f"sqlite:///{tmp_path / 'new' / 'record.db'}")
        yield SqlScreeningStore(engine)
        engine.dispose()

    def test_what_was_acknowledged_is_there_after_opening_again(self, tmp_path: Path) -> None:
        url = f"sqlite:///{tmp_path / 'record.db'}"
        first = fresh_database(url)
        SqlScreeningStore(first).add(screening())
        first.dispose()
        second = fresh_database(url)
        assert SqlScreeningStore(second).get("scr_1", "atelier") == screening()
        second.dispose()

    def test_readers_do_not_wait_for_writers_and_commits_are_on_disk(self, tmp_path: Path) -> None:
        engine = fresh_database(f"sqlite:///{tmp_path / 'record.db'}")
        with engine.connect() as connection:
            assert connection.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
            assert connection.execute(sa.text("PRAGMA synchronous")).scalar() == 2
        engine.dispose()

    def test_the_same_id_twice_is_a_fault_and_no_earlierscreening(self, tmp_path: Path) -> None:
        engine = fresh_database(f"sqlite:///{tmp_path / 'record.db'}")
        store = SqlScreeningStore(engine)
        store.add(screening())
        with pytest.raises(sa.exc.IntegrityError):
            store.add(screening())
        engine.dispose()


class TestPostgres(ScreeningStoreContract):
    @pytest.fixture
    def store(self, postgres_url: str) -> Iterator[ScreeningStore]:
        engine = fresh_database(postgres_url)
        yield SqlScreeningStore(engine)
        engine.dispose()
