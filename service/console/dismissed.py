"""Pictures of dismissed cases: confirmed by another person they count as unrelated when an index is calibrated."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from service.console.flash import Flash
from service.console.pages import ModeratorPage
from service.console.pictures import picture_answer, placeholder
from service.usecases.case_view import media_type

router = APIRouter()
_SHOWN = 60


@router.get("/dismissed")
def dismissed(page: ModeratorPage) -> Response:
    """Show the pictures that wait, oldest first."""
    waiting = page.wired.review.waiting()
    return page.render("dismissed.html", waiting=waiting[:_SHOWN], more=max(0, len(waiting) - _SHOWN))


@router.get("/dismissed/{sha256}")
def picture(page: ModeratorPage, sha256: str) -> Response:
    """Show one of them, whole where it is kept so."""
    known = any(item.sha256 == sha256 for item in page.wired.review.waiting())
    blobs = page.wired.blobs
    data = (blobs.read(f"pictures/{sha256}") or blobs.read(f"thumbnails/{sha256}")) if known else None
    if data is None:
        return placeholder(page.say("This picture was not kept"))
    return picture_answer(data, media_type(data))


@router.post("/dismissed/{sha256}")
def judge(page: ModeratorPage, sha256: str, answer: Annotated[str, Form(max_length=16)] = "") -> Response:
    """Confirm that a picture shows nobody's character, or leave it out."""
    confirm = answer == "confirm"
    page.wired.review.judge(sha256, page.caller, confirm=confirm)
    return page.go("/console/dismissed", Flash("control_confirmed" if confirm else "control_refused"))
