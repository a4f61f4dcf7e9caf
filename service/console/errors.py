"""Errors as pages: what happened, in the reader's language, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from service.console.forms import Faults
from service.console.i18n import mark
from service.console.pages import Page, open_page
from service.domain.errors import InvalidFields, NotAuthenticated, ServiceError

log = structlog.get_logger()

SAID: Mapping[str, tuple[str, str]] = {
    "form_expired": (
        mark("This form is no longer valid"),
        mark("You may have signed in again, or out, in another tab. Go back, load the page anew, and send it again."),
    ),
    "not_permitted": (
        mark("This is not open to you"),
        mark("Your role does not have this page or step. An admin can change roles under People."),
    ),
    "not_found": (
        mark("There is nothing here"),
        mark("The address is wrong, or what it named is gone. The menu above leads on."),
    ),
    "case_taken": (
        mark("Somebody else is looking at this case"),
        mark("Take the next free case, or come back when the time they have is over."),
    ),
    "case_decided": (
        mark("This case is decided"),
        mark("Somebody was faster. Take the next free case; an appeal opens a decided case again."),
    ),
    "wrong_state": (
        mark("This cannot be done as things stand"),
        mark("Somebody may have changed it meanwhile. Go back, load the page again, and look how it stands now."),
    ),
    "too_late": (
        mark("It is too late for that"),
        mark("A decision can be taken back for one minute. After that only an appeal opens the case again."),
    ),
    "superseded": (
        mark("Another policy came into force meanwhile"),
        mark("Nothing was published. Go back to the workbench, and compare the draft with what is in force now."),
    ),
    "invalid_fields": (
        mark("Something in the form is missing or wrong"),
        mark("Go back, look at what is named below, and send it again."),
    ),
    "quota_exceeded": (
        mark("Too many attempts"),
        mark("Wait a minute, then try again."),
    ),
    "too_large": (
        mark("The form is too large"),
        mark("Send less at once."),
    ),
    "unavailable": (
        mark("The service cannot answer now"),
        mark("Nothing was changed. Wait a few seconds and load the page again; if it stays so, tell whoever runs it."),
    ),
}
"""Title and advice, by the code of an error."""


def install(app: FastAPI) -> None:
    """Register the handlers."""

    @app.exception_handler(ServiceError)
    def _service(request: Request, error: ServiceError) -> Response:
        page = _page(request)
        if isinstance(error, NotAuthenticated):
            return _to_sign_in(page)
        statuses = page.house.statuses
        status = next((statuses[kind] for kind in type(error).__mro__ if kind in statuses), None)
        found = Faults.of(error, page.language) if isinstance(error, InvalidFields) else Faults()
        faults = [f"{field}: {message}" for field, message in found]
        return _render(page, status or HTTPStatus.SERVICE_UNAVAILABLE, error.code, str(error), faults)

    @app.exception_handler(RequestValidationError)
    def _fields(request: Request, error: RequestValidationError) -> Response:
        faults = [f"{item['loc'][-1]}: {item['msg']}" for item in error.errors()[:20]]
        return _render(_page(request), HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_fields", "", faults)

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> Response:
        missing = error.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
        code = "not_found" if missing else "invalid_fields"
        return _render(_page(request), HTTPStatus(error.status_code), code, "" if missing else str(error.detail))

    @app.exception_handler(Exception)
    def _unforeseen(request: Request, _: Exception) -> Response:
        # The request's middleware logs it: what reaches here is raised again after it was answered.
        return _render(_page(request), HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "")


def _page(request: Request) -> Page:
    """Open the page as its reader; where the database is what fails, as nobody's."""
    try:
        return open_page(request)
    except Exception:  # noqa: BLE001 (an error page has to come whatever failed)
        log.warning("session_unknown")
        return Page(request, None)


def _render(page: Page, status: HTTPStatus, code: str, detail: str, faults: list[str] | None = None) -> Response:
    otherwise = "unavailable" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_fields"
    title, advice = SAID.get(code, SAID[otherwise])
    response = page.render(
        "error.html", status, title=title, advice=advice, detail="" if faults else detail, faults=faults or []
    )
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "5"
    return response


def _to_sign_in(page: Page) -> Response:
    """Lead to the sign-in page, and from there back; a script's request is told to load it whole."""
    target = "/console/sign-in"
    if page.request.method == "GET" and page.request.url.path.rstrip("/") != "/console":
        target += "?" + urlencode({"next": page.path})
    if page.request.headers.get("hx-request"):
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": target})
    response = RedirectResponse(target, HTTPStatus.SEE_OTHER)
    page.house.cookies.drop(response, "session")
    return response
