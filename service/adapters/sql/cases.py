"""Cases in a database: who has one, and what is decided about it. Of two racing callers one wins.

Each change locks the case's row, looks whether it may be made, makes it, and writes its audit entry: one transaction.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service.adapters.sql.audit import write_entry
from service.adapters.sql.case_messages import tell_decided, tell_undone
from service.adapters.sql.case_rows import decision_of, locked, move, read_cases
from service.adapters.sql.engine import writing
from service.adapters.sql.tables import cases, decisions
from service.domain.case import LEASE, UNDO, Case, CaseState, Decision, DecisionKind

_FREE: dict[str, Any] = {"claimed_by": None, "claimed_until": None}


class SqlCases:
    """Cases over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def get(self, case_id: str) -> Case | None:
        """Return a case."""
        with self._engine.connect() as connection:
            found = read_cases(connection, sa.select(cases).where(cases.c.id == case_id))
        return found[0] if found else None

    def claim(self, case_id: str, who: str, now: datetime, until: datetime) -> bool:
        """Give a case to somebody until a time, or renew it."""
        with writing(self._engine) as connection:
            row = locked(connection, case_id)
            if row is None or row.state == CaseState.DECIDED:
                return False
            holder = row.claimed_by
            if holder not in (None, who) and row.claimed_until > now:
                return False
            move(connection, case_id, {"claimed_by": who, "claimed_until": until})
            write_entry(
                connection,
                at=now,
                actor=who,
                action="case.claim_renewed" if holder == who else "case.claimed",
                subject=f"case:{case_id}",
                before={"claimed_by": holder},
                after={"claimed_by": who, "claimed_until": until.isoformat()},
            )
            return True

    def release(self, case_id: str, who: str, now: datetime) -> bool:
        """Give a case back."""
        with writing(self._engine) as connection:
            row = locked(connection, case_id)
            if row is None or row.claimed_by != who:
                return False
            move(connection, case_id, _FREE)
            subject = f"case:{case_id}"
            write_entry(
                connection, at=now, actor=who, action="case.released", subject=subject, before={"claimed_by": who}
            )
            return True

    def decide(self, case_id: str, decision: Decision, state: CaseState) -> bool:
        """Put a decision and the state it leads to, where `decision.by` holds the claim."""
        at = decision.at
        statement = decision.statement
        with writing(self._engine) as connection:
            row = locked(connection, case_id)
            if row is None or row.state == CaseState.DECIDED or row.claimed_by != decision.by:
                return False
            if row.claimed_until <= decision.at:
                return False
            connection.execute(
                decisions.insert().values(
                    id=decision.id,
                    case_id=case_id,
                    kind=decision.kind.value,
                    reason_code=decision.reason_code.value,
                    comment=decision.comment,
                    statement_en=statement.en if statement else None,
                    statement_zh=statement.zh if statement else None,
                    by=decision.by,
                    at=at,
                )
            )
            decided = at if state is CaseState.DECIDED else None
            change = {"state": state.value, "decision_id": decision.id, "decided": decided, **_FREE}
            move(connection, case_id, change)
            tell_decided(connection, row, decision)
            write_entry(
                connection,
                at=at,
                actor=decision.by,
                action="case.escalated" if decision.kind is DecisionKind.ESCALATE else "case.decided",
                subject=f"case:{case_id}",
                before={"state": row.state},
                after={
                    "state": state.value,
                    "decision_id": decision.id,
                    "decision": decision.kind.value,
                    "reason_code": decision.reason_code.value,
                    "comment": decision.comment,
                },
            )
            return True

    def undo(self, case_id: str, who: str, now: datetime) -> bool:
        """Take back the decision in force, where it is theirs and not final; the case is theirs again."""
        with writing(self._engine) as connection:
            row = locked(connection, case_id)
            if row is None or row.decision_id is None or (row.claimed_by is not None and row.claimed_by != who):
                return False
            undone = decision_of(connection.execute(decisions.select().where(decisions.c.id == row.decision_id)).one())
            if undone.by != who or now >= undone.at + UNDO:
                return False
            connection.execute(decisions.update().where(decisions.c.id == undone.id).values(undone=now))
            back = _before(connection, case_id)
            move(connection, case_id, {**back, "decided": None, "claimed_by": who, "claimed_until": now + LEASE})
            tell_undone(connection, row, undone, now)
            write_entry(
                connection,
                at=now,
                actor=who,
                action="case.decision_undone",
                subject=f"case:{case_id}",
                before={"state": row.state, "decision_id": undone.id},
                after={"state": back["state"]},
            )
            return True


def _before(connection: sa.Connection, case_id: str) -> dict[str, Any]:
    """Return how a case stood before a decision that was just undone: escalated, where that came last, or open."""
    query = decisions.select().where(decisions.c.case_id == case_id, decisions.c.undone.is_(None))
    last = connection.execute(query.order_by(decisions.c.at.desc(), decisions.c.id).limit(1)).one_or_none()
    if last is not None and last.kind == DecisionKind.ESCALATE:
        return {"state": CaseState.ESCALATED.value, "decision_id": last.id}
    return {"state": CaseState.OPEN.value, "decision_id": None}
