"""Where messages go, and what came of it."""

from __future__ import annotations

import sqlalchemy as sa

from service.adapters.sql.tables.base import metadata, time_column

endpoints = sa.Table(
    "endpoints",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("recipient", sa.String(160), nullable=False, index=True),
    sa.Column("url", sa.String(2048), nullable=False),
    sa.Column("kinds", sa.JSON, nullable=False),
    # Signing needs the secrets themselves.
    sa.Column("secret", sa.String(128), nullable=False),
    sa.Column("secret_before", sa.String(128)),
    time_column("secret_before_until", nullable=True),
    time_column("disabled", nullable=True),
    sa.Column("disabled_because", sa.String(512)),
    time_column("created"),
    sa.Column("created_by", sa.String(160), nullable=False),
    time_column("removed", nullable=True),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("message_id", sa.ForeignKey("outbox.id"), nullable=False),
    sa.Column("endpoint_id", sa.ForeignKey("endpoints.id"), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    # Since it was made or replayed; `delivery_attempts` holds all.
    sa.Column("attempts", sa.Integer, nullable=False),
    # When it is tried next; while somebody tries it, when the lease runs out.
    time_column("due"),
    sa.Column("lease", sa.String(64)),
    time_column("created"),
    time_column("changed"),
    sa.Column("last_error", sa.String(512)),
    sa.UniqueConstraint("message_id", "endpoint_id", name="uq_deliveries_message"),
    sa.Index("ix_deliveries_due", "state", "due"),
    sa.Index("ix_deliveries_endpoint", "endpoint_id", "state", "created"),
)

delivery_attempts = sa.Table(
    "delivery_attempts",
    metadata,
    sa.Column("delivery_id", sa.ForeignKey("deliveries.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    time_column("at"),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("error", sa.String(512)),
)
