"""What was screened, in the order in which the record changed: the audit log is that order.

Entries are written one after the other in the transactions that they tell of, so whoever has read up to a number has
missed nothing that is committed later.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from service.adapters.sql.screening_history import FINISHED, PAST_COLUMNS, past_screening
from service.adapters.sql.screenings import kept_picture
from service.adapters.sql.tables import audit_entries, screened_pictures, screenings
from service.ports import KeptPicture, PastScreening, RecordChanges, ScreenedPicture

_SUBJECT = "screening:"
_FORGOTTEN = "screening.pictures_forgotten"
_ACTIONS = ("screening.finished", _FORGOTTEN)


class SqlPictureRecord:
    """A PictureRecord over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def changes(self, after: int, most: int) -> RecordChanges:
        """Return what happened to screened pictures after a place."""
        with self._engine.connect() as connection:
            head = connection.scalar(sa.select(sa.func.max(audit_entries.c.number))) or 0
            place = min(after + most, head)
            entries = connection.execute(
                sa.select(audit_entries.c.action, audit_entries.c.subject)
                .where(audit_entries.c.number > after, audit_entries.c.number <= place)
                .where(audit_entries.c.action.in_(_ACTIONS))
            ).all()
            ids = {row.subject.removeprefix(_SUBJECT): row.action for row in entries}
            query = (
                sa.select(screened_pictures, screenings.c.model)
                .join(screenings, screenings.c.id == screened_pictures.c.screening_id)
                .where(screened_pictures.c.screening_id.in_(list(ids)))
                .order_by(screened_pictures.c.screening_id, screened_pictures.c.number)
            )
            rows = connection.execute(query).all()
            earlier = _models(connection, {row.screening_id for row in rows if row.model is None})
            added = tuple(
                ScreenedPicture(
                    row.screening_id,
                    row.number,
                    bytes(row.pdq),
                    bytes(row.vector),
                    row.model or earlier.get(row.screening_id, ""),
                    row.sha256,
                    row.kept,
                )
                for row in rows
            )
        removed = {row.subject.removeprefix(_SUBJECT) for row in entries if row.action == _FORGOTTEN}
        return RecordChanges(place, head, added, tuple(sorted(removed - {item.screening_id for item in added})))

    def screenings(self, after: str, most: int) -> list[PastScreening]:
        """Go through finished screenings in order of their ids."""
        query = sa.select(*PAST_COLUMNS).where(FINISHED, screenings.c.id > after).order_by(screenings.c.id)
        with self._engine.connect() as connection:
            return [past_screening(row) for row in connection.execute(query.limit(most))]

    def read(self, screening_ids: Sequence[str]) -> list[PastScreening]:
        """Return finished screenings by id, with their pictures."""
        query = sa.select(*PAST_COLUMNS).where(FINISHED, screenings.c.id.in_(screening_ids)).order_by(screenings.c.id)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
            kept: dict[str, list[KeptPicture]] = {row.id: [] for row in rows}
            pictures = screened_pictures.select().where(screened_pictures.c.screening_id.in_(list(kept)))
            for row in connection.execute(pictures.order_by(screened_pictures.c.number)):
                kept[row.screening_id].append(kept_picture(row))
        return [past_screening(row, tuple(kept[row.id])) for row in rows]

    def count(self) -> int:
        """Count the finished screenings."""
        with self._engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(screenings).where(FINISHED)) or 0


def _models(connection: sa.Connection, screening_ids: Collection[str]) -> Mapping[str, str]:
    """Read the models of screenings from before they were kept by themselves.

    The whole answer is read: PostgreSQL reads no part of one in which there is a NUL.
    """
    if not screening_ids:
        return {}
    query = sa.select(screenings.c.id, screenings.c.answer).where(screenings.c.id.in_(screening_ids))
    return {row.id: str(row.answer.get("model") or "") for row in connection.execute(query)}
