"""How often each set was found, counted in a database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service.adapters.sql.tables import screened_sets, screenings

_SERIOUS = ("block", "review")


class SqlSetTraffic:
    """SetTraffic over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def screenings(self, since: datetime, until: datetime) -> int:
        """Count all finished screenings of a time."""
        query = sa.select(sa.func.count()).select_from(screenings).where(screenings.c.verdict.is_not(None))
        with self._engine.connect() as connection:
            return connection.scalar(query.where(*_between(screenings.c.created, since, until))) or 0

    def by_set(self, since: datetime, until: datetime) -> Mapping[str, int]:
        """Count those in which each set was found and asked for a block or a review."""
        query = (
            sa.select(screened_sets.c.reference_set, sa.func.count())
            .where(screened_sets.c.outcome.in_(_SERIOUS), *_between(screened_sets.c.created, since, until))
            .group_by(screened_sets.c.reference_set)
        )
        with self._engine.connect() as connection:
            return {str(slug): int(count) for slug, count in connection.execute(query)}


def _between(column: sa.Column[Any], since: datetime, until: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return column >= since, column < until
