"""Deciding many cases at once: those of one reference set or of one uploader, after a look at the first of them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from service.console.case_filter import CaseFilter
from service.console.case_queue import rows, set_titles
from service.console.choice import choices, read_choice
from service.console.flash import Flash
from service.console.forms import Faults, lines
from service.console.pages import ModeratorPage, Page
from service.domain.case import DecisionKind
from service.domain.errors import InvalidFields

router = APIRouter()
COUNTED = 200
EXAMPLES = 8
KINDS = (DecisionKind.UPHOLD, DecisionKind.DISMISS)


@router.get("/queue/bulk")
def confirm(page: ModeratorPage) -> Response:
    """Show how many cases it would be, and the first of them."""
    return _confirm(page, CaseFilter.read(page.request.query_params), Faults())


@router.post("/queue/bulk")
def decide(
    page: ModeratorPage,
    queue: Annotated[str, Form(max_length=5000)] = "",
    choice: Annotated[str, Form(max_length=100)] = "",
    comment: Annotated[str, Form(max_length=10_000)] = "",
) -> Response:
    """Decide them."""
    chosen = CaseFilter.of_query(queue)
    try:
        kind, reason = read_choice(choice, page)
        done = page.wired.review.decide_many(chosen.wanted(page.now), page.caller, kind, reason, lines(comment))
    except InvalidFields as error:
        return _confirm(page, chosen, Faults.of(error, page.language), choice, comment)
    return page.go("/console/queue", Flash("bulk", {"decided": str(done.decided), "skipped": str(done.skipped)}))


def _confirm(page: Page, chosen: CaseFilter, faults: Faults, choice: str = "", comment: str = "") -> Response:
    found = page.wired.review.page(chosen.wanted(page.now), order=chosen.order, most=COUNTED)
    return page.render(
        "bulk.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        chosen=chosen,
        title=set_titles(page).get(chosen.set, chosen.set),
        count=len(found.cases),
        more=found.next_cursor is not None,
        rows=rows(page, found.cases[:EXAMPLES]),
        choices=choices(KINDS),
        choice=choice,
        comment=comment,
        faults=faults,
    )
