"""What routes are given: the wired service, and who is calling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from service.bootstrap import Wired
from service.domain.errors import NotPermitted
from service.domain.identity import Caller, Role, Scope

_bearer = HTTPBearer(auto_error=False, description="An API key.")


def wired(request: Request) -> Wired:
    """Return the wired service of this application."""
    service: Wired = request.app.state.wired
    return service


def sent_key(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> str | None:
    """Return the key that came with the request."""
    return credentials.credentials if credentials else None


def caller(service: Annotated[Wired, Depends(wired)], key: Annotated[str | None, Depends(sent_key)]) -> Caller:
    """Authenticate. Raises NotAuthenticated or QuotaExceeded."""
    found = service.keys.admit(key)
    structlog.contextvars.bind_contextvars(caller=found.name)
    return found


def allowed(*roles: Role, scope: Scope) -> Callable[[Caller], Caller]:
    """Make a dependency that lets only these roles pass, with keys that have this scope. It raises NotPermitted."""

    def check(who: Annotated[Caller, Depends(caller)]) -> Caller:
        if who.role not in roles:
            raise NotPermitted(f"the role {who.role} may not do this; it takes {' or '.join(roles)}")
        if scope not in who.scopes:
            raise NotPermitted(f"this key lacks the scope {scope}; it has {', '.join(sorted(who.scopes))}")
        return who

    return check


Service = Annotated[Wired, Depends(wired)]
SentKey = Annotated[str | None, Depends(sent_key)]
AnyCaller = Annotated[Caller, Depends(caller)]
PlatformCaller = Annotated[Caller, Depends(allowed(Role.PLATFORM, Role.ADMIN, scope=Scope.SCREEN))]
Reader = Annotated[Caller, Depends(allowed(Role.PLATFORM, Role.MODERATOR, Role.ADMIN, scope=Scope.READ))]
Judge = Annotated[Caller, Depends(allowed(Role.MODERATOR, Role.ADMIN, scope=Scope.CASES))]
OwnerCaller = Annotated[Caller, Depends(allowed(Role.RIGHTS_OWNER, Role.ADMIN, scope=Scope.SETS))]
SetReader = Annotated[Caller, Depends(allowed(Role.RIGHTS_OWNER, Role.MODERATOR, Role.ADMIN, scope=Scope.READ))]
AdminCaller = Annotated[Caller, Depends(allowed(Role.ADMIN, scope=Scope.ADMIN))]
