"""Screenings, their pictures, and what was found about which set."""

from __future__ import annotations

import sqlalchemy as sa

from service.adapters.sql.tables.base import metadata, time_column

screenings = sa.Table(
    "screenings",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("platform", sa.String(64), nullable=False),
    sa.Column("external_id", sa.String(512), nullable=False),
    time_column("created"),
    sa.Column("request_sha256", sa.String(64), nullable=False),
    sa.Column("idempotency_key", sa.String(256)),
    sa.Column("answer", sa.JSON(none_as_null=True)),
    # What follows is known when the screening is finished. `record` replays the verdict, and shows the case.
    sa.Column("uploader", sa.String(512)),
    sa.Column("stage", sa.String(16)),
    sa.Column("verdict", sa.String(16)),
    sa.Column("shadow", sa.Boolean),
    sa.Column("policy_version", sa.String(64)),
    # The label of the model that made the vectors of its pictures; NULL in rows from before it was kept.
    sa.Column("model", sa.String(256)),
    sa.Column("record", sa.JSON(none_as_null=True)),
    # One key of one platform means one request; NULLs differ from each other, so keys stay optional.
    sa.UniqueConstraint("platform", "idempotency_key", name="uq_screenings_idempotency"),
    sa.Index("ix_screenings_external_id", "platform", "external_id", "created"),
    sa.Index("ix_screenings_uploader", "platform", "uploader", "created"),
    sa.Index("ix_screenings_created", "created"),
    sa.Index("ix_screenings_verdict", "verdict", "shadow", "created"),
)

screened_pictures = sa.Table(
    "screened_pictures",
    metadata,
    sa.Column("screening_id", sa.ForeignKey("screenings.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(1024), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    # PDQ of the upright picture, empty where it does not count; the embedding as float16.
    sa.Column("pdq", sa.LargeBinary, nullable=False),
    sa.Column("vector", sa.LargeBinary, nullable=False),
    # What the blob store holds of it: `picture`, `thumbnail` or `nothing`.
    sa.Column("kept", sa.String(16), nullable=False),
    sa.Index("ix_screened_pictures_sha256", "sha256"),
)

# What was found about which set: for filters, for rights owners, and for sets that flood.
screened_sets = sa.Table(
    "screened_sets",
    metadata,
    sa.Column("screening_id", sa.ForeignKey("screenings.id", ondelete="CASCADE"), primary_key=True),
    # No foreign key: a snapshot that was built from a folder has sets that the record does not know.
    sa.Column("reference_set", sa.String(64), primary_key=True),
    time_column("created"),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("lowest_rate", sa.Float, nullable=False),
    sa.Column("kinds", sa.JSON, nullable=False),
    sa.Index("ix_screened_sets_reference_set", "reference_set", "created"),
    sa.Index("ix_screened_sets_created", "created", "reference_set", "outcome"),
)
