"""The rights owners' desk: `/console/desk`, its sets at one glance, and the form by which a rights owner registers.

The other modules of the desk, each with its pages: desk_sets.py (a new set, and its texts), desk_pictures.py,
desk_names.py, desk_state.py, desk_trial.py, desk_licences.py and desk_matches.py.
"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import Response

from service.console import desk_licences, desk_matches, desk_names, desk_pictures, desk_sets, desk_state, desk_trial
from service.console.desk_forms import Text, faults_of
from service.console.desk_view import DESK, Glance, by_owner, glances, path_of
from service.console.flash import Flash
from service.console.forms import Faults
from service.console.pages import OwnerPage, Page
from service.domain.errors import InvalidFields
from service.domain.identity import Role
from service.domain.registration import SetState

router = APIRouter()
for part in (desk_sets, desk_pictures, desk_names, desk_state, desk_trial, desk_licences, desk_matches):
    router.include_router(part.router)


@router.get("/desk")
def desk(page: OwnerPage) -> Response:
    """Show the sets: a rights owner's own, or all of them by owner, what waits for an admin first."""
    if _is_new(page):
        return _form(page, Faults(), name="", identity="", contact="")
    found = glances(page)
    if page.caller.role is not Role.ADMIN:
        return page.render("desk/own.html", sets=found, path_of=path_of)
    pressing = [item for item in found if _waits(item)]
    groups = by_owner(page, [item for item in found if not _waits(item)])
    return page.render("desk/all.html", pressing=pressing, groups=groups, path_of=path_of)


@router.post("/desk/owner")
def register(page: OwnerPage, name: Text = "", identity: Text = "", contact: Text = "") -> Response:
    """Register the rights owner that the reader will speak for."""
    if not _is_new(page):
        return page.go(DESK)
    try:
        owner = page.wired.registration.register_owner(page.caller, name, identity=identity, contact=contact)
    except InvalidFields as error:
        return _form(page, faults_of(page, error), name=name, identity=identity, contact=contact)
    token = page.house.cookies.read(page.request, "session")
    page.wired.accounts.set_owner(page.caller.name, owner.id, page.caller, token=token)
    return page.go(DESK, Flash("owner_registered"))


def _is_new(page: Page) -> bool:
    return page.caller.role is Role.RIGHTS_OWNER and page.caller.owner is None


def _waits(glance: Glance) -> bool:
    """Tell whether an admin has something to do about a set: it can be activated, or something about it jumped."""
    state = glance.item.state
    return (state is SetState.DRAFT and not glance.missing) or (
        state is SetState.ACTIVE and glance.item.quarantine is not None
    )


def _form(page: Page, faults: Faults, **values: str) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK
    return page.render("desk/owner.html", status, faults=faults, values=values)
