"""The console as an application of its own, to be mounted at `/console`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus

from babel.support import NullTranslations
from fastapi import APIRouter, Depends, FastAPI
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.routing import BaseRoute

from service.bootstrap import Wired
from service.console import (
    account,
    audit,
    bulk,
    case_queue,
    cases,
    complaint,
    counter_notice,
    desk,
    desk_pictures,
    dismissed,
    errors,
    evidence,
    keys,
    notice_acts,
    notices,
    overview,
    own_notices,
    people,
    pictures,
    sign_in,
    static,
    statistics,
    sweeps,
    workbench,
)
from service.console.cookies import Cookies
from service.console.formats import Formats
from service.console.headers import ConsoleHeaders
from service.console.i18n import LANGUAGES, translations
from service.console.notifier import WITH_NOTICE_FILES
from service.console.pages import House, form_is_ours
from service.console.static import StaticFiles, read_static
from service.console.words import in_words
from service.domain.errors import ServiceError

ROUTERS = (
    sign_in,
    account,
    overview,
    workbench,
    case_queue,
    bulk,
    cases,
    pictures,
    dismissed,
    desk,
    complaint,
    counter_notice,
    own_notices,
    notices,
    notice_acts,
    sweeps,
    evidence,
    people,
    keys,
    audit,
    statistics,
    static,
)
"""The modules with pages, each with its `router`."""


def build_console(wired: Wired, statuses: Mapping[type[ServiceError], HTTPStatus]) -> FastAPI:
    """Build the console; `statuses` is the API's table of errors, so that both answer with the same."""
    app = FastAPI(openapi_url=None, routes=_routes())
    secure = (wired.settings.public_url or "").startswith("https://")
    app.state.wired = wired
    environments, texts, files = _templates()
    app.state.house = House(environments, texts, files, Cookies(secure), statuses)
    errors.install(app)
    app.add_middleware(ConsoleHeaders, with_files=desk_pictures.WITH_FILES, with_some=WITH_NOTICE_FILES)
    return app


@cache
def _routes() -> list[BaseRoute]:
    """Gather the routes once a process, since FastAPI works on them for most of a second, whoever serves them."""
    router = APIRouter(dependencies=[Depends(form_is_ours)])
    for module in ROUTERS:
        router.include_router(module.router)
    return router.routes


@cache
def _templates() -> tuple[dict[str, Environment], dict[str, NullTranslations], StaticFiles]:
    """Make the templates and texts by language, and read the files: once a process, since templates are compiled."""
    files = read_static()
    texts = {language: translations(language) for language in LANGUAGES}
    return {language: environment(language, texts[language], files) for language in LANGUAGES}, texts, files


def environment(language: str, texts: NullTranslations, files: StaticFiles) -> Environment:
    """Make the templates of a language."""
    made = Environment(
        loader=PackageLoader("service.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(texts, newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(Formats(language).filters())
    made.filters["in_words"] = in_words(texts.gettext)
    made.globals["static"] = files.path
    return made
