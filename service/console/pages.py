"""What a handler is given to answer with: who reads, in which language, and how a page is rendered.

    def queue(page: ModeratorPage) -> Response:
        return page.render("queue.html", cases=...)

A handler that takes `ModeratorPage`, `AdminPage`, `OwnerPage` or `SignedInPage` is reached by nobody else; `AnyPage` is
for what comes before signing in.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

from babel.support import NullTranslations
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment
from starlette.datastructures import FormData

from service.bootstrap import Wired
from service.console.case_counts import CountersMemory
from service.console.cookies import Cookies
from service.console.crowds import CrowdMemory
from service.console.flash import Flash, read_flash
from service.console.i18n import LANGUAGES, TAGS, choose
from service.console.navigation import Room, rooms_of
from service.console.static import StaticFiles
from service.domain.account import Session
from service.domain.errors import NotAuthenticated, NotPermitted, QuotaExceeded, ServiceError
from service.domain.identity import Caller, Role
from service.usecases.quotas import Minutes

VIEWS = ("blur", "grey")
"""Ways to soften pictures."""

PUBLIC = re.compile(r"/console/(?:complaint|(?:counter-)?notice/[^/]+/[^/]+(?:/[a-z]+)?)")
"""Paths of the forms that anybody may send, files with them."""

MOST_FILES = 10
MOST_FIELDS = 2_100
"""Files and other fields of a form that anybody may send: a notice may accuse 2,000 uploads."""


@dataclass(frozen=True)
class House:
    """What all pages share: templates and texts by language, files, cookies, and the status of each kind of error."""

    environments: Mapping[str, Environment]
    translations: Mapping[str, NullTranslations]
    static: StaticFiles
    cookies: Cookies
    statuses: Mapping[type[ServiceError], HTTPStatus]
    crowds: CrowdMemory = field(default_factory=CrowdMemory)
    counters: CountersMemory = field(default_factory=CountersMemory)
    public_forms: Minutes = field(default_factory=Minutes)


class Page:
    """One request, as its handler and its template see it."""

    def __init__(self, request: Request, session: Session | None) -> None:
        self.request = request
        self.wired: Wired = request.app.state.wired
        self.house: House = request.app.state.house
        self.session = session
        self.languages = LANGUAGES
        self.now: datetime = self.wired.clock.now()

    @property
    def token(self) -> str:
        """The token of the session, as the cookie brings it."""
        return self.house.cookies.read(self.request, "session") or ""

    @cached_property
    def language(self) -> str:
        """The reader's language: of their account, else of a cookie, else of their browser."""
        chosen = self.house.cookies.read(self.request, "language")
        account = self.session.user.language if self.session else None
        return choose(account, chosen, accepted=self.request.headers.get("accept-language", ""))

    @property
    def tag(self) -> str:
        """The language as the page's `lang` attribute names it."""
        return TAGS[self.language]

    @property
    def environment(self) -> Environment:
        """The templates in the reader's language."""
        return self.house.environments[self.language]

    @cached_property
    def caller(self) -> Caller:
        """Who is signed in, as use cases know callers. Raises NotAuthenticated."""
        if self.session is None:
            raise NotAuthenticated("sign in to see this page")
        return self.session.caller

    @property
    def path(self) -> str:
        """The path of this page with its query: where a form leads back to."""
        query = self.request.url.query
        return self.request.url.path + (f"?{query}" if query else "")

    @property
    def origin(self) -> str:
        """Where people reach the service, for links that are kept."""
        base = self.wired.settings.public_url or str(self.request.base_url)
        return base.split("/console")[0].rstrip("/")

    @property
    def rooms(self) -> list[Room]:
        """The menu."""
        return rooms_of(self.session.user.role) if self.session else []

    @cached_property
    def views(self) -> frozenset[str]:
        """How the reader wants pictures softened."""
        kept = self.house.cookies.read(self.request, "view") or ""
        return frozenset(kept.split(".")) & frozenset(VIEWS)

    @cached_property
    def csrf(self) -> str:
        """What every form of this page has to send: the session's token, before signing in the cookie's."""
        if self.session is not None:
            return self.session.csrf
        return self.house.cookies.read(self.request, "form") or secrets.token_urlsafe(32)

    @cached_property
    def flash(self) -> Flash | None:
        """What was done on the page before."""
        return read_flash(self.house.cookies.read(self.request, "flash"))

    def say(self, text: str) -> str:
        """Translate a text."""
        return self.house.translations[self.language].gettext(text)

    def address(self, **changes: str | None) -> str:
        """Return this page's path with some of its query changed, or left out where None."""
        query = {**dict(self.request.query_params), **changes}
        kept = {name: value for name, value in query.items() if value not in (None, "")}
        return self.request.url.path + (f"?{urlencode(kept)}" if kept else "")

    def render(self, template: str, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> HTMLResponse:
        """Render a template; besides `values` it has `page` and `now`."""
        written = self.environment.get_template(template).render(page=self, now=self.now, **values)
        response = HTMLResponse(written, status)
        cookies = self.house.cookies
        if self.session is None and cookies.read(self.request, "form") != self.csrf:
            cookies.put(response, "form", self.csrf)
        if self.flash is not None:
            cookies.drop(response, "flash")
        return response

    def go(self, path: str, flash: Flash | None = None) -> RedirectResponse:
        """Lead on to another page of ours after something was done."""
        response = RedirectResponse(path, HTTPStatus.SEE_OTHER)
        if flash is not None:
            self.house.cookies.put(response, "flash", flash.written())
        return response

    def sign_in(self, response: Response, token: str) -> Response:
        """Give the browser a session, and end what it had before."""
        self.house.cookies.put(response, "session", token)
        self.house.cookies.drop(response, "form")
        return response


def open_page(request: Request) -> Page:
    """Find out who reads."""
    house: House = request.app.state.house
    token = house.cookies.read(request, "session")
    wired: Wired = request.app.state.wired
    return Page(request, wired.accounts.session(token) if token else None)


AnyPage = Annotated[Page, Depends(open_page)]


def _for(*roles: Role) -> Callable[[Page], Page]:
    def check(page: AnyPage) -> Page:
        if page.caller.role not in roles:
            raise NotPermitted(f"the role {page.caller.role} does not have this page")
        return page

    return check


SignedInPage = Annotated[Page, Depends(_for(*Role))]
ModeratorPage = Annotated[Page, Depends(_for(Role.MODERATOR, Role.ADMIN))]
OwnerPage = Annotated[Page, Depends(_for(Role.RIGHTS_OWNER, Role.ADMIN))]
AdminPage = Annotated[Page, Depends(_for(Role.ADMIN))]


async def form_is_ours(request: Request, page: AnyPage) -> None:
    """Refuse a form that does not carry the token of the page it should come from. Raises NotPermitted.

    Of forms that anybody may send an address has so many a minute, counted before one is read. Raises QuotaExceeded.
    """
    if request.method in ("GET", "HEAD"):
        return
    sent = request.headers.get("x-csrf-token")
    public = PUBLIC.fullmatch(request.url.path) is not None
    if public:
        _count(page)
    elif sent is None and page.session is None and "multipart" in request.headers.get("content-type", ""):
        # Files are read of nobody who is not signed in: no other form of ours brings them before.
        raise NotAuthenticated("sign in to send files")
    form: FormData | None = None
    if sent is None:
        form = await request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS) if public else await request.form()
        field = form.get("csrf")
        sent = field if isinstance(field, str) else ""
    known = page.session.csrf if page.session else page.house.cookies.read(request, "form")
    if not known or not secrets.compare_digest(sent.encode(), known.encode()):
        if form is not None:
            await form.close()
        raise FormExpired("the form was not sent from a page of this session")


def _count(page: Page) -> None:
    address = page.request.client.host if page.request.client else ""
    wait = page.house.public_forms.take(address, page.wired.settings.public_forms_per_minute)
    if wait is not None:
        raise QuotaExceeded("too many forms from this address within a minute", wait)


class FormExpired(NotPermitted):
    """A form came without its token, or with that of an earlier session."""

    code = "form_expired"


def local(path: str | None, otherwise: str) -> str:
    """Return a path that leads to a page of the console, and nowhere else."""
    return path if path and path.startswith("/console/") and "\\" not in path and "//" not in path else otherwise
