"""Measures against uploads, and messages that wait to be told."""

from __future__ import annotations

import sqlalchemy as sa

from service.adapters.sql.tables.base import metadata, time_column

measures = sa.Table(
    "measures",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("screening_id", sa.ForeignKey("screenings.id"), nullable=False, index=True),
    sa.Column("platform", sa.String(64), nullable=False),
    sa.Column("external_id", sa.String(512), nullable=False),
    sa.Column("uploader", sa.String(512)),
    sa.Column("reference_sets", sa.JSON, nullable=False),
    sa.Column("because", sa.String(128), nullable=False, index=True),
    time_column("taken"),
    sa.Column("taken_by", sa.String(160), nullable=False),
    sa.Column("statement_en", sa.Text, nullable=False),
    sa.Column("statement_zh", sa.Text, nullable=False),
    time_column("confirmed", nullable=True),
    time_column("ended", nullable=True),
    sa.Column("ended_by", sa.String(160)),
    sa.Column("ended_because", sa.String(512)),
    # One of a kind, for one reason, against one upload at a time.
    sa.Index(
        "uq_measures_in_force",
        "platform",
        "external_id",
        "kind",
        "because",
        unique=True,
        sqlite_where=sa.text("ended IS NULL"),
        postgresql_where=sa.text("ended IS NULL"),
    ),
)

# What somebody has to be told, written in the transaction of what it tells of. `number` is the order of writing.
outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    # `platform:<name>`, `owner:<id>` or `partner:<name>`.
    sa.Column("recipient", sa.String(160), nullable=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    time_column("written"),
    # Given once the message is committed, in an order in which readers miss none: that of `number` is not one.
    sa.Column("place", sa.Integer),
    sa.Index("ix_outbox_recipient", "recipient", "number"),
    sa.Index("ix_outbox_place", "recipient", "place"),
    sa.Index(
        "ix_outbox_unplaced",
        "number",
        sqlite_where=sa.text("place IS NULL"),
        postgresql_where=sa.text("place IS NULL"),
    ),
    sqlite_autoincrement=True,
)

# What a LoRA that was screened is known again by.
screened_loras = sa.Table(
    "screened_loras",
    metadata,
    sa.Column("screening_id", sa.ForeignKey("screenings.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.String(512), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("body_sha256", sa.String(64), nullable=False, index=True),
    # JSON of [sha256, dtype, shape, telling] for each tensor.
    sa.Column("tensors", sa.JSON, nullable=False),
    sa.Column("fingerprint", sa.LargeBinary),
)
