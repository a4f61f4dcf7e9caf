"""Blocked LoRAs: files, layers, tensors."""

from __future__ import annotations

import sqlalchemy as sa

from service.adapters.sql.tables.base import metadata, time_column

blocked_loras = sa.Table(
    "blocked_loras",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("title", sa.String(512), nullable=False),
    sa.Column("reference_set", sa.String(128)),
    sa.Column("reason", sa.Text, nullable=False),
    time_column("added"),
    sa.Column("added_by", sa.String(128), nullable=False),
    time_column("removed", nullable=True),
    sa.Column("removed_by", sa.String(128)),
    sa.Column("file_name", sa.String(512), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("body_sha256", sa.String(64), nullable=False, index=True),
    sa.Column("telling", sa.Integer, nullable=False),
    sa.Column("fingerprint", sa.LargeBinary),
    sa.Column("summary", sa.LargeBinary),
    # One file is blocked once at a time; what was removed may come back.
    sa.Index(
        "uq_blocked_loras_file",
        "sha256",
        unique=True,
        sqlite_where=sa.text("removed IS NULL"),
        postgresql_where=sa.text("removed IS NULL"),
    ),
)

# Names of the layers of all blocked LoRAs: what a file has beside these is left out of its summary.
blocked_layers = sa.Table("blocked_layers", metadata, sa.Column("name_sha256", sa.String(64), primary_key=True))

blocked_tensors = sa.Table(
    "blocked_tensors",
    metadata,
    sa.Column("blocked_id", sa.ForeignKey(blocked_loras.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("dtype", sa.String(16), primary_key=True),
    sa.Column("shape", sa.String(200), primary_key=True),
    sa.Column("copies", sa.Integer, nullable=False),
    sa.Index("ix_blocked_tensors_sha256", "sha256"),
)
