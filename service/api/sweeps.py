"""Routes of sweeps, and of the measures that follow from them and from notices."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from service.api import wire_sweeps
from service.api.bodies import described, read_json
from service.api.dependencies import Judge, PlatformCaller, Reader, Service
from service.api.problems import problems
from service.bootstrap import Wired
from service.domain.errors import NotFound
from service.domain.measure import Measure
from service.domain.sweep import Sweep, SweepHit
from service.domain.verdict import Outcome

router = APIRouter(prefix="/v1", tags=["sweeps"])

_GONE = {404: "No such sweep."}
_OVER = {409: "The sweep is over, or is not yet."}
_NONE = {404: "No such measure in force."}
_FAULTS = {422: "Fields are missing or wrong; each is named by its place."}

Id = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Cursor = Annotated[str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


async def new_sweep(request: Request, _: Judge) -> wire_sweeps.NewSweep:
    """Read the body, after the caller is known."""
    return await read_json(request, wire_sweeps.NewSweep, place="")


async def new_measures(request: Request, _: Judge) -> wire_sweeps.NewMeasures:
    """Read the body, after the caller is known."""
    return await read_json(request, wire_sweeps.NewMeasures, place="")


@router.post(
    "/sweeps",
    status_code=202,
    response_model=wire_sweeps.SweepAnswer,
    responses=problems(body=True),
    openapi_extra=described(wire_sweeps.NewSweep),
    summary="Sweep",
)
def start(
    service: Service, who: Judge, response: Response, given: Annotated[wire_sweeps.NewSweep, Depends(new_sweep)]
) -> Any:
    """Look through everything screened before for what matches some sets now; `Location` says where to follow it."""
    sweep = service.sweeps.start(given.reference_sets, who)
    response.headers["Location"] = f"/v1/sweeps/{sweep.id}"
    return _shown(service, sweep)


@router.get("/sweeps", response_model=wire_sweeps.SweepList, responses=problems(), summary="List sweeps")
def list_sweeps(service: Service, _: Judge) -> Any:
    """Give the latest hundred sweeps, newest first."""
    return {"sweeps": [_shown(service, sweep) for sweep in service.sweeps.latest()]}


@router.get(
    "/sweeps/proposals", response_model=wire_sweeps.ProposalList, responses=problems(), summary="List proposed sweeps"
)
def proposals(service: Service, _: Judge) -> Any:
    """Give the sets that were activated, changed or upheld since they were last swept for."""
    return {
        "proposals": [
            {"reference_set": item.reference_set, "why": item.why, "since": item.since.isoformat()}
            for item in service.sweeps.proposals()
        ]
    }


@router.get(
    "/sweeps/{sweep_id}",
    response_model=wire_sweeps.SweepDetail,
    responses=problems(_GONE | _FAULTS),
    summary="Read a sweep",
)
def read_sweep(
    service: Service,
    _: Judge,
    sweep_id: Id,
    *,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    asks_for: Outcome | None = None,
) -> Any:
    """Give a sweep, how far it is, and a page of what it has found so far."""
    page = service.sweeps.page(sweep_id, cursor, limit, asks_for)
    shown = _shown(service, service.sweeps.find(sweep_id))
    return {**shown, "found": [_hit(item) for item in page.hits], "next_cursor": page.next_cursor}


@router.post(
    "/sweeps/{sweep_id}/cancel",
    response_model=wire_sweeps.SweepAnswer,
    responses=problems(_GONE | _OVER),
    summary="Cancel a sweep",
)
def cancel(service: Service, who: Judge, sweep_id: Id) -> Any:
    """Stop a sweep; what it found stays."""
    return _shown(service, service.sweeps.cancel(sweep_id, who))


@router.post(
    "/sweeps/{sweep_id}/measures",
    response_model=wire_sweeps.MeasureList,
    responses=problems(_GONE | _OVER, body=True),
    openapi_extra=described(wire_sweeps.NewMeasures),
    summary="Take measures after a sweep",
)
def take_measures(
    service: Service,
    who: Judge,
    sweep_id: Id,
    given: Annotated[wire_sweeps.NewMeasures, Depends(new_measures)],
) -> Any:
    """Take uploads down, or hold them back; licensed and private ones never."""
    uploads = None if given.uploads == "all" else [(item.platform, item.external_id) for item in given.uploads]
    taken = service.sweeps.measures(sweep_id, given.kind, who, uploads)
    return {"measures": [shown_measure(item) for item in taken]}


@router.get("/measures", response_model=wire_sweeps.MeasureList, responses=problems(_FAULTS), summary="List measures")
def list_measures(
    service: Service,
    who: Reader,
    *,
    upload: Annotated[str, Query(min_length=1, max_length=512, description="What its platform calls it.")],
    platform: Annotated[str | None, Query(max_length=64, description="Whose it is; platforms see their own.")] = None,
) -> Any:
    """Give all measures against an upload, also those that ended."""
    own = who.sees_only or platform or ""
    return {"measures": [shown_measure(item) for item in service.measures.find(upload=(own, upload))]}


@router.post(
    "/measures/{measure_id}/confirm",
    status_code=204,
    response_class=Response,
    responses=problems(_NONE),
    summary="Confirm a measure",
)
def confirm(service: Service, who: PlatformCaller, measure_id: Id) -> None:
    """Say that a measure was carried out; saying it twice changes nothing."""
    if not service.measures.confirm(measure_id, who.name, service.clock.now()):
        raise NotFound(f"there is no measure {measure_id} in force")


def shown_measure(item: Measure) -> dict[str, Any]:
    """Write a measure as platforms and moderators see it."""
    return {
        "id": item.id,
        "kind": item.kind,
        "screening_id": item.screening_id,
        "platform": item.platform,
        "external_id": item.external_id,
        "uploader": item.uploader,
        "reference_sets": list(item.reference_sets),
        "because": item.because,
        "taken": item.taken.isoformat(),
        "statement": {"en": item.statement.en, "zh": item.statement.zh},
        "confirmed": _time(item.confirmed),
        "ended": _time(item.ended),
        "ended_because": item.ended_because,
    }


def _shown(service: Wired, sweep: Sweep) -> dict[str, Any]:
    progress = sweep.progress
    return {
        "id": sweep.id,
        "reference_sets": list(sweep.reference_sets),
        "because": sweep.because,
        "by": sweep.by,
        "created": sweep.created.isoformat(),
        "state": sweep.state,
        "started": _time(sweep.started),
        "ended": _time(sweep.ended),
        "phase": progress.phase,
        "done": progress.done,
        "total": progress.total,
        "not_compared": progress.not_compared,
        "unreadable": progress.unreadable,
        "hits": dict(service.sweeps.counts(sweep.id)),
        "problem": sweep.problem,
    }


def _hit(item: SweepHit) -> dict[str, Any]:
    return {
        "screening_id": item.screening_id,
        "platform": item.platform,
        "external_id": item.external_id,
        "uploader": item.uploader,
        "screened": item.screened.isoformat(),
        "said": item.said,
        "verdict": item.verdict,
        "asks_for": item.asks_for,
        "standing": item.standing,
        "reference_sets": list(item.reference_sets),
        "licence": item.licence,
        "grounds": list(item.grounds),
        "evidence": list(item.evidence),
    }


def _time(value: datetime | None) -> str | None:
    return value.isoformat() if value is not None else None
