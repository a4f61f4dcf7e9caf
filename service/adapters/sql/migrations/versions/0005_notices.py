"""Notices, what hangs on them, strikes and consequences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "consequences",
        sa.Column("cause_id", sa.String(length=128), nullable=False),
        sa.Column("because", sa.String(length=128), nullable=False),
        sa.Column("screening_id", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("uploader", sa.String(length=512), nullable=True),
        sa.Column("done", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_id", sa.String(length=64), nullable=True),
        sa.Column("reversed", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("cause_id", name=op.f("pk_consequences")),
    )
    with op.batch_alter_table("consequences", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consequences_because"), ["because"], unique=False)
        batch_op.create_index(batch_op.f("ix_consequences_blocked_id"), ["blocked_id"], unique=False)

    op.create_table(
        "notices",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("jurisdiction", sa.String(length=8), nullable=False),
        sa.Column("notifier", sa.String(length=160), nullable=False),
        sa.Column("given_by", sa.JSON(), nullable=False),
        sa.Column("claim", sa.JSON(), nullable=False),
        sa.Column("reference_sets", sa.JSON(), nullable=False),
        sa.Column("missing", sa.JSON(), nullable=False),
        sa.Column("received", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.String(length=160), nullable=False),
        sa.Column("rank", sa.Float(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("platform", sa.String(length=64), nullable=True),
        sa.Column("completed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("forwarded", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sweep_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index("ix_notices_owner", ["owner", "rank", "id"], unique=False)
        batch_op.create_index("ix_notices_rank", ["rank", "id"], unique=False)
        batch_op.create_index("ix_notices_received", ["received", "id"], unique=False)
        batch_op.create_index("ix_notices_state", ["state", "rank", "id"], unique=False)

    op.create_table(
        "notifiers",
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("upheld", sa.Integer(), nullable=False),
        sa.Column("dismissed", sa.Integer(), nullable=False),
        sa.Column("reversed", sa.Integer(), nullable=False),
        sa.Column("abusive", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_notifiers")),
    )
    op.create_table(
        "strikes",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("uploader", sa.String(length=512), nullable=False),
        sa.Column("because", sa.String(length=128), nullable=False),
        sa.Column("given", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_because", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strikes")),
    )
    with op.batch_alter_table("strikes", schema=None) as batch_op:
        batch_op.create_index(
            "uq_strikes_in_force",
            ["platform", "uploader", "because"],
            unique=True,
            sqlite_where=sa.text("voided IS NULL"),
            postgresql_where=sa.text("voided IS NULL"),
        )

    op.create_table(
        "counter_notices",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("notice_id", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("uploader", sa.String(length=512), nullable=True),
        sa.Column("uploads", sa.JSON(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("received", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.String(length=160), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("settled", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(length=160), nullable=True),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_counter_notices_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counter_notices")),
    )
    with op.batch_alter_table("counter_notices", schema=None) as batch_op:
        batch_op.create_index("ix_counter_notices_due", ["state", "due"], unique=False)
        batch_op.create_index("ix_counter_notices_notice", ["notice_id", "received"], unique=False)

    op.create_table(
        "notice_attachments",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("notice_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("added", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(length=160), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_notice_attachments_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_attachments")),
        sa.UniqueConstraint("notice_id", "sha256", name="uq_notice_attachments_file"),
    )
    op.create_table(
        "notice_letters",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("notice_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("direction", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("party", sa.String(length=640), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("text_zh", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_notice_letters_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_letters")),
    )
    with op.batch_alter_table("notice_letters", schema=None) as batch_op:
        batch_op.create_index("ix_notice_letters_notice", ["notice_id", "at", "number"], unique=False)

    op.create_table(
        "notice_tokens",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("notice_id", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=64), nullable=True),
        sa.Column("uploader", sa.String(length=512), nullable=True),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_notice_tokens_notice_id")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_notice_tokens")),
    )
    op.create_table(
        "notice_uploads",
        sa.Column("notice_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=512), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("screening_id", sa.String(length=64), nullable=True),
        sa.Column("uploader", sa.String(length=512), nullable=True),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_notice_uploads_notice_id")),
        sa.PrimaryKeyConstraint("notice_id", "number", name=op.f("pk_notice_uploads")),
    )
    with op.batch_alter_table("notice_uploads", schema=None) as batch_op:
        batch_op.create_index("ix_notice_uploads_upload", ["platform", "external_id"], unique=False)


def downgrade() -> None:
    """Drop them."""
    with op.batch_alter_table("notice_uploads", schema=None) as batch_op:
        batch_op.drop_index("ix_notice_uploads_upload")

    op.drop_table("notice_uploads")
    op.drop_table("notice_tokens")
    with op.batch_alter_table("notice_letters", schema=None) as batch_op:
        batch_op.drop_index("ix_notice_letters_notice")

    op.drop_table("notice_letters")
    op.drop_table("notice_attachments")
    with op.batch_alter_table("counter_notices", schema=None) as batch_op:
        batch_op.drop_index("ix_counter_notices_notice")
        batch_op.drop_index("ix_counter_notices_due")

    op.drop_table("counter_notices")
    with op.batch_alter_table("strikes", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_strikes_in_force", sqlite_where=sa.text("voided IS NULL"), postgresql_where=sa.text("voided IS NULL")
        )

    op.drop_table("strikes")
    op.drop_table("notifiers")
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_index("ix_notices_state")
        batch_op.drop_index("ix_notices_received")
        batch_op.drop_index("ix_notices_rank")
        batch_op.drop_index("ix_notices_owner")

    op.drop_table("notices")
    with op.batch_alter_table("consequences", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_consequences_blocked_id"))
        batch_op.drop_index(batch_op.f("ix_consequences_because"))

    op.drop_table("consequences")
