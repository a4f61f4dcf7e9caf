"""The cookies of the console: their names, and how each is set.

Served over https their names begin with `__Host-`, so that no other host of the domain can plant them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fastapi import Request
from fastapi.responses import Response

_YEAR = 365 * 24 * 3600
Name = Literal["session", "form", "language", "view", "flash", "sign-in"]

_LASTING: dict[Name, int] = {"language": _YEAR, "view": _YEAR, "sign-in": 600, "flash": 60}
"""Seconds that a cookie lasts; the others end with the browser, and the session when the service says so."""


@dataclass(frozen=True, slots=True)
class Cookies:
    """Reads and sets cookies; `secure` where people reach the service over https."""

    secure: bool

    def read(self, request: Request, name: Name) -> str | None:
        """Return a cookie, or None."""
        return request.cookies.get(self._full(name))

    def put(self, response: Response, name: Name, value: str) -> None:
        """Set a cookie; no script can read it."""
        response.set_cookie(
            self._full(name), value, max_age=_LASTING.get(name), httponly=True, samesite="lax", secure=self.secure
        )

    def drop(self, response: Response, name: Name) -> None:
        """Remove a cookie."""
        response.delete_cookie(self._full(name), httponly=True, samesite="lax", secure=self.secure)

    def _full(self, name: Name) -> str:
        return f"__Host-{name}" if self.secure else f"console-{name}"
