"""Finished screenings and their cases in one line each, for the tests of stores and of review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from service.adapters.sql.audit import SqlAuditLog
from service.adapters.sql.screenings import SqlScreeningStore
from service.domain.audit import verify
from service.domain.case import Case, CaseState, Decision, DecisionKind, Origin, ReasonCode
from service.domain.upload import Context, Stage, Visibility
from service.domain.wording import Wording
from service.ports import Finished, KeptPicture, SetFound, StoredScreening
from service.usecases import record

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CONTEXT = Context(
    "atelier", "u-1", Stage.PUBLICATION, Visibility.PUBLIC, monetised=False, promoted=False, today=NOON.date()
)
ANSWER: Mapping[str, Any] = {
    "verdict": "review",
    "evidence": [{"text": "蛇后 “Owl” \u0001\u0000", "rate": 1e-07, "none": None}],
    "deep": {"a": [1]},
    "shadow": False,
    "policy_version": "2026-11+1a2b3c4d",
    "snapshot": "000007",
    "model": "tiny@000000000000",
}


def screening(number: int = 1, **changes: Any) -> StoredScreening:
    """Make a screening that was answered."""
    made = StoredScreening(
        id=f"scr_{number}",
        platform="atelier",
        external_id="model-17/v2",
        created=NOON + timedelta(seconds=number),
        request_sha256="0" * 64,
        idempotency_key=None,
        answer=ANSWER,
    )
    return replace(made, **changes)


def case(number: int = 1, **changes: Any) -> Case:
    """Make the open case of the screening of a number."""
    made = Case(
        id=f"case_{number}",
        screening_id=f"scr_{number}",
        platform="atelier",
        external_id="model-17/v2",
        uploader="u-1",
        stage="publication",
        origin=Origin.REVIEW,
        state=CaseState.OPEN,
        opened=NOON + timedelta(seconds=number),
        rank=float(number),
        reference_sets=("owl",),
        kinds=("alias", "character_similarity"),
    )
    return replace(made, **changes)


def finished(of: Case | None = None, *, verdict: str = "review", **changes: Any) -> Finished:
    """Make what a finished screening leaves behind, with a case or without."""
    made = Finished(
        at=NOON,
        answer={**ANSWER, "verdict": verdict},
        uploader="u-1",
        stage="publication",
        record=record.write_unscreened(CONTEXT, []),
        pictures=(picture(1), picture(2)),
        sets=(SetFound("owl", verdict, 1e-05, ("character_similarity", "alias")),),
        case=of,
    )
    return replace(made, **changes)


def picture(number: int, kept: str = "picture") -> KeptPicture:
    """Make a picture that is remembered."""
    return KeptPicture(f"{number}.png", f"{number:064x}", b"\x01" * 32, b"\x00\x3c" * 4, kept)


def decision(number: int = 1, **changes: Any) -> Decision:
    """Make a decision of `user:mo` at noon."""
    made = Decision(
        id=f"dec_{number}",
        kind=DecisionKind.UPHOLD,
        reason_code=ReasonCode.SHOWS_CHARACTER,
        comment="it does",
        statement=Wording("It does.", "是的。"),
        by="user:mo",
        at=NOON,
    )
    return replace(made, **changes)


def fill(engine: sa.Engine, *opened: Case, verdict: str = "review") -> None:
    """Write screenings with these cases."""
    store = SqlScreeningStore(engine)
    for item in opened:
        number = int(item.id.rpartition("_")[2])
        stored = screening(number, platform=item.platform, external_id=item.external_id, created=item.opened)
        store.add(stored, finished(item, verdict=verdict, uploader=item.uploader))


def actions(engine: sa.Engine, subject: str) -> list[str]:
    """List what the audit log tells of a subject, after making sure that its chain is whole."""
    log = SqlAuditLog(engine)
    assert verify(log.all_entries(), head=log.head()) is None
    return [entry.action for entry in log.entries(subject=subject)]
