"""What came before a case's decision and what comes after it: earlier decisions, appeals, and second looks."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from service.adapters.sql.audit import write_entry
from service.adapters.sql.case_rows import KIND, decision_of, locked, move, read_cases
from service.adapters.sql.engine import writing
from service.adapters.sql.tables import case_facets, cases, decisions, screenings
from service.domain.case import APPEAL, Case, CaseState, Decision, DecisionKind, Origin
from service.ports import Agreement


class SqlCaseHistory:
    """A CaseHistory over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def decisions(self, case_id: str) -> list[Decision]:
        """Return all decisions of a case, oldest first."""
        query = decisions.select().where(decisions.c.case_id == case_id).order_by(decisions.c.at, decisions.c.id)
        with self._engine.connect() as connection:
            return [decision_of(row) for row in connection.execute(query)]

    def appeal(self, case_id: str, text: str, who: str, now: datetime) -> bool:
        """Open a decided case again, nearer to the front of the queue."""
        with writing(self._engine) as connection:
            row = locked(connection, case_id)
            if row is None or row.state != CaseState.DECIDED or row.appeal is not None:
                return False
            found = connection.execute(decisions.select().where(decisions.c.id == row.decision_id)).one()
            decision = decision_of(found)
            if not decision.is_final(now):
                return False
            change = {
                "state": CaseState.OPEN.value,
                "rank": row.rank - APPEAL,
                "decision_id": None,
                "decided": None,
                "appeal": text,
                "appealed_from": decision.by,
            }
            move(connection, case_id, change)
            write_entry(
                connection,
                at=now,
                actor=who,
                action="case.appealed",
                subject=f"case:{case_id}",
                before={"state": row.state, "decision_id": decision.id},
                after={"state": change["state"], "appeal": text},
            )
            return True

    def decided_between(self, since: datetime, until: datetime) -> list[Case]:
        """Return what was decided from `since` to before `until`, in that order."""
        query = (
            sa.select(cases)
            .where(cases.c.decided >= since, cases.c.decided < until)
            .order_by(cases.c.decided, cases.c.id)
        )
        with self._engine.connect() as connection:
            return read_cases(connection, query)

    def agreement(self, most: int = 500) -> list[Agreement]:
        """Compare the decisions of the latest second looks with the verdicts."""
        looked = (
            sa.select(cases.c.id, cases.c.screening_id, cases.c.decision_id)
            .where(cases.c.origin == Origin.SECOND_LOOK, cases.c.decided.is_not(None))
            .order_by(cases.c.decided.desc())
            .limit(most)
            .cte("looked")
        )
        agrees = sa.or_(
            sa.and_(screenings.c.verdict == "block", decisions.c.kind == DecisionKind.UPHOLD),
            sa.and_(screenings.c.verdict == "allow", decisions.c.kind == DecisionKind.DISMISS),
        )
        # One pass, counted below: two grouped queries over the same cases take four times as long on SQLite.
        query = (
            sa.select(looked.c.id, screenings.c.verdict, sa.case((agrees, 1), else_=0), case_facets.c.value)
            .select_from(looked)
            .join(screenings, screenings.c.id == looked.c.screening_id)
            .join(decisions, decisions.c.id == looked.c.decision_id)
            .outerjoin(case_facets, sa.and_(case_facets.c.case_id == looked.c.id, case_facets.c.facet == KIND))
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        found = {(case_id, verdict, kind, agreed) for case_id, verdict, agreed, value in rows for kind in (None, value)}
        counted: dict[tuple[str, str | None], list[int]] = {}
        for _, verdict, kind, agreed in found:
            counted.setdefault((verdict, kind), []).append(agreed)
        told = [Agreement(verdict, kind, sum(agreed), len(agreed)) for (verdict, kind), agreed in counted.items()]
        return sorted(told, key=lambda item: (item.verdict, item.kind or ""))
