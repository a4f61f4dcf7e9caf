"""The tables. What they hold is said by the domain; migrations/ has the steps that make them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _time(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _set_slug(*, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column("reference_set", sa.ForeignKey("reference_sets.slug"), primary_key=primary_key, nullable=False)


# --- Screenings ---

screenings = sa.Table(
    "screenings",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("platform", sa.String(64), nullable=False),
    sa.Column("external_id", sa.String(512), nullable=False),
    _time("created"),
    sa.Column("request_sha256", sa.String(64), nullable=False),
    sa.Column("idempotency_key", sa.String(256)),
    sa.Column("answer", sa.JSON(none_as_null=True)),
    # What follows is known when the screening is finished. `record` replays the verdict, and shows the case.
    sa.Column("uploader", sa.String(512)),
    sa.Column("stage", sa.String(16)),
    sa.Column("verdict", sa.String(16)),
    sa.Column("shadow", sa.Boolean),
    sa.Column("policy_version", sa.String(64)),
    sa.Column("record", sa.JSON(none_as_null=True)),
    # One key of one platform means one request; NULLs differ from each other, so keys stay optional.
    sa.UniqueConstraint("platform", "idempotency_key", name="uq_screenings_idempotency"),
    sa.Index("ix_screenings_external_id", "platform", "external_id", "created"),
    sa.Index("ix_screenings_uploader", "platform", "uploader", "created"),
    sa.Index("ix_screenings_created", "created"),
    sa.Index("ix_screenings_verdict", "verdict", "shadow", "created"),
)

screened_pictures = sa.Table(
    "screened_pictures",
    metadata,
    sa.Column("screening_id", sa.ForeignKey("screenings.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(1024), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    # PDQ of the upright picture, empty where it does not count; the embedding as float16.
    sa.Column("pdq", sa.LargeBinary, nullable=False),
    sa.Column("vector", sa.LargeBinary, nullable=False),
    # What the blob store holds of it: `picture`, `thumbnail` or `nothing`.
    sa.Column("kept", sa.String(16), nullable=False),
    sa.Index("ix_screened_pictures_sha256", "sha256"),
)

# What was found about which set: for filters, for rights owners, and for sets that flood.
screened_sets = sa.Table(
    "screened_sets",
    metadata,
    sa.Column("screening_id", sa.ForeignKey("screenings.id", ondelete="CASCADE"), primary_key=True),
    # No foreign key: a snapshot that was built from a folder has sets that the record does not know.
    sa.Column("reference_set", sa.String(64), primary_key=True),
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("lowest_rate", sa.Float, nullable=False),
    sa.Column("kinds", sa.JSON, nullable=False),
    sa.Index("ix_screened_sets_reference_set", "reference_set", "created"),
    sa.Index("ix_screened_sets_created", "created", "reference_set", "outcome"),
)

# --- Cases ---

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
    _time("opened"),
    sa.Column("rank", sa.Float, nullable=False),
    sa.Column("claimed_by", sa.String(128)),
    _time("claimed_until", nullable=True),
    sa.Column("decision_id", sa.String(64)),
    sa.Column("decided", sa.DateTime(timezone=True)),
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
    _time("opened"),
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
    _time("at"),
    _time("undone", nullable=True),
)

# Pictures that a moderator dismissed, and that calibration may count as unrelated once another person agreed.
control_pictures = sa.Table(
    "control_pictures",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("case_id", sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("style", sa.String(64), nullable=False),
    _time("proposed"),
    sa.Column("proposed_by", sa.String(128), nullable=False),
    _time("confirmed", nullable=True),
    sa.Column("confirmed_by", sa.String(128)),
    _time("refused", nullable=True),
)

# --- Registration ---

rights_owners = sa.Table(
    "rights_owners",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(512), nullable=False),
    sa.Column("identity", sa.Text, nullable=False),
    sa.Column("contact", sa.String(512), nullable=False),
    _time("created"),
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
    _time("created"),
    _time("changed"),
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
    _time("added"),
    sa.Column("added_by", sa.String(128), nullable=False),
    _time("removed", nullable=True),
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
    _time("granted"),
    sa.Column("granted_by", sa.String(128), nullable=False),
    _time("ended", nullable=True),
)

# Numbers that only grow; `reference_sets` tells replicas that a set changed.
revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
)

policies = sa.Table(
    "policies",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("version", sa.String(64), nullable=False, unique=True),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    _time("published"),
    sa.Column("published_by", sa.String(128), nullable=False),
)

# --- Blocked LoRAs ---

blocked_loras = sa.Table(
    "blocked_loras",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("title", sa.String(512), nullable=False),
    sa.Column("reference_set", sa.String(128)),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("added", sa.DateTime(timezone=True), nullable=False),
    sa.Column("added_by", sa.String(128), nullable=False),
    sa.Column("removed", sa.DateTime(timezone=True)),
    sa.Column("removed_by", sa.String(128)),
    sa.Column("file_name", sa.String(512), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("body_sha256", sa.String(64), nullable=False, index=True),
    sa.Column("telling", sa.Integer, nullable=False),
    sa.Column("fingerprint", sa.LargeBinary),
    sa.Column("summary", sa.LargeBinary),
    # One file is blocked once at a time; what was removed may come back.
    sa.Index(
        "uq_blocked_loras_file",
        "sha256",
        unique=True,
        sqlite_where=sa.text("removed IS NULL"),
        postgresql_where=sa.text("removed IS NULL"),
    ),
)

# Names of the layers of all blocked LoRAs: what a file has beside these is left out of its summary.
blocked_layers = sa.Table("blocked_layers", metadata, sa.Column("name_sha256", sa.String(64), primary_key=True))

blocked_tensors = sa.Table(
    "blocked_tensors",
    metadata,
    sa.Column("blocked_id", sa.ForeignKey(blocked_loras.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("dtype", sa.String(16), primary_key=True),
    sa.Column("shape", sa.String(200), primary_key=True),
    sa.Column("copies", sa.Integer, nullable=False),
    sa.Index("ix_blocked_tensors_sha256", "sha256"),
)

# --- People, keys, and what they did ---

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("owner_id", sa.ForeignKey("rights_owners.id")),
    # An argon2 hash; NULL for who signs in elsewhere, as `subject`.
    sa.Column("password", sa.String(256)),
    sa.Column("subject", sa.String(512), unique=True),
    sa.Column("language", sa.String(8)),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    _time("locked_until", nullable=True),
    _time("created"),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("token_sha256", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("csrf", sa.String(64), nullable=False),
    _time("created"),
    _time("expires"),
)

invitations = sa.Table(
    "invitations",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("token_sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("owner_id", sa.ForeignKey("rights_owners.id")),
    _time("created"),
    sa.Column("created_by", sa.String(128), nullable=False),
    _time("expires"),
    _time("used", nullable=True),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("label", sa.String(128), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("holder", sa.String(64), nullable=False),
    sa.Column("prefix", sa.String(16), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("per_minute", sa.Integer),
    sa.Column("per_day", sa.Integer),
    _time("created"),
    sa.Column("created_by", sa.String(128), nullable=False),
    _time("last_used", nullable=True),
    _time("revoked", nullable=True),
)

key_uses = sa.Table(
    "key_uses",
    metadata,
    sa.Column("key_id", sa.ForeignKey("api_keys.id"), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
)

audit_entries = sa.Table(
    "audit_entries",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    _time("at"),
    sa.Column("actor", sa.String(160), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(160), nullable=False),
    # Texts, not JSON: what is hashed must come back to the letter.
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Index("ix_audit_entries_subject", "subject", "number"),
)

# One row: the last entry. Writers wait for each other here, so that the chain has one end.
audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
)
