"""The tables. What they hold is said by the domain; migrations/ has the steps that make them."""

from service.adapters.sql.tables.audit import audit_entries, audit_head
from service.adapters.sql.tables.base import metadata
from service.adapters.sql.tables.blocked import blocked_layers, blocked_loras, blocked_tensors
from service.adapters.sql.tables.cases import case_facets, cases, control_pictures, decisions
from service.adapters.sql.tables.exchange import partner_entries, partner_hashes, partners
from service.adapters.sql.tables.measures import measures, outbox, screened_loras
from service.adapters.sql.tables.notices import (
    consequences,
    counter_notices,
    notice_attachments,
    notice_letters,
    notice_tokens,
    notice_uploads,
    notices,
    notifiers,
    strikes,
)
from service.adapters.sql.tables.people import api_keys, invitations, key_uses, sessions, users
from service.adapters.sql.tables.policies import policies
from service.adapters.sql.tables.screenings import screened_pictures, screened_sets, screenings
from service.adapters.sql.tables.seals import seal_stamps, seals
from service.adapters.sql.tables.sets import (
    aliases,
    licences,
    reference_sets,
    revisions,
    rights_owners,
    set_references,
)
from service.adapters.sql.tables.sweeps import sweep_hits, sweep_sets, sweeps
from service.adapters.sql.tables.webhooks import deliveries, delivery_attempts, endpoints

__all__ = [
    "aliases",
    "api_keys",
    "audit_entries",
    "audit_head",
    "blocked_layers",
    "blocked_loras",
    "blocked_tensors",
    "case_facets",
    "cases",
    "consequences",
    "control_pictures",
    "counter_notices",
    "decisions",
    "deliveries",
    "delivery_attempts",
    "endpoints",
    "invitations",
    "key_uses",
    "licences",
    "measures",
    "metadata",
    "notice_attachments",
    "notice_letters",
    "notice_tokens",
    "notice_uploads",
    "notices",
    "notifiers",
    "outbox",
    "partner_entries",
    "partner_hashes",
    "partners",
    "policies",
    "reference_sets",
    "revisions",
    "rights_owners",
    "screened_loras",
    "screened_pictures",
    "screened_sets",
    "screenings",
    "seal_stamps",
    "seals",
    "sessions",
    "set_references",
    "strikes",
    "sweep_hits",
    "sweep_sets",
    "sweeps",
    "users",
]
