"""Notices as answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from service.api import wire_notices
from service.domain.audit import Entry
from service.domain.measure import Measure
from service.domain.notice import Accused, Claim, CounterNotice, Notice
from service.domain.notice_elements import ELEMENT_WORDS, Element
from service.domain.strike import Strike
from service.ports import Attachment
from service.usecases.notices import Given, NoticeView, Received

DOWNLOAD = {
    "Cache-Control": "private, no-store",
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


def given(asked: wire_notices.NoticeHead, accused: Sequence[Accused]) -> Given:
    """Read what a notifier says."""
    claim = Claim(
        work=asked.work,
        rights_evidence=asked.rights_evidence,
        explanation=asked.explanation,
        good_faith=asked.good_faith,
        accurate=asked.accurate,
        under_penalty=asked.under_penalty,
        signature=asked.signature,
    )
    return Given(
        asked.jurisdiction,
        **asked.notifier.model_dump(),
        claim=claim,
        accused=accused,
        reference_sets=asked.reference_sets,
    )


def received(item: Received) -> dict[str, Any]:
    """Show a notice that was received."""
    return {
        "id": item.notice.id,
        "state": item.notice.state,
        "missing": _missing([element.value for element in item.missing]),
        "receipt_token": item.token or None,
    }


def notice(item: Notice) -> dict[str, Any]:
    """Show a notice."""
    return {
        "id": item.id,
        "state": item.state,
        "jurisdiction": item.jurisdiction,
        "notifier": {name: value for name, value in asdict(item.notifier).items() if name != "key"},
        "work": item.claim.work,
        "explanation": item.claim.explanation,
        "reference_sets": list(item.reference_sets),
        "accused": [
            {
                "platform": one.platform,
                "external_id": one.external_id,
                "url": one.url,
                "note": one.note,
                "known": one.screening_id is not None,
                "named": one.named,
            }
            for one in item.accused
        ],
        "missing": _missing(item.missing),
        "received": item.received.isoformat(),
        "completed": _time(item.completed),
        "forwarded": _time(item.forwarded),
        "ended": _time(item.ended),
        "sweep_id": item.sweep_id,
    }


def whole(view: NoticeView, timeline: Sequence[Entry]) -> dict[str, Any]:
    """Show a notice with what hangs on it."""
    return {
        **notice(view.notice),
        "clocks": [{"what": what, "due": due.isoformat()} for what, due in view.clocks],
        "correspondence": [
            {
                "direction": item.direction,
                "kind": item.kind,
                "party": item.party,
                "at": item.at.isoformat(),
                "text": asdict(item.text),
            }
            for item in view.correspondence.letters
        ],
        "counter_notices": [counter(item) for item in view.correspondence.counter_notices],
        "measures": [measure(item) for item in view.measures],
        "attachments": [attachment(item) for item in view.correspondence.attachments],
        "timeline": [
            {
                "at": entry.at.isoformat(),
                "actor": entry.actor,
                "action": entry.action,
                "after": json.loads(entry.after),
            }
            for entry in timeline
        ],
    }


def counter(item: CounterNotice) -> dict[str, Any]:
    """Show a counter-notice."""
    return {
        "id": item.id,
        "platform": item.platform,
        "uploader": item.uploader,
        "uploads": [{"platform": platform, "external_id": external_id} for platform, external_id in item.uploads],
        "name": item.name,
        "explanation": item.explanation,
        "received": item.received.isoformat(),
        "due": _time(item.due),
        "state": item.state,
        "licence": item.licence,
    }


def measure(item: Measure) -> dict[str, Any]:
    """Show a measure."""
    return {
        "id": item.id,
        "kind": item.kind,
        "platform": item.platform,
        "external_id": item.external_id,
        "taken": item.taken.isoformat(),
        "confirmed": _time(item.confirmed),
        "ended": _time(item.ended),
        "ended_because": item.ended_because,
        "statement": asdict(item.statement),
    }


def attachment(item: Attachment) -> dict[str, Any]:
    """Show an attachment."""
    return {
        "id": item.id,
        "name": item.name,
        "sha256": item.sha256,
        "media_type": item.media_type,
        "size": item.size,
        "added": item.added.isoformat(),
        "party": item.party,
    }


def strike(item: Strike) -> dict[str, Any]:
    """Show a strike."""
    return {
        "id": item.id,
        "because": item.because,
        "given": item.given.isoformat(),
        "expires": item.expires.isoformat(),
    }


def _missing(elements: Sequence[str]) -> list[dict[str, Any]]:
    return [{"element": value, "explanation": asdict(ELEMENT_WORDS[Element(value)])} for value in elements]


def _time(value: datetime | None) -> str | None:
    return value.isoformat() if value is not None else None
