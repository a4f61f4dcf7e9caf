"""The tables. What they hold is said by the domain; migrations/ has the steps that make them."""

from service.adapters.sql.tables.audit import audit_entries, audit_head
from service.adapters.sql.tables.base import metadata
from service.adapters.sql.tables.blocked import blocked_layers, blocked_loras, blocked_tensors
from service.adapters.sql.tables.cases import case_facets, cases, control_pictures, decisions
from service.adapters.sql.tables.measures import measures, outbox, screened_loras
from service.adapters.sql.tables.people import api_keys, invitations, key_uses, sessions, users
from service.adapters.sql.tables.policies import policies
from service.adapters.sql.tables.screenings import screened_pictures, screened_sets, screenings
from service.adapters.sql.tables.sets import (
    aliases,
    licences,
    reference_sets,
    revisions,
    rights_owners,
    set_references,
)

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
    "control_pictures",
    "decisions",
    "invitations",
    "key_uses",
    "licences",
    "measures",
    "metadata",
    "outbox",
    "policies",
    "reference_sets",
    "revisions",
    "rights_owners",
    "screened_loras",
    "screened_pictures",
    "screened_sets",
    "screenings",
    "sessions",
    "set_references",
    "users",
]
