"""Routes of the audit log."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from service.api.dependencies import AdminCaller, Service
from service.api.problems import problems

router = APIRouter(prefix="/v1/audit", tags=["audit log"])


class EntryAnswer(BaseModel):
    """One entry: what changed, by whom, and its place in the chain."""

    number: int
    at: str
    actor: str
    action: str
    subject: str
    before: Any
    after: Any
    previous: str
    sha256: str


class EntryList(BaseModel):
    """Entries; `next` is what to ask for `after`, null where no more can be expected."""

    entries: list[EntryAnswer]
    next: int | None


class HeadAnswer(BaseModel):
    """An entry by its number and hash."""

    number: int
    sha256: str


class SealAnswer(BaseModel):
    """A seal: what was signed up to which entry, when, and by which key."""

    number: int
    last: int = Field(description="Number of the last entry that it seals.")
    sha256: str
    at: str
    public_key: str = Field(description="Hexadecimal, raw Ed25519.")
    stamped: bool


class FaultAnswer(BaseModel):
    """Where the log is broken."""

    entry: int
    what: str


class CheckAnswer(BaseModel):
    """What checking the log gave."""

    whole: bool
    fault: FaultAnswer | None
    head: HeadAnswer | None
    seals: int
    last_seal: SealAnswer | None
    unsealed: int = Field(description="Entries after the last seal.")
    unstamped: int = Field(description="Seals that have no time stamp.")
    unchecked: int = Field(description="Seals of which nobody can tell who signed them: the signing key is gone.")


@router.get(
    "", response_model=EntryList, responses=problems({422: "`after` is no number."}), summary="Read the audit log"
)
def read_log(
    service: Service,
    _: AdminCaller,
    *,
    subject: Annotated[str | None, Query(max_length=160, description="Such as `notice:ntc_1f…`.")] = None,
    after: Annotated[int, Query(ge=0, description="Give the entries that follow this number.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Any:
    """Give entries in the order in which they were written, of one subject or of all."""
    found = service.audit.entries(subject=subject, after=after, most=limit)
    return {
        "entries": [
            {
                "number": item.number,
                "at": item.at.isoformat(),
                "actor": item.actor,
                "action": item.action,
                "subject": item.subject,
                "before": json.loads(item.before),
                "after": json.loads(item.after),
                "previous": item.previous,
                "sha256": item.sha256,
            }
            for item in found
        ],
        "next": found[-1].number if len(found) == limit else None,
    }


@router.get("/verify", response_model=CheckAnswer, responses=problems(), summary="Verify the audit log")
def verify_log(service: Service, _: AdminCaller) -> Any:
    """Follow the chain from its first entry, and compare it with its seals; a broken log is answered with 200, too."""
    found = service.log_check.check()
    seal = found.last_seal
    return {
        "whole": found.whole,
        "fault": {"entry": found.fault.number, "what": found.fault.what} if found.fault else None,
        "head": {"number": found.head[0], "sha256": found.head[1]} if found.head else None,
        "seals": found.seals,
        "last_seal": None
        if seal is None
        else {
            "number": seal.number,
            "last": seal.last,
            "sha256": seal.sha256,
            "at": seal.at.isoformat(),
            "public_key": seal.public_key,
            "stamped": seal.stamp is not None,
        },
        "unsealed": found.unsealed,
        "unstamped": found.unstamped,
        "unchecked": found.unchecked,
    }
