"""Sweeps, the sets they look for, and what they found."""

from __future__ import annotations

import sqlalchemy as sa

from service.adapters.sql.tables.base import metadata, time_column

sweeps = sa.Table(
    "sweeps",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("because", sa.String(128), index=True),
    sa.Column("by", sa.String(160), nullable=False),
    time_column("created"),
    sa.Column("state", sa.String(16), nullable=False),
    time_column("started", nullable=True),
    time_column("ended", nullable=True),
    sa.Column("phase", sa.String(16), nullable=False),
    sa.Column("place", sa.String(64), nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("not_compared", sa.Integer, nullable=False),
    sa.Column("unreadable", sa.Integer, nullable=False),
    sa.Column("problem", sa.String(512), nullable=False),
    # Whose work it is, and when that one was last heard of.
    sa.Column("runner", sa.String(64)),
    time_column("heard", nullable=True),
    sa.Index("ix_sweeps_state", "state", "created"),
)

sweep_sets = sa.Table(
    "sweep_sets",
    metadata,
    sa.Column("sweep_id", sa.ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True),
    # No foreign key: a snapshot that was built from a folder has sets that the record does not know.
    sa.Column("reference_set", sa.String(64), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Index("ix_sweep_sets_reference_set", "reference_set"),
)

sweep_hits = sa.Table(
    "sweep_hits",
    metadata,
    sa.Column("sweep_id", sa.ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("screening_id", sa.ForeignKey("screenings.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("verdict", sa.String(16), nullable=False),
    sa.Column("asks_for", sa.String(16), nullable=False),
    sa.Column("reference_sets", sa.JSON, nullable=False),
    sa.Column("licence", sa.String(160)),
    sa.Column("grounds", sa.JSON, nullable=False),
    sa.Column("evidence", sa.JSON, nullable=False),
    sa.Index("ix_sweep_hits_asks_for", "sweep_id", "asks_for", "screening_id"),
    sa.Index("ix_sweep_hits_screening_id", "screening_id"),
)
