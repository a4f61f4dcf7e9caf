"""The reader's own account: language, how pictures are shown, password."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from service.console.flash import Flash
from service.console.forms import Faults
from service.console.i18n import LANGUAGES
from service.console.pages import VIEWS, AnyPage, Page, SignedInPage, local
from service.domain.errors import InvalidFields

router = APIRouter()
Text = Annotated[str, Form(max_length=1000)]


@router.get("/account")
def account(page: SignedInPage) -> Response:
    """Show the account."""
    return _account(page, Faults())


@router.post("/language")
def change_language(page: AnyPage, language: Text = "", back: Text = "") -> Response:
    """Change the language: of the account, and of this browser."""
    response = page.go(local(back, "/console/"))
    if language in LANGUAGES:
        if page.session is not None:
            page.wired.accounts.set_language(page.token, language)
        page.house.cookies.put(response, "language", language)
    return response


@router.post("/account/view")
def change_view(page: SignedInPage, view: Annotated[list[str] | None, Form()] = None, back: Text = "") -> Response:
    """Choose how pictures are softened, on this browser."""
    chosen = ".".join(name for name in VIEWS if name in (view or []))
    if page.request.headers.get("hx-request"):
        response = Response(status_code=HTTPStatus.NO_CONTENT)
    else:
        response = page.go(local(back, "/console/account"), Flash("view"))
    page.house.cookies.put(response, "view", chosen)
    return response


@router.post("/account/password")
def change_password(page: SignedInPage, current: Text = "", password: Text = "", again: Text = "") -> Response:
    """Change the password, which signs out all other browsers."""
    faults = Faults()
    if password != again:
        faults.add("again", page.say("The two passwords differ."))
        return _account(page, faults)
    try:
        page.wired.accounts.change_password(page.token, current, password)
    except InvalidFields as error:
        return _account(page, Faults.of(error, page.language))
    return page.go("/console/account", Flash("password"))


def _account(page: Page, faults: Faults) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK
    return page.render("account.html", status, faults=faults, views=VIEWS)
