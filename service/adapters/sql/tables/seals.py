"""Seals of the audit log, and their time stamps; rows of neither are ever changed."""

from __future__ import annotations

import sqlalchemy as sa

from service.adapters.sql.tables.base import metadata, time_column

seals = sa.Table(
    "seals",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("first", sa.Integer, nullable=False),
    sa.Column("last", sa.Integer, nullable=False, unique=True),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("root", sa.String(64), nullable=False),
    time_column("at"),
    sa.Column("public_key", sa.String(64), nullable=False),
    sa.Column("signature", sa.String(128), nullable=False),
)

seal_stamps = sa.Table(
    "seal_stamps",
    metadata,
    sa.Column("seal", sa.ForeignKey("seals.number"), primary_key=True, autoincrement=False),
    sa.Column("stamp", sa.LargeBinary, nullable=False),
    time_column("stamped"),
)
