"""An uploader's reply, by the link that came with a notice: what is complained of, what stands, and the form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import Response

from service.console.attachments import FIELD, download, files_of
from service.console.complaint_form import MISSING, Sent, SentForm
from service.console.flash import Flash
from service.console.forms import Faults
from service.console.pages import AnyPage, Page
from service.domain.errors import InvalidFields, NotFound
from service.domain.notice import ENDED, NoticeState
from service.domain.notice_elements import COUNTER_REQUIRED
from service.ports import Token
from service.usecases.counter_notices import Reply
from service.usecases.notice_access import token_of

router = APIRouter()
TEXTS = ("name", "contact", "address", "explanation", "evidence", "signature", "licence")
TICKS = ("good_faith", "consents_to_jurisdiction")
_NOT_YET = frozenset({NoticeState.RECEIVED, NoticeState.INCOMPLETE, NoticeState.COMPLETE})


@dataclass(frozen=True, slots=True)
class ReplyForm:
    """The form as it stands; `uploads` are the ids that are ticked, all of them at first."""

    texts: Mapping[str, str] = field(default_factory=dict)
    ticked: frozenset[str] = frozenset()
    uploads: frozenset[str] | None = None

    @classmethod
    def read(cls, sent: Sent) -> ReplyForm:
        """Read a form that was sent."""
        texts = {name: sent.text(name) for name in TEXTS}
        ticked = frozenset(name for name in TICKS if sent.texts.get(name))
        return cls(texts, ticked, frozenset(sent.every.get("uploads", ())))

    def text(self, name: str) -> str:
        """Return what stands in a field."""
        return self.texts.get(name, "")

    def speaks_for(self, external_id: str) -> bool:
        """Tell whether an upload is ticked."""
        return self.uploads is None or external_id in self.uploads


@router.get("/counter-notice/{notice_id}/{token}")
def counter_notice(page: AnyPage, notice_id: str, token: str) -> Response:
    """Show the notice to the uploader, with the form to reply."""
    return _page(page, notice_id, _uploader(page, notice_id, token), ReplyForm(), Faults())


@router.post("/counter-notice/{notice_id}/{token}")
def reply(page: AnyPage, notice_id: str, token: str, sent: SentForm) -> Response:
    """Receive the counter-notice."""
    who, form = _uploader(page, notice_id, token), ReplyForm.read(sent)
    accused = page.wired.notices.open(notice_id, who).notice.accused
    own = [item.upload for item in accused if item.upload is not None]
    chosen = [upload for upload in own if form.speaks_for(upload[1])]
    if own and not chosen:
        faults = Faults()
        faults.add("uploads", page.say("Choose one of your uploads at least."))
        return _page(page, notice_id, who, form, faults)
    try:
        page.wired.counter_notices.receive(notice_id, _reply(form, chosen), who, files_of(page, sent))
    except InvalidFields as error:
        return _page(page, notice_id, who, form, _told(page, error))
    return page.go(f"/console/counter-notice/{notice_id}/{token}", Flash("counter_notice_sent"))


@router.get("/counter-notice/{notice_id}/{token}/attachments/{attachment_id}")
def attachment(page: AnyPage, notice_id: str, token: str, attachment_id: str) -> Response:
    """Give the uploader's own file."""
    return download(page, notice_id, attachment_id, _uploader(page, notice_id, token))


def _reply(form: ReplyForm, uploads: list[tuple[str, str]]) -> Reply:
    return Reply(
        name=form.text("name"),
        contact=form.text("contact"),
        address=form.text("address"),
        explanation=form.text("explanation"),
        evidence=form.text("evidence"),
        signature=form.text("signature"),
        good_faith="good_faith" in form.ticked,
        consents_to_jurisdiction="consents_to_jurisdiction" in form.ticked,
        uploads=uploads,
        licence=form.text("licence") or None,
    )


def _uploader(page: Page, notice_id: str, token: str) -> Token:
    who = token_of(page.wired.notice_lookups, notice_id, token)
    if who.is_receipt:
        raise NotFound(f"there is no notice {notice_id} for this link")
    return who


def _page(page: Page, notice_id: str, who: Token, form: ReplyForm, faults: Faults) -> Response:
    view = page.wired.notices.open(notice_id, who)
    of = view.correspondence
    waiting = {upload for item in of.counter_notices if item.state == "waiting" for upload in item.uploads}
    uploads = [item for item in view.notice.accused if item.upload not in waiting]
    return page.render(
        "notices/counter_notice.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        view=view,
        notice=view.notice,
        uploads=uploads,
        letters=of.letters,
        replies=of.counter_notices,
        measures=[item for item in view.measures if item.ended is None],
        attachments=of.attachments,
        here=page.request.url.path,
        ended=[item for item in view.measures if item.ended is not None],
        open=bool(uploads) and view.notice.state not in (ENDED - {NoticeState.CLOSED}) | _NOT_YET,
        needed={item.value for item in COUNTER_REQUIRED[view.notice.jurisdiction]},
        law=view.notice.jurisdiction,
        form=form,
        faults=faults,
    )


def _told(page: Page, error: InvalidFields) -> Faults:
    faults = Faults()
    for fault in error.faults:
        said = fault.said(page.language)
        lacks = re.fullmatch(r"(?:missing: |缺少：)(.*)", said, re.DOTALL)
        place = FIELD if fault.location == "file" else fault.location
        faults.add(place, page.say(MISSING) % {"what": lacks[1]} if lacks else said)
    return faults
