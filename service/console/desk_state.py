"""Putting a set in force, and out of it: each step on a page of its own that says what it does and asks once."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import Response

from service.console.desk_forms import Text, faults_of
from service.console.desk_view import path_of, render_part, steps, to_do
from service.console.flash import Flash
from service.console.forms import Faults
from service.console.i18n import mark
from service.console.pages import AdminPage, OwnerPage, Page
from service.domain.errors import InvalidFields
from service.usecases.registration import missing_for_activation

router = APIRouter()


@router.get("/desk/sets/{slug}/activate")
def ask_to_activate(page: AdminPage, slug: str) -> Response:
    """Show all that an admin has to check before a set is matched."""
    return _activation(page, slug, Faults())


@router.post("/desk/sets/{slug}/activate")
def activate(page: AdminPage, slug: str, checked: Text = "") -> Response:
    """Put a set in force."""
    faults = Faults()
    if not checked:
        faults.add("checked", page.say(mark("Confirm that you have checked this.")))
        return _activation(page, slug, faults)
    try:
        page.wired.registration.activate(page.caller, slug)
    except InvalidFields as error:
        return _activation(page, slug, faults_of(page, error))
    return page.go(path_of(slug), Flash("set_activated"))


@router.get("/desk/sets/{slug}/suspend")
def ask_to_suspend(page: OwnerPage, slug: str) -> Response:
    """Say what suspending does, and ask for the reason."""
    return render_part(page, slug, "", "suspend.html", faults=Faults())


@router.post("/desk/sets/{slug}/suspend")
def suspend(page: OwnerPage, slug: str, reason: Text = "") -> Response:
    """Put a set out of force until it is activated again."""
    faults = _reason_faults(page, reason)
    if faults:
        return render_part(page, slug, "", "suspend.html", HTTPStatus.UNPROCESSABLE_ENTITY, faults=faults)
    page.wired.registration.suspend(page.caller, slug, reason=reason.strip())
    return page.go(path_of(slug), Flash("set_suspended"))


@router.get("/desk/sets/{slug}/withdraw")
def ask_to_withdraw(page: OwnerPage, slug: str) -> Response:
    """Say what withdrawing does, and ask for the reason."""
    return render_part(page, slug, "", "withdraw.html", faults=Faults())


@router.post("/desk/sets/{slug}/withdraw")
def withdraw(page: OwnerPage, slug: str, reason: Text = "") -> Response:
    """Put a set out of force for good."""
    faults = _reason_faults(page, reason)
    if faults:
        return render_part(page, slug, "", "withdraw.html", HTTPStatus.UNPROCESSABLE_ENTITY, faults=faults)
    page.wired.registration.withdraw(page.caller, slug, reason=reason.strip())
    return page.go(path_of(slug), Flash("set_withdrawn"))


def _reason_faults(page: Page, reason: str) -> Faults:
    faults = Faults()
    if not reason.strip():
        faults.add("reason", page.say(mark("Give a reason: it stands in the audit log.")))
    return faults


def _activation(page: Page, slug: str, faults: Faults) -> Response:
    item = page.wired.registration.get(page.caller, slug)
    owner = next((one for one in page.wired.registration.owners(page.caller) if one.id == item.owner), None)
    return render_part(
        page,
        slug,
        "",
        "activate.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        owner=owner,
        missing=missing_for_activation(item),
        steps=steps(item),
        warned=to_do(item.references),
        names=page.wired.registration.alias_remarks(page.caller, slug),
        faults=faults,
    )
