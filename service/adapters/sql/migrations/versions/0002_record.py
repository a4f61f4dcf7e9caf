"""The record: sets, cases, decisions, people, keys, policies, and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=True),
        sa.Column("per_day", sa.Integer(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("last_used", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("sha256", name=op.f("uq_api_keys_sha256")),
    )
    op.create_table(
        "audit_entries",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=160), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_entries")),
    )
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.create_index("ix_audit_entries_subject", ["subject", "number"], unique=False)

    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "policies",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("published", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_policies")),
        sa.UniqueConstraint("version", name=op.f("uq_policies_version")),
    )
    op.create_table(
        "revisions",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_revisions")),
    )
    op.create_table(
        "rights_owners",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("contact", sa.String(length=512), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rights_owners")),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("screening_id", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=512), nullable=False),
        sa.Column("uploader", sa.String(length=512), nullable=True),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("opened", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rank", sa.Float(), nullable=False),
        sa.Column("claimed_by", sa.String(length=128), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_id", sa.String(length=64), nullable=True),
        sa.Column("decided", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appeal", sa.Text(), nullable=True),
        sa.Column("appealed_from", sa.String(length=128), nullable=True),
        sa.ForeignKeyConstraint(["screening_id"], ["screenings.id"], name=op.f("fk_cases_screening_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index("ix_cases_claimed", ["claimed_until"], unique=False)
        batch_op.create_index("ix_cases_decided", ["decided", "opened", "decision_id"], unique=False)
        batch_op.create_index("ix_cases_origin", ["origin", "decided"], unique=False)
        batch_op.create_index("ix_cases_platform", ["state", "platform", "rank", "id"], unique=False)
        batch_op.create_index("ix_cases_platform_waiting", ["state", "platform", "opened", "id"], unique=False)
        batch_op.create_index("ix_cases_queue", ["state", "rank", "id", "opened"], unique=False)
        batch_op.create_index(batch_op.f("ix_cases_screening_id"), ["screening_id"], unique=False)
        batch_op.create_index("ix_cases_stage", ["state", "stage", "rank", "id"], unique=False)
        batch_op.create_index("ix_cases_stage_waiting", ["state", "stage", "opened", "id"], unique=False)
        batch_op.create_index("ix_cases_uploader", ["state", "uploader", "rank", "id"], unique=False)
        batch_op.create_index("ix_cases_uploader_waiting", ["state", "uploader", "opened", "id"], unique=False)
        batch_op.create_index("ix_cases_waiting", ["state", "opened", "id"], unique=False)

    op.create_table(
        "invitations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("owner_id", sa.String(length=64), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["rights_owners.id"], name=op.f("fk_invitations_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_invitations_token_sha256")),
    )
    op.create_table(
        "key_uses",
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name=op.f("fk_key_uses_key_id")),
        sa.PrimaryKeyConstraint("key_id", "day", name=op.f("pk_key_uses")),
    )
    op.create_table(
        "reference_sets",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("owner_id", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.Column("work", sa.JSON(), nullable=False),
        sa.Column("fame", sa.String(length=16), nullable=False),
        sa.Column("rights_holder", sa.Text(), nullable=False),
        sa.Column("rights_identity", sa.Text(), nullable=False),
        sa.Column("rights_evidence", sa.Text(), nullable=False),
        sa.Column("quarantine", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["rights_owners.id"], name=op.f("fk_reference_sets_owner_id")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_reference_sets")),
    )
    with op.batch_alter_table("reference_sets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reference_sets_owner_id"), ["owner_id"], unique=False)

    op.create_table(
        "screened_pictures",
        sa.Column("screening_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=1024), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("pdq", sa.LargeBinary(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("kept", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["screening_id"], ["screenings.id"], name=op.f("fk_screened_pictures_screening_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("screening_id", "number", name=op.f("pk_screened_pictures")),
    )
    with op.batch_alter_table("screened_pictures", schema=None) as batch_op:
        batch_op.create_index("ix_screened_pictures_sha256", ["sha256"], unique=False)

    op.create_table(
        "screened_sets",
        sa.Column("screening_id", sa.String(length=64), nullable=False),
        sa.Column("reference_set", sa.String(length=64), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("lowest_rate", sa.Float(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["screening_id"], ["screenings.id"], name=op.f("fk_screened_sets_screening_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("screening_id", "reference_set", name=op.f("pk_screened_sets")),
    )
    with op.batch_alter_table("screened_sets", schema=None) as batch_op:
        batch_op.create_index("ix_screened_sets_created", ["created", "reference_set", "outcome"], unique=False)
        batch_op.create_index("ix_screened_sets_reference_set", ["reference_set", "created"], unique=False)

    op.create_table(
        "users",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("owner_id", sa.String(length=64), nullable=True),
        sa.Column("password", sa.String(length=256), nullable=True),
        sa.Column("subject", sa.String(length=512), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["rights_owners.id"], name=op.f("fk_users_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
        sa.UniqueConstraint("subject", name=op.f("uq_users_subject")),
    )
    op.create_table(
        "aliases",
        sa.Column("reference_set", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=512), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["reference_set"], ["reference_sets.slug"], name=op.f("fk_aliases_reference_set")),
        sa.PrimaryKeyConstraint("reference_set", "number", name=op.f("pk_aliases")),
    )
    op.create_table(
        "case_facets",
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("facet", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("rank", sa.Float(), nullable=False),
        sa.Column("opened", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_facets_case_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", "facet", "value", name=op.f("pk_case_facets")),
    )
    with op.batch_alter_table("case_facets", schema=None) as batch_op:
        batch_op.create_index("ix_case_facets_opened", ["facet", "state", "value", "opened", "case_id"], unique=False)
        batch_op.create_index(
            "ix_case_facets_rank", ["facet", "state", "value", "rank", "case_id", "opened"], unique=False
        )

    op.create_table(
        "control_pictures",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("style", sa.String(length=64), nullable=False),
        sa.Column("proposed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.String(length=128), nullable=False),
        sa.Column("confirmed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.String(length=128), nullable=True),
        sa.Column("refused", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_control_pictures_case_id")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_control_pictures")),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("reason_code", sa.String(length=32), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("statement_en", sa.Text(), nullable=True),
        sa.Column("statement_zh", sa.Text(), nullable=True),
        sa.Column("by", sa.String(length=128), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_decisions_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decisions_case_id"), ["case_id"], unique=False)

    op.create_table(
        "licences",
        sa.Column("reference_set", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=64), nullable=True),
        sa.Column("uploader", sa.String(length=512), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("granted", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.String(length=128), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["reference_set"], ["reference_sets.slug"], name=op.f("fk_licences_reference_set")),
        sa.PrimaryKeyConstraint("reference_set", "name", name=op.f("pk_licences")),
    )
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sessions")),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "set_references",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("reference_set", sa.String(length=64), nullable=False),
        sa.Column("file", sa.String(length=512), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("remarks", sa.JSON(), nullable=False),
        sa.Column("added", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(length=128), nullable=False),
        sa.Column("removed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by", sa.String(length=128), nullable=True),
        sa.ForeignKeyConstraint(
            ["reference_set"], ["reference_sets.slug"], name=op.f("fk_set_references_reference_set")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_set_references")),
    )
    with op.batch_alter_table("set_references", schema=None) as batch_op:
        batch_op.create_index("ix_set_references_sha256", ["sha256"], unique=False)
        batch_op.create_index(
            "uq_set_references_file",
            ["reference_set", "file"],
            unique=True,
            sqlite_where=sa.text("removed IS NULL"),
            postgresql_where=sa.text("removed IS NULL"),
        )
        batch_op.create_index(
            "uq_set_references_sha256",
            ["reference_set", "sha256"],
            unique=True,
            sqlite_where=sa.text("removed IS NULL"),
            postgresql_where=sa.text("removed IS NULL"),
        )

    with op.batch_alter_table("screenings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("uploader", sa.String(length=512), nullable=True))
        batch_op.add_column(sa.Column("stage", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("verdict", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("shadow", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("policy_version", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("record", sa.JSON(none_as_null=True), nullable=True))
        batch_op.create_index("ix_screenings_created", ["created"], unique=False)
        batch_op.create_index("ix_screenings_uploader", ["platform", "uploader", "created"], unique=False)
        batch_op.create_index("ix_screenings_verdict", ["verdict", "shadow", "created"], unique=False)

    # The beginning of the audit log: writers take this row, so that the chain has one end.
    head = sa.table("audit_head", sa.column("id"), sa.column("number"), sa.column("sha256"))
    op.execute(head.insert().values(id=1, number=0, sha256="0" * 64))


def downgrade() -> None:
    """Drop them."""
    with op.batch_alter_table("screenings", schema=None) as batch_op:
        batch_op.drop_index("ix_screenings_verdict")
        batch_op.drop_index("ix_screenings_uploader")
        batch_op.drop_index("ix_screenings_created")
        batch_op.drop_column("record")
        batch_op.drop_column("policy_version")
        batch_op.drop_column("shadow")
        batch_op.drop_column("verdict")
        batch_op.drop_column("stage")
        batch_op.drop_column("uploader")

    with op.batch_alter_table("set_references", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_set_references_sha256",
            sqlite_where=sa.text("removed IS NULL"),
            postgresql_where=sa.text("removed IS NULL"),
        )
        batch_op.drop_index(
            "uq_set_references_file",
            sqlite_where=sa.text("removed IS NULL"),
            postgresql_where=sa.text("removed IS NULL"),
        )
        batch_op.drop_index("ix_set_references_sha256")

    op.drop_table("set_references")
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sessions_user_id"))

    op.drop_table("sessions")
    op.drop_table("licences")
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decisions_case_id"))

    op.drop_table("decisions")
    op.drop_table("control_pictures")
    with op.batch_alter_table("case_facets", schema=None) as batch_op:
        batch_op.drop_index("ix_case_facets_rank")
        batch_op.drop_index("ix_case_facets_opened")

    op.drop_table("case_facets")
    op.drop_table("aliases")
    op.drop_table("users")
    with op.batch_alter_table("screened_sets", schema=None) as batch_op:
        batch_op.drop_index("ix_screened_sets_reference_set")
        batch_op.drop_index("ix_screened_sets_created")

    op.drop_table("screened_sets")
    with op.batch_alter_table("screened_pictures", schema=None) as batch_op:
        batch_op.drop_index("ix_screened_pictures_sha256")

    op.drop_table("screened_pictures")
    with op.batch_alter_table("reference_sets", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reference_sets_owner_id"))

    op.drop_table("reference_sets")
    op.drop_table("key_uses")
    op.drop_table("invitations")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index("ix_cases_waiting")
        batch_op.drop_index("ix_cases_uploader_waiting")
        batch_op.drop_index("ix_cases_uploader")
        batch_op.drop_index("ix_cases_stage_waiting")
        batch_op.drop_index("ix_cases_stage")
        batch_op.drop_index(batch_op.f("ix_cases_screening_id"))
        batch_op.drop_index("ix_cases_queue")
        batch_op.drop_index("ix_cases_platform_waiting")
        batch_op.drop_index("ix_cases_platform")
        batch_op.drop_index("ix_cases_origin")
        batch_op.drop_index("ix_cases_decided")
        batch_op.drop_index("ix_cases_claimed")

    op.drop_table("cases")
    op.drop_table("rights_owners")
    op.drop_table("revisions")
    op.drop_table("policies")
    op.drop_table("audit_head")
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entries_subject")

    op.drop_table("audit_entries")
    op.drop_table("api_keys")
