"""Strikes and other consequences of findings in a database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from service.adapters.sql.audit import write_entry
from service.adapters.sql.blocked import release_lora
from service.adapters.sql.engine import writing
from service.adapters.sql.tables import (
    case_facets,
    cases,
    consequences,
    decisions,
    measures,
    strikes,
)
from service.domain.audit import SYSTEM
from service.domain.case import UNDO, CaseState, DecisionKind
from service.domain.measure import MeasureKind
from service.domain.strike import Cause, Consequence, Strike

_DECISION, _MEASURE = "decision:", "measure:"


class SqlStrikes:
    """Strikes over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    def of(self, platform: str, uploader: str) -> list[Strike]:
        """Return all strikes of an uploader, oldest first."""
        query = sa.select(strikes).where(strikes.c.platform == platform, strikes.c.uploader == uploader)
        with self._engine.connect() as connection:
            return [_strike(row) for row in connection.execute(query.order_by(strikes.c.given, strikes.c.id))]

    def due(self, now: datetime, most: int) -> list[Cause]:
        """Return causes without consequences: decisions before measures."""
        with self._engine.connect() as connection:
            found = _decided(connection, now, most)
            return [*found, *_taken(connection, most - len(found))] if len(found) < most else found

    def record(self, consequence: Consequence, strike: Strike | None) -> bool:
        """Note what followed from a cause."""
        row = {
            "cause_id": consequence.cause_id,
            "because": consequence.because,
            "screening_id": consequence.screening_id,
            "platform": consequence.platform,
            "uploader": consequence.uploader,
            "done": consequence.done,
            "blocked_id": consequence.blocked_id,
        }
        with writing(self._engine) as connection:
            if connection.execute(self._insert(consequences).values(row).on_conflict_do_nothing()).rowcount != 1:
                return False
            given = strike is not None and self._give(connection, strike)
            write_entry(
                connection,
                at=consequence.done,
                actor=SYSTEM,
                action="consequence.recorded",
                subject=consequence.because,
                after={"cause": consequence.cause_id, "blocked_lora": consequence.blocked_id, "strike": given},
            )
        return True

    def gone(self, now: datetime, most: int) -> list[Consequence]:
        """Return consequences in force whose cause is gone."""
        reversed_for_good = (
            sa.select(_DECISION + decisions.c.id)
            .join(cases, cases.c.id == decisions.c.case_id)
            .where(
                cases.c.decision_id != decisions.c.id,
                cases.c.state == CaseState.DECIDED.value,
                _final(cases.c.decided, now),
            )
        )
        ended = sa.select(_MEASURE + measures.c.id).where(measures.c.ended.is_not(None))
        gone = sa.or_(consequences.c.cause_id.in_(reversed_for_good), consequences.c.cause_id.in_(ended))
        query = sa.select(consequences).where(consequences.c.reversed.is_(None), gone)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(consequences.c.done, consequences.c.cause_id).limit(most)).all()
        return [
            Consequence(
                row.cause_id,
                row.because,
                row.screening_id,
                row.platform,
                row.uploader,
                row.done,
                row.blocked_id,
            )
            for row in rows
        ]

    def reverse(self, cause_id: str, now: datetime, why: str) -> bool:
        """Undo the consequences of a cause, so far as no other cause asks for them."""
        in_force = consequences.c.reversed.is_(None)
        with writing(self._engine) as connection:
            own = consequences.c.cause_id == cause_id
            if connection.execute(consequences.update().where(own, in_force).values(reversed=now)).rowcount != 1:
                return False
            row = connection.execute(sa.select(consequences).where(own)).one()
            others = sa.select(sa.func.count()).select_from(consequences).where(in_force)
            released = row.blocked_id is not None and not connection.scalar(
                others.where(consequences.c.blocked_id == row.blocked_id)
            )
            if released:
                release_lora(connection, row.blocked_id, now, SYSTEM)
            whose = {"because": row.because, "platform": row.platform, "uploader": row.uploader}
            alike = (consequences.c[name] == value for name, value in whose.items())
            voided = row.uploader is not None and not connection.scalar(others.where(*alike))
            if voided:
                same = (strikes.c[name] == value for name, value in whose.items())
                change = strikes.update().where(*same, strikes.c.voided.is_(None))
                connection.execute(change.values(voided=now, voided_because=why[:512]))
            write_entry(
                connection,
                at=now,
                actor=SYSTEM,
                action="consequence.reversed",
                subject=row.because,
                before={"cause": cause_id, "blocked_lora": row.blocked_id},
                after={"why": why, "released": released, "strike_voided": voided},
            )
        return True

    def _give(self, connection: sa.Connection, strike: Strike) -> bool:
        row = {
            "id": strike.id,
            "platform": strike.platform,
            "uploader": strike.uploader,
            "because": strike.because,
            "given": strike.given,
            "expires": strike.expires,
        }
        return connection.execute(self._insert(strikes).values(row).on_conflict_do_nothing()).rowcount == 1


def _final(at: sa.Column[datetime | None], now: datetime) -> sa.ColumnElement[bool]:
    return at <= now - UNDO


def _decided(connection: sa.Connection, now: datetime, most: int) -> list[Cause]:
    noted = sa.select(consequences.c.cause_id)
    query = (
        sa.select(cases, decisions.c.id.label("made"))
        .join(decisions, decisions.c.id == cases.c.decision_id)
        .where(
            cases.c.state == CaseState.DECIDED.value,
            decisions.c.kind == DecisionKind.UPHOLD.value,
            _final(cases.c.decided, now),
            (_DECISION + decisions.c.id).not_in(noted),
        )
        .order_by(cases.c.decided, cases.c.id)
        .limit(most)
    )
    return [
        Cause(
            f"{_DECISION}{row.made}",
            f"case:{row.id}",
            row.screening_id,
            row.platform,
            row.uploader,
            _first_set(connection, row.id),
            row.external_id,
        )
        for row in connection.execute(query).all()
    ]


def _first_set(connection: sa.Connection, case_id: str) -> str | None:
    query = sa.select(case_facets.c.value).where(case_facets.c.case_id == case_id, case_facets.c.facet == "set")
    return connection.scalar(query.order_by(case_facets.c.value).limit(1))


def _taken(connection: sa.Connection, most: int) -> list[Cause]:
    noted = sa.select(consequences.c.cause_id)
    query = (
        sa.select(measures)
        .where(
            measures.c.ended.is_(None),
            measures.c.kind == MeasureKind.UNPUBLISH.value,
            measures.c.because.startswith("notice:"),
            (_MEASURE + measures.c.id).not_in(noted),
        )
        .order_by(measures.c.taken, measures.c.id)
        .limit(most)
    )
    return [
        Cause(
            f"{_MEASURE}{row.id}",
            row.because,
            row.screening_id,
            row.platform,
            row.uploader,
            next(iter(row.reference_sets), None),
            row.external_id,
        )
        for row in connection.execute(query)
    ]


def _strike(row: sa.Row[Any]) -> Strike:
    return Strike(
        row.id,
        row.platform,
        row.uploader,
        row.because,
        row.given,
        row.expires,
        row.voided,
        row.voided_because,
    )
