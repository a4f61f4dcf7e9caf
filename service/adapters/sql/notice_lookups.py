"""What notices look up in a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from service.adapters.sql.notice_rows import read_counters, read_notices
from service.adapters.sql.tables import counter_notices, notice_tokens, notices, notifiers, screenings
from service.domain.notice import ENDED, CounterNotice, CounterState, Notice, NoticeState
from service.domain.reputation import Reputation
from service.ports import Token

_AT_ONCE = 200


class SqlNoticeLookups:
    """NoticeLookups over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def token(self, sha256: str) -> Token | None:
        """Return a token."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(notice_tokens).where(notice_tokens.c.sha256 == sha256)).one_or_none()
        return Token(row.sha256, row.notice_id, row.platform, row.uploader) if row is not None else None

    def due(self, now: datetime, most: int) -> list[CounterNotice]:
        """Return counter-notices whose time is over, of notices that still wait for it."""
        query = (
            sa.select(counter_notices)
            .join(notices, notices.c.id == counter_notices.c.notice_id)
            .where(
                counter_notices.c.state == CounterState.WAITING.value,
                counter_notices.c.due <= now,
                notices.c.state == NoticeState.FORWARDED_TO_RIGHT_HOLDER.value,
            )
            .order_by(counter_notices.c.due, counter_notices.c.id)
        )
        with self._engine.connect() as connection:
            return read_counters(connection, query.limit(most))

    def without_sweep(self, most: int) -> list[Notice]:
        """Return notices whose sweep was never noted, and that name a set."""
        query = (
            sa.select(notices)
            .where(
                notices.c.completed.is_not(None),
                notices.c.sweep_id.is_(None),
                notices.c.state.not_in([item.value for item in ENDED]),
                sa.cast(notices.c.reference_sets, sa.Text) != "[]",
            )
            .order_by(notices.c.rank, notices.c.id)
        )
        with self._engine.connect() as connection:
            return read_notices(connection, query.limit(most))

    def reputation(self, notifier: str) -> Reputation:
        """Return a notifier's."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(notifiers).where(notifiers.c.key == notifier)).one_or_none()
        return Reputation(row.upheld, row.dismissed, row.reversed, row.abusive) if row is not None else Reputation()

    def latest(self, uploads: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], tuple[str, str | None]]:
        """Return the latest screening of each upload that has one."""
        found: dict[tuple[str, str], tuple[str, str | None]] = {}
        columns = (screenings.c.id, screenings.c.platform, screenings.c.external_id, screenings.c.uploader)
        with self._engine.connect() as connection:
            for start in range(0, len(uploads), _AT_ONCE):
                some = sa.tuple_(screenings.c.platform, screenings.c.external_id).in_(uploads[start : start + _AT_ONCE])
                query = sa.select(*columns).where(
                    some, screenings.c.verdict.is_not(None), screenings.c.shadow.is_(False)
                )
                # The latest speaks last, and stands.
                for row in connection.execute(query.order_by(screenings.c.created, screenings.c.id)):
                    found[row.platform, row.external_id] = (row.id, row.uploader)
        return found
