"""What a platform is told of decisions, in the transaction of the decision."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service.adapters.sql.outbox import write_message
from service.adapters.sql.tables import screenings
from service.domain.case import UNDO, Decision, DecisionKind, Origin

_CHANGES = {"block": DecisionKind.DISMISS, "allow": DecisionKind.UPHOLD}


def tell_decided(connection: sa.Connection, case: sa.Row[Any], decision: Decision) -> None:
    """Tell a platform of a decision; it is final when it can be taken back no more."""
    if not _is_told(connection, case, decision):
        return
    statement = decision.statement
    payload = _named(case, decision) | {
        "decision": decision.kind.value,
        "reason_code": decision.reason_code.value,
        "statement": {"en": statement.en, "zh": statement.zh} if statement is not None else None,
        "decided_at": decision.at.isoformat(),
        "final_at": (decision.at + UNDO).isoformat(),
    }
    recipient = f"platform:{case.platform}"
    write_message(connection, recipient=recipient, kind="case.decided", payload=payload, at=decision.at)


def tell_undone(connection: sa.Connection, case: sa.Row[Any], decision: Decision, now: datetime) -> None:
    """Tell a platform that a decision was taken back, where it was told of it."""
    if _is_told(connection, case, decision):
        recipient, payload = f"platform:{case.platform}", _named(case, decision)
        write_message(connection, recipient=recipient, kind="case.decision_undone", payload=payload, at=now)


def _named(case: sa.Row[Any], decision: Decision) -> dict[str, Any]:
    named = {"case_id": case.id, "screening_id": case.screening_id, "external_id": case.external_id}
    return named | {"decision_id": decision.id}


def _is_told(connection: sa.Connection, case: sa.Row[Any], decision: Decision) -> bool:
    """Of second looks a platform is told where they changed something, and of no case that was handed on."""
    if decision.kind is DecisionKind.ESCALATE:
        return False
    if case.origin != Origin.SECOND_LOOK:
        return True
    verdict = connection.scalar(sa.select(screenings.c.verdict).where(screenings.c.id == case.screening_id))
    return verdict is not None and _CHANGES.get(verdict) is decision.kind
