"""Coming in and going out: the sign-in page, links of invitation, identity providers, signing out."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from service.console.flash import Flash
from service.console.forms import Faults
from service.console.navigation import home_of
from service.console.pages import AnyPage, Page, local
from service.domain.errors import InvalidFields, NotAuthenticated, NotFound, NotPermitted
from service.ports import IdentityProvider

router = APIRouter()
Text = Annotated[str, Form(max_length=1000)]


@router.get("/")
def start(page: AnyPage) -> Response:
    """Lead to the first room of whoever is signed in."""
    return page.go(home_of(page.caller.role))


@router.get("/sign-in")
def sign_in_page(page: AnyPage) -> Response:
    """Ask for name and password."""
    if page.session is not None:
        return page.go(home_of(page.caller.role))
    return _form(page, next_path=page.request.query_params.get("next", ""))


@router.post("/sign-in")
def sign_in(
    page: AnyPage,
    name: Text = "",
    password: Text = "",
    next_path: Annotated[str, Form(max_length=1000, alias="next")] = "",
) -> Response:
    """Sign in, and go where the reader wanted to go."""
    address = page.request.client.host if page.request.client else ""
    try:
        token = page.wired.accounts.sign_in(name, password, address)
    except NotAuthenticated:
        return _form(page, HTTPStatus.UNAUTHORIZED, wrong=True, name=name, next_path=next_path)
    return _enter(page, token, next_path)


@router.post("/sign-out")
def sign_out(page: AnyPage) -> Response:
    """End the session."""
    page.wired.accounts.sign_out(page.token)
    response = page.go("/console/sign-in", Flash("signed_out"))
    page.house.cookies.drop(response, "session")
    return response


@router.get("/invitation/{token}")
def invitation_page(page: AnyPage, token: str) -> Response:
    """Ask for the name and password of a new account."""
    return _invitation(page, token, Faults())


@router.post("/invitation/{token}")
def accept(page: AnyPage, token: str, name: Text = "", password: Text = "", again: Text = "") -> Response:
    """Make the account, and sign in."""
    faults = Faults()
    if password != again:
        faults.add("again", page.say("The two passwords differ."))
        return _invitation(page, token, faults, name)
    try:
        session = page.wired.accounts.accept(token, name, password, page.language)
    except InvalidFields as error:
        return _invitation(page, token, Faults.of(error, page.language), name)
    except NotFound:
        return _invitation(page, token, faults)
    return _enter(page, session, "")


@router.get("/sign-in/elsewhere")
def begin_elsewhere(page: AnyPage) -> Response:
    """Lead to the identity provider."""
    url, state = _provider(page).begin()
    response = RedirectResponse(url, HTTPStatus.SEE_OTHER)
    page.house.cookies.put(response, "sign-in", state)
    return response


@router.get("/sign-in/return")
def finish_elsewhere(page: AnyPage) -> Response:
    """Take who comes back from the identity provider."""
    state = page.house.cookies.read(page.request, "sign-in")
    try:
        identity = _provider(page).finish(dict(page.request.query_params), state or "")
        token = page.wired.accounts.sign_in_as(identity)
    except (NotAuthenticated, NotPermitted):
        return _form(page, HTTPStatus.UNAUTHORIZED, refused=True)
    response = _enter(page, token, "")
    page.house.cookies.drop(response, "sign-in")
    return response


def _provider(page: Page) -> IdentityProvider:
    if page.wired.oidc is None:
        raise NotFound("no identity provider is configured")
    return page.wired.oidc


def _form(
    page: Page,
    status: HTTPStatus = HTTPStatus.OK,
    *,
    wrong: bool = False,
    refused: bool = False,
    name: str = "",
    next_path: str = "",
) -> Response:
    elsewhere = page.wired.oidc is not None
    return page.render(
        "sign_in.html", status, wrong=wrong, refused=refused, name=name, next_path=next_path, elsewhere=elsewhere
    )


def _invitation(page: Page, token: str, faults: Faults, name: str = "") -> Response:
    found = page.wired.accounts.invitation(token)
    if found is None:
        return page.render("invitation.html", HTTPStatus.NOT_FOUND, invitation=None)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK
    return page.render("invitation.html", status, invitation=found, token=token, faults=faults, name=name)


def _enter(page: Page, token: str, next_path: str) -> Response:
    session = page.wired.accounts.session(token)
    home = home_of(session.user.role) if session else "/console/"
    return page.sign_in(page.go(local(next_path, home)), token)
