"""What was screened before, read for cases, rights owners and replays; and the forgetting of pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service.adapters.sql.audit import write_entry
from service.adapters.sql.engine import writing
from service.adapters.sql.screenings import kept_picture, set_found
from service.adapters.sql.tables import (
    cases,
    control_pictures,
    screened_pictures,
    screened_sets,
    screenings,
    set_references,
)
from service.domain.audit import SYSTEM
from service.ports import KeptPicture, PastScreening, SetFound

_AT_ONCE = 500
FINISHED = screenings.c.record.is_not(None)
PAST_COLUMNS = [
    screenings.c[name] for name in ("id", "platform", "external_id", "uploader", "created", "answer", "record")
]
"""What past_screening() reads."""


class SqlScreeningHistory:
    """A ScreeningHistory over SQLAlchemy; what was screened before there were records is not in it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def read(self, screening_id: str) -> PastScreening | None:
        """Return a finished screening, with its pictures."""
        pictures = screened_pictures.select().where(screened_pictures.c.screening_id == screening_id)
        with self._engine.connect() as connection:
            query = sa.select(*PAST_COLUMNS).where(screenings.c.id == screening_id, FINISHED)
            row = connection.execute(query).one_or_none()
            if row is None:
                return None
            kept = connection.execute(pictures.order_by(screened_pictures.c.number))
            return past_screening(row, tuple(kept_picture(item) for item in kept))

    def last(self, most: int, *, before: datetime | None = None) -> list[PastScreening]:
        """Return the latest, newest first."""
        query = sa.select(*PAST_COLUMNS).where(FINISHED)
        if before is not None:
            query = query.where(screenings.c.created < before)
        return self._read(query, most)

    def of_uploader(self, platform: str, uploader: str, most: int) -> list[PastScreening]:
        """Return an uploader's latest, newest first."""
        own = sa.and_(screenings.c.platform == platform, screenings.c.uploader == uploader)
        return self._read(sa.select(*PAST_COLUMNS).where(own, FINISHED), most)

    def of_set(self, reference_set: str, most: int) -> list[tuple[PastScreening, SetFound]]:
        """Return the latest in which something was found about a set, newest first."""
        found = [column for column in screened_sets.c if column.name not in ("screening_id", "created")]
        query = (
            sa.select(*PAST_COLUMNS, *found)
            .join_from(screened_sets, screenings)
            .where(screened_sets.c.reference_set == reference_set)
            .order_by(screened_sets.c.created.desc(), screenings.c.id)
        )
        with self._engine.connect() as connection:
            return [(past_screening(row), set_found(row)) for row in connection.execute(query.limit(most))]

    def pictures(self, most: int) -> Iterator[tuple[str, KeptPicture]]:
        """Go through the latest pictures; what comes in meanwhile is not seen."""
        position = sa.tuple_(screenings.c.created, screenings.c.id)
        query = sa.select(screenings.c.created, screenings.c.id).where(FINISHED)
        query = query.order_by(screenings.c.created.desc(), screenings.c.id.desc()).limit(_AT_ONCE)
        last: tuple[datetime, str] | None = None
        while most > 0:
            page = query if last is None else query.where(position < last)
            with self._engine.connect() as connection:
                some = connection.execute(page).all()
                if not some:
                    return
                place = {row.id: number for number, row in enumerate(some)}
                wanted = screened_pictures.select().where(screened_pictures.c.screening_id.in_(list(place)))
                rows = connection.execute(wanted).all()
            for row in sorted(rows, key=lambda item: (place[item.screening_id], item.number))[:most]:
                yield row.screening_id, kept_picture(row)
            most -= len(rows)
            last = (some[-1].created, some[-1].id)

    def _read(self, query: sa.Select[Any], most: int) -> list[PastScreening]:
        newest = query.order_by(screenings.c.created.desc(), screenings.c.id.desc()).limit(most)
        with self._engine.connect() as connection:
            return [past_screening(row) for row in connection.execute(newest)]


class SqlPictureRetention:
    """A PictureRetention over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def allowed(
        self, before: datetime, most: int, *, after: tuple[datetime, str] | None = None
    ) -> list[tuple[datetime, str]]:
        """Return what was allowed before a time, has pictures, and never had a case."""
        query = (
            sa.select(screenings.c.created, screenings.c.id)
            .where(screenings.c.created < before, screenings.c.verdict == "allow")
            .where(sa.exists().where(screened_pictures.c.screening_id == screenings.c.id))
            .where(~sa.exists().where(cases.c.screening_id == screenings.c.id))
            .order_by(screenings.c.created, screenings.c.id)
            .limit(most)
        )
        if after is not None:
            position = sa.tuple_(screenings.c.created, screenings.c.id)
            query = query.where(position > (after[0], after[1]))
        with self._engine.connect() as connection:
            return [(row.created, row.id) for row in connection.execute(query)]

    def forget(self, screening_ids: Sequence[str], now: datetime) -> list[str]:
        """Drop the signals of their pictures; return what no other screening, set or control picture speaks of."""
        theirs = screened_pictures.c.screening_id.in_(screening_ids)
        with writing(self._engine) as connection:
            dropped = set(connection.scalars(sa.select(screened_pictures.c.sha256).where(theirs)))
            connection.execute(screened_pictures.delete().where(theirs))
            used: set[str] = set()
            for table in (screened_pictures, set_references, control_pictures):
                for some in _batched(sorted(dropped)):
                    used |= set(connection.scalars(sa.select(table.c.sha256).where(table.c.sha256.in_(some))))
            for screening_id in screening_ids:
                subject = f"screening:{screening_id}"
                write_entry(connection, at=now, actor=SYSTEM, action="screening.pictures_forgotten", subject=subject)
        return sorted(dropped - used)


def past_screening(row: sa.Row[Any], pictures: tuple[KeptPicture, ...] = ()) -> PastScreening:
    """Read a row of PAST_COLUMNS."""
    return PastScreening(
        id=row.id,
        platform=row.platform,
        external_id=row.external_id,
        uploader=row.uploader,
        created=row.created,
        answer=row.answer,
        record=row.record,
        pictures=pictures,
    )


def _batched(items: list[str]) -> Iterator[list[str]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))
