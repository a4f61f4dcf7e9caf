"""What the overview is made of, counted in a database: each answer is read off an index that holds all it needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import Any

import sqlalchemy as sa

from service.adapters.sql.case_rows import KIND
from service.adapters.sql.tables import case_facets, cases, decisions, reference_sets, screened_sets, screenings
from service.adapters.sql.tables.base import UtcDateTime
from service.domain.case import CaseState, DecisionKind
from service.domain.registration import SetState
from service.domain.verdict import Outcome
from service.domain.wording import Wording
from service.ports import DecidedKind, FloodingSet, Verdicts, Waiting

_COUNT = sa.func.count()
_VERDICTS = [outcome.value for outcome in Outcome]


class SqlReports:
    """Reports over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def verdicts(self, since: date, until: date) -> list[Verdicts]:
        """Count screenings by day and verdict, but for shadow ones."""
        days = _days(since, until)
        if days is None:
            return []

        def counted(verdict: Outcome) -> sa.ScalarSelect[int]:
            created = screenings.c.created
            given = sa.and_(screenings.c.verdict == verdict.value, screenings.c.shadow == sa.false())
            # Each count is a range of one index: grouping what a join gives takes six times as long.
            of_day = sa.select(_COUNT).where(given, created >= days.c.since, created < days.c.until)
            return of_day.select_from(screenings).correlate(days).scalar_subquery()

        query = sa.select(days.c.number, *map(counted, Outcome)).order_by(days.c.number)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        by_day = [
            (number, {verdict.value: count for verdict, count in zip(Outcome, counts, strict=True) if count})
            for number, *counts in rows
        ]
        return [Verdicts(since + timedelta(number), found) for number, found in by_day if found]

    def waits(self, since: date, until: date) -> list[Waiting]:
        """Tell how long the cases decided on each day had waited, to the second."""
        days = _days(since, until)
        if days is None:
            return []
        decided = cases.c.decided
        seconds = sa.extract("epoch", decided) - sa.extract("epoch", cases.c.opened)
        waited = (
            sa.select(days.c.number, seconds.label("seconds"))
            .join_from(days, cases, sa.and_(decided >= days.c.since, decided < days.c.until))
            .cte("waited")
        )
        placed = sa.select(
            waited,
            sa.func.row_number().over(partition_by=waited.c.number, order_by=waited.c.seconds).label("place"),
            _COUNT.over(partition_by=waited.c.number).label("of"),
        ).cte("placed")

        def at(percent: int) -> sa.ColumnElement[Any]:
            """Take the wait whose place is `percent` of their number, rounded up."""
            place = (placed.c.of * percent + 99) // 100
            return sa.func.max(sa.case((placed.c.place == place, placed.c.seconds)))

        query = sa.select(placed.c.number, sa.func.max(placed.c.of), at(50), at(95)).group_by(placed.c.number)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(placed.c.number)).all()
        return [
            Waiting(since + timedelta(number), count, timedelta(seconds=float(half)), timedelta(seconds=float(most)))
            for number, count, half, most in rows
        ]

    def screenings(self, since: date, until: date) -> int:
        """Count all finished screenings."""
        query = (
            sa.select(_COUNT)
            .where(screenings.c.verdict.in_(_VERDICTS), screenings.c.shadow.in_([sa.true(), sa.false()]))
            .where(screenings.c.created >= _start(since), screenings.c.created < _start(until))
        )
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def sets_found(self, since: date, until: date, most: int) -> list[tuple[str, int]]:
        """Return the sets found in most screenings, the most first."""
        slug, created = screened_sets.c.reference_set, screened_sets.c.created
        query = (
            sa.select(slug, _COUNT)
            .where(created >= _start(since), created < _start(until))
            .group_by(slug)
            .order_by(_COUNT.desc(), slug)
            .limit(most)
        )
        with self._engine.connect() as connection:
            return [(found, count) for found, count in connection.execute(query)]

    def decided_kinds(self, most: int) -> list[DecidedKind]:
        """Count the latest decided cases by kind of evidence, the commonest first."""
        latest = (
            sa.select(cases.c.id, cases.c.decision_id)
            .where(cases.c.decided.is_not(None))
            .order_by(cases.c.decided.desc())
            .limit(most)
            .cte("latest")
        )
        kind = case_facets.c.value
        upheld, dismissed = (
            sa.func.sum(sa.case((decisions.c.kind == made.value, 1), else_=0))
            for made in (DecisionKind.UPHOLD, DecisionKind.DISMISS)
        )
        query = (
            sa.select(kind, upheld, dismissed)
            .select_from(latest)
            .join(decisions, decisions.c.id == latest.c.decision_id)
            .join(case_facets, sa.and_(case_facets.c.case_id == latest.c.id, case_facets.c.facet == KIND))
            .group_by(kind)
            .order_by(_COUNT.desc(), kind)
        )
        with self._engine.connect() as connection:
            return [DecidedKind(found, int(up), int(down)) for found, up, down in connection.execute(query)]


class SqlBacklog:
    """Backlog over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def opened_before(self, times: Sequence[datetime]) -> list[int]:
        """Count the open cases that were opened before each of some times: each case is counted once, and summed."""
        ends = sorted(set(times))
        is_open, opened = cases.c.state == CaseState.OPEN.value, cases.c.opened
        between: list[int] = []
        with self._engine.connect() as connection:
            for number, end in enumerate(ends):
                query = sa.select(_COUNT).select_from(cases).where(is_open, opened < end)
                if number:
                    query = query.where(opened >= ends[number - 1])
                between.append(connection.execute(query).scalar_one())
        upto = dict(zip(ends, accumulate(between), strict=True))
        return [upto[item] for item in times]

    def flooding(self) -> list[FloodingSet]:
        """Return the sets that somebody should look at."""
        columns = (reference_sets.c.slug, reference_sets.c.title, reference_sets.c.quarantine)
        query = sa.select(*columns).where(
            reference_sets.c.quarantine.is_not(None), reference_sets.c.state != SetState.WITHDRAWN.value
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(reference_sets.c.slug)).all()
        return [FloodingSet(slug, title, Wording(said["en"], said["zh"])) for slug, title, said in rows]

    def without_record(self, most: int) -> int:
        """Count finished screenings without a record: those have an answer, and their verdict in no column."""
        old = sa.select(sa.literal(1)).where(screenings.c.verdict.is_(None), screenings.c.answer.is_not(None))
        query = sa.select(_COUNT).select_from(old.limit(most).subquery())
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one()


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _days(since: date, until: date) -> sa.CTE | None:
    """Make a table of days, so that each is read as a range of an index in any database; None where there are none."""
    rows = [
        (number, _start(since + timedelta(number)), _start(since + timedelta(number + 1)))
        for number in range((until - since).days)
    ]
    moment = UtcDateTime()
    columns = (sa.column("number", sa.Integer), sa.column("since", moment), sa.column("until", moment))
    return sa.values(*columns, name="days").data(rows).cte("days") if rows else None
