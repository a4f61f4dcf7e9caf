"""Rights owners and reference sets; the revision that replicas watch."""

from __future__ import annotations

import sqlalchemy as sa

from service.adapters.sql.tables.base import metadata, time_column


def _set_slug(*, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column("reference_set", sa.ForeignKey("reference_sets.slug"), primary_key=primary_key, nullable=False)


rights_owners = sa.Table(
    "rights_owners",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(512), nullable=False),
    sa.Column("identity", sa.Text, nullable=False),
    sa.Column("contact", sa.String(512), nullable=False),
    time_column("created"),
)

reference_sets = sa.Table(
    "reference_sets",
    metadata,
    sa.Column("slug", sa.String(64), primary_key=True),
    sa.Column("owner_id", sa.ForeignKey("rights_owners.id"), index=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("title", sa.JSON, nullable=False),
    sa.Column("work", sa.JSON, nullable=False),
    sa.Column("fame", sa.String(16), nullable=False),
    sa.Column("rights_holder", sa.Text, nullable=False),
    sa.Column("rights_identity", sa.Text, nullable=False),
    sa.Column("rights_evidence", sa.Text, nullable=False),
    sa.Column("quarantine", sa.JSON(none_as_null=True)),
    time_column("created"),
    time_column("changed"),
)

# Named for what they are beside `reference_sets`; `references` is a word of SQL.
set_references = sa.Table(
    "set_references",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    _set_slug(),
    sa.Column("file", sa.String(512), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("remarks", sa.JSON, nullable=False),
    time_column("added"),
    sa.Column("added_by", sa.String(128), nullable=False),
    time_column("removed", nullable=True),
    sa.Column("removed_by", sa.String(128)),
    # Which sets hold a picture, whosever they are.
    sa.Index("ix_set_references_sha256", "sha256"),
    sa.Index(
        "uq_set_references_sha256",
        "reference_set",
        "sha256",
        unique=True,
        sqlite_where=sa.text("removed IS NULL"),
        postgresql_where=sa.text("removed IS NULL"),
    ),
    sa.Index(
        "uq_set_references_file",
        "reference_set",
        "file",
        unique=True,
        sqlite_where=sa.text("removed IS NULL"),
        postgresql_where=sa.text("removed IS NULL"),
    ),
)

aliases = sa.Table(
    "aliases",
    metadata,
    _set_slug(primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("text", sa.String(512), nullable=False),
    sa.Column("language", sa.String(35), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
)

licences = sa.Table(
    "licences",
    metadata,
    _set_slug(primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("platform", sa.String(64)),
    sa.Column("uploader", sa.String(512)),
    sa.Column("until", sa.Date),
    time_column("granted"),
    sa.Column("granted_by", sa.String(128), nullable=False),
    time_column("ended", nullable=True),
)

# Numbers that only grow; `reference_sets` tells replicas that a set changed.
revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
)
