"""Routes of policies: which one is in force, what another would change, and putting it in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from service.api import wire_policies
from service.api.bodies import described, read_json
from service.api.dependencies import AdminCaller, Judge, Service
from service.api.problems import problems
from service.domain.verdict import Ground, Outcome
from service.usecases.replaying import Moved, Replayed

router = APIRouter(prefix="/v1/policies", tags=["policies"])
LARGEST = 64 * 1024
"""Bytes of a body: a policy has about two thousand."""

_TOLD = {413: "More than a policy can be.", 422: "Lines are missing or wrong; each is named by its place."}


async def new_policy(request: Request, _: AdminCaller) -> wire_policies.NewPolicy:
    """Read the body, after the caller is known. Raises MalformedRequest, TooLarge or InvalidFields."""
    return await read_json(request, wire_policies.NewPolicy, most=LARGEST)


async def replay_query(request: Request, _: Judge) -> wire_policies.ReplayQuery:
    """Read the body, after the caller is known. Raises MalformedRequest, TooLarge or InvalidFields."""
    return await read_json(request, wire_policies.ReplayQuery, most=LARGEST)


@router.get("", response_model=wire_policies.PolicyList, responses=problems(), summary="List policies")
def list_policies(service: Service, _: Judge) -> Any:
    """Give all versions, newest first, each with the lines by which it differs from the one before."""
    policies = [
        {
            "version": item.version,
            "content": item.content,
            "note": item.note,
            "published": item.published.isoformat() if item.published else None,
            "published_by": item.published_by,
            "changed": [asdict(change) for change in item.changed],
        }
        for item in service.workbench.versions()
    ]
    return {"in_force": service.workbench.in_force()[0], "policies": policies}


@router.post(
    "",
    status_code=201,
    response_model=wire_policies.PolicyAnswer,
    responses=problems(_TOLD | {409: "Another version is in force by now."}, body=True),
    openapi_extra=described(wire_policies.NewPolicy),
    summary="Put a policy in force",
)
def publish(service: Service, who: AdminCaller, given: Annotated[wire_policies.NewPolicy, Depends(new_policy)]) -> Any:
    """Publish a policy; every replica judges by it within two seconds."""
    before = service.workbench.changes(given.content)
    made = service.workbench.publish(given.content, given.note, who, based_on=given.based_on)
    return {
        "version": made.version,
        "content": made.content,
        "note": made.note,
        "published": made.published.isoformat(),
        "published_by": made.published_by,
        "changed": [asdict(change) for change in before],
    }


@router.post(
    "/replay",
    response_model=wire_policies.ReplayAnswer,
    responses=problems(_TOLD, body=True),
    openapi_extra=described(wire_policies.ReplayQuery),
    summary="Try a policy on past screenings",
)
def replay(service: Service, _: Judge, query: Annotated[wire_policies.ReplayQuery, Depends(replay_query)]) -> Any:
    """Judge the latest screenings under a draft, and tell whose verdict would change; nothing is remembered."""
    return _shown(service.workbench.replay(query.content, query.last))


def _shown(told: Replayed) -> dict[str, Any]:
    pairs = [(before, after) for before in Outcome for after in Outcome]
    return {
        "version": told.version,
        "against": told.against,
        "asked": told.asked,
        "replayed": told.replayed,
        "cannot_be_replayed": told.unreadable,
        "since": told.since.isoformat() if told.since else None,
        "verdicts": [{"before": b, "after": a, "screenings": told.matrix.get((b, a), 0)} for b, a in pairs],
        "other_grounds": told.other_grounds,
        "moved": [_moved(item) for item in told.moved],
        "reference_sets": [
            {"reference_set": item.slug, "stricter": item.stricter, "laxer": item.laxer} for item in told.sets
        ],
        "decisions": asdict(told.decisions),
        "not_shown": list(told.unseen),
    }


def _moved(item: Moved) -> dict[str, Any]:
    return {
        "screening_id": item.screening_id,
        "case_id": item.case_id,
        "platform": item.platform,
        "external_id": item.external_id,
        "before": item.before,
        "after": item.after,
        "new_grounds": _grounds(item.new),
        "gone_grounds": _grounds(item.gone),
        "decision": item.decision,
    }


def _grounds(grounds: Sequence[Ground]) -> list[dict[str, Any]]:
    return [
        {
            "code": item.code,
            "asks_for": item.outcome,
            "reference_set": item.reference_set,
            "explanation": asdict(item.explanation),
        }
        for item in grounds
    ]
