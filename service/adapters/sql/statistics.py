"""The facts of statistics in a database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from service.adapters.sql.tables import (
    case_facets,
    cases,
    counter_notices,
    decisions,
    measures,
    notice_uploads,
    notices,
    reference_sets,
)
from service.domain.case import DecisionKind
from service.ports.statistics import AppealFact, NoticeFact

_SET = "set"
_AT_ONCE = 500


class SqlStatisticsRecord:
    """StatisticsRecord over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def notices(self, since: datetime, until: datetime) -> Iterator[NoticeFact]:
        """Return the notices of a time, some hundred at a time."""
        place: tuple[datetime, str] = (since, "")
        first = (
            sa.select(sa.func.min(measures.c.taken))
            .where(measures.c.because == sa.literal("notice:") + notices.c.id)
            .scalar_subquery()
        )
        countered = sa.select(sa.func.count()).where(counter_notices.c.notice_id == notices.c.id).scalar_subquery()
        query = (
            sa.select(notices, first.label("first_measure"), countered.label("countered"))
            .where(notices.c.received < until)
            .order_by(notices.c.received, notices.c.id)
            .limit(_AT_ONCE)
        )
        with self._engine.connect() as connection:
            while rows := connection.execute(query.where(_after(place))).all():
                platforms = _platforms(connection, [row.id for row in rows])
                for row in rows:
                    yield _notice(row, platforms.get(row.id, ()))
                place = rows[-1].received, rows[-1].id

    def appeals(self, since: datetime, until: datetime) -> Iterator[AppealFact]:
        """Return the appealed cases of a time."""
        made = decisions.c.kind.in_([DecisionKind.UPHOLD.value, DecisionKind.DISMISS.value])
        query = (
            sa.select(cases.c.id, cases.c.platform, cases.c.decision_id, decisions.c.kind, decisions.c.at)
            .join(decisions, decisions.c.case_id == cases.c.id)
            .where(cases.c.appeal.is_not(None), decisions.c.undone.is_(None), made)
            .order_by(cases.c.id, decisions.c.at, decisions.c.id)
        )
        with self._engine.connect() as connection:
            found = connection.execute(query).all()
            for case_id, group in groupby(found, key=lambda row: row.id):
                rows = list(group)
                first = rows[0].at
                if not since <= first < until:
                    continue
                changed = rows[-1].kind != rows[0].kind if rows[-1].decision_id is not None else None
                slugs = _sets(connection, case_id)
                yield AppealFact(first, rows[0].platform, slugs, _owners(connection, slugs), changed)


def _after(place: tuple[datetime, str]) -> sa.ColumnElement[bool]:
    return sa.or_(notices.c.received > place[0], sa.and_(notices.c.received == place[0], notices.c.id > place[1]))


def _platforms(connection: sa.Connection, notice_ids: list[str]) -> dict[str, tuple[str, ...]]:
    columns = notice_uploads.c.notice_id, notice_uploads.c.platform
    query = sa.select(*columns).where(notice_uploads.c.notice_id.in_(notice_ids)).distinct().order_by(*columns)
    found: dict[str, tuple[str, ...]] = {}
    for notice_id, platform in connection.execute(query):
        found[notice_id] = (*found.get(notice_id, ()), platform)
    return found


def _notice(row: sa.Row[Any], platforms: tuple[str, ...]) -> NoticeFact:
    first = row.first_measure
    return NoticeFact(
        row.received,
        row.owner,
        platforms,
        tuple(row.reference_sets),
        row.state,
        first,
        row.countered,
    )


def _sets(connection: sa.Connection, case_id: str) -> tuple[str, ...]:
    mine = sa.and_(case_facets.c.case_id == case_id, case_facets.c.facet == _SET)
    return tuple(connection.scalars(sa.select(case_facets.c.value).where(mine).order_by(case_facets.c.value)))


def _owners(connection: sa.Connection, slugs: tuple[str, ...]) -> tuple[str, ...]:
    query = sa.select(reference_sets.c.owner_id).where(reference_sets.c.slug.in_(slugs)).distinct()
    return tuple(sorted(owner for owner in connection.scalars(query) if owner is not None))
