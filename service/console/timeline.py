"""The life of a case in words, from its audit entries. Of these only what is named here is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.console.i18n import mark
from service.domain.audit import SYSTEM, Entry

ACTIONS: Mapping[str, str] = {
    "case.opened": mark("The case was opened"),
    "case.claimed": mark("Claimed"),
    "case.claim_renewed": mark("Claim renewed"),
    "case.released": mark("Given back"),
    "case.decided": mark("Decided"),
    "case.escalated": mark("Escalated"),
    "case.decision_undone": mark("Decision taken back"),
    "case.appealed": mark("Appealed by the uploader"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened; `what` is a text to translate, `kind` and `reason` those of a decision."""

    at: datetime
    who: str | None
    what: str
    kind: str | None = None
    reason: str | None = None


def steps(entries: Sequence[Entry]) -> list[Step]:
    """Tell the life of a case, newest first; a claim that was renewed is told once."""
    told: list[Step] = []
    for entry in entries:
        what = ACTIONS.get(entry.action)
        if what is None:
            continue
        after = json.loads(entry.after) or {}
        who = None if entry.actor == SYSTEM else entry.actor.partition(":")[2]
        step = Step(entry.at, who, what, after.get("kind") or after.get("decision"), after.get("reason_code"))
        if told and told[-1].what == step.what and told[-1].who == step.who and entry.action == "case.claimed":
            continue
        told.append(step)
    return told[::-1]
