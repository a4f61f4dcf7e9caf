"""Screenings in a database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from service.adapters.sql.engine import in_utc
from service.adapters.sql.tables import screenings
from service.ports import StoredScreening

_MOST = 100


class SqlScreeningStore:
    """A ScreeningStore over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, screening: StoredScreening) -> StoredScreening:
        """Keep a screening, or return the one that used its idempotency key before."""
        try:
            with self._engine.begin() as connection:
                connection.execute(
                    screenings.insert().values(
                        id=screening.id,
                        platform=screening.platform,
                        external_id=screening.external_id,
                        created=screening.created.astimezone(UTC),
                        request_sha256=screening.request_sha256,
                        idempotency_key=screening.idempotency_key,
                        answer=screening.answer,
                    )
                )
        except IntegrityError:
            if screening.idempotency_key is None:
                raise
            earlier = self.find(screening.platform, idempotency_key=screening.idempotency_key)
            if not earlier:
                raise
            return earlier[0]
        return screening

    def finish(self, screening_id: str, answer: Mapping[str, Any]) -> None:
        """Put the answer to a screening."""
        with self._engine.begin() as connection:
            connection.execute(screenings.update().where(screenings.c.id == screening_id).values(answer=answer))

    def get(self, screening_id: str, platform: str | None) -> StoredScreening | None:
        """Return a screening of a platform, or of any."""
        found = self._select(screenings.c.id == screening_id, platform)
        return found[0] if found else None

    def find(
        self, platform: str | None, *, external_id: str | None = None, idempotency_key: str | None = None
    ) -> list[StoredScreening]:
        """Return screenings by external id or idempotency key, newest first."""
        if external_id is not None:
            return self._select(screenings.c.external_id == external_id, platform)
        return self._select(screenings.c.idempotency_key == idempotency_key, platform)

    def unfinished(self) -> list[StoredScreening]:
        """Return what has no answer."""
        return self._select(screenings.c.answer.is_(None), None, most=None)

    def _select(
        self, condition: sa.ColumnElement[bool], platform: str | None, most: int | None = _MOST
    ) -> list[StoredScreening]:
        query = screenings.select().where(condition).order_by(screenings.c.created.desc()).limit(most)
        if platform is not None:
            query = query.where(screenings.c.platform == platform)
        with self._engine.connect() as connection:
            return [_stored(row) for row in connection.execute(query)]


def _stored(row: sa.Row[Any]) -> StoredScreening:
    return StoredScreening(
        id=row.id,
        platform=row.platform,
        external_id=row.external_id,
        created=in_utc(row.created),
        request_sha256=row.request_sha256,
        idempotency_key=row.idempotency_key,
        answer=row.answer,
    )
