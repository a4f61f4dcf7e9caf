"""The hashes that are told to partners: of pictures from the index in force, of blocked LoRAs from the record."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import sqlalchemy as sa

from service.adapters.live_index import LiveIndex
from service.adapters.sql.tables import blocked_loras, blocked_tensors
from service.domain.exchange import MOST_TENSORS, NEAR
from service.ports.exchange import BlockedHashes

_NEAREST = 64


class OwnHashesInForce:
    """OwnHashes over the index in force and SQLAlchemy."""

    def __init__(self, engine: sa.Engine, index: LiveIndex) -> None:
        self._engine = engine
        self._index = index

    def blocked(self, since: datetime | None, reference_set: str | None) -> list[BlockedHashes]:
        """Return the blocked LoRAs in force."""
        query = sa.select(blocked_loras).where(blocked_loras.c.removed.is_(None)).order_by(blocked_loras.c.id)
        if since is not None:
            query = query.where(blocked_loras.c.added >= since)
        if reference_set is not None:
            query = query.where(blocked_loras.c.reference_set == reference_set)
        tensors = sa.select(blocked_tensors.c.sha256).distinct().order_by(blocked_tensors.c.sha256).limit(MOST_TENSORS)
        with self._engine.connect() as connection:
            return [
                BlockedHashes(
                    title=row.title,
                    reference_set=row.reference_set,
                    reason=row.reason,
                    added=row.added,
                    sha256=row.sha256,
                    body_sha256=row.body_sha256,
                    tensors=tuple(connection.scalars(tensors.where(blocked_tensors.c.blocked_id == row.id))),
                )
                for row in connection.execute(query).all()
            ]

    def pdq(self, slug: str) -> list[str]:
        """Return the PDQ hashes of a set's references."""
        snapshot = self._index.get().snapshot
        number = next((place for place, item in enumerate(snapshot.sets) if item.slug == slug), None)
        if number is None:
            return []
        rows = np.flatnonzero(snapshot.owners[snapshot.hash_rows] == number)
        return sorted({snapshot.pdq.stored(int(row)).tobytes().hex() for row in rows})

    def near(self, pdq: bytes) -> list[str]:
        """Return the slugs of the sets near a hash."""
        snapshot = self._index.get().snapshot
        distances, rows = snapshot.pdq.search(np.frombuffer(pdq, np.uint8).reshape(1, -1), _NEAREST)
        found = [
            snapshot.sets[int(snapshot.owners[snapshot.hash_rows[row]])].slug
            for distance, row in zip(distances[0], rows[0], strict=True)
            if distance <= NEAR
        ]
        return list(dict.fromkeys(found))
