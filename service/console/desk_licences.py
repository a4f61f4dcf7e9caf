"""Licences of a set: who may use the character, until which day."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from babel.dates import format_date
from fastapi import APIRouter
from fastapi.responses import Response

from indexer.model import Licence
from service.console.desk_forms import Text, day_of, faults_of
from service.console.desk_view import path_of, render_part
from service.console.flash import Flash
from service.console.forms import Faults
from service.console.pages import OwnerPage, Page
from service.domain.errors import InvalidFields

router = APIRouter()


@router.get("/desk/sets/{slug}/licences")
def licences(page: OwnerPage, slug: str) -> Response:
    """Show the licences in force, and the form for another."""
    return _licences(page, slug, dict.fromkeys(("platform", "uploader", "until"), ""), Faults())


@router.post("/desk/sets/{slug}/licences")
def grant(page: OwnerPage, slug: str, platform: Text = "", uploader: Text = "", until: Text = "") -> Response:
    """Grant one."""
    try:
        page.wired.registration.grant(
            page.caller, slug, platform=platform or None, uploader=uploader or None, until=day_of(until)
        )
    except InvalidFields as error:
        values = {"platform": platform, "uploader": uploader, "until": until}
        return _licences(page, slug, values, faults_of(page, error))
    return page.go(path_of(slug, "/licences"), Flash("licence_granted"))


@router.post("/desk/sets/{slug}/licences/{name}/end")
def end(page: OwnerPage, slug: str, name: str) -> Response:
    """End one."""
    page.wired.registration.end_licence(page.caller, slug, name)
    return page.go(path_of(slug, "/licences"), Flash("licence_ended"))


def _licences(page: Page, slug: str, values: Mapping[str, str], faults: Faults) -> Response:
    def last_day(licence: Licence) -> str:
        return format_date(licence.until, "long", locale=page.language) if licence.until else ""

    def over(licence: Licence) -> bool:
        return licence.until is not None and licence.until < page.now.date()

    status = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK
    return render_part(
        page,
        slug,
        "/licences",
        "licences.html",
        status,
        values=values,
        faults=faults,
        last_day=last_day,
        over=over,
        today=page.now.date().isoformat(),
    )
