"""The audit log: what changed, by whom, and when, in a chain in which nothing can be altered without a trace.

Each entry carries the hash of the one before it. Whoever changes, drops or reorders an entry has to change every hash
after it, and the last hash is what an operator notes elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

BEGINNING = "0" * 64
"""What the first entry names as the hash before it."""

SYSTEM = "system"
"""The actor of what the service does by itself."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One change. `number` counts from 1; `before` and `after` are JSON texts, `null` where there was or is nothing.

    `subject` names what changed, such as `case:case_1f…`; `action` what was done, such as `case.decided`.
    """

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    before: str
    after: str
    previous: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a chain breaks: the number of the entry, and what is wrong with it."""

    number: int
    what: str


def canonical(value: Mapping[str, Any] | None) -> str:
    """Write a value so that equal values are equal texts."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def next_entry(
    last: tuple[int, str] | None, at: datetime, *, actor: str, action: str, subject: str, before: str, after: str
) -> Entry:
    """Make the entry that follows the one of number and hash `last`, or the first."""
    number, previous = (last[0] + 1, last[1]) if last else (1, BEGINNING)
    at = at.astimezone(UTC)
    digest = entry_sha256(number, at, actor, action, subject, before, after, previous)
    return Entry(number, at, actor, action, subject, before, after, previous, digest)


def verify(entries: Iterable[Entry], *, head: tuple[int, str] | None = None) -> Fault | None:
    """Follow a chain from its first entry; return the first fault, or None.

    `head` is the number and hash that the last entry has to have: entries missing at the end leave no other trace.
    """
    number, previous = 0, BEGINNING
    for entry in entries:
        if entry.number != number + 1:
            return Fault(entry.number, f"follows entry {number}: an entry is missing, doubled or out of order")
        if entry.previous != previous:
            return Fault(entry.number, "does not name the hash of the entry before it")
        own = entry_sha256(
            entry.number,
            entry.at,
            entry.actor,
            entry.action,
            entry.subject,
            entry.before,
            entry.after,
            entry.previous,
        )
        if own != entry.sha256:
            return Fault(entry.number, "was changed: its content does not have the hash it carries")
        number, previous = entry.number, entry.sha256
    if head is not None and head != (number, previous):
        return Fault(number, f"is the last one found, but the log says that {head[0]} is: entries are missing")
    return None


def entry_sha256(*parts: object) -> str:
    """Hash an entry's parts in the order of its fields, but for the hash itself."""
    written = [part.astimezone(UTC).isoformat() if isinstance(part, datetime) else part for part in parts]
    return hashlib.sha256(json.dumps(written, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
