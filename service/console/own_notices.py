"""A rights owner's own notices: `/console/own-notices`, with the form for many uploads at once."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import Response

from service.console import notifier
from service.console.attachments import download
from service.console.batch import read_batch
from service.console.complaint_form import ComplaintForm, SentForm, needed_by
from service.console.flash import Flash
from service.console.forms import Faults
from service.console.notifier import Followed
from service.console.pages import OwnerPage, Page
from service.domain.identity import Role
from service.domain.notice import NoticeState
from service.domain.notice_terms import Jurisdiction
from service.domain.registration import SetState
from service.ports import NoticeFilter

router = APIRouter(prefix="/own-notices")
HOME = "/console/own-notices"
ROWS = 25


@router.get("")
def own_notices(page: OwnerPage) -> Response:
    """List the notices of the rights owner; admins see those of all."""
    query = page.request.query_params
    state, cursor = query.get("state", ""), query.get("cursor") or None
    wanted = NoticeFilter(NoticeState(state) if state in set(NoticeState) else None)
    found = page.wired.notices.page(page.caller, wanted, order="newest", cursor=cursor, most=ROWS)
    return page.render(
        "notices/own.html",
        notices=found.notices,
        next_cursor=found.next_cursor,
        first_page=cursor is None,
        states=tuple(NoticeState),
        state=state,
        speaks=_speaks(page),
    )


@router.get("/new")
def new(page: OwnerPage) -> Response:
    """Show the form of a notice."""
    law = Jurisdiction.PRC if page.language == "zh" else Jurisdiction.EU
    return _form(page, ComplaintForm(law, _known(page)), Faults())


@router.post("/new")
def send(page: OwnerPage, sent: SentForm) -> Response:
    """Receive a notice about the uploads of its lines and of its list; where one line is wrong, nothing is done."""
    form = ComplaintForm.read(sent)
    listed = read_batch(page, sent.files.get("list", ()))
    if listed.faults:
        faults = Faults()
        for fault in listed.faults:
            faults.add("list", fault)
        return _form(page, form, faults)
    accused = (*(item for _, item in form.numbered()), *listed.accused)
    received = notifier.receive(page, form, sent, page.caller, accused)
    if isinstance(received, Faults):
        return _form(page, form, received)
    return page.go(
        f"{HOME}/{received.notice.id}", Flash("notice_incomplete" if received.missing else "notice_complete")
    )


@router.get("/{notice_id}")
def own_notice(page: OwnerPage, notice_id: str) -> Response:
    """Show how a notice stands."""
    return notifier.show(page, _followed(page, notice_id))


@router.post("/{notice_id}/complete")
def complete(page: OwnerPage, notice_id: str, sent: SentForm) -> Response:
    """Add what was missing."""
    return notifier.complete(page, _followed(page, notice_id), sent)


@router.post("/{notice_id}/files")
def add_files(page: OwnerPage, notice_id: str, sent: SentForm) -> Response:
    """Add files."""
    return notifier.add_files(page, _followed(page, notice_id), sent)


@router.get("/{notice_id}/attachments/{attachment_id}")
def attachment(page: OwnerPage, notice_id: str, attachment_id: str) -> Response:
    """Give a file that came with the notice, or with a counter-notice."""
    return download(page, notice_id, attachment_id, page.caller)


@router.post("/{notice_id}/withdraw")
def withdraw(page: OwnerPage, notice_id: str, sent: SentForm) -> Response:
    """Take the notice back."""
    return notifier.withdraw(page, _followed(page, notice_id), sent)


@router.post("/{notice_id}/suit")
def suit(page: OwnerPage, notice_id: str, sent: SentForm) -> Response:
    """Show a complaint or suit."""
    return notifier.show_suit(page, _followed(page, notice_id), sent)


def _followed(page: Page, notice_id: str) -> Followed:
    return Followed(notice_id, page.caller, f"{HOME}/{notice_id}")


def _known(page: Page) -> Mapping[str, str]:
    """Return what the record knows of the rights owner, by field."""
    owner = page.wired.owners.get(page.caller.owner) if page.caller.owner else None
    if owner is None:
        return {}
    return {"notifier.name": owner.name, "notifier.contact": owner.contact, "notifier.identity": owner.identity}


def _speaks(page: Page) -> bool:
    return page.caller.role is Role.ADMIN or page.caller.owner is not None


def _form(page: Page, form: ComplaintForm, faults: Faults) -> Response:
    own = page.wired.registration.list_all(page.caller)
    return page.render(
        "notices/new.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        form=form,
        faults=faults,
        laws=tuple(Jurisdiction),
        needed=needed_by(),
        own_sets=[item for item in own if item.state is not SetState.WITHDRAWN],
    )
