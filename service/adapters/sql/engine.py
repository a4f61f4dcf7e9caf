"""Opening a database so that what was acknowledged is kept, and that its tables are those of this version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import event
from sqlalchemy.pool import StaticPool

BUSY_SECONDS = 10
MIGRATIONS = Path(__file__).parent / "migrations"
_BEFORE_MIGRATIONS = "0001"
_LOCK = 0x10A5C4EE
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def open_database(url: str) -> sa.Engine:
    """Open a database by SQLAlchemy URL and bring its tables up to date."""
    engine = connect(url)
    upgrade(engine)
    return engine


def connect(url: str) -> sa.Engine:
    """Open a database as it is."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        # What does not leave the machine needs no TLS; pg8000 would read all certificates for each connection.
        local = parsed.get_driver_name() == "pg8000" and parsed.host in _LOOPBACK
        return sa.create_engine(url, pool_pre_ping=True, connect_args={"ssl_context": False} if local else {})
    in_memory = parsed.database in (None, "", ":memory:")
    if not in_memory:
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    # A database in memory lives in its one connection, which all threads then share.
    options: dict[str, Any] = {"poolclass": StaticPool} if in_memory else {}
    engine = sa.create_engine(url, connect_args={"check_same_thread": False}, **options)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Begin a transaction that will write; it is committed at the end, and rolled back by an exception."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the tables up to a revision; two processes that start at once do it one after the other."""
    config = alembic_config()
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        config.attributes["connection"] = connection
        tables = set(sa.inspect(connection).get_table_names())
        if "screenings" in tables and "alembic_version" not in tables:
            # Made by a version that knew no migrations yet.
            command.stamp(config, _BEFORE_MIGRATIONS)
        command.upgrade(config, revision)


def alembic_config() -> Config:
    """Return the configuration of the migrations, for the steps above and for tests."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _configure_sqlite(connection: Any, _: Any) -> None:
    # The driver would begin transactions by itself, and too late for `writing`: we do, below.
    connection.isolation_level = None
    cursor = connection.cursor()
    # Readers do not wait for writers; a commit is on the disk when it is acknowledged.
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    """Take the write lock at once where a write will follow: a reader that wants to write later may be refused."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
