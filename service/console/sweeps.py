"""Sweeps: what should be swept for, how far a sweep is, what it found, and measures against all or some of that."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from service.console.accused_view import Told, read_values, thumbnail_of, told_evidence, value_of
from service.console.case_queue import set_titles
from service.console.complaint_form import SentForm
from service.console.flash import Flash
from service.console.forms import Faults
from service.console.measure_form import NONE_CHOSEN
from service.console.pages import ModeratorPage, Page
from service.domain.errors import InvalidFields
from service.domain.measure import MeasureKind
from service.domain.sweep import OVER, SweepHit
from service.domain.verdict import Outcome

router = APIRouter(prefix="/sweeps")
HOME = "/console/sweeps"
ROWS = 48
LATEST = 30


@dataclass(frozen=True, slots=True)
class HitShown:
    """A hit as the page shows it; `value` names its upload in the form, None where nothing stands against it."""

    hit: SweepHit
    value: str | None
    thumbnail: str
    title: str
    told: tuple[Told, ...]


@router.get("")
def sweeps(page: ModeratorPage) -> Response:
    """Show proposals, and the latest sweeps."""
    return page.render(
        "sweeps/list.html",
        proposals=page.wired.sweeps.proposals(),
        latest=page.wired.sweeps.latest(LATEST),
        titles=set_titles(page),
    )


@router.post("")
def start(page: ModeratorPage, sets: Annotated[list[str] | None, Form()] = None) -> Response:
    """Start a sweep for some sets."""
    if not sets:
        return page.go(HOME, Flash("sweep_none"))
    sweep = page.wired.sweeps.start(sets, page.caller)
    return page.go(f"{HOME}/{sweep.id}", Flash("sweep_started"))


@router.get("/{sweep_id}")
def sweep(page: ModeratorPage, sweep_id: str) -> Response:
    """Show how far a sweep is, and what it found so far."""
    return _sweep(page, sweep_id, Faults())


@router.post("/{sweep_id}/cancel")
def cancel(page: ModeratorPage, sweep_id: str) -> Response:
    """Stop a sweep; what it found stays."""
    page.wired.sweeps.cancel(sweep_id, page.caller)
    return page.go(f"{HOME}/{sweep_id}", Flash("sweep_cancelled"))


@router.post("/{sweep_id}/measures")
def take_measures(page: ModeratorPage, sweep_id: str, sent: SentForm) -> Response:
    """Take measures against all that a sweep found and that asks for one, or against the chosen uploads."""
    kind = sent.texts.get("kind", "")
    chosen = read_values(sent.every.get("uploads", ())) if sent.texts.get("scope") == "chosen" else None
    try:
        if chosen == []:
            return _sweep(page, sweep_id, _fault("uploads", page.say(NONE_CHOSEN)))
        wanted = MeasureKind(kind) if kind in set(MeasureKind) else MeasureKind.UNPUBLISH
        taken = page.wired.sweeps.measures(sweep_id, wanted, page.caller, chosen)
    except InvalidFields as error:
        return _sweep(page, sweep_id, _fault("uploads", "; ".join(fault.message for fault in error.faults)))
    return page.go(f"{HOME}/{sweep_id}", Flash("measures_taken", {"taken": str(len(taken)), "left": "0"}))


def _sweep(page: Page, sweep_id: str, faults: Faults) -> Response:
    found = page.wired.sweeps.find(sweep_id)
    asked = page.request.query_params.get("asks_for", "")
    counts = page.wired.sweeps.counts(sweep_id)
    first = next((item for item in Outcome if counts.get(item.value)), Outcome.BLOCK)
    group = Outcome(asked) if asked in set(Outcome) else first
    cursor = page.request.query_params.get("cursor") or None
    some = page.wired.sweeps.page(sweep_id, cursor, ROWS, group)
    return page.render(
        "sweeps/sweep.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        sweep=found,
        over=found.state in OVER,
        url=f"{HOME}/{sweep_id}",
        titles=set_titles(page),
        counts=counts,
        group=group,
        groups=tuple(Outcome),
        hits=[_shown(page, hit) for hit in some.hits],
        next_cursor=some.next_cursor,
        first_page=cursor is None,
        kinds=tuple(MeasureKind),
        faults=faults,
    )


def _shown(page: Page, hit: SweepHit) -> HitShown:
    value = value_of(hit.upload) if hit.asks_for is not Outcome.ALLOW else None
    title = page.wired.hit_pictures.title(hit.screening_id)
    return HitShown(hit, value, thumbnail_of(hit.screening_id, hit.evidence), title, told_evidence(hit))


def _fault(field: str, message: str) -> Faults:
    faults = Faults()
    faults.add(field, message)
    return faults
