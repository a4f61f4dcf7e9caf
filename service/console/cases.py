"""The page of a case, and what a moderator does there: claim, give back, decide, take back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from service.console.choice import choices, read_choice
from service.console.flash import Flash
from service.console.forms import Faults, lines
from service.console.pages import ModeratorPage, Page
from service.console.timeline import steps
from service.console.upload_view import first_pictures, show_upload, title_in
from service.domain.case import UNDO, CaseState, Decision, DecisionKind
from service.domain.errors import InvalidFields
from service.domain.identity import Role
from service.domain.wording import Wording
from service.ports import QueueFilter
from service.usecases.case_view import CaseView

router = APIRouter()
Short = Annotated[str, Form(max_length=100)]
Long = Annotated[str, Form(max_length=20_000)]


@router.get("/cases/{case_id}")
def case(page: ModeratorPage, case_id: str) -> Response:
    """Show a case."""
    return _case(page, page.wired.review.open(case_id), Draft())


@router.post("/cases/{case_id}/claim")
def claim(page: ModeratorPage, case_id: str) -> Response:
    """Claim a case, or renew the claim."""
    page.wired.review.claim(case_id, page.caller)
    return page.go(f"/console/cases/{case_id}")


@router.post("/cases/{case_id}/release")
def release(page: ModeratorPage, case_id: str) -> Response:
    """Give a case back."""
    page.wired.review.release(case_id, page.caller)
    return page.go("/console/queue", Flash("released"))


@router.post("/cases/{case_id}/draft")
def draft(
    page: ModeratorPage,
    case_id: str,
    choice: Short = "",
    comment: Long = "",
) -> Response:
    """Prepare the statement of reasons for a choice; nothing is decided yet."""
    view = page.wired.review.open(case_id)
    try:
        return _case(page, view, prepared(page, view, choice, comment))
    except InvalidFields as error:
        return _case(page, view, Draft(choice, comment, faults=Faults.of(error, page.language)))


@router.post("/cases/{case_id}/decision")
def decide(  # noqa: PLR0917 (the fields of the form)
    page: ModeratorPage,
    case_id: str,
    choice: Short = "",
    comment: Long = "",
    statement_en: Long = "",
    statement_zh: Long = "",
) -> Response:
    """Decide a case. Without a statement the prepared one is sent."""
    comment, statement = lines(comment), Wording(lines(statement_en), lines(statement_zh))
    try:
        kind, reason = read_choice(choice, page)
        # Where nothing was written the prepared statement is sent, and an escalation has none.
        written = statement if kind is not DecisionKind.ESCALATE and (statement.en or statement.zh) else None
        page.wired.review.decide(case_id, page.caller, kind, reason, comment, written)
    except InvalidFields as error:
        faults = Faults.of(error, page.language)
        return _case(page, page.wired.review.open(case_id), Draft(choice, comment, statement, faults))
    return page.go(f"/console/cases/{case_id}")


@router.post("/cases/{case_id}/undo")
def undo(page: ModeratorPage, case_id: str) -> Response:
    """Take a decision back, within a minute."""
    page.wired.review.undo(case_id, page.caller)
    return page.go(f"/console/cases/{case_id}")


@router.post("/cases/next")
def next_case(page: ModeratorPage) -> Response:
    """Claim the next free case of the whole queue."""
    found = page.wired.review.claim_next(QueueFilter(), page.caller)
    if found is None:
        return page.go("/console/queue", Flash("none_free"))
    return page.go(f"/console/cases/{found.id}")


@dataclass(frozen=True, slots=True)
class Around:
    """Another upload of the same uploader; `verdict` is None while a person has to look at that one too."""

    title: str
    created: datetime
    verdict: str | None


def around(page: Page, view: CaseView) -> list[Around]:
    """Tell the uploader's other uploads. Of those in the queue nothing is said: some wait there for a second look."""
    case, waiting = view.case, set()
    if case.uploader is None:
        return []
    for state in (CaseState.OPEN, CaseState.ESCALATED):
        wanted = QueueFilter(state, platform=case.platform, uploader=case.uploader)
        waiting |= {item.screening_id for item in page.wired.review.page(wanted, order="newest", most=200).cases}
    return [
        Around(
            title_in(item.record["texts"]["items"]) or item.external_id,
            item.created,
            None if item.id in waiting else str(item.answer["verdict"]),
        )
        for item in view.same_uploader
    ]


class Draft:
    """What the form of a decision holds."""

    def __init__(
        self, choice: str = "", comment: str = "", statement: Wording | None = None, faults: Faults | None = None
    ) -> None:
        self.choice = choice
        self.comment = comment
        self.statement = statement
        self.faults = faults or Faults()


def prepared(page: Page, view: CaseView, choice: str, comment: str) -> Draft:
    """Prepare the statement for a choice; an escalation has none. Raises InvalidFields."""
    kind, reason = read_choice(choice, page)
    if kind is DecisionKind.ESCALATE:
        return Draft(choice, comment)
    return Draft(choice, comment, page.wired.review.statement_draft(view, kind, reason))


def _case(page: Page, view: CaseView, form: Draft) -> Response:
    upload = show_upload(page, view)
    every = page.request.query_params.get("all") == "1"
    decision, who = view.case.decision, page.caller.actor
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.faults else HTTPStatus.OK
    return page.render(
        "case.html",
        status,
        case=view.case,
        view=view,
        upload=first_pictures(upload, every=every),
        counts=(len(upload.paired), len(upload.unpaired)),
        every=every,
        form=form,
        choices=choices(DecisionKind) if view.case.state is CaseState.OPEN else choices(DecisionKind)[:2],
        held=_holds(page, view),
        taken=view.case.claimed_by_other(who, page.now),
        may_decide=_may_decide(page, view),
        undo_until=decision.at + UNDO if _can_undo(page, decision) and decision else None,
        steps=steps(view.timeline),
        around=around(page, view),
    )


def _holds(page: Page, view: CaseView) -> bool:
    claim = view.case.claim
    return claim is not None and claim.by == page.caller.actor and claim.until > page.now


def _can_undo(page: Page, decision: Decision | None) -> bool:
    return decision is not None and decision.by == page.caller.actor and not decision.is_final(page.now)


def _may_decide(page: Page, view: CaseView) -> bool:
    """Tell whether the form is of use to this reader; the use case has the last word."""
    found = view.case
    if found.state is CaseState.DECIDED or found.claimed_by_other(page.caller.actor, page.now):
        return False
    if found.state is CaseState.ESCALATED and page.caller.role is not Role.ADMIN:
        return False
    return found.appealed_from != page.caller.actor
