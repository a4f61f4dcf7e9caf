"""What a notifier does with a notice, by a private link or from the rights owner's desk: the pages share it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from fastapi.responses import Response

from service.console.attachments import files_of, keep_files
from service.console.complaint_form import ComplaintForm, Sent, lacking, needed_by, told_faults, told_missing
from service.console.flash import Flash
from service.console.forms import Faults
from service.console.pages import PUBLIC, Page
from service.domain.errors import InvalidFields, TooLate
from service.domain.identity import Caller
from service.domain.notice import Accused, NoticeState
from service.domain.notice_terms import Jurisdiction
from service.usecases.notice_access import Who
from service.usecases.notices import Given, Received

WITH_NOTICE_FILES = re.compile(rf"{PUBLIC.pattern}|/console/own-notices(?:/[^/]+){{1,2}}")
"""Paths to which the files of notices are sent."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A notice as its notifier came to it: who they are, and the address below which everything about it lies."""

    notice_id: str
    who: Who
    base: str


def receive(
    page: Page, form: ComplaintForm, sent: Sent, who: Caller | None, accused: Sequence[Accused] = ()
) -> Received | Faults:
    """Receive a notice with its files, or say what is wrong; nothing is kept then.

    What is missing is told first; whoever adds it later says so in the form.
    """
    given = form.given(accused)
    try:
        files = files_of(page, sent)
        faults = _missing(page, given, sent)
        if faults:
            return faults
        received = page.wired.notices.receive(given, who)
        keep_files(page, received.notice.id, files, who, received.token)
    except InvalidFields as error:
        return told_faults(page, error, form)
    return received


def show(page: Page, at: Followed, form: ComplaintForm | None = None, faults: Faults | None = None) -> Response:
    """Show how a notice stands, with what its notifier can do."""
    view = page.wired.notices.open(at.notice_id, at.who)
    notice = view.notice
    open_form = form or ComplaintForm.of(notice)
    if form is None and notice.state is NoticeState.INCOMPLETE:
        faults = told_missing(page, lacking(open_form.given(notice.accused)))
    waiting = [item for item in view.correspondence.counter_notices if item.state == "waiting"]
    return page.render(
        "notices/followed.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if form is not None else HTTPStatus.OK,
        view=view,
        notice=notice,
        base=at.base,
        link=page.origin + at.base,
        public=not isinstance(at.who, Caller),
        form=open_form,
        faults=faults or Faults(),
        own_sets=(),
        laws=tuple(Jurisdiction),
        needed=needed_by(),
        may_show_suit=any(item.due is not None for item in waiting),
        measures={(item.platform, item.external_id): item for item in view.measures if item.ended is None},
    )


def complete(page: Page, at: Followed, sent: Sent) -> Response:
    """Add what was missing. Uploads that were sent as a list stay as they are unless the form names others."""
    form = ComplaintForm.read(sent)
    before = page.wired.notices.open(at.notice_id, at.who).notice
    unchanged = form.text("accused") == ComplaintForm.of(before).text("accused")
    given = form.given(before.accused if unchanged else ())
    try:
        files = files_of(page, sent)
        keep_files(page, at.notice_id, files, at.who)
        received = page.wired.notices.complete(at.notice_id, given, at.who)
    except InvalidFields as error:
        return show(page, at, form, told_faults(page, error, form))
    return page.go(at.base, Flash("notice_incomplete" if received.missing else "notice_complete"))


def add_files(page: Page, at: Followed, sent: Sent) -> Response:
    """Add files to a notice."""
    try:
        keep_files(page, at.notice_id, files_of(page, sent), at.who)
    except InvalidFields as error:
        form = ComplaintForm.of(page.wired.notices.open(at.notice_id, at.who).notice)
        return show(page, at, form, told_faults(page, error, form))
    return page.go(at.base, Flash("notice_files"))


def withdraw(page: Page, at: Followed, sent: Sent) -> Response:
    """Take a notice back."""
    page.wired.notices.withdraw(at.notice_id, at.who, sent.text("reason"))
    return page.go(at.base, Flash("notice_withdrawn"))


def show_suit(page: Page, at: Followed, sent: Sent) -> Response:
    """Show that a complaint was made or a suit was brought."""
    try:
        page.wired.counter_notices.show_suit(at.notice_id, sent.text("suit"), at.who)
    except InvalidFields as error:
        faults = Faults()
        for fault in error.faults:
            faults.add("suit", fault.said(page.language))
        return show(page, at, ComplaintForm.of(page.wired.notices.open(at.notice_id, at.who).notice), faults)
    except TooLate:
        return page.go(at.base, Flash("suit_too_late"))
    return page.go(at.base, Flash("suit_shown"))


def _missing(page: Page, given: Given, sent: Sent) -> Faults:
    return Faults() if sent.texts.get("later") else told_missing(page, lacking(given))
