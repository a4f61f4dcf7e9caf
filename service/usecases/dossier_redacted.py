"""What a rights owner's own pack tells of a notice: nothing of uploaders, moderators or other people.

What is told is listed here name by name, so that a field added elsewhere is not told by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from service.domain.measure import Measure
from service.domain.notice import Notice
from service.domain.report import Facts, Section
from service.domain.wording import Wording
from service.ports import Attachment, Correspondence
from service.usecases.dossier_sections import MOST_TOLD, when
from service.usecases.dossier_sweeps import Swept
from service.usecases.notice_access import NOTIFIER


def redacted_notice(
    notice: Notice, of: Correspondence, taken: Sequence[Measure], swept: Sequence[Swept]
) -> dict[str, Any]:
    """Write a notice as JSON values for the rights owner who gave it. Letters are told without their texts."""
    return {
        "notice": {
            "id": notice.id,
            "state": notice.state.value,
            "jurisdiction": notice.jurisdiction.value,
            "notifier": {
                "name": notice.notifier.name,
                "contact": notice.notifier.contact,
                "address": notice.notifier.address,
                "identity": notice.notifier.identity,
                "authority": notice.notifier.authority,
            },
            "claim": asdict(notice.claim),
            "accused": [
                {"platform": item.platform, "external_id": item.external_id, "url": item.url, "named": item.named}
                for item in notice.accused
            ],
            "reference_sets": list(notice.reference_sets),
            "missing": list(notice.missing),
            "received": notice.received.isoformat(),
            "completed": _time(notice.completed),
            "forwarded": _time(notice.forwarded),
            "ended": _time(notice.ended),
        },
        "measures": [_measure(item) for item in taken],
        "letters": [
            {"id": item.id, "direction": item.direction.value, "kind": item.kind, "at": item.at.isoformat()}
            for item in of.letters
            if item.party == NOTIFIER
        ],
        "counter_notices": [
            {
                "id": item.id,
                "state": item.state.value,
                "received": item.received.isoformat(),
                "due": _time(item.due),
                "settled": _time(item.settled),
            }
            for item in of.counter_notices
        ],
        "sweeps": [_sweep(item) for item in swept],
    }


def redacted_measures(taken: Sequence[Measure]) -> list[Section]:
    """Tell measures in the report."""
    if not taken:
        return []
    rows = tuple(
        (
            Wording(item.kind.value, when(item.taken)),
            (
                f"{item.platform} / {item.external_id}\n{item.id}\n"
                f"确认 confirmed: {when(item.confirmed)}; 终结 ended: {when(item.ended)}"
            ),
        )
        for item in taken[:MOST_TOLD]
    )
    return [Facts(Wording("Measures", "采取的措施"), rows, max(0, len(taken) - MOST_TOLD))]


def own_attachments(attachments: Sequence[Attachment]) -> list[Attachment]:
    """Return the attachments that came from whoever gave the notice."""
    return [item for item in attachments if item.party == NOTIFIER]


def redacted_attachment(told: Mapping[str, Any]) -> dict[str, Any]:
    """Tell a file of the notifier without who of their people added it."""
    return {name: told[name] for name in ("id", "notice_id", "name", "sha256", "media_type", "size", "added", "file")}


def _measure(item: Measure) -> dict[str, Any]:
    return {
        "id": item.id,
        "kind": item.kind.value,
        "platform": item.platform,
        "external_id": item.external_id,
        "reference_sets": list(item.reference_sets),
        "because": item.because,
        "taken": item.taken.isoformat(),
        "confirmed": _time(item.confirmed),
        "ended": _time(item.ended),
    }


def _sweep(item: Swept) -> dict[str, Any]:
    sweep = item.sweep
    return {
        "id": sweep.id,
        "reference_sets": list(sweep.reference_sets),
        "state": sweep.state.value,
        "created": sweep.created.isoformat(),
        "started": _time(sweep.started),
        "ended": _time(sweep.ended),
        "looked_at": sweep.progress.done,
        "found": sweep.hits,
    }


def _time(time: datetime | None) -> str | None:
    return time.isoformat() if time is not None else None
