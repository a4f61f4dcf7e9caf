"""The audit log in a database: written by every store, in the transaction of the change it tells of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from service.adapters.sql.tables import audit_entries, audit_head
from service.domain.audit import Entry, canonical, next_entry

_AT_ONCE = 1000


def write_entry(
    connection: sa.Connection,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Entry:
    """Append an entry inside the caller's transaction; other writers wait until it ends."""
    number, sha256 = _take_head(connection)
    last = (number, sha256) if number else None
    # Databases keep microseconds; what is hashed must be what is read back.
    entry = next_entry(
        last,
        at.astimezone(UTC),
        actor=actor,
        action=action,
        subject=subject,
        before=canonical(before),
        after=canonical(after),
    )
    connection.execute(
        audit_entries.insert().values(
            number=entry.number,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            before=entry.before,
            after=entry.after,
            previous=entry.previous,
            sha256=entry.sha256,
        )
    )
    connection.execute(audit_head.update().values(number=entry.number, sha256=entry.sha256))
    return entry


def _take_head(connection: sa.Connection) -> tuple[int, str]:
    """Read the last entry's number (0 where there is none) and hash, and keep others from writing after it."""
    row = connection.execute(sa.select(audit_head.c.number, audit_head.c.sha256).with_for_update()).one()
    return row.number, row.sha256


class SqlAuditLog:
    """Reads the audit log."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def entries(self, *, subject: str | None = None, after: int = 0, most: int = _AT_ONCE) -> list[Entry]:
        """Return entries in order of number, of one subject or of all, from the one after `after`."""
        query = sa.select(audit_entries).where(audit_entries.c.number > after).order_by(audit_entries.c.number)
        if subject is not None:
            # PostgreSQL takes no NUL in a text, not even to look for it.
            query = query.where(audit_entries.c.subject == subject.replace("\x00", "\ufffd"))
        with self._engine.connect() as connection:
            return [_entry(row) for row in connection.execute(query.limit(most))]

    def all_entries(self) -> Iterator[Entry]:
        """Go through the whole log, a thousand entries at a time."""
        number = 0
        while some := self.entries(after=number):
            yield from some
            number = some[-1].number

    def head(self) -> tuple[int, str] | None:
        """Return number and hash of the last entry, as the log states them; None where nothing was written."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(audit_head.c.number, audit_head.c.sha256)).one_or_none()
        return (row.number, row.sha256) if row is not None and row.number else None


def _entry(row: sa.Row[Any]) -> Entry:
    return Entry(
        number=row.number,
        at=row.at,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        before=row.before,
        after=row.after,
        previous=row.previous,
        sha256=row.sha256,
    )
