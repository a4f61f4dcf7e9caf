"""People with accounts: `/console/people`, for admins."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from service.console.flash import Flash
from service.console.forms import Faults
from service.console.pages import AdminPage, Page
from service.domain.account import INVITATION, PEOPLE
from service.domain.errors import FieldFault, InvalidFields
from service.domain.identity import Role

router = APIRouter()
Text = Annotated[str, Form(max_length=1000)]


@router.get("/people")
def people(page: AdminPage) -> Response:
    """List everybody, with the form for a link of invitation."""
    return _people(page, Faults())


@router.post("/people/invitation")
def invite(page: AdminPage, role: Text = "", owner: Text = "") -> Response:
    """Make a link, and show it: nobody can read it again."""
    try:
        token = page.wired.accounts.invite(_role(role), page.caller, owner.strip() or None)
    except InvalidFields as error:
        return _people(page, Faults.of(error, page.language), role=role, owner=owner)
    path = f"/console/invitation/{token}"
    return _people(page, Faults(), link=page.origin + path, role=role)


@router.post("/people/{name}/disable")
def disable(page: AdminPage, name: str) -> Response:
    """Let a person in no more."""
    page.wired.accounts.disable(name, page.caller)
    return page.go("/console/people", Flash("disabled", {"name": name}))


@router.post("/people/{name}/enable")
def enable(page: AdminPage, name: str) -> Response:
    """Let a person in again."""
    page.wired.accounts.enable(name, page.caller)
    return page.go("/console/people", Flash("enabled", {"name": name}))


@router.post("/people/{name}/role")
def set_role(page: AdminPage, name: str, role: Text = "") -> Response:
    """Give a person another role."""
    page.wired.accounts.set_role(name, _role(role), page.caller)
    return page.go("/console/people", Flash("role", {"name": name}))


def _role(text: str) -> Role:
    if text not in set(Role):
        raise InvalidFields([FieldFault("role", "choose a role", "请选择角色")])
    return Role(text)


def _people(
    page: Page, faults: Faults, *, link: str | None = None, role: str = Role.MODERATOR.value, owner: str = ""
) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK
    everybody = page.wired.accounts.list_all(page.caller)
    return page.render(
        "people.html",
        status,
        people=everybody,
        roles=PEOPLE,
        owners=page.wired.owners.list_all(),
        faults=faults,
        link=link,
        days=INVITATION.days,
        role=role,
        owner=owner,
    )
