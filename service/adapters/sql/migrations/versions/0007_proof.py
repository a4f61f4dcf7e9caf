"""Seals, and a log that the database itself keeps from being changed.

Whoever owns a database can drop its triggers. They stop mistakes, and the service itself; the chain and its seals find
what was done in spite of them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_FIXED = ("audit_entries", "seals", "seal_stamps")
_KEYS = {"audit_entries": "number", "seals": "number", "seal_stamps": "seal"}
_SAYS = "the audit log is append-only"


def upgrade() -> None:
    """Make the tables and the triggers."""
    op.create_table(
        "seals",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public_key", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seals")),
        sa.UniqueConstraint("last", name=op.f("uq_seals_last")),
    )
    op.create_table(
        "seal_stamps",
        sa.Column("seal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stamp", sa.LargeBinary(), nullable=False),
        sa.Column("stamped", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["seal"], ["seals.number"], name=op.f("fk_seal_stamps_seal")),
        sa.PrimaryKeyConstraint("seal", name=op.f("pk_seal_stamps")),
    )
    if op.get_bind().dialect.name == "sqlite":
        _lock_sqlite()
    else:
        _lock_postgresql()


def downgrade() -> None:
    """Drop them."""
    if op.get_bind().dialect.name == "sqlite":
        for table in (*_FIXED, "audit_head"):
            for event in ("insert", "update", "delete"):
                op.execute(f"DROP TRIGGER IF EXISTS {table}_{event}")
    else:
        for table in (*_FIXED, "audit_head"):
            for event in ("changes", "truncate"):
                op.execute(f"DROP TRIGGER IF EXISTS {table}_{event} ON {table}")
        op.execute("DROP FUNCTION IF EXISTS audit_append_only()")
        op.execute("DROP FUNCTION IF EXISTS audit_head_grows()")
    op.drop_table("seal_stamps")
    op.drop_table("seals")


def _lock_sqlite() -> None:
    stop = f"BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END"
    for table in _FIXED:
        for event in ("update", "delete"):
            op.execute(f"CREATE TRIGGER {table}_{event} BEFORE {event.upper()} ON {table} {stop}")
        # INSERT OR REPLACE deletes without asking a trigger of deletions.
        key = _KEYS[table]
        there = f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"  # noqa: S608 (names of our own)
        op.execute(f"CREATE TRIGGER {table}_insert BEFORE INSERT ON {table} WHEN {there} {stop}")
    op.execute(f"CREATE TRIGGER audit_head_delete BEFORE DELETE ON audit_head {stop}")
    op.execute(
        f"CREATE TRIGGER audit_head_insert BEFORE INSERT ON audit_head WHEN EXISTS (SELECT 1 FROM audit_head) {stop}"  # noqa: S608 (names of our own)
    )
    op.execute(
        "CREATE TRIGGER audit_head_update BEFORE UPDATE ON audit_head"
        f" WHEN NEW.id <> OLD.id OR NEW.number <> OLD.number + 1 {stop}"
    )


def _lock_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{_SAYS}'; END $$"
    )
    op.execute(
        "CREATE FUNCTION audit_head_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF TG_OP = 'UPDATE' AND NEW.id = OLD.id AND NEW.number = OLD.number + 1 THEN RETURN NEW; END IF;"
        f" RAISE EXCEPTION '{_SAYS}'; END $$"
    )
    for table in (*_FIXED, "audit_head"):
        function = "audit_head_grows" if table == "audit_head" else "audit_append_only"
        op.execute(
            f"CREATE TRIGGER {table}_changes BEFORE UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {function}()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
        )
