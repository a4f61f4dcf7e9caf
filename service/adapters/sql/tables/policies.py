"""Versions of the policy that were published here."""

from __future__ import annotations

import sqlalchemy as sa

from service.adapters.sql.tables.base import metadata, time_column

policies = sa.Table(
    "policies",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("version", sa.String(64), nullable=False, unique=True),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    time_column("published"),
    sa.Column("published_by", sa.String(128), nullable=False),
)
