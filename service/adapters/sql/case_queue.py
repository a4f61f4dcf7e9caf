"""The queue of cases: pages in a steady order, and counts. Each page is read off an index, however long the queue."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from service.adapters.sql.case_rows import KIND, SET, read_cases
from service.adapters.sql.tables import case_facets, cases
from service.domain.case import Case, CaseState
from service.domain.errors import FieldFault, InvalidFields
from service.ports import Counters, QueueFilter, QueuePage

ORDERS = {"priority": ("rank", False), "oldest": ("opened", False), "newest": ("opened", True)}
_COMMONEST = 20
_LONGEST_CURSOR = 400
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class SqlCaseQueue:
    """A CaseQueue over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def page(self, wanted: QueueFilter, *, order: str = "priority", cursor: str | None, most: int) -> QueuePage:
        """Return a page. Raises InvalidFields for an order that there is not, or a cursor that is not ours."""
        if order not in ORDERS:
            raise InvalidFields([FieldFault("order", f"must be one of {', '.join(ORDERS)}")])
        column, falling = ORDERS[order]
        conditions, facet = _conditions(wanted, column)
        # The facet's index holds the order too: so the page is read off one of the two, and nothing is sorted.
        by = (facet.c if facet is not None else cases.c)[column]
        number = facet.c.case_id if facet is not None else cases.c.id
        query = sa.select(cases)
        if facet is not None:
            query = query.select_from(facet.join(cases, cases.c.id == facet.c.case_id))
        if cursor is not None:
            last = _read_cursor(cursor, order)
            position = sa.tuple_(by, number)
            conditions.append(position < last if falling else position > last)
        ordered = (by.desc(), number.desc()) if falling else (by, number)
        query = query.where(*conditions).order_by(*ordered).limit(most + 1)
        with self._engine.connect() as connection:
            found = read_cases(connection, query)
        after = _cursor(order, found[most - 1]) if len(found) > most else None
        return QueuePage(tuple(found[:most]), after)

    def counters(self, now: datetime, since: datetime) -> Counters:
        """Count."""
        count = sa.func.count()
        is_open = cases.c.state == CaseState.OPEN
        with self._engine.connect() as connection:

            def counted(*conditions: sa.ColumnElement[bool]) -> int:
                return connection.execute(sa.select(count).select_from(cases).where(*conditions)).scalar_one()

            oldest = connection.scalar(sa.select(sa.func.min(cases.c.opened)).where(is_open))
            # Every open case has one of the three stages: so it is counted there, and not a second time.
            stages = self._commonest(connection, cases.c.stage, is_open)
            by = {"platform": self._commonest(connection, cases.c.platform, is_open), "stage": stages}
            for facet in (SET, KIND):
                of_open = sa.and_(case_facets.c.facet == facet, case_facets.c.state == CaseState.OPEN)
                by[facet] = self._commonest(connection, case_facets.c.value, of_open)
            return Counters(
                open=sum(stages.values()),
                escalated=counted(cases.c.state == CaseState.ESCALATED),
                claimed=counted(cases.c.claimed_until > now),
                decided=counted(cases.c.decided >= since),
                oldest=oldest,
                by=by,
            )

    def of_screenings(self, screening_ids: list[str]) -> Mapping[str, Case]:
        """Return the cases of some screenings."""
        query = sa.select(cases).where(cases.c.screening_id.in_(screening_ids))
        with self._engine.connect() as connection:
            return {item.screening_id: item for item in read_cases(connection, query)}

    def related(self, case: Case, most: int) -> list[Case]:
        """Return other cases of the same reference sets, newest first: a page of each set and state, merged."""
        with self._engine.connect() as connection:
            found: dict[str, datetime] = {}
            for slug in case.reference_sets:
                for state in CaseState:
                    query = (
                        sa.select(case_facets.c.case_id, case_facets.c.opened)
                        .where(case_facets.c.facet == SET, case_facets.c.state == state, case_facets.c.value == slug)
                        .order_by(case_facets.c.opened.desc(), case_facets.c.case_id.desc())
                    )
                    # One more, for the case itself.
                    found |= {row.case_id: row.opened for row in connection.execute(query.limit(most + 1))}
            found.pop(case.id, None)
            newest = sorted(found, key=lambda case_id: (found[case_id], case_id), reverse=True)[:most]
            order = {case_id: place for place, case_id in enumerate(newest)}
            read = read_cases(connection, sa.select(cases).where(cases.c.id.in_(newest)))
        return sorted(read, key=lambda item: order[item.id])

    @staticmethod
    def _commonest(
        connection: sa.Connection, column: sa.Column[Any], condition: sa.ColumnElement[bool]
    ) -> Mapping[str, int]:
        count = sa.func.count()
        query = sa.select(column, count).where(condition).group_by(column).order_by(count.desc(), column)
        return {str(row[0]): int(row[1]) for row in connection.execute(query.limit(_COMMONEST))}


def _conditions(wanted: QueueFilter, order: str) -> tuple[list[sa.ColumnElement[bool]], sa.FromClause | None]:
    """Return what narrows the queue, and the facets to read it off where a set or a kind is asked for.

    `order` is the column that the page is ordered by.
    """
    conditions: list[sa.ColumnElement[bool]] = []
    facet: sa.FromClause | None = None
    for name, value in ((SET, wanted.reference_set), (KIND, wanted.kind)):
        if value is None:
            continue
        table = case_facets.alias(name)
        own = [table.c.facet == name, table.c.state == wanted.state.value, table.c.value == value]
        if facet is None:
            facet = table
            conditions += own
        else:
            conditions.append(sa.exists().where(table.c.case_id == cases.c.id, *own))
    if facet is None:
        conditions.append(cases.c.state == wanted.state.value)
    equal = {"platform": wanted.platform, "stage": wanted.stage, "uploader": wanted.uploader}
    conditions += [cases.c[name] == value for name, value in equal.items() if value is not None]
    if wanted.older_than is not None:
        opened: sa.ColumnElement[Any] = (facet if facet is not None else cases).c.opened
        before = wanted.older_than
        # SQLite would read all that is older and sort it, rather than go through the queue until a page is full.
        conditions.append((opened if order == "opened" else sa.func.coalesce(opened, before)) < before)
    if wanted.unclaimed_at is not None:
        until = cases.c.claimed_until
        conditions.append(sa.or_(until.is_(None), until <= wanted.unclaimed_at))
    return conditions, facet


def _cursor(order: str, last: Case) -> str:
    place = last.rank if order == "priority" else last.opened.isoformat()
    return base64.urlsafe_b64encode(json.dumps([order, place, last.id]).encode()).decode().rstrip("=")


def _read_cursor(cursor: str, order: str) -> tuple[float | datetime, str]:
    fault = InvalidFields([FieldFault("cursor", "is not one that this queue gave for this order; begin without one")])
    if len(cursor) > _LONGEST_CURSOR:
        raise fault
    try:
        content: Sequence[Any] = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        given, place, case_id = content
        if given != order or not isinstance(case_id, str) or not _ID.fullmatch(case_id):
            raise fault
        if order != "priority":
            # Here, where a time that no zone can hold is a fault of the cursor.
            return datetime.fromisoformat(place).astimezone(UTC), case_id
        rank = float(place)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise fault from error
    if not math.isfinite(rank):
        raise fault
    return rank, case_id
