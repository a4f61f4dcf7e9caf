"""The pictures of a set: sending them, each answered with its report; seeing them; removing them.

desk.js sends one picture a request and puts each answer where it belongs; without it a plain form sends them all.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from service.console.desk_view import path_of, render_part
from service.console.flash import Flash
from service.console.i18n import mark
from service.console.pages import OwnerPage, Page
from service.console.pictures import picture_answer
from service.usecases.case_view import PictureBytes
from service.usecases.references import MOST_AT_ONCE, Outcome, PictureReport

router = APIRouter()
WITH_FILES = re.compile(r"/console/desk/sets/[^/]+/pictures")
"""Paths to which files are sent."""

KEPT = "private, max-age=86400, immutable"
"""A picture never changes under its id."""

REFUSALS = {
    "empty_file": mark("The file is empty."),
    "file_too_large": mark("The file is too large."),
    "too_many_pixels": mark("The picture has too many pixels."),
    "not_a_picture": mark("This is not a picture of a kind that can be read here: PNG, JPEG, WebP, GIF or AVIF."),
    "picture_damaged": mark("The file is damaged or incomplete."),
    "picture_too_small": mark("The picture is too small."),
}
"""Why a file cannot be registered, by the code of its reason."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A PictureSource over a part of a form; it is read when its turn comes."""

    part: UploadFile

    @property
    def name(self) -> str:
        """The name that the browser sent."""
        return self.part.filename or "picture"

    @property
    def data(self) -> bytes:
        """Read it."""
        self.part.file.seek(0)
        return self.part.file.read()


async def _sent(request: Request, page: OwnerPage) -> AsyncIterator[list[Sent]]:  # noqa: ARG001 (who sends is known first)
    """Read the files of the form, once it is known that they may be sent at all."""
    form = await request.form(max_files=MOST_AT_ONCE + 1)
    try:
        yield [Sent(part) for part in form.getlist("images") if isinstance(part, UploadFile) and part.filename]
    finally:
        await form.close()


@router.get("/desk/sets/{slug}/pictures")
def pictures(page: OwnerPage, slug: str) -> Response:
    """Show the pictures, and the place to drop further ones."""
    return _pictures(page, slug)


@router.post("/desk/sets/{slug}/pictures")
def add(page: OwnerPage, slug: str, files: Annotated[list[Sent], Depends(_sent)]) -> Response:
    """Register pictures; answer with a report on each, for the script without the page around it."""
    reports = page.wired.references.add(page.caller, slug, files)
    if page.request.headers.get("x-one-picture"):
        item = page.wired.registration.get(page.caller, slug)
        return page.render("desk/answer.html", item=item, path_of=path_of, reports=reports, refusal=_refusal(page))
    return _pictures(page, slug, reports)


@router.post("/desk/sets/{slug}/pictures/{reference_id}/remove")
def remove(page: OwnerPage, slug: str, reference_id: str) -> Response:
    """Take a picture out of the set."""
    item = page.wired.registration.get(page.caller, slug)
    name = next((known.file for known in item.references if known.id == reference_id), "")
    page.wired.references.remove(page.caller, slug, reference_id)
    return page.go(path_of(slug, "/pictures"), Flash("picture_removed", {"name": name.removeprefix("images/")}))


@router.get("/desk/sets/{slug}/pictures/{reference_id}")
def picture(page: OwnerPage, slug: str, reference_id: str) -> Response:
    """Serve a picture."""
    return _kept(page.wired.references.picture(page.caller, slug, reference_id))


@router.get("/desk/sets/{slug}/pictures/{reference_id}/thumbnail")
def thumbnail(page: OwnerPage, slug: str, reference_id: str) -> Response:
    """Serve a small copy of a picture."""
    return _kept(page.wired.references.picture(page.caller, slug, reference_id, thumbnail=True))


def _kept(found: PictureBytes) -> Response:
    response = picture_answer(found.data, found.media_type)
    response.headers["Cache-Control"] = KEPT
    return response


def _pictures(page: Page, slug: str, reports: Sequence[PictureReport] = ()) -> Response:
    refused = [report for report in reports if report.outcome is Outcome.REFUSED]
    all_refused = bool(reports) and len(refused) == len(reports)
    return render_part(
        page,
        slug,
        "/pictures",
        "pictures.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if all_refused else HTTPStatus.OK,
        reports=reports,
        advice=page.wired.references.advice(page.caller, slug),
        conflicts=page.wired.references.conflicts(page.caller, slug),
        refusal=_refusal(page),
        most=MOST_AT_ONCE,
    )


def _refusal(page: Page) -> Callable[[str], str]:
    """Return what says in words why a file was refused; `reason` begins with a code and a colon."""

    def say(reason: str) -> str:
        known = REFUSALS.get(reason.partition(":")[0])
        return page.say(known) if known else reason.partition(":")[2].strip()

    return say
