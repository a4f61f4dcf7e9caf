"""The web application, built by a function: `uvicorn --factory service.main:create_app`, or `lora-screening serve`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

from service.adapters.logs import configure_logs
from service.api import (
    accounts,
    audit,
    blocked,
    cases,
    docs,
    errors,
    evidence_packs,
    exchange,
    health,
    notices,
    owners,
    policies,
    reference_sets,
    screening,
    statistics,
    strikes,
    sweeps,
    webhooks,
    wire,
)
from service.api.middleware import BodyLimitMiddleware, RequestMiddleware
from service.bootstrap import wire as wire_up
from service.console.app import build_console
from service.settings import Settings

log = structlog.get_logger()
DESCRIPTION = """Screens uploaded LoRAs for protected characters and answers block, review or allow, with evidence.

Every similarity comes with its false-positive rate over the whole index. What could not be screened is listed and makes
the verdict at least review."""


ROUTERS = (
    screening,
    blocked,
    health,
    accounts,
    cases,
    owners,
    reference_sets,
    policies,
    notices,
    strikes,
    sweeps,
    webhooks,
    exchange,
    audit,
    evidence_packs,
    statistics,
    docs,
)


@cache
def _routes() -> list[BaseRoute]:
    """Gather the routes once a process, since FastAPI works on them for most of a second, whoever serves them."""
    router = APIRouter()
    for module in ROUTERS:
        router.include_router(module.router)
    return router.routes


class _App(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """Write the OpenAPI document with the nulls of its example answer, which FastAPI leaves out."""
        document = super().openapi()
        schema = wire.ScreeningAnswer.model_json_schema()
        document["components"]["schemas"]["ScreeningAnswer"]["examples"] = schema["examples"]
        return document


def create_app(settings: Settings | None = None, tell_admin_link: Callable[[str], None] | None = None) -> FastAPI:
    """Build the application; without settings they are read from the environment.

    While there is no admin, `tell_admin_link` is told the path by which the first one gets in; else the log tells it.
    """
    settings = settings or Settings()
    configure_logs(settings.log_format, settings.log_level)
    wired = wire_up(settings)
    token = wired.accounts.first_admin_link_token()
    if token is not None:
        (tell_admin_link or _log_admin_link)(f"/console/invitation/{token}")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        wired.close()

    app = _App(
        title="lora-screening",
        version=version("lora-screening"),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        routes=_routes(),
    )
    app.state.wired = wired
    errors.install(app)
    app.mount("/console", build_console(wired, errors.STATUS))
    app.add_middleware(BodyLimitMiddleware, max_bytes=settings.max_body_bytes)
    app.add_middleware(RequestMiddleware, metrics=wired.metrics)
    return app


def _log_admin_link(path: str) -> None:
    """Tell an operator who has nothing but the log; whoever reads it first is the admin, so it works once."""
    log.warning("first_admin_link", path=path)
