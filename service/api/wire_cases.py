"""The shapes of cases, decisions and appeals over HTTP."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from service.api.wire import EvidenceAnswer, NotScreenedAnswer, RunningAnswer, ScreeningAnswer, Text
from service.domain.case import DecisionKind, ReasonCode

Status = Literal["open", "escalated", "decided"]
Order = Literal["priority", "oldest", "newest"]


class _Exact(BaseModel):
    """A body in which a misspelt field is a fault, not something to pass over."""

    model_config = ConfigDict(extra="forbid")


class StatementBody(_Exact):
    """A statement of reasons in both languages."""

    en: str
    zh: str


class DecisionBody(_Exact):
    """What a moderator concludes; without `statement` the prepared one is sent to the uploader."""

    decision: DecisionKind
    reason_code: ReasonCode
    comment: str = ""
    statement: StatementBody | None = None


class AppealBody(_Exact):
    """What is said against a decision."""

    text: str


class ClaimAnswer(BaseModel):
    """Who is looking at a case, and until when it is theirs."""

    by: str
    until: str


class DecisionAnswer(BaseModel):
    """A decision as platforms see it; while `final` is false it can still be taken back."""

    decision: DecisionKind
    reason_code: ReasonCode
    statement: Text | None
    decided_at: str
    final: bool


class OwnDecisionAnswer(DecisionAnswer):
    """A decision as moderators see it; `undone` is when it was taken back."""

    id: str
    by: str
    comment: str
    undone: str | None


class CaseAnswer(BaseModel):
    """An upload that a person has to see. `decision` is the one in force."""

    id: str
    screening_id: str
    platform: str
    external_id: str
    uploader: str | None
    stage: str
    status: Status
    opened: str
    reference_sets: list[str]
    kinds: list[str]
    claim: ClaimAnswer | None
    decision: OwnDecisionAnswer | None
    appeal: str | None
    appealed_from: str | None


class CasePage(BaseModel):
    """Some cases in the order asked for; `next_cursor` is null on the last page."""

    cases: list[CaseAnswer]
    next_cursor: str | None


class CountersAnswer(BaseModel):
    """How many cases wait, are escalated, are being looked at, and were decided within a day.

    `by` counts open cases by `platform`, `stage`, `set` and `kind` of evidence: the commonest twenty values of each.
    """

    open: int
    escalated: int
    claimed: int
    decided: int
    oldest: str | None
    by: dict[str, dict[str, int]]


class CaseSet(BaseModel):
    """A reference set that was found, as it was then."""

    slug: str
    title: str
    title_zh: str
    holder: str


class CasePicture(BaseModel):
    """A picture of the upload; `kept` says what can be asked for under its number."""

    number: int
    name: str
    kept: Literal["picture", "thumbnail", "nothing"]


class OtherScreening(BaseModel):
    """Another upload of the same uploader."""

    screening_id: str
    external_id: str
    verdict: Literal["block", "review", "allow"]
    created: str


class Happening(BaseModel):
    """An entry of the audit log about the case."""

    at: str
    actor: str
    action: str
    after: dict[str, Any] | None


class CaseDetail(CaseAnswer):
    """A case with all that bears on it. The machine's `verdict` is told when the case is decided, not before."""

    verdict: Literal["block", "review", "allow"] | None
    sets: list[CaseSet]
    evidence: list[EvidenceAnswer]
    not_screened: list[NotScreenedAnswer]
    context: dict[str, Any]
    texts: dict[str, Any]
    lora: dict[str, Any] | None
    claims: list[dict[str, Any]]
    makings: list[dict[str, Any]]
    pictures: list[CasePicture]
    decisions: list[OwnDecisionAnswer]
    same_uploader: list[OtherScreening]
    same_sets: list[CaseAnswer]
    timeline: list[Happening]


class ReadScreening(ScreeningAnswer):
    """A finished screening, and what a person decided about it; `verdict` stays the machine's."""

    decision: DecisionAnswer | None


class ReadScreeningList(BaseModel):
    """Screenings of one upload, newest first."""

    screenings: list[ReadScreening | RunningAnswer]
