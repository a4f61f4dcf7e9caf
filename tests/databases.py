"""Databases with all tables, copied from one that was migrated: the migrations have tests of their own."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from sqlite3 import Connection
from typing import cast

import sqlalchemy as sa

from service.adapters.sql.engine import connect, open_database


def fresh_database(url: str) -> sa.Engine:
    """Open a database; where it is SQLite and still empty, its tables are copied, which takes a hundredth of the time.

    Those of PostgreSQL have their tables already where the fixture `postgres_url` made them.
    """
    if sa.make_url(url).get_backend_name() != "sqlite":
        return connect(url)
    engine = connect(url)
    if not sa.inspect(engine).has_table("alembic_version"):
        _copy(engine)
    return engine


def record_at(path: Path) -> str:
    """Give the URL of a SQLite database in a file, which has its tables."""
    url = f"sqlite:///{path}"
    fresh_database(url).dispose()
    return url


def _copy(engine: sa.Engine) -> None:
    connection = engine.raw_connection()
    try:
        _migrated().backup(cast("Connection", connection.driver_connection))
    finally:
        connection.close()


@cache
def _migrated() -> Connection:
    return cast("Connection", open_database("sqlite://").raw_connection().driver_connection)
