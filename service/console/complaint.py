"""Notices of anybody: the complaint form, and the private link by which whoever sent it follows the notice."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import Response

from service.console import notifier
from service.console.attachments import download
from service.console.complaint_form import ComplaintForm, SentForm, needed_by
from service.console.flash import Flash
from service.console.forms import Faults
from service.console.notifier import Followed
from service.console.pages import AnyPage, Page
from service.domain.errors import NotFound
from service.domain.notice_terms import Jurisdiction
from service.usecases.notice_access import token_of

router = APIRouter()


@router.get("/complaint")
def complaint(page: AnyPage) -> Response:
    """Show the form; `?jurisdiction=us` chooses the law."""
    law = page.request.query_params.get("jurisdiction", "")
    first = Jurisdiction.PRC if page.language == "zh" else Jurisdiction.EU
    return _form(page, ComplaintForm(Jurisdiction(law) if law in set(Jurisdiction) else first), Faults())


@router.post("/complaint")
def send(page: AnyPage, sent: SentForm) -> Response:
    """Receive a notice, and lead to its private page."""
    form = ComplaintForm.read(sent)
    received = notifier.receive(page, form, sent, None)
    if isinstance(received, Faults):
        return _form(page, form, received)
    path = f"/console/notice/{received.notice.id}/{received.token}?new=1"
    return page.go(path, Flash("notice_incomplete") if received.missing else None)


@router.get("/notice/{notice_id}/{token}")
def follow(page: AnyPage, notice_id: str, token: str) -> Response:
    """Show how a notice stands to whoever has its link."""
    return notifier.show(page, _followed(page, notice_id, token))


@router.post("/notice/{notice_id}/{token}/complete")
def complete(page: AnyPage, notice_id: str, token: str, sent: SentForm) -> Response:
    """Add what was missing."""
    return notifier.complete(page, _followed(page, notice_id, token), sent)


@router.post("/notice/{notice_id}/{token}/files")
def add_files(page: AnyPage, notice_id: str, token: str, sent: SentForm) -> Response:
    """Add files."""
    return notifier.add_files(page, _followed(page, notice_id, token), sent)


@router.get("/notice/{notice_id}/{token}/attachments/{attachment_id}")
def attachment(page: AnyPage, notice_id: str, token: str, attachment_id: str) -> Response:
    """Give a file that came with the notice, or with a counter-notice."""
    return download(page, notice_id, attachment_id, _followed(page, notice_id, token).who)


@router.post("/notice/{notice_id}/{token}/withdraw")
def withdraw(page: AnyPage, notice_id: str, token: str, sent: SentForm) -> Response:
    """Take the notice back."""
    return notifier.withdraw(page, _followed(page, notice_id, token), sent)


@router.post("/notice/{notice_id}/{token}/suit")
def suit(page: AnyPage, notice_id: str, token: str, sent: SentForm) -> Response:
    """Show a complaint or suit."""
    return notifier.show_suit(page, _followed(page, notice_id, token), sent)


def _followed(page: Page, notice_id: str, token: str) -> Followed:
    who = token_of(page.wired.notice_lookups, notice_id, token)
    if not who.is_receipt:
        raise NotFound(f"there is no notice {notice_id} for this link")
    return Followed(notice_id, who, f"/console/notice/{notice_id}/{token}")


def _form(page: Page, form: ComplaintForm, faults: Faults) -> Response:
    return page.render(
        "notices/complaint.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        form=form,
        faults=faults,
        laws=tuple(Jurisdiction),
        needed=needed_by(),
        own_sets=(),
    )
