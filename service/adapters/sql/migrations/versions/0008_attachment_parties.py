"""Whose a file of a notice is, so that each party's files are its own: told to it, and counted against it alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_UNIQUE = "uq_notice_attachments_file"


def upgrade() -> None:
    """Add the party."""
    with op.batch_alter_table("notice_attachments") as batch:
        # Notifiers and moderators alone added files so far. Who cannot be told from a moderator counts as one.
        batch.add_column(sa.Column("party", sa.String(length=640), nullable=False, server_default="moderators"))
    op.execute(
        "UPDATE notice_attachments SET party = 'notifier' WHERE added_by LIKE 'notifier:%' OR added_by ="
        " (SELECT received_by FROM notices WHERE notices.id = notice_attachments.notice_id)"
        " OR added_by IN (SELECT 'user:' || name FROM users WHERE role IN ('rights_owner', 'platform'))"
        " OR added_by IN (SELECT 'key:' || holder FROM api_keys WHERE role IN ('rights_owner', 'platform'))"
    )
    with op.batch_alter_table("notice_attachments") as batch:
        batch.alter_column("party", server_default=None)
        batch.drop_constraint(_UNIQUE, type_="unique")
        batch.create_unique_constraint(_UNIQUE, ["notice_id", "party", "sha256"])


def downgrade() -> None:
    """Take it away, and of a file that several parties gave all but one, the notifier's first."""
    op.execute(
        "DELETE FROM notice_attachments WHERE party <> 'notifier' AND EXISTS (SELECT 1 FROM notice_attachments AS own"
        " WHERE own.notice_id = notice_attachments.notice_id AND own.sha256 = notice_attachments.sha256"
        " AND own.party = 'notifier')"
    )
    op.execute(
        "DELETE FROM notice_attachments WHERE id NOT IN"
        " (SELECT MIN(id) FROM notice_attachments GROUP BY notice_id, sha256)"
    )
    with op.batch_alter_table("notice_attachments") as batch:
        batch.drop_constraint(_UNIQUE, type_="unique")
        batch.create_unique_constraint(_UNIQUE, ["notice_id", "sha256"])
        batch.drop_column("party")
