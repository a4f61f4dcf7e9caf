"""The tables."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

screenings = sa.Table(
    "screenings",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("platform", sa.String(64), nullable=False),
    sa.Column("external_id", sa.String(512), nullable=False),
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("request_sha256", sa.String(64), nullable=False),
    sa.Column("idempotency_key", sa.String(256)),
    sa.Column("answer", sa.JSON(none_as_null=True)),
    # One key of one platform means one request; NULLs differ from each other, so keys stay optional.
    sa.UniqueConstraint("platform", "idempotency_key", name="uq_screenings_idempotency"),
    sa.Index("ix_screenings_external_id", "platform", "external_id", "created"),
)
