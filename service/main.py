"""The web application, built by a function: `uvicorn --factory service.main:create_app`, or `lora-screening serve`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI

from service.adapters.logs import configure_logs
from service.api import blocked, docs, errors, health, screening, wire
from service.api.dependencies import Gate
from service.api.middleware import BodyLimitMiddleware, RequestMiddleware
from service.bootstrap import wire as wire_up
from service.settings import Settings

DESCRIPTION = """Screens uploaded LoRAs for protected characters and answers block, review or allow, with evidence.

Every similarity comes with its false-positive rate over the whole index. What could not be screened is listed and makes
the verdict at least review."""


class _App(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """Write the OpenAPI document with the nulls of its example answer, which FastAPI leaves out."""
        document = super().openapi()
        schema = wire.ScreeningAnswer.model_json_schema()
        document["components"]["schemas"]["ScreeningAnswer"]["examples"] = schema["examples"]
        return document


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application; without settings they are read from the environment."""
    settings = settings or Settings()
    configure_logs(settings.log_format, settings.log_level)
    wired = wire_up(settings)

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
    )
    app.state.wired = wired
    app.state.gate = Gate(settings.keys, settings.requests_per_minute)
    errors.install(app)
    docs.install(app)
    for module in (screening, blocked, health):
        app.include_router(module.router)
    app.add_middleware(BodyLimitMiddleware, max_bytes=settings.max_body_bytes)
    app.add_middleware(RequestMiddleware, metrics=wired.metrics)
    return app
