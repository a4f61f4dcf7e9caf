"""Partners, and what they told."""

from __future__ import annotations

import sqlalchemy as sa

from service.adapters.sql.tables.base import metadata, time_column

partners = sa.Table(
    "partners",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("key_id", sa.String(16), nullable=False),
    time_column("added"),
    sa.Column("added_by", sa.String(160), nullable=False),
    time_column("last_issued", nullable=True),
    time_column("removed", nullable=True),
)

partner_entries = sa.Table(
    "partner_entries",
    metadata,
    # Of partner and entry together.
    sa.Column("id", sa.String(128), primary_key=True),
    sa.Column("partner", sa.ForeignKey("partners.name"), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("reference_set", sa.String(128), nullable=False),
    sa.Column("title", sa.JSON, nullable=False),
    sa.Column("value", sa.JSON, nullable=False),
    sa.Column("owner", sa.String(512), nullable=False),
    time_column("since"),
    sa.Column("because", sa.String(512), nullable=False),
    time_column("expires"),
    time_column("imported"),
    time_column("withdrawn", nullable=True),
    sa.Index("ix_partner_entries_partner", "partner", "kind"),
)

# By what LoRAs of partners are found: hashes of files, of what follows their headers, and of tensors.
partner_hashes = sa.Table(
    "partner_hashes",
    metadata,
    sa.Column("entry_id", sa.ForeignKey("partner_entries.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Index("ix_partner_hashes_sha256", "sha256"),
)
