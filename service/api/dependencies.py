"""What routes are given: the wired service, and who is calling."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Annotated

import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from service.bootstrap import Wired
from service.domain.errors import NotAuthenticated, NotPermitted, QuotaExceeded
from service.domain.identity import Caller, Key, Role, key_sha256

_MINUTE = 60.0
_bearer = HTTPBearer(auto_error=False, description="An API key.")


class Gate:
    """Knows the keys, and counts what each has sent in the current minute."""

    def __init__(self, keys: Iterable[Key], per_minute: int, time_of: Callable[[], float] = time.monotonic) -> None:
        self._keys = {key.sha256: key for key in keys}
        self._per_minute = per_minute
        self._time_of = time_of
        self._counts: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def admit(self, key: str | None) -> Caller:
        """Return who holds the key. Raises NotAuthenticated or QuotaExceeded."""
        found = self._keys.get(key_sha256(key)) if key else None
        if found is None:
            raise NotAuthenticated("send `Authorization: Bearer <api key>` with a key that is registered here")
        now = self._time_of()
        with self._lock:
            since, count = self._counts.get(found.sha256, (now, 0))
            if now - since >= _MINUTE:
                since, count = now, 0
            if count >= self._per_minute:
                wait = max(1, round(_MINUTE - (now - since)))
                raise QuotaExceeded(f"more than {self._per_minute} requests in a minute from this key", wait)
            self._counts[found.sha256] = (since, count + 1)
        return Caller(found.name, found.role)


def wired(request: Request) -> Wired:
    """Return the wired service of this application."""
    service: Wired = request.app.state.wired
    return service


def caller(request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Caller:
    """Authenticate. Raises NotAuthenticated or QuotaExceeded."""
    gate: Gate = request.app.state.gate
    found = gate.admit(credentials.credentials if credentials else None)
    structlog.contextvars.bind_contextvars(caller=found.name)
    return found


def allowed(*roles: Role) -> Callable[[Caller], Caller]:
    """Make a dependency that lets only these roles pass. It raises NotPermitted."""

    def check(who: Annotated[Caller, Depends(caller)]) -> Caller:
        if who.role not in roles:
            raise NotPermitted(f"the role {who.role} may not do this; it takes {' or '.join(roles)}")
        return who

    return check


Service = Annotated[Wired, Depends(wired)]
AnyCaller = Annotated[Caller, Depends(caller)]
PlatformCaller = Annotated[Caller, Depends(allowed(Role.PLATFORM, Role.ADMIN))]
Judge = Annotated[Caller, Depends(allowed(Role.MODERATOR, Role.ADMIN))]
Reader = Annotated[Caller, Depends(allowed(Role.PLATFORM, Role.MODERATOR, Role.ADMIN))]
