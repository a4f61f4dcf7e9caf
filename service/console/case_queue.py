"""The queue of cases: `/console/queue`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from service.console.case_filter import OLDER, ORDERS, CaseFilter
from service.console.flash import Flash
from service.console.pages import ModeratorPage, Page
from service.domain.case import Case, CaseState
from service.domain.errors import NotReady
from service.domain.evidence import EvidenceKind
from service.domain.upload import Stage
from service.ports import Counters, Preview

router = APIRouter()
ROWS = 25


@dataclass(frozen=True, slots=True)
class Row:
    """A case in a list, and what is known of its upload."""

    case: Case
    preview: Preview | None


@router.get("/queue")
def queue(page: ModeratorPage) -> Response:
    """Show a page of the queue."""
    chosen = CaseFilter.read(page.request.query_params)
    cursor = page.request.query_params.get("cursor") or None
    found = page.wired.review.page(chosen.wanted(page.now), order=chosen.order, cursor=cursor, most=ROWS)
    counters = page.house.counters.get(page.wired.review.counters)
    return page.render(
        "queue.html",
        chosen=chosen,
        rows=rows(page, found.cases),
        next_cursor=found.next_cursor,
        first_page=cursor is None,
        counters=counters,
        choices=_choices(page, chosen, counters),
    )


@router.post("/queue/next")
def claim_next(page: ModeratorPage, queue: Annotated[str, Form(max_length=5000)] = "") -> Response:
    """Claim the first free case of this part of the queue, and open it; `queue` is the query of its address."""
    chosen = CaseFilter.of_query(queue)
    case = page.wired.review.claim_next(chosen.wanted(page.now), page.caller, order=chosen.order)
    if case is None:
        return page.go(chosen.path(), Flash("none_free"))
    return page.go(f"/console/cases/{case.id}")


def rows(page: Page, cases: tuple[Case, ...]) -> list[Row]:
    """Put each case beside what is known of its upload."""
    previews = page.wired.previews.of(cases)
    return [Row(case, previews.get(case.id)) for case in cases]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the form of the queue offers: by field, each value with the number of open cases where it is known."""

    states: tuple[str, ...]
    orders: tuple[str, ...]
    older: tuple[str, ...]
    counted: dict[str, list[tuple[str, str, int | None]]]


def _choices(page: Page, chosen: CaseFilter, counters: Counters) -> Choices:
    known = {"stage": [item.value for item in Stage], "kind": [item.value for item in EvidenceKind]}
    titles = set_titles(page)
    counted: dict[str, list[tuple[str, str, int | None]]] = {}
    for name in ("platform", "set", "stage", "kind"):
        counts = counters.by.get(name, {})
        values = [*counts, *(value for value in known.get(name, ()) if value not in counts)]
        own = getattr(chosen, name)
        if own and own not in values:
            values.append(own)
        counted[name] = [(value, titles.get(value, value), counts.get(value)) for value in values]
    return Choices(tuple(CaseState), ORDERS, tuple(OLDER), counted)


def set_titles(page: Page) -> dict[str, str]:
    """Return the titles of the reference sets in force, in the reader's language; none where no index is loaded."""
    try:
        sets = page.wired.index.get().sets
    except NotReady:
        return {}
    return {slug: item.title_in(page.language) for slug, item in sets.items()}
