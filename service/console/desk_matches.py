"""The uploads in which a set was found, as far as a notice needs them."""

from __future__ import annotations

from babel.dates import format_date
from fastapi import APIRouter
from fastapi.responses import Response

from service.console.desk_trial import data_address
from service.console.desk_view import render_part
from service.console.pages import OwnerPage
from service.usecases.desk import MatchOfSet

router = APIRouter()
MOST_SHOWN = 50


@router.get("/desk/sets/{slug}/matches")
def matches(page: OwnerPage, slug: str) -> Response:
    """Show the latest uploads in which the set was found."""
    found = page.wired.desk.matches(page.caller, slug, MOST_SHOWN, thumbnails=True)

    def day_of(match: MatchOfSet) -> str:
        return format_date(match.day, "medium", locale=page.language)

    return render_part(
        page, slug, "/matches", "matches.html", matches=found, day_of=day_of, data_address=data_address, most=MOST_SHOWN
    )
