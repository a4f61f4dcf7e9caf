"""What moderators do with a notice: each a form of its page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from indexer.model import Alias, AliasKind
from service.console.complaint_form import Sent, SentForm
from service.console.flash import Flash
from service.console.forms import Faults, lines
from service.console.measure_form import MeasureForm, prepared, written
from service.console.notices import show_notice
from service.console.pages import ModeratorPage, Page
from service.domain.errors import InvalidFields

router = APIRouter(prefix="/notices/{notice_id}")
Long = Annotated[str, Form(max_length=20_000)]
Short = Annotated[str, Form(max_length=512)]


@router.post("/forward")
def forward(page: ModeratorPage, notice_id: str) -> Response:
    """Pass the notice on to the uploaders."""
    page.wired.notices.forward(notice_id, page.caller)
    return page.go(_path(notice_id), Flash("notice_forwarded"))


@router.post("/statement")
def statement(page: ModeratorPage, notice_id: str, sent: SentForm) -> Response:
    """Prepare the statement for a kind of measure; nothing is taken yet."""
    form = MeasureForm.read(sent)
    usual = prepared(page, page.wired.notices.open(notice_id, page.caller).notice, form.kind)
    return show_notice(page, notice_id, MeasureForm(form.kind, form.every, form.chosen, usual.statement, unfolded=True))


@router.post("/measures")
def take_measures(page: ModeratorPage, notice_id: str, sent: SentForm) -> Response:
    """Take measures against all uploads, or the chosen ones."""
    form = MeasureForm.read(sent)
    try:
        usual = prepared(page, page.wired.notices.open(notice_id, page.caller).notice, form.kind)
        text = written(form, usual.statement)
        taken = page.wired.notices.take_measures(notice_id, page.caller, form.uploads(page), form.kind, text)
    except InvalidFields as error:
        return show_notice(page, notice_id, form, Faults.of(error, page.language))
    counts = {"taken": str(len(taken.measures)), "left": str(len(taken.left_out))}
    return page.go(_path(notice_id), Flash("measures_taken", counts))


@router.post("/reject")
def reject(page: ModeratorPage, notice_id: str, sent: SentForm) -> Response:
    """Reject the notice."""
    return _judged(page, notice_id, sent, "reject", page.wired.notices.reject)


@router.post("/abusive")
def mark_abusive(page: ModeratorPage, notice_id: str, sent: SentForm) -> Response:
    """Find the notice abusive."""
    return _judged(page, notice_id, sent, "abusive", page.wired.notices.mark_abusive)


@router.post("/close")
def close(page: ModeratorPage, notice_id: str, sent: SentForm) -> Response:
    """Close the notice."""
    return _judged(page, notice_id, sent, "close", page.wired.notices.close)


@router.post("/withdraw")
def withdraw(page: ModeratorPage, notice_id: str, sent: SentForm) -> Response:
    """Take the notice back for its notifier, who asked for it."""
    return _judged(page, notice_id, sent, "withdraw", page.wired.notices.withdraw)


@router.post("/sets")
def name_sets(page: ModeratorPage, notice_id: str, sets: Annotated[list[str] | None, Form()] = None) -> Response:
    """Say which characters the notice is about."""
    page.wired.notices.name_sets(notice_id, sets or [], page.caller)
    return page.go(_path(notice_id), Flash("notice_sets"))


@router.post("/aliases")
def accept_alias(page: ModeratorPage, notice_id: str, text: Short = "", reference_set: Short = "") -> Response:
    """Take a proposed name: it counts from the next screening on."""
    alias = Alias(text, "und", AliasKind.DISTINCTIVE)
    page.wired.notice_aliases.accept(notice_id, reference_set, [alias], page.caller)
    return page.go(f"{_path(notice_id)}#names", Flash("alias_taken", {"name": text[:100]}))


@router.post("/counter-notices/{counter_id}")
def settle(page: ModeratorPage, notice_id: str, counter_id: str, outcome: Short = "", reason: Long = "") -> Response:
    """Decide about a counter-notice: its uploads come back, or the measures stay."""
    reinstate = outcome == "reinstate"
    page.wired.counter_notices.settle(notice_id, counter_id, page.caller, reinstate=reinstate, reason=lines(reason))
    return page.go(_path(notice_id), Flash("notice_reinstated" if reinstate else "notice_kept"))


def _judged(page: Page, notice_id: str, sent: Sent, field: str, act: Callable[..., object]) -> Response:
    reason = sent.text("reason")
    try:
        act(notice_id, page.caller, reason)
    except InvalidFields as error:
        faults = Faults()
        for fault in error.faults:
            faults.add(f"reason-{field}", fault.said(page.language))
        return show_notice(page, notice_id, None, faults)
    return page.go(_path(notice_id), Flash(f"notice_{field}"))


def _path(notice_id: str) -> str:
    return f"/console/notices/{notice_id}"
