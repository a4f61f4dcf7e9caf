"""Notices as rows, and rows as notices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from service.adapters.sql.tables import counter_notices, notice_attachments, notice_letters, notice_uploads, notices
from service.domain.notice import (
    Accused,
    Claim,
    CounterNotice,
    CounterState,
    Direction,
    Letter,
    Notice,
    NoticeState,
    Notifier,
)
from service.domain.notice_terms import Jurisdiction
from service.domain.wording import Wording
from service.ports import Attachment

_AT_ONCE = 500
_SAID = ("name", "contact", "address", "explanation", "evidence", "signature", "good_faith", "licence")


def notice_row(notice: Notice) -> dict[str, Any]:
    """Write a notice without its uploads."""
    return {
        "id": notice.id,
        "version": notice.version,
        "state": notice.state.value,
        "jurisdiction": notice.jurisdiction.value,
        "notifier": notice.notifier.key,
        "given_by": asdict(notice.notifier),
        "claim": asdict(notice.claim),
        "reference_sets": list(notice.reference_sets),
        "missing": list(notice.missing),
        "received": notice.received,
        "received_by": notice.received_by,
        "rank": notice.rank,
        "owner": notice.owner,
        "platform": notice.platform,
        "completed": notice.completed,
        "forwarded": notice.forwarded,
        "ended": notice.ended,
        "sweep_id": notice.sweep_id,
    }


def write_uploads(connection: sa.Connection, notice: Notice) -> None:
    """Replace the uploads of a notice."""
    connection.execute(notice_uploads.delete().where(notice_uploads.c.notice_id == notice.id))
    rows = [{"notice_id": notice.id, "number": number, **asdict(item)} for number, item in enumerate(notice.accused)]
    for start in range(0, len(rows), _AT_ONCE):
        connection.execute(notice_uploads.insert(), rows[start : start + _AT_ONCE])


def read_notices(connection: sa.Connection, query: sa.Select[Any]) -> list[Notice]:
    """Read the notices that a query of the whole table selects, in its order, with their uploads."""
    rows = connection.execute(query).all()
    uploads: dict[str, list[Accused]] = {row.id: [] for row in rows}
    ids = list(uploads)
    for start in range(0, len(ids), _AT_ONCE):
        wanted = sa.select(notice_uploads).where(notice_uploads.c.notice_id.in_(ids[start : start + _AT_ONCE]))
        for row in connection.execute(wanted.order_by(notice_uploads.c.notice_id, notice_uploads.c.number)):
            parts = (row.platform, row.external_id, row.url, row.note, row.screening_id, row.uploader)
            uploads[row.notice_id].append(Accused(*parts, named=row.named))
    return [_notice(row, uploads[row.id]) for row in rows]


def counter_row(counter: CounterNotice) -> dict[str, Any]:
    """Write a counter-notice."""
    said = {name: getattr(counter, name) for name in _SAID}
    return {
        "id": counter.id,
        "notice_id": counter.notice_id,
        "platform": counter.platform,
        "uploader": counter.uploader,
        "uploads": [list(item) for item in counter.uploads],
        "said": {**said, "consents_to_jurisdiction": counter.consents_to_jurisdiction},
        "received": counter.received,
        "received_by": counter.received_by,
        "due": counter.due,
        "state": counter.state.value,
        "settled": counter.settled,
        "settled_by": counter.settled_by,
    }


def read_counters(connection: sa.Connection, query: sa.Select[Any]) -> list[CounterNotice]:
    """Read counter-notices that a query of the whole table selects, in its order."""
    return [
        CounterNotice(
            id=row.id,
            notice_id=row.notice_id,
            platform=row.platform,
            uploader=row.uploader,
            uploads=tuple((platform, external_id) for platform, external_id in row.uploads),
            received=row.received,
            received_by=row.received_by,
            due=row.due,
            state=CounterState(row.state),
            settled=row.settled,
            settled_by=row.settled_by,
            **row.said,
        )
        for row in connection.execute(query)
    ]


def write_letters(connection: sa.Connection, letters: Iterable[Letter]) -> None:
    """Add letters, in order."""
    rows = [
        {
            "id": item.id,
            "notice_id": item.notice_id,
            "number": number,
            "direction": item.direction.value,
            "kind": item.kind,
            "party": item.party,
            "at": item.at,
            "text_en": item.text.en,
            "text_zh": item.text.zh,
        }
        for number, item in enumerate(letters)
    ]
    if rows:
        connection.execute(notice_letters.insert(), rows)


def read_letters(connection: sa.Connection, notice_id: str) -> list[Letter]:
    """Read the letters of a notice, oldest first."""
    query = sa.select(notice_letters).where(notice_letters.c.notice_id == notice_id)
    return [
        Letter(
            row.id,
            row.notice_id,
            Direction(row.direction),
            row.kind,
            row.party,
            row.at,
            Wording(row.text_en, row.text_zh),
        )
        for row in connection.execute(query.order_by(notice_letters.c.at, notice_letters.c.number))
    ]


def read_attachments(connection: sa.Connection, notice_id: str) -> list[Attachment]:
    """Read the attachments of a notice, oldest first."""
    query = sa.select(notice_attachments).where(notice_attachments.c.notice_id == notice_id)
    return [
        Attachment(
            row.id, row.notice_id, row.name, row.sha256, row.media_type, row.size, row.added, row.added_by, row.party
        )
        for row in connection.execute(
            query.order_by(notice_attachments.c.added, notice_attachments.c.name, notice_attachments.c.id)
        )
    ]


def of_notice(notice_id: str) -> sa.Select[Any]:
    """Select the counter-notices of a notice, oldest first."""
    query = sa.select(counter_notices).where(counter_notices.c.notice_id == notice_id)
    return query.order_by(counter_notices.c.received, counter_notices.c.id)


def by_id(notice_id: str) -> sa.Select[Any]:
    """Select a notice."""
    return sa.select(notices).where(notices.c.id == notice_id)


def _notice(row: sa.Row[Any], accused: Iterable[Accused]) -> Notice:
    return Notice(
        id=row.id,
        version=row.version,
        state=NoticeState(row.state),
        jurisdiction=Jurisdiction(row.jurisdiction),
        notifier=Notifier(**row.given_by),
        claim=Claim(**row.claim),
        accused=tuple(accused),
        reference_sets=tuple(row.reference_sets),
        missing=tuple(row.missing),
        received=row.received,
        received_by=row.received_by,
        rank=row.rank,
        owner=row.owner,
        platform=row.platform,
        completed=row.completed,
        forwarded=row.forwarded,
        ended=row.ended,
        sweep_id=row.sweep_id,
    )
