"""Seals in a database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service.adapters.sql.audit import write_entry
from service.adapters.sql.engine import writing
from service.adapters.sql.tables import audit_entries, seal_stamps, seals
from service.domain.audit import SYSTEM
from service.domain.seal import Seal

_WITH_STAMPS = (
    sa.select(seals, seal_stamps.c.stamp)
    .outerjoin(seal_stamps, seal_stamps.c.seal == seals.c.number)
    .order_by(seals.c.number)
)


class SqlSeals:
    """Seals over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def all_seals(self) -> list[Seal]:
        """Return all in order."""
        with self._engine.connect() as connection:
            return [_seal(row) for row in connection.execute(_WITH_STAMPS)]

    def covering(self, entry: int) -> Seal | None:
        """Return the seal over an entry."""
        query = _WITH_STAMPS.where(seals.c.first <= entry, seals.c.last >= entry)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return _seal(row) if row is not None else None

    def waiting(self) -> tuple[int, datetime | None]:
        """Count the entries that no seal holds, and tell when the oldest was written."""
        last = sa.select(sa.func.coalesce(sa.func.max(seals.c.last), 0)).scalar_subquery()
        query = sa.select(sa.func.count(), sa.func.min(audit_entries.c.at)).where(
            audit_entries.c.number > last, sa.not_(audit_entries.c.subject.startswith("seal:"))
        )
        with self._engine.connect() as connection:
            count, oldest = connection.execute(query).one()
        return count, oldest

    def add(self, seal: Seal) -> bool:
        """Keep a seal. Two processes may come with the same number; the first one's stands."""
        try:
            with writing(self._engine) as connection:
                connection.execute(
                    seals.insert().values(
                        number=seal.number,
                        first=seal.first,
                        last=seal.last,
                        sha256=seal.sha256,
                        root=seal.root,
                        at=seal.at,
                        public_key=seal.public_key,
                        signature=seal.signature,
                    )
                )
                after = {"first": seal.first, "last": seal.last, "sha256": seal.sha256, "root": seal.root}
                _note(connection, seal.number, "seal.made", seal.at, {**after, "signature": seal.signature})
        except sa.exc.IntegrityError:
            return False
        return True

    def stamp(self, number: int, stamp: bytes, now: datetime) -> bool:
        """Put a time stamp to a seal."""
        try:
            with writing(self._engine) as connection:
                values = {"seal": number, "stamp": stamp, "stamped": now}
                connection.execute(seal_stamps.insert().values(values))
                _note(connection, number, "seal.stamped", now, {"bytes": len(stamp)})
        except sa.exc.IntegrityError:
            return False
        return True


def _note(connection: sa.Connection, number: int, action: str, at: datetime, after: dict[str, Any]) -> None:
    write_entry(connection, at=at, actor=SYSTEM, action=action, subject=f"seal:{number}", after=after)


def _seal(row: sa.Row[Any]) -> Seal:
    return Seal(
        number=row.number,
        first=row.first,
        last=row.last,
        sha256=row.sha256,
        root=row.root,
        at=row.at,
        public_key=row.public_key,
        signature=row.signature,
        stamp=bytes(row.stamp) if row.stamp is not None else None,
    )
