"""Errors as problem+json (RFC 9457): one table of statuses, one shape of answer."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from service.domain import errors

log = structlog.get_logger()

STATUS: Mapping[type[errors.ServiceError], HTTPStatus] = {
    errors.MalformedRequest: HTTPStatus.BAD_REQUEST,
    errors.NotAuthenticated: HTTPStatus.UNAUTHORIZED,
    errors.NotPermitted: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.IdempotencyConflict: HTTPStatus.CONFLICT,
    errors.WrongState: HTTPStatus.CONFLICT,
    errors.CaseTaken: HTTPStatus.CONFLICT,
    errors.CaseDecided: HTTPStatus.CONFLICT,
    errors.TooLate: HTTPStatus.CONFLICT,
    errors.Superseded: HTTPStatus.CONFLICT,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnsupportedContent: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.InvalidFields: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.QuotaExceeded: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Overloaded: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NotReady: HTTPStatus.SERVICE_UNAVAILABLE,
}
MEDIA_TYPE = "application/problem+json"


def problem(
    status: HTTPStatus,
    code: str,
    detail: str,
    faults: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Write a problem+json answer."""
    content: dict[str, Any] = {
        "type": f"urn:lora-screening:problem:{code}",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "code": code,
    }
    if faults:
        content["errors"] = faults
    return JSONResponse(content, status.value, dict(headers or {}), MEDIA_TYPE)


def service_problem(error: errors.ServiceError) -> JSONResponse:
    """Answer an error of ours; its status is that of the nearest class in the table."""
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), HTTPStatus.SERVICE_UNAVAILABLE)
    headers: dict[str, str] = {}
    if isinstance(error, (errors.QuotaExceeded, errors.Overloaded, errors.NotReady)):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.NotAuthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    faults = None
    if isinstance(error, errors.InvalidFields):
        faults = [{"location": fault.location, "message": fault.message} for fault in error.faults]
    return problem(status, error.code, str(error), faults, headers)


def internal_problem() -> JSONResponse:
    """Answer a failure nobody foresaw: the upload was not screened, and must not be taken for allowed."""
    detail = "the service failed, and nothing was decided; send the request again"
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "internal_error", detail, headers={"Retry-After": "5"})


def location(parts: tuple[int | str, ...]) -> str:
    """Write a place such as `upload.images[2].role`."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else str(part))
    return text


def install(app: FastAPI) -> None:
    """Register the handlers."""

    @app.exception_handler(errors.ServiceError)
    def _service(_: Request, error: errors.ServiceError) -> JSONResponse:
        return service_problem(error)

    @app.exception_handler(RequestValidationError)
    def _fields(_: Request, error: RequestValidationError) -> JSONResponse:
        found = error.errors()
        if any(item["type"] == "json_invalid" for item in found):
            return service_problem(errors.MalformedRequest("the body is not JSON"))
        faults = [errors.FieldFault(location(tuple(item["loc"])), str(item["msg"])) for item in found]
        return service_problem(errors.InvalidFields(faults))

    @app.exception_handler(HTTPException)
    def _http(_: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        code = status.phrase.lower().replace(" ", "_").replace("'", "")
        return problem(status, code, str(error.detail), headers=error.headers)
