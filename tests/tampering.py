"""What somebody does who owns the database: takes the locks of the audit log off, so that rows can be changed."""

from __future__ import annotations

import sqlalchemy as sa

TABLES = ("audit_entries", "audit_head", "seals", "seal_stamps")


def unlock(engine: sa.Engine) -> None:
    """Drop the triggers."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        for table in TABLES:
            if engine.dialect.name == "sqlite":
                for event in ("insert", "update", "delete"):
                    connection.execute(sa.text(f"DROP TRIGGER IF EXISTS {table}_{event}"))
            else:
                for event in ("changes", "truncate"):
                    connection.execute(sa.text(f"DROP TRIGGER IF EXISTS {table}_{event} ON {table}"))
