"""Measures against uploads, the outbox, and the signals of screened LoRAs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "outbox",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("recipient", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("written", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_outbox")),
        sa.UniqueConstraint("id", name=op.f("uq_outbox_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_recipient", ["recipient", "number"], unique=False)

    op.create_table(
        "measures",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("screening_id", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=512), nullable=False),
        sa.Column("uploader", sa.String(length=512), nullable=True),
        sa.Column("reference_sets", sa.JSON(), nullable=False),
        sa.Column("because", sa.String(length=128), nullable=False),
        sa.Column("taken", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.String(length=160), nullable=False),
        sa.Column("statement_en", sa.Text(), nullable=False),
        sa.Column("statement_zh", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=160), nullable=True),
        sa.Column("ended_because", sa.String(length=512), nullable=True),
        sa.ForeignKeyConstraint(["screening_id"], ["screenings.id"], name=op.f("fk_measures_screening_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measures")),
    )
    with op.batch_alter_table("measures", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_measures_because"), ["because"], unique=False)
        batch_op.create_index(batch_op.f("ix_measures_screening_id"), ["screening_id"], unique=False)
        batch_op.create_index(
            "uq_measures_in_force",
            ["platform", "external_id", "kind", "because"],
            unique=True,
            sqlite_where=sa.text("ended IS NULL"),
            postgresql_where=sa.text("ended IS NULL"),
        )

    op.create_table(
        "screened_loras",
        sa.Column("screening_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("tensors", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["screening_id"], ["screenings.id"], name=op.f("fk_screened_loras_screening_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("screening_id", name=op.f("pk_screened_loras")),
    )
    with op.batch_alter_table("screened_loras", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_screened_loras_body_sha256"), ["body_sha256"], unique=False)
        batch_op.create_index(batch_op.f("ix_screened_loras_sha256"), ["sha256"], unique=False)


def downgrade() -> None:
    """Drop them."""
    with op.batch_alter_table("screened_loras", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_screened_loras_sha256"))
        batch_op.drop_index(batch_op.f("ix_screened_loras_body_sha256"))

    op.drop_table("screened_loras")
    with op.batch_alter_table("measures", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_measures_in_force", sqlite_where=sa.text("ended IS NULL"), postgresql_where=sa.text("ended IS NULL")
        )
        batch_op.drop_index(batch_op.f("ix_measures_screening_id"))
        batch_op.drop_index(batch_op.f("ix_measures_because"))

    op.drop_table("measures")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_recipient")

    op.drop_table("outbox")
