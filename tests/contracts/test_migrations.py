"""The migrations: they make what tables.py says, on every database, and keep what was there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from service.adapters.sql.engine import alembic_config, connect, open_database, upgrade, writing
from service.adapters.sql.screenings import SqlScreeningStore
from service.adapters.sql.tables import metadata

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _old_screening(engine: sa.Engine) -> None:
    """Keep a screening as the first version did."""
    with writing(engine) as connection:
        connection.execute(
            sa.text(
                "INSERT INTO screenings (id, platform, external_id, created, request_sha256, idempotency_key, answer)"
                " VALUES ('scr_1', 'atelier', 'm-1', :created, '00', 'k', '{\"verdict\": \"review\"}')"
            ),
            {"created": NOON if engine.dialect.name == "postgresql" else "2026-11-20 12:00:00.000000"},
        )


def _old_files(engine: sa.Engine, noon: datetime | str, added_by: dict[str, str]) -> None:
    """Keep a notice that a key gave, with files, as the versions without parties did."""
    with writing(engine) as connection:
        connection.execute(
            sa.text(
                "INSERT INTO notices (id, version, state, jurisdiction, notifier, given_by, claim, reference_sets,"
                " missing, received, received_by, rank)"
                " VALUES ('ntc_1', 1, 'complete', 'prc', 'owner:ro', '{}', '{}', '[]', '[]', :noon, 'key:ro', 1)"
            ),
            {"noon": noon},
        )
        for number, (attachment, by) in enumerate(added_by.items()):
            connection.execute(
                sa.text(
                    "INSERT INTO notice_attachments (id, notice_id, name, sha256, media_type, size, added, added_by)"
                    " VALUES (:id, 'ntc_1', 'a.pdf', :sha256, 'application/pdf', 1, :noon, :by)"
                ),
                {"id": attachment, "sha256": f"{number:064x}", "noon": noon, "by": by},
            )


class MigrationContract:
    """Subclasses give the fixture `url`, of an empty database."""

    def test_the_tables_are_those_of_this_version(self, url: str) -> None:
        engine = open_database(url)
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
        engine.dispose()

    def test_alembic_finds_nothing_to_do(self, url: str) -> None:
        engine = open_database(url)
        config = alembic_config()
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.check(config)
        engine.dispose()

    def test_a_database_of_the_first_version_keeps_its_rows(self, url: str) -> None:
        engine = connect(url)
        upgrade(engine, "0001")
        _old_screening(engine)
        upgrade(engine)
        found = SqlScreeningStore(engine).find("atelier", idempotency_key="k")
        assert [(item.id, item.created, item.answer) for item in found] == [("scr_1", NOON, {"verdict": "review"})]
        engine.dispose()

    def test_files_of_notices_are_given_to_their_parties(self, url: str) -> None:
        engine = connect(url)
        upgrade(engine, "0007")
        noon = NOON if engine.dialect.name == "postgresql" else "2026-11-20 12:00:00.000000"
        _old_files(engine, noon, {"att_1": "key:ro", "att_2": "notifier:ntc_1", "att_3": "user:mo"})
        upgrade(engine)
        with engine.connect() as connection:
            query = sa.text("SELECT id, party FROM notice_attachments ORDER BY id")
            kept = [tuple(row) for row in connection.execute(query)]
        assert kept == [("att_1", "notifier"), ("att_2", "notifier"), ("att_3", "moderators")]
        engine.dispose()

    def test_a_database_from_before_migrations_is_known(self, url: str) -> None:
        engine = connect(url)
        upgrade(engine, "0001")
        _old_screening(engine)
        with writing(engine) as connection:
            connection.execute(sa.text("DROP TABLE alembic_version"))
        upgrade(engine)
        assert SqlScreeningStore(engine).get("scr_1", "atelier") is not None
        engine.dispose()

    def test_two_that_start_at_once_do_not_get_in_each_others_way(self, url: str) -> None:
        with ThreadPoolExecutor(4) as pool:
            engines = list(pool.map(lambda _: open_database(url), range(4)))
        for engine in engines:
            assert SqlScreeningStore(engine).unfinished() == []
            engine.dispose()

    def test_a_failed_step_leaves_the_database_as_it_was(self, url: str) -> None:
        engine = connect(url)
        upgrade(engine, "0001")
        with writing(engine) as connection:
            connection.execute(sa.text("CREATE TABLE audit_head (id INTEGER)"))
        with pytest.raises(sa.exc.DBAPIError):
            upgrade(engine)
        with writing(engine) as connection:
            connection.execute(sa.text("DROP TABLE audit_head"))
        upgrade(engine)
        assert SqlScreeningStore(engine).unfinished() == []
        engine.dispose()


class TestSqlite(MigrationContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'record.db'}"


class TestPostgres(MigrationContract):
    @pytest.fixture
    def url(self, empty_postgres_url: str) -> str:
        return empty_postgres_url
