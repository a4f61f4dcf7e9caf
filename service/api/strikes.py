"""The route of strikes: what counts against an uploader."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from service.api import shown_notices, wire_notices
from service.api.dependencies import Reader, Service
from service.api.problems import problems
from service.domain.errors import NotPermitted

router = APIRouter(prefix="/v1/strikes", tags=["notices"])
Named = Annotated[str, Query(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f]+$")]


@router.get("", response_model=wire_notices.StrikeList, responses=problems({422: "Fields are missing or wrong."}))
def list_strikes(service: Service, who: Reader, uploader: Named, platform: Named | None = None) -> Any:
    """Give the strikes of an uploader that count now; a platform asks for its own uploaders."""
    if who.sees_only is not None and platform not in (None, who.sees_only):
        raise NotPermitted("a platform asks for its own uploaders")
    found = service.consequences.strikes_of(who.sees_only or platform or "", uploader)
    return {"strikes": [shown_notices.strike(item) for item in found]}
