"""Blocked LoRAs in a database; the short list of fingerprints is searched in memory."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from indexer.fingerprints import summary, unpack
from indexer.model import LoraSignals, TensorHash
from indexer.ports import FloatArray
from service.adapters.sql.audit import write_entry
from service.adapters.sql.engine import writing
from service.adapters.sql.tables import blocked_layers, blocked_loras, blocked_tensors
from service.domain.blocked import BlockedLora
from service.ports import Nearest

T = TypeVar("T")
_AT_ONCE = 500
_SHARING = 20
_LONGEST_NAME = 512
_CONTROL = re.compile(r"[\x00-\x1f]")
_WHOLE = 64
_SAME_FILE = 2.0
_NEAREST = 20
_IN_FORCE = blocked_loras.c.removed.is_(None)


class SqlBlockedLoras:
    """BlockedLoras over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._revision: tuple[int, int] | None = None
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
        self._ids: list[str] = []
        self._layers: frozenset[str] = frozenset()
        self._summaries: FloatArray = np.zeros((0, 0), np.float32)

    def add(self, blocked: BlockedLora) -> BlockedLora:
        """Keep a LoRA, or return the one that is blocked already."""
        signals = blocked.signals
        fingerprint = signals.fingerprint
        stored = None if fingerprint is None else unpack(fingerprint)
        tensors = Counter((item.sha256, item.dtype, _written(item.shape)) for item in signals.tensors if item.telling)
        row = {
            "id": blocked.id,
            "title": blocked.title,
            "reference_set": blocked.reference_set,
            "reason": blocked.reason,
            "added": blocked.added,
            "added_by": blocked.added_by,
            "file_name": _CONTROL.sub("", signals.name)[:_LONGEST_NAME],
            "sha256": signals.sha256,
            "body_sha256": signals.body_sha256,
            "fingerprint": fingerprint,
            "telling": max(1, len(tensors)),
            "summary": None if stored is None else summary(stored).tobytes(),
        }
        try:
            with writing(self._engine) as connection:
                connection.execute(blocked_loras.insert().values(row))
                # In order, so that two who add at once do not wait for each other.
                for names in _batched(sorted(map(_hashed, stored.names)) if stored is not None else ()):
                    new = self._insert(blocked_layers).on_conflict_do_nothing()
                    connection.execute(new, [{"name_sha256": name} for name in names])
                for some in _batched(list(tensors.items())):
                    connection.execute(
                        blocked_tensors.insert(),
                        [
                            {"blocked_id": blocked.id, "sha256": sha256, "dtype": dtype, "shape": shape, "copies": n}
                            for (sha256, dtype, shape), n in some
                        ],
                    )
                told = ("title", "reference_set", "reason", "sha256", "body_sha256")
                write_entry(
                    connection,
                    at=blocked.added,
                    actor=blocked.added_by,
                    action="blocked_lora.added",
                    subject=f"blocked_lora:{blocked.id}",
                    after={name: row[name] for name in told},
                )
        except IntegrityError:
            earlier = self._read(sa.and_(_IN_FORCE, blocked_loras.c.sha256 == signals.sha256))
            if not earlier:
                raise
            return earlier[0]
        return blocked

    def remove(self, blocked_id: str, when: datetime, by: str) -> bool:
        """Put a LoRA out of force."""
        with writing(self._engine) as connection:
            return release_lora(connection, blocked_id, when, by)

    def list_all(self) -> list[BlockedLora]:
        """Return all in force, newest first."""
        return self._read(_IN_FORCE)

    def sharing(self, signals: LoraSignals | None, claims: Sequence[str]) -> list[BlockedLora]:
        """Return those that share bytes, or are claimed, with their tensors."""
        with self._engine.connect() as connection:
            computed = self._computed(connection, signals) if signals is not None else {}
            claimed = self._claimed(connection, claims)
        chosen = sorted(computed, key=lambda blocked_id: -computed[blocked_id])[:_SHARING]
        # A short list of their own: nobody may crowd out what was computed by claiming more.
        return self._in_order([*chosen, *(item for item in claimed[:_SHARING] if item not in chosen)], tensors=True)

    def _computed(self, connection: sa.Connection, signals: LoraSignals) -> dict[str, float]:
        """Return, for each that shares bytes, the share of its tensors; the same file comes before all."""
        same = sa.or_(blocked_loras.c.sha256 == signals.sha256, blocked_loras.c.body_sha256 == signals.body_sha256)
        found: dict[str, float] = {}
        for some in _batched(sorted({item.sha256 for item in signals.tensors if item.telling})):
            query = (
                sa.select(blocked_tensors.c.blocked_id, sa.func.count(), blocked_loras.c.telling)
                .join(blocked_loras)
                .where(_IN_FORCE, blocked_tensors.c.sha256.in_(some))
                .group_by(blocked_tensors.c.blocked_id, blocked_loras.c.telling)
            )
            for blocked_id, count, telling in connection.execute(query):
                found[blocked_id] = found.get(blocked_id, 0.0) + count / telling
        for blocked_id in connection.scalars(sa.select(blocked_loras.c.id).where(_IN_FORCE, same)):
            found[blocked_id] = _SAME_FILE
        return found

    def _claimed(self, connection: sa.Connection, claims: Sequence[str]) -> list[str]:
        """Return those whose hash is claimed, the whole before the beginnings."""
        hashes = (blocked_loras.c.sha256, blocked_loras.c.body_sha256)
        found: list[str] = []
        for some in _batched(sorted(claims, key=lambda claim: -len(claim))):
            wanted = [
                column == claim if len(claim) == _WHOLE else column.startswith(claim)
                for claim in some
                for column in hashes
            ]
            order = sa.case((sa.or_(*(column.in_(some) for column in hashes)), 0), else_=1)
            query = sa.select(blocked_loras.c.id).where(_IN_FORCE, sa.or_(*wanted)).order_by(order, blocked_loras.c.id)
            found += connection.scalars(query.limit(_SHARING))
        return list(dict.fromkeys(found))

    def nearest(self, fingerprint: bytes) -> Nearest:
        """Return a short list by the summaries of the fingerprints."""
        with self._lock:
            self._refresh()
            ids, summaries, layers = self._ids, self._summaries, self._layers
        if not ids:
            return Nearest((), 0)
        own = unpack(fingerprint)
        closeness = summaries @ summary(own, {name for name in own.names if _hashed(name) in layers})
        order = np.argsort(-np.abs(closeness), kind="stable")[:_NEAREST]
        return Nearest(self._in_order([ids[place] for place in order], fingerprints=True), len(ids))

    def _refresh(self) -> None:
        """Read the summaries again where any was added or removed: both counts only grow."""
        counted = sa.select(sa.func.count(), sa.func.count(blocked_loras.c.removed))
        with self._engine.connect() as connection:
            revision = tuple(connection.execute(counted).one())
            if revision == self._revision:
                return
            query = sa.select(blocked_loras.c.id, blocked_loras.c.summary)
            rows = connection.execute(query.where(_IN_FORCE, blocked_loras.c.summary.is_not(None))).all()
            self._layers = frozenset(connection.scalars(sa.select(blocked_layers.c.name_sha256)))
        self._ids = [row.id for row in rows]
        read = [np.frombuffer(row.summary, np.float32) for row in rows]
        self._summaries = np.stack(read) if read else np.zeros((0, 0), np.float32)
        self._revision = (revision[0], revision[1])

    def _in_order(self, ids: Sequence[str], *, tensors: bool = False, fingerprints: bool = False) -> list[BlockedLora]:
        condition = sa.and_(_IN_FORCE, blocked_loras.c.id.in_(ids))
        found = {item.id: item for item in self._read(condition, tensors=tensors, fingerprints=fingerprints)}
        return [found[blocked_id] for blocked_id in ids if blocked_id in found]

    def _read(
        self, condition: sa.ColumnElement[bool], *, tensors: bool = False, fingerprints: bool = False
    ) -> list[BlockedLora]:
        left_out = {"summary"} if fingerprints else {"summary", "fingerprint"}
        columns = [column for column in blocked_loras.c if column.name not in left_out]
        query = sa.select(*columns).where(condition).order_by(blocked_loras.c.added.desc(), blocked_loras.c.id)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
            held: dict[str, list[sa.Row[Any]]] = {row.id: [] for row in rows}
            if tensors:
                wanted = sa.select(blocked_tensors).where(blocked_tensors.c.blocked_id.in_(list(held)))
                for row in connection.execute(wanted):
                    held[row.blocked_id].append(row)
        return [_blocked(row, held[row.id], row.fingerprint if fingerprints else None) for row in rows]


def release_lora(connection: sa.Connection, blocked_id: str, when: datetime, by: str) -> bool:
    """Put a LoRA out of force inside the caller's transaction; tell whether it was in force."""
    change = blocked_loras.update().where(blocked_loras.c.id == blocked_id, _IN_FORCE)
    if connection.execute(change.values(removed=when, removed_by=by)).rowcount != 1:
        return False
    subject = f"blocked_lora:{blocked_id}"
    write_entry(connection, at=when, actor=by, action="blocked_lora.released", subject=subject)
    return True


def _blocked(row: sa.Row[Any], tensors: Iterable[sa.Row[Any]], fingerprint: bytes | None) -> BlockedLora:
    hashes = [
        TensorHash(item.dtype, _read_shape(item.shape), item.sha256, telling=True)
        for item in tensors
        for _ in range(item.copies)
    ]
    return BlockedLora(
        id=row.id,
        title=row.title,
        reference_set=row.reference_set,
        reason=row.reason,
        added=row.added,
        added_by=row.added_by,
        signals=LoraSignals(row.file_name, row.sha256, row.body_sha256, tuple(sorted(hashes)), fingerprint),
    )


def _batched(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut what may be more than a statement can carry."""
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))


def _hashed(name: str) -> str:
    """A layer may be called anything, at any length."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def _written(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _read_shape(text: str) -> tuple[int, ...]:
    return tuple(int(side) for side in text.split("x")) if text else ()
