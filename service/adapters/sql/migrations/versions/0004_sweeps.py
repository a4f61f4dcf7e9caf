"""Sweeps, the sets they look for, and what they found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.add_column("screenings", sa.Column("model", sa.String(length=256), nullable=True))
    op.create_table(
        "sweeps",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("because", sa.String(length=128), nullable=True),
        sa.Column("by", sa.String(length=160), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("not_compared", sa.Integer(), nullable=False),
        sa.Column("unreadable", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=512), nullable=False),
        sa.Column("runner", sa.String(length=64), nullable=True),
        sa.Column("heard", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweeps")),
    )
    with op.batch_alter_table("sweeps", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sweeps_because"), ["because"], unique=False)
        batch_op.create_index("ix_sweeps_state", ["state", "created"], unique=False)

    op.create_table(
        "sweep_hits",
        sa.Column("sweep_id", sa.String(length=64), nullable=False),
        sa.Column("screening_id", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("asks_for", sa.String(length=16), nullable=False),
        sa.Column("reference_sets", sa.JSON(), nullable=False),
        sa.Column("licence", sa.String(length=160), nullable=True),
        sa.Column("grounds", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["screening_id"], ["screenings.id"], name=op.f("fk_sweep_hits_screening_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.id"], name=op.f("fk_sweep_hits_sweep_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sweep_id", "screening_id", name=op.f("pk_sweep_hits")),
    )
    with op.batch_alter_table("sweep_hits", schema=None) as batch_op:
        batch_op.create_index("ix_sweep_hits_asks_for", ["sweep_id", "asks_for", "screening_id"], unique=False)
        batch_op.create_index("ix_sweep_hits_screening_id", ["screening_id"], unique=False)

    op.create_table(
        "sweep_sets",
        sa.Column("sweep_id", sa.String(length=64), nullable=False),
        sa.Column("reference_set", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.id"], name=op.f("fk_sweep_sets_sweep_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sweep_id", "reference_set", name=op.f("pk_sweep_sets")),
    )
    with op.batch_alter_table("sweep_sets", schema=None) as batch_op:
        batch_op.create_index("ix_sweep_sets_reference_set", ["reference_set"], unique=False)


def downgrade() -> None:
    """Drop them."""
    with op.batch_alter_table("sweep_sets", schema=None) as batch_op:
        batch_op.drop_index("ix_sweep_sets_reference_set")

    op.drop_table("sweep_sets")
    with op.batch_alter_table("sweep_hits", schema=None) as batch_op:
        batch_op.drop_index("ix_sweep_hits_screening_id")
        batch_op.drop_index("ix_sweep_hits_asks_for")

    op.drop_table("sweep_hits")
    with op.batch_alter_table("sweeps", schema=None) as batch_op:
        batch_op.drop_index("ix_sweeps_state")
        batch_op.drop_index(batch_op.f("ix_sweeps_because"))

    op.drop_table("sweeps")
    with op.batch_alter_table("screenings", schema=None) as batch_op:
        batch_op.drop_column("model")
