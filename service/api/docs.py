"""The interactive documentation, with its scripts served from here: a closed network has no other place."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

_FILES = "/static-docs"


def install(app: FastAPI) -> None:
    """Serve /docs from the OpenAPI document of this application; it must have been made with `docs_url=None`."""
    app.mount(_FILES, StaticFiles(packages=[("fastapi_offline", "static")]), name="static-docs")

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url=app.openapi_url or "/openapi.json",
            title=app.title,
            swagger_js_url=f"{_FILES}/swagger-ui-bundle.js",
            swagger_css_url=f"{_FILES}/swagger-ui.css",
            swagger_favicon_url=f"{_FILES}/favicon.png",
        )
