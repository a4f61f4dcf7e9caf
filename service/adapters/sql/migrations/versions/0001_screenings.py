"""Screenings, and blocked LoRAs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "blocked_layers",
        sa.Column("name_sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name_sha256"),
    )
    op.create_table(
        "blocked_loras",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=512), nullable=False),
        sa.Column("reference_set", sa.String(length=128), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("added", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(length=128), nullable=False),
        sa.Column("removed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by", sa.String(length=128), nullable=True),
        sa.Column("file_name", sa.String(length=512), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("telling", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=True),
        sa.Column("summary", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("blocked_loras", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_blocked_loras_body_sha256"), ["body_sha256"], unique=False)
        batch_op.create_index(
            "uq_blocked_loras_file",
            ["sha256"],
            unique=True,
            sqlite_where=sa.text("removed IS NULL"),
            postgresql_where=sa.text("removed IS NULL"),
        )

    op.create_table(
        "screenings",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=512), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("idempotency_key", sa.String(length=256), nullable=True),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("platform", "idempotency_key", name="uq_screenings_idempotency"),
    )
    with op.batch_alter_table("screenings", schema=None) as batch_op:
        batch_op.create_index("ix_screenings_external_id", ["platform", "external_id", "created"], unique=False)

    op.create_table(
        "blocked_tensors",
        sa.Column("blocked_id", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("dtype", sa.String(length=16), nullable=False),
        sa.Column("shape", sa.String(length=200), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["blocked_id"], ["blocked_loras.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("blocked_id", "sha256", "dtype", "shape"),
    )
    with op.batch_alter_table("blocked_tensors", schema=None) as batch_op:
        batch_op.create_index("ix_blocked_tensors_sha256", ["sha256"], unique=False)


def downgrade() -> None:
    """Drop them."""
    with op.batch_alter_table("blocked_tensors", schema=None) as batch_op:
        batch_op.drop_index("ix_blocked_tensors_sha256")

    op.drop_table("blocked_tensors")
    with op.batch_alter_table("screenings", schema=None) as batch_op:
        batch_op.drop_index("ix_screenings_external_id")

    op.drop_table("screenings")
    with op.batch_alter_table("blocked_loras", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_blocked_loras_file",
            sqlite_where=sa.text("removed IS NULL"),
            postgresql_where=sa.text("removed IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_blocked_loras_body_sha256"))

    op.drop_table("blocked_loras")
    op.drop_table("blocked_layers")
