"""The pictures of cases: the upload's own as far as they are kept, and the references they were matched with."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from markupsafe import Markup

from service.console.pages import ModeratorPage
from service.domain.errors import NotFound
from service.usecases.case_view import media_type

router = APIRouter()
_KEPT = "private, max-age=600"
_PLACEHOLDER = Markup(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 240" width="320" height="240">'
    '<rect width="320" height="240" fill="#8883"/>'
    '<text x="160" y="124" text-anchor="middle" font-family="system-ui,sans-serif" font-size="15" fill="#777">{}</text>'
    "</svg>"
)


@router.get("/cases/{case_id}/pictures/{number}")
def upload_picture(page: ModeratorPage, case_id: str, number: int) -> Response:
    """Show a picture of the upload: whole, or as `?thumbnail=1`, which also stands for a whole one not kept."""
    small = page.request.query_params.get("thumbnail") == "1"
    try:
        found = page.wired.review.picture(case_id, number, thumbnail=small)
    except NotFound:
        return placeholder(page.say("This picture was not kept"))
    return picture_answer(found.data, found.media_type)


@router.get("/references/{slug}/{file:path}")
def reference_picture(page: ModeratorPage, slug: str, file: str) -> Response:
    """Show a reference; those of a set that is not in the record are not here."""
    found = page.wired.sets.get(slug)
    sha256 = next((item.sha256 for item in found.references if item.file == file), None) if found else None
    data = page.wired.blobs.read(f"pictures/{sha256}") if sha256 else None
    if data is None:
        return placeholder(page.say("This reference is not kept here"))
    return picture_answer(data, media_type(data))


def picture_answer(data: bytes, kind: str) -> Response:
    """Serve a picture under its true type, and only as a picture."""
    if not kind.startswith("image/"):
        raise NotFound("what is kept is not a picture")
    return Response(data, media_type=kind, headers={"Cache-Control": _KEPT})


def placeholder(text: str) -> Response:
    """Stand in for a picture that is not here, and say so; the page's language is in it, so it is not kept."""
    return Response(_PLACEHOLDER.format(text), media_type="image/svg+xml")
