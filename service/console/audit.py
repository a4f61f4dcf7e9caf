"""The audit log: `/console/audit`, for admins."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from service.console.pages import AdminPage, Page
from service.domain.audit import Entry
from service.usecases.log_check import LogChecked

router = APIRouter()
ROWS = 50
MOST_OF_ONE = 1000
"""Entries of one subject that are shown, the latest of them."""


@dataclass(frozen=True, slots=True)
class Line:
    """An entry, and what it changed: field, before, after."""

    entry: Entry
    changes: tuple[tuple[str, Any, Any], ...]


@router.get("/audit")
def audit(page: AdminPage) -> Response:
    """Show entries, the latest first."""
    return _audit(page)


@router.post("/audit/verification")
def check(page: AdminPage) -> Response:
    """Follow the whole chain, and say whether it is whole."""
    found = page.wired.log_check.check()
    return _audit(page, checked=found)


def _audit(page: Page, *, checked: LogChecked | None = None) -> Response:
    query = page.request.query_params
    subject = query.get("subject", "").strip()[:160]
    head = page.wired.audit.head()
    newest = head[0] if head else 0
    given = query.get("to", "")
    last = min(int(given), newest) if given.isascii() and given.isdigit() and len(given) < 16 else newest  # noqa: PLR2004
    if subject:
        found, older = _latest_of(page, subject), None
    else:
        found = page.wired.audit.entries(after=max(0, last - ROWS), most=ROWS)[::-1]
        older = last - ROWS if last > ROWS else None
    return page.render(
        "audit.html",
        lines=[Line(entry, _changes(entry)) for entry in found],
        subject=subject,
        older=older,
        newer=min(last + ROWS, newest) if not subject and last < newest else None,
        head=head,
        checked=checked,
    )


def _latest_of(page: Page, subject: str) -> list[Entry]:
    return page.wired.audit.entries(subject=subject, most=MOST_OF_ONE)[::-1]


def _changes(entry: Entry) -> tuple[tuple[str, Any, Any], ...]:
    before, after = (_fields(text) for text in (entry.before, entry.after))
    return tuple((name, before.get(name), after.get(name)) for name in dict.fromkeys([*before, *after]))


def _fields(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if value is None:
        return {}
    return value if isinstance(value, dict) else {"": value}
