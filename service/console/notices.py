"""Notices for moderators: the list, and the page of one with what can be done about it (notice_acts.py does it)."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import Response

from service.console.accused_view import uploads_of
from service.console.attachments import download
from service.console.forms import Faults
from service.console.measure_form import MeasureForm, prepared
from service.console.pages import ModeratorPage, Page
from service.console.pictures import picture_answer, placeholder
from service.domain.errors import NotFound, ServiceError
from service.domain.measure import MeasureKind
from service.domain.notice import TRANSITIONS, Notice, NoticeEvent, NoticeState
from service.domain.notice_elements import ELEMENT_WORDS, REQUIRED
from service.domain.notice_terms import Jurisdiction
from service.domain.shared_words import SharedWord
from service.ports import NoticeFilter

router = APIRouter()
ROWS = 25
ORDERS = ("priority", "oldest", "newest")


@router.get("/notices")
def notices(page: ModeratorPage) -> Response:
    """List notices, narrowed by the address."""
    query = page.request.query_params
    state, law, order = query.get("state", ""), query.get("jurisdiction", ""), query.get("order", "")
    order, cursor = order if order in ORDERS else "priority", query.get("cursor") or None
    overdue = query.get("overdue") == "1"
    queue = page.wired.notice_queue
    wanted = NoticeFilter(
        state=NoticeState(state) if state in set(NoticeState) else None,
        jurisdiction=Jurisdiction(law) if law in set(Jurisdiction) else None,
    )
    next_cursor: str | None = None
    if overdue:
        found = queue.overdue(wanted)[: ROWS * 8]
    else:
        some = page.wired.notices.page(page.caller, wanted, order=order, cursor=cursor, most=ROWS)
        found, next_cursor = list(some.notices), some.next_cursor
    return page.render(
        "notices/list.html",
        notices=[(item, queue.act_by(item)) for item in found],
        next_cursor=next_cursor,
        first_page=cursor is None,
        counters=queue.counters(),
        chosen={"state": state, "jurisdiction": law, "order": order, "overdue": overdue},
        states=tuple(NoticeState),
        laws=tuple(Jurisdiction),
        orders=ORDERS,
    )


@router.get("/notices/{notice_id}")
def notice(page: ModeratorPage, notice_id: str) -> Response:
    """Show a notice."""
    return show_notice(page, notice_id)


@router.get("/notices/{notice_id}/attachments/{attachment_id}")
def attachment(page: ModeratorPage, notice_id: str, attachment_id: str) -> Response:
    """Give a file of a notice."""
    return download(page, notice_id, attachment_id, page.caller)


@router.get("/screenings/{screening_id}/thumbnail")
def thumbnail(page: ModeratorPage, screening_id: str) -> Response:
    """Show a small picture of an upload."""
    try:
        found = page.wired.hit_pictures.thumbnail(screening_id, page.request.query_params.get("picture", ""))
    except NotFound:
        return placeholder(page.say("This picture was not kept"))
    return picture_answer(found.data, found.media_type)


def show_notice(page: Page, notice_id: str, form: MeasureForm | None = None, faults: Faults | None = None) -> Response:
    """Render the page of a notice, with a form as it was sent and what is wrong with it."""
    view = page.wired.notices.open(notice_id, page.caller)
    found = view.notice
    every = page.request.query_params.get("all") == "1"
    uploads = uploads_of(page, view, every=every)
    return page.render(
        "notices/notice.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        view=view,
        notice=found,
        url=f"/console/notices/{notice_id}",
        may={event.value for event in NoticeEvent if (found.state, event) in TRANSITIONS},
        may_take=found.state is NoticeState.COMPLETE or (found.state, NoticeEvent.MEASURES_TAKEN) in TRANSITIONS,
        elements=[(ELEMENT_WORDS[item], item.value not in found.missing) for item in REQUIRED[found.jurisdiction]],
        uploads=uploads,
        sweep=page.wired.sweeps.find(found.sweep_id) if found.sweep_id is not None else None,
        act_by=page.wired.notice_queue.act_by(found),
        clocks=[(name.partition(":")[0], at) for name, at in view.clocks if not name.startswith("complain:")],
        counters=[
            (item, page.wired.counter_notices.licence_of(found, item)) for item in view.correspondence.counter_notices
        ],
        reputation=page.wired.notice_queue.reputation(found),
        words=_words(page, found),
        entries=page.wired.audit.entries(subject=f"notice:{notice_id}")[::-1],
        kinds=tuple(MeasureKind),
        form=form or prepared(page, found, MeasureKind.UNPUBLISH, uploads),
        sets={item.slug: item for item in page.wired.registration.list_all(page.caller)},
        faults=faults or Faults(),
    )


def _words(page: Page, found: Notice) -> list[SharedWord]:
    """Propose names; none where the sets of the notice cannot be read, or only another part of the page is asked for.

    That reads many records, and a page asks for its uploads again every two seconds while their sweep runs.
    """
    if page.request.headers.get("hx-request"):
        return []
    try:
        return page.wired.notice_aliases.proposed_aliases(found.id, page.caller)
    except ServiceError:
        return []
