"""Exports of notices for public databases: the EU's DSA Transparency Database, and Lumen.

Fields and values of the first are those of its API for statements of reasons (Commission's documentation, "Statement of
Reasons attributes", transparency.dsa.ec.europa.eu/page/api-documentation), under Regulation 2022/2065, Art. 24(5): no
personal data goes into it. Those of Lumen are of its API for notices (github.com/berkmancenter/lumendatabase,
doc/api.mkd), where names of uploaders and addresses of notifiers are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.domain.measure import Measure, MeasureKind
from service.domain.notice import Notice

_VISIBILITY = {
    MeasureKind.UNPUBLISH: "DECISION_VISIBILITY_CONTENT_REMOVED",
    MeasureKind.HOLD: "DECISION_VISIBILITY_CONTENT_DISABLED",
}
_LONGEST = 5_000
# The scope is given by countries; these are those of the Union.
_UNION = [
    "AT",
    "BE",
    "BG",
    "CY",
    "CZ",
    "DE",
    "DK",
    "EE",
    "ES",
    "FI",
    "FR",
    "GR",
    "HR",
    "HU",
    "IE",
    "IT",
    "LT",
    "LU",
    "LV",
    "MT",
    "NL",
    "PL",
    "PT",
    "RO",
    "SE",
    "SI",
    "SK",
]
_LANGUAGE = "EN"


def dsa_statements(notice: Notice, measures: Sequence[Measure]) -> list[dict[str, Any]]:
    """Write one statement of reasons for each measure of a notice."""
    named = {item.upload for item in notice.accused if item.named}
    return [_statement(item, found_by_sweep=(item.platform, item.external_id) not in named) for item in measures]


def _statement(measure: Measure, *, found_by_sweep: bool) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "puid": measure.id,
        "decision_visibility": [_VISIBILITY[measure.kind]],
        "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT",
        "illegal_content_legal_ground": "Copyright: reproduction and making available of a protected character",
        "illegal_content_explanation": measure.statement.en[:2_000],
        "category": "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS",
        "category_specification": ["KEYWORD_COPYRIGHT_INFRINGEMENT"],
        "content_type": ["CONTENT_TYPE_OTHER"],
        "content_type_other": "LoRA: weights of an image generator, with sample pictures",
        "content_language": _LANGUAGE,
        "content_date": measure.taken.date().isoformat(),
        "application_date": measure.taken.date().isoformat(),
        "decision_facts": measure.statement.en[:_LONGEST],
        "source_type": "SOURCE_ARTICLE_16",
        "automated_detection": "Yes" if found_by_sweep else "No",
        # A moderator takes every measure of a notice.
        "automated_decision": "AUTOMATED_DECISION_NOT_AUTOMATED",
        "territorial_scope": _UNION,
    }
    if measure.ended is not None:
        statement["end_date_visibility_restriction"] = measure.ended.date().isoformat()
    return statement


def lumen_notice(notice: Notice, measures: Sequence[Measure]) -> dict[str, Any]:
    """Write a notice as Lumen takes it: a DMCA notice under United States law, another kind otherwise."""
    acted = {(item.platform, item.external_id) for item in measures}
    uploads = [item for item in notice.accused if item.named]
    urls = [{"url": item.url or f"{item.platform}:{item.external_id}"} for item in uploads]
    taken = sum(item.upload in acted for item in uploads)
    everything = "Yes" if taken == len(uploads) else "Partial"
    return {
        "notice": {
            "title": f"Notice about “{notice.claim.work}”",
            "type": "DMCA" if notice.jurisdiction == "us" else "Other",
            "subject": notice.claim.work,
            "date_sent": notice.received.isoformat(),
            "date_received": notice.received.isoformat(),
            "source": "Online form",
            "jurisdiction_list": {"prc": "CN", "eu": "EU", "us": "US"}[notice.jurisdiction],
            "action_taken": everything if taken else "No",
            "works_attributes": [
                {
                    "kind": "character",
                    "description": notice.claim.work,
                    "infringing_urls_attributes": urls,
                    "copyrighted_urls_attributes": [],
                }
            ],
            "body": notice.claim.explanation,
            "entity_notice_roles_attributes": [
                {"name": "sender", "entity_attributes": {"name": notice.notifier.name or "not named"}},
                *(
                    {"name": "recipient", "entity_attributes": {"name": name}}
                    for name in sorted({item.platform for item in uploads})
                ),
            ],
        }
    }
