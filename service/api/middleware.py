"""Around every request: an id, a bound on the body, one log line, one count, and an answer to what nobody foresaw."""

from __future__ import annotations

import re
import secrets
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.adapters.metrics import Metrics
from service.api.errors import internal_problem
from service.domain.errors import TooLarge

log = structlog.get_logger()
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class RequestMiddleware:
    """Gives each request an id, and answers failures that no handler knows with 503."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; other kinds of connections pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        # Every failure has to reach the caller as an answer that cannot be taken for an allow.
        except Exception:
            log.exception("request_failed")
            if status == 0:
                await internal_problem()(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "unknown")
            self._metrics.observe_request(scope["method"], route, status, seconds)
            log.info("request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))


def _request_id(scope: Scope) -> str:
    """Take the caller's id where it is harmless to log, else make one."""
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return given.decode() if _REQUEST_ID.fullmatch(given) else f"req_{secrets.token_hex(10)}"


class BodyLimitMiddleware:
    """Refuses bodies over a number of bytes, stated or streamed."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            # What is stated is refused before any of it is read.
            message = await receive() if _stated_length(scope) <= self._max_bytes else None
            received += len(message.get("body", b"")) if message else 0
            if message is None or received > self._max_bytes:
                raise TooLarge(f"the body is larger than the {self._max_bytes} bytes allowed")
            return message

        await self._app(scope, receive_counted if scope["type"] == "http" else receive, send)


def _stated_length(scope: Scope) -> int:
    stated = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(stated) if stated.isdigit() else 0
