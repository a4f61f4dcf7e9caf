"""Routes of cases: uploads that a person has to see, and what is decided about them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AwareDatetime

from service.api import wire_cases
from service.api.bodies import described, read_json
from service.api.dependencies import AnyCaller, Judge, Service, allowed
from service.api.problems import problems
from service.domain.audit import Entry
from service.domain.case import Case, CaseState, Decision
from service.domain.identity import Caller, Role, Scope
from service.domain.wording import Title, Wording
from service.ports import QueueFilter
from service.usecases.case_view import CaseView

router = APIRouter(prefix="/v1/cases", tags=["cases"])

_PAGE = problems({422: "Fields are missing or wrong."})
_ONE = problems({404: "No such case."})
_TOLD = {404: "No such case.", 409: "Somebody else has the case, it is decided, or it is too late."}
_CHANGE = problems(_TOLD)
_CHANGE_BY_BODY = problems(_TOLD, body=True)
_PRIVATE = {
    "Cache-Control": "private, max-age=3600",
    "Content-Disposition": "inline",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}

CaseId = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Named = Annotated[str | None, Query(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f]+$")]


def appellant(who: AnyCaller) -> Caller:
    """Let platforms pass, and moderators. Raises NotPermitted."""
    scope = Scope.SCREEN if who.role is Role.PLATFORM else Scope.CASES
    return allowed(Role.PLATFORM, Role.MODERATOR, Role.ADMIN, scope=scope)(who)


Appellant = Annotated[Caller, Depends(appellant)]


async def decision_body(request: Request, _: Judge) -> wire_cases.DecisionBody:
    """Read the body, after the caller is known. Raises MalformedRequest, TooLarge or InvalidFields."""
    return await read_json(request, wire_cases.DecisionBody)


async def appeal_body(request: Request, _: Appellant) -> wire_cases.AppealBody:
    """Read the body, after the caller is known. Raises MalformedRequest, TooLarge or InvalidFields."""
    return await read_json(request, wire_cases.AppealBody)


@router.get("", response_model=wire_cases.CasePage, responses=_PAGE, summary="List cases")
def list_cases(
    service: Service,
    _: Judge,
    *,
    status: wire_cases.Status = "open",
    order: wire_cases.Order = "priority",
    cursor: Annotated[str | None, Query(max_length=512)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    reference_set: Named = None,
    platform: Named = None,
    stage: Named = None,
    kind: Named = None,
    uploader: Named = None,
    older_than: AwareDatetime | None = None,
) -> Any:
    """Give a page of the queue; `kind` is a kind of evidence, `older_than` a time before which a case was opened."""
    wanted = QueueFilter(CaseState(status), platform, reference_set, stage, kind, uploader, older_than)
    page = service.review.page(wanted, order=order, cursor=cursor, most=limit)
    now = service.clock.now()
    return {"cases": [_case(item, now) for item in page.cases], "next_cursor": page.next_cursor}


@router.get("/counters", response_model=wire_cases.CountersAnswer, responses=_PAGE, summary="Count cases")
def counters(service: Service, _: Judge) -> Any:
    """Count the cases by where they stand, and the open ones by what they are about."""
    found = service.review.counters()
    return {
        "open": found.open,
        "escalated": found.escalated,
        "claimed": found.claimed,
        "decided": found.decided,
        "oldest": found.oldest.isoformat() if found.oldest is not None else None,
        "by": found.by,
    }


@router.get("/{case_id}", response_model=wire_cases.CaseDetail, responses=_ONE, summary="Read a case")
def read_case(service: Service, _: Judge, case_id: CaseId) -> Any:
    """Give a case with its evidence, its pictures' numbers, other uploads, other cases, and what happened to it."""
    return _detail(service.review.open(case_id), service.clock.now())


@router.get(
    "/{case_id}/pictures/{number}",
    response_class=Response,
    responses={**_ONE, 200: {"content": {"image/*": {}}, "description": "The picture, or its thumbnail (WebP)."}},
    summary="Read a picture of a case",
)
def read_picture(
    service: Service, _: Judge, case_id: CaseId, number: Annotated[int, Path(ge=0)], *, thumbnail: bool = False
) -> Response:
    """Give a picture as it was uploaded; where only its thumbnail is kept, or asked for, that."""
    found = service.review.picture(case_id, number, thumbnail=thumbnail)
    return Response(found.data, media_type=found.media_type, headers=_PRIVATE)


@router.post("/{case_id}/claim", response_model=wire_cases.CaseAnswer, responses=_CHANGE, summary="Claim a case")
def claim(service: Service, who: Judge, case_id: CaseId) -> Any:
    """Take a case for a quarter of an hour, or renew that."""
    return _case(service.review.claim(case_id, who), service.clock.now())


@router.post("/{case_id}/release", response_model=wire_cases.CaseAnswer, responses=_CHANGE, summary="Give a case back")
def release(service: Service, who: Judge, case_id: CaseId) -> Any:
    """Give a case back to the queue."""
    service.review.release(case_id, who)
    return _case(service.review.open(case_id).case, service.clock.now())


@router.post(
    "/{case_id}/decision",
    response_model=wire_cases.CaseAnswer,
    responses=_CHANGE_BY_BODY,
    openapi_extra=described(wire_cases.DecisionBody),
    summary="Decide a case",
)
def decide(
    service: Service,
    who: Judge,
    case_id: CaseId,
    given: Annotated[wire_cases.DecisionBody, Depends(decision_body)],
) -> Any:
    """Uphold: it reproduces the character. Dismiss: it does not. Escalate: an admin has to say. Claims a free case."""
    statement = Wording(given.statement.en, given.statement.zh) if given.statement is not None else None
    service.review.decide(case_id, who, given.decision, given.reason_code, given.comment, statement)
    return _case(service.review.open(case_id).case, service.clock.now())


@router.post("/{case_id}/undo", response_model=wire_cases.CaseAnswer, responses=_CHANGE, summary="Undo a decision")
def undo(service: Service, who: Judge, case_id: CaseId) -> Any:
    """Take back one's own decision, within a minute."""
    return _case(service.review.undo(case_id, who), service.clock.now())


@router.post(
    "/{case_id}/appeal",
    status_code=202,
    response_class=Response,
    responses=_CHANGE_BY_BODY,
    openapi_extra=described(wire_cases.AppealBody),
    summary="Appeal against a decision",
)
def appeal(
    service: Service,
    who: Appellant,
    case_id: CaseId,
    given: Annotated[wire_cases.AppealBody, Depends(appeal_body)],
) -> None:
    """Have a decision looked at again, once, by another person; a platform for its own uploads."""
    service.review.appeal(case_id, given.text, who)


def shown_decision(decision: Decision | None, now: datetime) -> dict[str, Any] | None:
    """Write a decision as its platform sees it."""
    if decision is None:
        return None
    return {
        "decision": decision.kind.value,
        "reason_code": decision.reason_code.value,
        "statement": {"en": decision.statement.en, "zh": decision.statement.zh} if decision.statement else None,
        "decided_at": decision.at.isoformat(),
        "final": decision.is_final(now),
    }


def _own_decision(decision: Decision | None, now: datetime) -> dict[str, Any] | None:
    shown = shown_decision(decision, now)
    if decision is None or shown is None:
        return None
    undone = decision.undone.isoformat() if decision.undone is not None else None
    return {**shown, "id": decision.id, "by": decision.by, "comment": decision.comment, "undone": undone}


def _case(case: Case, now: datetime) -> dict[str, Any]:
    claim = case.claim
    return {
        "id": case.id,
        "screening_id": case.screening_id,
        "platform": case.platform,
        "external_id": case.external_id,
        "uploader": case.uploader,
        "stage": case.stage,
        "status": case.state.value,
        "opened": case.opened.isoformat(),
        "reference_sets": list(case.reference_sets),
        "kinds": list(case.kinds),
        "claim": {"by": claim.by, "until": claim.until.isoformat()} if claim and claim.until > now else None,
        "decision": _own_decision(case.decision, now),
        "appeal": case.appeal,
        "appealed_from": case.appealed_from,
    }


def _detail(view: CaseView, now: datetime) -> dict[str, Any]:
    case, screening, record = view.case, view.screening, view.screening.record
    decided = case.state is CaseState.DECIDED
    return {
        **_case(case, now),
        "verdict": screening.answer["verdict"] if decided else None,
        "sets": [
            {
                "slug": item.slug,
                "title": Title.among(item.title).en,
                "title_zh": Title.among(item.title).zh,
                "holder": item.holder,
            }
            # Those that the case is about come first.
            for item in sorted(view.judged.facts.sets.values(), key=lambda item: item.slug not in case.reference_sets)
        ],
        "evidence": screening.answer["evidence"],
        "not_screened": screening.answer["not_screened"],
        "context": record["judged"]["context"],
        **{name: record[name] for name in ("texts", "lora", "claims", "makings")},
        "pictures": [
            {"number": number, "name": item.name, "kept": item.kept} for number, item in enumerate(screening.pictures)
        ],
        "decisions": [_own_decision(item, now) for item in view.decisions],
        "same_uploader": [
            {
                "screening_id": item.id,
                "external_id": item.external_id,
                "verdict": item.answer["verdict"],
                "created": item.created.isoformat(),
            }
            for item in view.same_uploader
        ],
        "same_sets": [_case(item, now) for item in view.same_sets],
        "timeline": [_happening(item) for item in view.timeline],
    }


def _happening(entry: Entry) -> dict[str, Any]:
    at = entry.at.isoformat()
    return {"at": at, "actor": entry.actor, "action": entry.action, "after": json.loads(entry.after)}
