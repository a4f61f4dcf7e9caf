"""What every answer of the console carries, and how large a form may be."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
LARGEST_FORM = 1024 * 1024
"""Bytes of a form without files: two statements and a comment, several times over."""

LARGEST_WITH_FILES = 64 * 1024 * 1024
"""Bytes of a form with the files of a notice."""


class ConsoleHeaders:
    """Adds the headers, and refuses forms that are too large before they are read.

    For forms with files on paths that fit `with_files` the limit of the whole service holds, which is checked before;
    those on paths that fit `with_some` may have LARGEST_WITH_FILES.
    """

    def __init__(self, app: ASGIApp, with_files: re.Pattern[str], with_some: re.Pattern[str]) -> None:
        self._app = app
        self._with_files = with_files
        self._with_some = with_some

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        if self._too_large(scope):
            answer = PlainTextResponse("The form is too large. 表单过大。", 413)
            await answer(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)

    def _too_large(self, scope: Scope) -> bool:
        """Tell whether a form states no size, or too large a one: browsers always state it."""
        headers = Headers(scope=scope)
        if scope["method"] in ("GET", "HEAD"):
            return False
        # Files go to disk as they are read; any other form is read into memory.
        multipart = headers.get("content-type", "").startswith("multipart/form-data")
        if multipart and self._with_files.fullmatch(scope["path"]):
            return False
        stated = headers.get("content-length", "")
        most = LARGEST_WITH_FILES if multipart and self._with_some.fullmatch(scope["path"]) else LARGEST_FORM
        return not stated.isdigit() or int(stated) > most
