"""Screenings in a database: each with all that it leaves behind, at once or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from service.adapters.sql.audit import write_entry
from service.adapters.sql.case_rows import open_case
from service.adapters.sql.engine import writing
from service.adapters.sql.measures import keep_lora
from service.adapters.sql.outbox import write_message
from service.adapters.sql.tables import screened_pictures, screened_sets, screenings
from service.adapters.sql.texts import storable
from service.domain.audit import SYSTEM
from service.ports import Finished, KeptPicture, SetFound, StoredScreening

_MOST = 100
_LONGEST_NAME = 1024


class SqlScreeningStore:
    """A ScreeningStore over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, screening: StoredScreening, finished: Finished | None = None) -> StoredScreening:
        """Keep a screening with what it leaves behind, or return the one that used its idempotency key before."""
        row = {
            "id": screening.id,
            "platform": screening.platform,
            "external_id": screening.external_id,
            "created": screening.created,
            "request_sha256": screening.request_sha256,
            "idempotency_key": screening.idempotency_key,
            "answer": screening.answer,
        }
        try:
            with writing(self._engine) as connection:
                connection.execute(screenings.insert().values(row | (_columns(finished) if finished else {})))
                if finished is None:
                    write_entry(
                        connection,
                        at=screening.created,
                        actor=f"key:{screening.platform}",
                        action="screening.accepted",
                        subject=f"screening:{screening.id}",
                        after={"external_id": screening.external_id},
                    )
                else:
                    _leave_behind(connection, screening.id, screening.created, finished)
        except IntegrityError:
            if screening.idempotency_key is None:
                raise
            earlier = self.find(screening.platform, idempotency_key=screening.idempotency_key)
            if not earlier:
                raise
            return earlier[0]
        return screening if finished is None else replace(screening, answer=finished.answer)

    def finish(self, screening_id: str, finished: Finished) -> Mapping[str, Any]:
        """Put what a screening leaves behind, where it was not finished before; return the answer that stands."""
        change = screenings.update().where(screenings.c.id == screening_id, screenings.c.answer.is_(None))
        with writing(self._engine) as connection:
            if connection.execute(change.values(_columns(finished))).rowcount == 1:
                row = connection.execute(
                    sa.select(screenings.c.created, screenings.c.platform, screenings.c.external_id).where(
                        screenings.c.id == screening_id
                    )
                ).one()
                told = {"screening_id": screening_id, "external_id": row.external_id}
                write_message(
                    connection,
                    recipient=f"platform:{row.platform}",
                    kind="screening.finished",
                    payload=told | {name: finished.answer[name] for name in ("verdict", "shadow")},
                    at=finished.at,
                )
                _leave_behind(connection, screening_id, row.created, finished)
                return finished.answer
            query = sa.select(screenings.c.answer).where(screenings.c.id == screening_id)
            stands: Mapping[str, Any] = connection.execute(query).scalar_one()
            return stands

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
        columns = [screenings.c[name] for name in StoredScreening.__dataclass_fields__]
        query = sa.select(*columns).where(condition).order_by(screenings.c.created.desc()).limit(most)
        if platform is not None:
            query = query.where(screenings.c.platform == platform)
        with self._engine.connect() as connection:
            return [_stored(row) for row in connection.execute(query)]


def _columns(finished: Finished) -> dict[str, Any]:
    return {
        "answer": finished.answer,
        "uploader": storable(finished.uploader),
        "stage": finished.stage,
        "verdict": finished.answer["verdict"],
        "shadow": finished.answer["shadow"],
        "policy_version": finished.answer["policy_version"],
        "model": finished.answer["model"],
        "record": finished.record,
    }


def _leave_behind(connection: sa.Connection, screening_id: str, created: datetime, finished: Finished) -> None:
    """Write pictures, sets and case of a screening, and the audit entry that it was finished."""
    if finished.pictures:
        pictures = [_picture(screening_id, number, item) for number, item in enumerate(finished.pictures)]
        connection.execute(screened_pictures.insert(), pictures)
    if finished.sets:
        connection.execute(screened_sets.insert(), [_set(screening_id, created, item) for item in finished.sets])
    if finished.lora is not None:
        keep_lora(connection, screening_id, finished.lora)
    opened = finished.case
    if opened is not None:
        open_case(connection, opened)
    told = {name: finished.answer[name] for name in ("verdict", "shadow", "policy_version", "snapshot")}
    write_entry(
        connection,
        at=finished.at,
        actor=SYSTEM,
        action="screening.finished",
        subject=f"screening:{screening_id}",
        after=told | {"case_id": opened.id if opened is not None else None},
    )


def _picture(screening_id: str, number: int, picture: KeptPicture) -> dict[str, Any]:
    return {
        "screening_id": screening_id,
        "number": number,
        "name": (storable(picture.name) or "")[:_LONGEST_NAME],
        "sha256": picture.sha256,
        "pdq": picture.pdq,
        "vector": picture.vector,
        "kept": picture.kept,
    }


def _set(screening_id: str, created: datetime, found: SetFound) -> dict[str, Any]:
    return {
        "screening_id": screening_id,
        "reference_set": found.reference_set,
        "created": created,
        "outcome": found.outcome,
        "lowest_rate": found.lowest_rate,
        "kinds": list(found.kinds),
    }


def kept_picture(row: sa.Row[Any]) -> KeptPicture:
    """Read a row of screened_pictures."""
    return KeptPicture(row.name, row.sha256, bytes(row.pdq), bytes(row.vector), row.kept)


def set_found(row: sa.Row[Any]) -> SetFound:
    """Read a row of screened_sets."""
    kinds: Sequence[str] = row.kinds
    return SetFound(row.reference_set, row.outcome, row.lowest_rate, tuple(kinds))


def _stored(row: sa.Row[Any]) -> StoredScreening:
    return StoredScreening(
        id=row.id,
        platform=row.platform,
        external_id=row.external_id,
        created=row.created,
        request_sha256=row.request_sha256,
        idempotency_key=row.idempotency_key,
        answer=row.answer,
    )
