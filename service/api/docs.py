"""The interactive documentation, with its scripts served from here: a closed network has no other place."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

_FILES = "/static-docs"

router = APIRouter()
router.routes.append(Mount(_FILES, StaticFiles(packages=[("fastapi_offline", "static")]), name="static-docs"))


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> HTMLResponse:
    """Show the OpenAPI document of the application; it must have been made with `docs_url=None`."""
    return get_swagger_ui_html(
        openapi_url=request.app.openapi_url,
        title=request.app.title,
        swagger_js_url=f"{_FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{_FILES}/swagger-ui.css",
        swagger_favicon_url=f"{_FILES}/favicon.png",
    )
