"""Counts of notices in a database."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from service.adapters.sql.tables import notices
from service.domain.notice import NoticeState


class SqlNoticeCounts:
    """NoticeCounts over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def by_state(self) -> Mapping[NoticeState, int]:
        """Count notices by state."""
        query = sa.select(notices.c.state, sa.func.count()).group_by(notices.c.state)
        with self._engine.connect() as connection:
            return {NoticeState(row[0]): row[1] for row in connection.execute(query)}
