"""What finished screenings leave behind, read back; and the forgetting of pictures: on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.adapters.sql.cases import SqlCases
from service.adapters.sql.control_pictures import SqlControlPictures
from service.adapters.sql.screening_history import SqlPictureRetention, SqlScreeningHistory
from service.adapters.sql.screenings import SqlScreeningStore
from service.ports import ControlPicture, KeptPicture, SetFound
from tests.cases import MINUTE, NOON, actions, case, finished, picture, screening
from tests.databases import fresh_database

NUL = "u\x00-\ud800"


class ScreeningHistoryContract:
    """Subclasses give the fixture `engine`."""

    @pytest.fixture
    def store(self, engine: sa.Engine) -> SqlScreeningStore:
        return SqlScreeningStore(engine)

    @pytest.fixture
    def history(self, engine: sa.Engine) -> SqlScreeningHistory:
        return SqlScreeningHistory(engine)

    def test_everything_left_behind_is_read_back(self, store: SqlScreeningStore, history: SqlScreeningHistory) -> None:
        left = finished()
        store.add(screening(), left)
        found = history.read("scr_1")
        assert found is not None
        assert (found.answer, found.record, found.pictures) == (left.answer, left.record, left.pictures)
        assert (found.platform, found.uploader, found.created) == ("atelier", "u-1", NOON + timedelta(seconds=1))

    def test_a_screening_and_its_case_are_written_together(self, store: SqlScreeningStore, engine: sa.Engine) -> None:
        store.add(screening(), finished(case()))
        assert SqlCases(engine).get("case_1") == case()
        assert actions(engine, "screening:scr_1") == ["screening.finished"]
        assert actions(engine, "case:case_1") == ["case.opened"]

    def test_where_the_case_cannot_be_written_nothing_is(self, store: SqlScreeningStore, engine: sa.Engine) -> None:
        store.add(screening(1), finished(case(1)))
        with pytest.raises(sa.exc.IntegrityError):
            store.add(screening(2), finished(case(1, screening_id="scr_2")))
        assert store.get("scr_2", None) is None
        assert actions(engine, "screening:scr_2") == []

    def test_finishing_twice_opens_one_case(self, store: SqlScreeningStore, engine: sa.Engine) -> None:
        store.add(screening(answer=None))
        for number in (1, 2):
            store.finish("scr_1", finished(case(number, screening_id="scr_1")))
        assert SqlCases(engine).get("case_2") is None
        assert actions(engine, "screening:scr_1") == ["screening.accepted", "screening.finished"]

    def test_what_is_not_finished_is_no_history(self, store: SqlScreeningStore, history: SqlScreeningHistory) -> None:
        store.add(screening(answer=None))
        assert history.read("scr_1") is None
        assert history.last(10) == []

    def test_the_latest_come_first(self, store: SqlScreeningStore, history: SqlScreeningHistory) -> None:
        for number in (1, 3, 2):
            store.add(screening(number), finished())
        assert [item.id for item in history.last(2)] == ["scr_3", "scr_2"]
        assert [item.id for item in history.last(9, before=NOON + timedelta(seconds=3))] == ["scr_2", "scr_1"]

    def test_an_uploader_is_one_of_a_platform(self, store: SqlScreeningStore, history: SqlScreeningHistory) -> None:
        store.add(screening(1), finished())
        store.add(screening(2, platform="bazaar"), finished())
        store.add(screening(3), finished(uploader="u-2"))
        assert [item.id for item in history.of_uploader("atelier", "u-1", 10)] == ["scr_1"]

    def test_what_was_found_about_a_set(self, store: SqlScreeningStore, history: SqlScreeningHistory) -> None:
        for number in (1, 2):
            store.add(screening(number), finished())
        store.add(screening(3), finished(sets=(SetFound("fox", "allow", 0.5, ()),)))
        found = history.of_set("owl", 10)
        assert [past.id for past, _ in found] == ["scr_2", "scr_1"]
        assert found[0][1] == finished().sets[0]

    def test_pictures_come_newest_screening_first(self, store: SqlScreeningStore, history: SqlScreeningHistory) -> None:
        for number in range(4):
            store.add(screening(number), finished())
        found = list(history.pictures(5))
        assert [screening_id for screening_id, _ in found] == ["scr_3", "scr_3", "scr_2", "scr_2", "scr_1"]
        assert found[0][1] == picture(1)

    def test_names_that_no_database_could_hold_are_kept_readable(
        self, store: SqlScreeningStore, history: SqlScreeningHistory
    ) -> None:
        hostile = KeptPicture(NUL + "x" * 2000, "0" * 64, b"", b"", "nothing")
        store.add(screening(), finished(case(uploader=NUL), uploader=NUL, pictures=(hostile,)))
        found = history.read("scr_1")
        assert found is not None
        assert found.uploader == "u\ufffd-\ufffd"
        assert len(found.pictures[0].name) == 1024


class RetentionContract:
    """Subclasses give the fixture `engine`."""

    @pytest.fixture
    def store(self, engine: sa.Engine) -> SqlScreeningStore:
        return SqlScreeningStore(engine)

    @pytest.fixture
    def retention(self, engine: sa.Engine) -> SqlPictureRetention:
        return SqlPictureRetention(engine)

    def test_only_what_was_allowed_long_ago_and_had_no_case_is_forgotten(
        self, store: SqlScreeningStore, retention: SqlPictureRetention
    ) -> None:
        store.add(screening(1), finished(verdict="allow"))
        store.add(screening(2), finished(verdict="block"))
        store.add(screening(3), finished(case(3), verdict="allow"))
        store.add(screening(4), finished(verdict="allow", pictures=()))
        store.add(screening(90), finished(verdict="allow"))
        assert [name for _, name in retention.allowed(NOON + MINUTE, 10)] == ["scr_1"]

    def test_pages_go_through_all(self, store: SqlScreeningStore, retention: SqlPictureRetention) -> None:
        for number in range(5):
            store.add(screening(number, created=NOON), finished(verdict="allow"))
        seen: list[str] = []
        last = None
        while page := retention.allowed(NOON + MINUTE, 2, after=last):
            seen += [name for _, name in page]
            last = page[-1]
        assert seen == [f"scr_{number}" for number in range(5)]

    def test_signals_are_dropped_and_blobs_named_that_nothing_speaks_of(
        self, store: SqlScreeningStore, retention: SqlPictureRetention, engine: sa.Engine
    ) -> None:
        store.add(screening(1), finished(verdict="allow", pictures=(picture(1), picture(2), picture(3))))
        store.add(screening(2), finished(case(2), pictures=(picture(2),)))
        proposed = ControlPicture(picture(3).sha256, "case_2", "atelier", NOON, "user:mo")
        SqlControlPictures(engine).propose([proposed])
        assert retention.forget(["scr_1"], NOON) == [picture(1).sha256]
        past = SqlScreeningHistory(engine).read("scr_1")
        assert past is not None
        assert past.pictures == ()
        assert retention.allowed(NOON + MINUTE, 10) == []
        assert actions(engine, "screening:scr_1")[-1] == "screening.pictures_forgotten"


class Sqlite:
    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[sa.Engine]:
        engine = fresh_database(f"sqlite:///{tmp_path / 'record.db'}")
        yield engine
        engine.dispose()


class Postgres:
    @pytest.fixture
    def engine(self, postgres_url: str) -> Iterator[sa.Engine]:
        engine = fresh_database(postgres_url)
        yield engine
        engine.dispose()


class TestHistorySqlite(Sqlite, ScreeningHistoryContract):
    pass


class TestHistoryPostgres(Postgres, ScreeningHistoryContract):
    pass


class TestRetentionSqlite(Sqlite, RetentionContract):
    pass


class TestRetentionPostgres(Postgres, RetentionContract):
    pass
