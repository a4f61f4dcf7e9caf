"""Partners and what they told, in a database; hashes of pictures are searched in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from indexer.index.flat import FlatHashIndex
from service.adapters.sql.audit import write_entry
from service.adapters.sql.engine import writing
from service.adapters.sql.outbox import write_message
from service.adapters.sql.tables import partner_entries, partner_hashes, partners, revisions
from service.domain.exchange import NEAR, Entry, EntryKind, Partner, PartnerEntry, Provenance

T = TypeVar("T")
ALERT = "partner.alert"
_REVISION = "partner_entries"
_HERE = partners.c.removed.is_(None)
_AT_ONCE = 500
_MOST_FOUND = 50
_NEAREST = 8


class SqlPartners:
    """Partners over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, partner: Partner) -> bool:
        """Register one; a name that was removed may come back with another key."""
        row = {
            "name": partner.name,
            "public_key": partner.public_key,
            "key_id": partner.key_id,
            "added": partner.added,
            "added_by": partner.added_by,
            "last_issued": None,
            "removed": None,
        }
        with writing(self._engine) as connection:
            same = sa.or_(partners.c.name == partner.name, sa.and_(_HERE, partners.c.key_id == partner.key_id))
            known = connection.execute(sa.select(partners).where(same)).all()
            if any(item.removed is None for item in known):
                return False
            change = partners.update().where(partners.c.name == partner.name) if known else partners.insert()
            connection.execute(change.values(row))
            after = {"key_id": partner.key_id}
            _tell(connection, partner.name, "added", partner.added_by, partner.added, after)
            return True

    def list_all(self) -> list[Partner]:
        """Return those that were not removed."""
        query = sa.select(partners).where(_HERE).order_by(partners.c.name)
        with self._engine.connect() as connection:
            return [
                Partner(
                    name=row.name,
                    public_key=bytes(row.public_key),
                    key_id=row.key_id,
                    added=row.added,
                    added_by=row.added_by,
                    last_issued=row.last_issued,
                )
                for row in connection.execute(query)
            ]

    def remove(self, name: str, by: str, now: datetime) -> bool:
        """Remove one with all its entries."""
        with writing(self._engine) as connection:
            change = partners.update().where(partners.c.name == name, _HERE).values(removed=now)
            if connection.execute(change).rowcount != 1:
                return False
            in_force = sa.and_(partner_entries.c.partner == name, partner_entries.c.withdrawn.is_(None))
            connection.execute(partner_entries.update().where(in_force).values(withdrawn=now))
            _grow(connection)
            _tell(connection, name, "removed", by, now, {})
            return True

    def alert(
        self, names: Sequence[str], payload: Mapping[str, Any], subject: str, by: str, now: datetime
    ) -> list[str]:
        """Write to each."""
        with writing(self._engine) as connection:
            ids = [
                write_message(connection, recipient=f"partner:{name}", kind=ALERT, payload=payload, at=now)
                for name in names
            ]
            after = {"partners": list(names), "messages": ids, "because": payload.get("because")}
            write_entry(connection, at=now, actor=by, action="exchange.forwarded", subject=subject, after=after)
        return ids


class SqlPartnerEntries:
    """PartnerEntries over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._revision = -1
        self._ids: list[str] = []
        self._pdq = FlatHashIndex.of(np.zeros((0, 32), np.uint8))
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    def keep(
        self, partner: Partner, entries: Sequence[Entry], issued: datetime, by: str, now: datetime, *, complete: bool
    ) -> int:
        """Keep entries, and withdraw what is told no more."""
        withdrawn = 0
        rows = {row["id"]: row for row in (_row(partner.name, entry, now) for entry in entries)}
        with writing(self._engine) as connection:
            wanted = sa.and_(partner_entries.c.partner == partner.name, partner_entries.c.withdrawn.is_(None))
            before = set(connection.scalars(sa.select(partner_entries.c.id).where(wanted)))
            for some in _batched(sorted(rows)):
                connection.execute(partner_hashes.delete().where(partner_hashes.c.entry_id.in_(some)))
                new = self._insert(partner_entries)
                change = {name: new.excluded[name] for name in rows[some[0]] if name != "id"}
                put = new.on_conflict_do_update(index_elements=["id"], set_=change)
                connection.execute(put, [rows[entry_id] for entry_id in some])
                hashes = [
                    {"entry_id": entry_id, "sha256": sha256} for entry_id in some for sha256 in _hashes(rows[entry_id])
                ]
                for few in _batched(hashes):
                    connection.execute(partner_hashes.insert(), list(few))
            if complete:
                gone = sorted(before - set(rows))
                withdrawn = len(gone)
                for some in _batched(gone):
                    change_gone = partner_entries.update().where(partner_entries.c.id.in_(some))
                    connection.execute(change_gone.values(withdrawn=now))
            told = partners.update().where(partners.c.name == partner.name)
            connection.execute(told.values(last_issued=issued))
            _grow(connection)
            after = {"issued": issued.isoformat(), "kept": len(rows), "withdrawn": withdrawn, "complete": complete}
            _tell(connection, partner.name, "imported", by, now, after)
        return withdrawn

    def list_all(self, partner: str, now: datetime) -> list[PartnerEntry]:
        """Return the entries of a partner."""
        with self._engine.connect() as connection:
            return _read(connection, partner_entries.c.partner == partner, now)

    def withdraw(self, entry_id: str, by: str, now: datetime) -> bool:
        """Take an entry out of force."""
        in_force = sa.and_(partner_entries.c.id == entry_id, partner_entries.c.withdrawn.is_(None))
        with writing(self._engine) as connection:
            partner = connection.scalar(sa.select(partner_entries.c.partner).where(in_force))
            if partner is None:
                return False
            connection.execute(partner_entries.update().where(in_force).values(withdrawn=now))
            _grow(connection)
            _tell(connection, partner, "entry_withdrawn", by, now, {"entry_id": entry_id})
            return True

    def sharing(self, sha256: Sequence[str], now: datetime) -> list[PartnerEntry]:
        """Return LoRAs that have one of some hashes."""
        found: dict[str, PartnerEntry] = {}
        with self._engine.connect() as connection:
            for some in _batched(sorted(set(sha256))):
                ids = sa.select(partner_hashes.c.entry_id).where(partner_hashes.c.sha256.in_(some))
                read = _read(connection, partner_entries.c.id.in_(ids), now, _MOST_FOUND)
                found |= {item.id: item for item in read}
        return list(found.values())[:_MOST_FOUND]

    def near(self, pdq: Sequence[bytes], now: datetime) -> list[list[tuple[PartnerEntry, int]]]:
        """Return pictures near some."""
        with self._lock:
            self._refresh()
            ids, index = self._ids, self._pdq
        if not ids or not pdq:
            return [[] for _ in pdq]
        queries = np.frombuffer(b"".join(pdq), np.uint8).reshape(len(pdq), -1)
        distances, rows = index.search(queries, _NEAREST)
        near = [
            [(ids[row], int(distance)) for distance, row in zip(*some, strict=True) if distance <= NEAR]
            for some in zip(distances, rows, strict=True)
        ]
        wanted = sorted({entry_id for some in near for entry_id, _ in some})
        known: dict[str, PartnerEntry] = {}
        with self._engine.connect() as connection:
            for some_ids in _batched(wanted):
                known |= {item.id: item for item in _read(connection, partner_entries.c.id.in_(some_ids), now)}
        return [[(known[entry_id], distance) for entry_id, distance in some if entry_id in known] for some in near]

    def _refresh(self) -> None:
        """Read the hashes of pictures again where anything changed."""
        with self._engine.connect() as connection:
            number = sa.select(revisions.c.number).where(revisions.c.name == _REVISION)
            revision = connection.scalar(number) or 0
            if revision == self._revision:
                return
            wanted = sa.and_(partner_entries.c.kind == EntryKind.PDQ.value, partner_entries.c.withdrawn.is_(None))
            rows = connection.execute(sa.select(partner_entries.c.id, partner_entries.c.value).where(wanted)).all()
        hashes = b"".join(bytes.fromhex(row.value["pdq"]) for row in rows)
        self._ids = [row.id for row in rows]
        self._pdq = FlatHashIndex.of(np.frombuffer(hashes, np.uint8).reshape(-1, 32))
        self._revision = revision


def _row(partner: str, entry: Entry, now: datetime) -> dict[str, Any]:
    return {
        "id": f"{partner}:{entry.id}",
        "partner": partner,
        "kind": entry.kind.value,
        "reference_set": entry.reference_set,
        "title": dict(entry.title),
        "value": dict(entry.value),
        "owner": entry.provenance.owner,
        "since": entry.provenance.since,
        "because": entry.provenance.because,
        "expires": entry.expires,
        "imported": now,
        "withdrawn": None,
    }


def _hashes(row: Mapping[str, Any]) -> set[str]:
    value = row["value"]
    return {value["sha256"], value["body_sha256"], *value["tensors"]} if row["kind"] == EntryKind.LORA else set()


def _read(
    connection: sa.Connection, wanted: sa.ColumnElement[bool], now: datetime, most: int | None = None
) -> list[PartnerEntry]:
    in_force = sa.and_(partner_entries.c.withdrawn.is_(None), partner_entries.c.expires > now)
    query = sa.select(partner_entries).where(wanted, in_force).order_by(partner_entries.c.id).limit(most)
    return [
        PartnerEntry(
            id=row.id,
            partner=row.partner,
            entry=Entry(
                kind=EntryKind(row.kind),
                reference_set=row.reference_set,
                title=row.title,
                value=row.value,
                provenance=Provenance(row.owner, row.since, row.because),
                expires=row.expires,
            ),
            imported=row.imported,
        )
        for row in connection.execute(query)
    ]


def _grow(connection: sa.Connection) -> None:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    first = insert(revisions).values(name=_REVISION, number=1)
    grown = {"number": revisions.c.number + 1}
    connection.execute(first.on_conflict_do_update(index_elements=["name"], set_=grown))


def _tell(  # noqa: PLR0917 (what, who, when)
    connection: sa.Connection, name: str, action: str, by: str, now: datetime, after: Mapping[str, Any]
) -> None:
    subject = f"partner:{name}"
    write_entry(connection, at=now, actor=by, action=f"partner.{action}", subject=subject, after=after)


def _batched(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))
