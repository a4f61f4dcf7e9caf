"""Notices in a database. Each change is one transaction: the notice, its letters, messages, measures, audit entries.

A change replaces the version it began with, and no other: so of two racing ones one wins.
"""

from __future__ import annotations

import base64
import json
import math
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from service.adapters.sql.audit import write_entry
from service.adapters.sql.engine import writing
from service.adapters.sql.measures import end_measure
from service.adapters.sql.notice_rows import (
    by_id,
    counter_row,
    notice_row,
    of_notice,
    read_attachments,
    read_counters,
    read_letters,
    read_notices,
    write_letters,
    write_uploads,
)
from service.adapters.sql.outbox import write_message
from service.adapters.sql.tables import (
    counter_notices,
    measures,
    notice_attachments,
    notice_tokens,
    notice_uploads,
    notices,
    notifiers,
)
from service.domain.errors import FieldFault, InvalidFields
from service.domain.notice import Notice
from service.domain.reputation import Fared
from service.ports import Correspondence, NoticeFilter, NoticePage, Step

ORDERS = {"priority": ("rank", False), "oldest": ("received", False), "newest": ("received", True)}
_LONGEST_CURSOR = 400


class SqlNotices:
    """Notices over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    def add(self, notice: Notice, step: Step) -> None:
        """Keep a new notice."""
        with writing(self._engine) as connection:
            connection.execute(notices.insert().values(notice_row(notice)))
            write_uploads(connection, notice)
            self._take(connection, notice, step, None)

    def save(self, notice: Notice, step: Step) -> bool:
        """Keep a changed notice where nobody changed it meanwhile."""
        with writing(self._engine) as connection:
            before = connection.scalar(sa.select(notices.c.state).where(notices.c.id == notice.id).with_for_update())
            change = notices.update().where(notices.c.id == notice.id, notices.c.version == notice.version - 1)
            if connection.execute(change.values(notice_row(notice))).rowcount != 1:
                return False
            write_uploads(connection, notice)
            self._take(connection, notice, step, before)
        return True

    def get(self, notice_id: str) -> Notice | None:
        """Return a notice."""
        with self._engine.connect() as connection:
            found = read_notices(connection, by_id(notice_id))
        return found[0] if found else None

    def page(self, wanted: NoticeFilter, *, order: str, cursor: str | None, most: int) -> NoticePage:
        """Return a page. Raises InvalidFields for an order that there is not, or a cursor that is not ours."""
        if order not in ORDERS:
            raise InvalidFields([FieldFault("order", f"must be one of {', '.join(ORDERS)}")])
        name, falling = ORDERS[order]
        column = notices.c[name]
        query = sa.select(notices).where(*_conditions(wanted))
        if cursor is not None:
            last, position = _read_cursor(cursor, order), sa.tuple_(column, notices.c.id)
            query = query.where(position < last if falling else position > last)
        query = query.order_by(*((column.desc(), notices.c.id.desc()) if falling else (column, notices.c.id)))
        with self._engine.connect() as connection:
            found = read_notices(connection, query.limit(most + 1))
        return NoticePage(tuple(found[:most]), _cursor(order, found[most - 1]) if len(found) > most else None)

    def correspondence(self, notice_id: str) -> Correspondence:
        """Return what hangs on a notice."""
        with self._engine.connect() as connection:
            return Correspondence(
                tuple(read_letters(connection, notice_id)),
                tuple(read_counters(connection, of_notice(notice_id))),
                tuple(read_attachments(connection, notice_id)),
            )

    def _take(self, connection: sa.Connection, notice: Notice, step: Step, before: str | None) -> None:
        write_letters(connection, step.letters)
        for counter in step.counter_notices:
            row = counter_row(counter)
            same = self._insert(counter_notices).values(row)
            connection.execute(same.on_conflict_do_update(index_elements=["id"], set_=row))
        for token in step.tokens:
            row = {"sha256": token.sha256, "notice_id": notice.id, "platform": token.platform}
            connection.execute(notice_tokens.insert().values({**row, "uploader": token.uploader}))
        for item in step.attachments:
            values = {
                "id": item.id,
                "notice_id": notice.id,
                "name": item.name,
                "sha256": item.sha256,
                "media_type": item.media_type,
                "size": item.size,
                "added": item.added,
                "added_by": item.added_by,
                "party": item.party,
            }
            connection.execute(self._insert(notice_attachments).values(values).on_conflict_do_nothing())
        for measure_id in _to_end(connection, notice, step):
            end_measure(connection, measure_id, step.at, step.by, step.why[:512])
        if step.fared is not None:
            self._count(connection, notice.notifier.key, step.fared)
        for message in step.messages:
            write_message(
                connection, recipient=message.recipient, kind=message.kind, payload=message.payload, at=step.at
            )
        for number, action in enumerate(step.actions):
            write_entry(
                connection,
                at=step.at,
                actor=step.by,
                action=action,
                subject=f"notice:{notice.id}",
                before={"state": before} if before is not None and not number else None,
                after=_told(notice, step),
            )

    def _count(self, connection: sa.Connection, key: str, fared: Fared) -> None:
        none = dict.fromkeys((item.value for item in Fared), 0)
        connection.execute(self._insert(notifiers).values({"key": key, **none}).on_conflict_do_nothing())
        column = notifiers.c[fared.value]
        connection.execute(notifiers.update().where(notifiers.c.key == key).values({column: column + 1}))


def _to_end(connection: sa.Connection, notice: Notice, step: Step) -> list[str]:
    """Return the measures in force that a step ends; others are not taken meanwhile, for the notice is locked."""
    query = sa.select(measures.c.id, measures.c.platform, measures.c.external_id)
    query = query.where(measures.c.because == notice.because, measures.c.ended.is_(None)).order_by(measures.c.id)
    if not step.end_all and not step.end_for:
        return []
    wanted = set(step.end_for)
    return [row.id for row in connection.execute(query) if step.end_all or (row.platform, row.external_id) in wanted]


def _told(notice: Notice, step: Step) -> dict[str, Any]:
    told: dict[str, Any] = {"state": notice.state.value, "version": notice.version, "uploads": len(notice.accused)}
    if notice.missing:
        told["missing"] = list(notice.missing)
    if notice.sweep_id:
        told["sweep_id"] = notice.sweep_id
    if step.why:
        told["why"] = step.why
    if step.counter_notices:
        told["counter_notices"] = [item.id for item in step.counter_notices]
    if step.attachments:
        told["attachments"] = [item.sha256 for item in step.attachments]
    return told


def _conditions(wanted: NoticeFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if wanted.state is not None:
        conditions.append(notices.c.state == wanted.state.value)
    if wanted.jurisdiction is not None:
        conditions.append(notices.c.jurisdiction == wanted.jurisdiction.value)
    if wanted.owner is not None:
        conditions.append(notices.c.owner == wanted.owner)
    if wanted.platform is not None:
        accused = sa.select(notice_uploads.c.notice_id).where(notice_uploads.c.platform == wanted.platform)
        told = sa.and_(notices.c.forwarded.is_not(None), notices.c.id.in_(accused))
        conditions.append(sa.or_(notices.c.platform == wanted.platform, told))
    return conditions


def _cursor(order: str, last: Notice) -> str:
    place = last.rank if order == "priority" else last.received.isoformat()
    return base64.urlsafe_b64encode(json.dumps([order, place, last.id]).encode()).decode()


def _read_cursor(cursor: str, order: str) -> tuple[Any, str]:
    try:
        read = json.loads(base64.urlsafe_b64decode(cursor[:_LONGEST_CURSOR].encode("ascii")))
        place = _place(read, order)
    except (ValueError, TypeError, RecursionError, OverflowError):
        place = None
    if place is None:
        raise InvalidFields([FieldFault("cursor", "is none of ours for this order")])
    return place


def _place(read: Any, order: str) -> tuple[Any, str] | None:
    named, place, notice_id = read
    if named != order or not isinstance(notice_id, str) or "\x00" in notice_id:
        return None
    if order != "priority":
        # Here, where a time that no zone can hold is a fault of the cursor.
        return datetime.fromisoformat(place).astimezone(UTC), notice_id
    return (place, notice_id) if isinstance(place, float) and math.isfinite(place) else None
