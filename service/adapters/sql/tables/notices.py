"""Notices, what hangs on them, and what follows from findings: strikes and consequences."""

from __future__ import annotations

import sqlalchemy as sa

from service.adapters.sql.tables.base import metadata, time_column


def _of_notice() -> sa.Column[str]:
    return sa.Column("notice_id", sa.ForeignKey("notices.id"), nullable=False)


notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    # Grows with each change: of two that began with the same one, the later finds another number.
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("state", sa.String(32), nullable=False),
    sa.Column("jurisdiction", sa.String(8), nullable=False),
    # JSON of Notifier and Claim; `notifier` is the notifier's key, under which reputation is kept.
    sa.Column("notifier", sa.String(160), nullable=False),
    sa.Column("given_by", sa.JSON, nullable=False),
    sa.Column("claim", sa.JSON, nullable=False),
    sa.Column("reference_sets", sa.JSON, nullable=False),
    sa.Column("missing", sa.JSON, nullable=False),
    time_column("received"),
    sa.Column("received_by", sa.String(160), nullable=False),
    sa.Column("rank", sa.Float, nullable=False),
    sa.Column("owner", sa.String(64)),
    sa.Column("platform", sa.String(64)),
    time_column("completed", nullable=True),
    time_column("forwarded", nullable=True),
    time_column("ended", nullable=True),
    sa.Column("sweep_id", sa.String(64)),
    sa.Index("ix_notices_rank", "rank", "id"),
    sa.Index("ix_notices_state", "state", "rank", "id"),
    sa.Index("ix_notices_owner", "owner", "rank", "id"),
    sa.Index("ix_notices_received", "received", "id"),
)

notice_uploads = sa.Table(
    "notice_uploads",
    metadata,
    sa.Column("notice_id", sa.ForeignKey("notices.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("platform", sa.String(64), nullable=False),
    sa.Column("external_id", sa.String(512)),
    sa.Column("url", sa.Text),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("screening_id", sa.String(64)),
    sa.Column("uploader", sa.String(512)),
    sa.Column("named", sa.Boolean, nullable=False),
    sa.Index("ix_notice_uploads_upload", "platform", "external_id"),
)

notice_letters = sa.Table(
    "notice_letters",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    _of_notice(),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("direction", sa.String(16), nullable=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("party", sa.String(640), nullable=False),
    time_column("at"),
    sa.Column("text_en", sa.Text, nullable=False),
    sa.Column("text_zh", sa.Text, nullable=False),
    sa.Index("ix_notice_letters_notice", "notice_id", "at", "number"),
)

counter_notices = sa.Table(
    "counter_notices",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    _of_notice(),
    sa.Column("platform", sa.String(64), nullable=False),
    sa.Column("uploader", sa.String(512)),
    # JSON of [platform, external_id] for each upload, and of what the uploader says.
    sa.Column("uploads", sa.JSON, nullable=False),
    sa.Column("said", sa.JSON, nullable=False),
    time_column("received"),
    sa.Column("received_by", sa.String(160), nullable=False),
    time_column("due", nullable=True),
    sa.Column("state", sa.String(16), nullable=False),
    time_column("settled", nullable=True),
    sa.Column("settled_by", sa.String(160)),
    sa.Index("ix_counter_notices_notice", "notice_id", "received"),
    sa.Index("ix_counter_notices_due", "state", "due"),
)

notice_attachments = sa.Table(
    "notice_attachments",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    _of_notice(),
    sa.Column("name", sa.String(512), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("media_type", sa.String(64), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    time_column("added"),
    sa.Column("added_by", sa.String(160), nullable=False),
    sa.Column("party", sa.String(640), nullable=False),
    sa.UniqueConstraint("notice_id", "party", "sha256", name="uq_notice_attachments_file"),
)

# Ways in without an account; the secret itself is nowhere.
notice_tokens = sa.Table(
    "notice_tokens",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    _of_notice(),
    sa.Column("platform", sa.String(64)),
    sa.Column("uploader", sa.String(512)),
)

# How notices of a notifier fared.
notifiers = sa.Table(
    "notifiers",
    metadata,
    sa.Column("key", sa.String(160), primary_key=True),
    sa.Column("upheld", sa.Integer, nullable=False),
    sa.Column("dismissed", sa.Integer, nullable=False),
    sa.Column("reversed", sa.Integer, nullable=False),
    sa.Column("abusive", sa.Integer, nullable=False),
)

strikes = sa.Table(
    "strikes",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("platform", sa.String(64), nullable=False),
    sa.Column("uploader", sa.String(512), nullable=False),
    sa.Column("because", sa.String(128), nullable=False),
    time_column("given"),
    time_column("expires"),
    time_column("voided", nullable=True),
    sa.Column("voided_because", sa.String(512)),
    sa.Index(
        "uq_strikes_in_force",
        "platform",
        "uploader",
        "because",
        unique=True,
        sqlite_where=sa.text("voided IS NULL"),
        postgresql_where=sa.text("voided IS NULL"),
    ),
)

consequences = sa.Table(
    "consequences",
    metadata,
    sa.Column("cause_id", sa.String(128), primary_key=True),
    sa.Column("because", sa.String(128), nullable=False, index=True),
    sa.Column("screening_id", sa.String(64), nullable=False),
    sa.Column("platform", sa.String(64), nullable=False),
    sa.Column("uploader", sa.String(512)),
    time_column("done"),
    sa.Column("blocked_id", sa.String(64), index=True),
    time_column("reversed", nullable=True),
)
