"""Cases, what they can be narrowed by, decisions, and dismissed pictures."""

from __future__ import annotations

import sqlalchemy as sa

from service.adapters.sql.tables.base import metadata, time_column

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("screening_id", sa.ForeignKey("screenings.id"), nullable=False, index=True),
    sa.Column("platform", sa.String(64), nullable=False),
    sa.Column("external_id", sa.String(512), nullable=False),
    sa.Column("uploader", sa.String(512)),
    sa.Column("stage", sa.String(16), nullable=False),
    sa.Column("origin", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    time_column("opened"),
    sa.Column("rank", sa.Float, nullable=False),
    sa.Column("claimed_by", sa.String(128)),
    time_column("claimed_until", nullable=True),
    sa.Column("decision_id", sa.String(64)),
    time_column("decided", nullable=True),
    sa.Column("appeal", sa.Text),
    sa.Column("appealed_from", sa.String(128)),
    sa.Index("ix_cases_queue", "state", "rank", "id", "opened"),
    sa.Index("ix_cases_waiting", "state", "opened", "id"),
    # Each filter in each order, so that a page is read off one index whatever is asked for.
    sa.Index("ix_cases_platform", "state", "platform", "rank", "id"),
    sa.Index("ix_cases_platform_waiting", "state", "platform", "opened", "id"),
    sa.Index("ix_cases_stage", "state", "stage", "rank", "id"),
    sa.Index("ix_cases_stage_waiting", "state", "stage", "opened", "id"),
    sa.Index("ix_cases_uploader", "state", "uploader", "rank", "id"),
    sa.Index("ix_cases_uploader_waiting", "state", "uploader", "opened", "id"),
    sa.Index("ix_cases_claimed", "claimed_until"),
    sa.Index("ix_cases_decided", "decided", "opened", "decision_id"),
    sa.Index("ix_cases_origin", "origin", "decided"),
)

# By what the queue can be narrowed: reference sets (`set`) and kinds of evidence (`kind`). State, rank and time are
# those of the case, so that a page is read off one index, in order.
case_facets = sa.Table(
    "case_facets",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("facet", sa.String(8), primary_key=True),
    sa.Column("value", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("rank", sa.Float, nullable=False),
    time_column("opened"),
    sa.Index("ix_case_facets_rank", "facet", "state", "value", "rank", "case_id", "opened"),
    sa.Index("ix_case_facets_opened", "facet", "state", "value", "opened", "case_id"),
)

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("case_id", sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("reason_code", sa.String(32), nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("statement_en", sa.Text),
    sa.Column("statement_zh", sa.Text),
    sa.Column("by", sa.String(128), nullable=False),
    time_column("at"),
    time_column("undone", nullable=True),
)

# Pictures that a moderator dismissed, and that calibration may count as unrelated once another person agreed.
control_pictures = sa.Table(
    "control_pictures",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("case_id", sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("style", sa.String(64), nullable=False),
    time_column("proposed"),
    sa.Column("proposed_by", sa.String(128), nullable=False),
    time_column("confirmed", nullable=True),
    sa.Column("confirmed_by", sa.String(128)),
    time_column("refused", nullable=True),
)
