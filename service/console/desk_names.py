"""The names of a set: what kinds there are, and what was noticed about each."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import Response

from indexer.model import Alias, AliasKind
from service.console.desk_forms import Texts, alias_rows, faults_of
from service.console.desk_view import path_of, render_part
from service.console.flash import Flash
from service.console.forms import Faults
from service.console.pages import OwnerPage, Page
from service.domain.errors import InvalidFields

router = APIRouter()
EMPTY_ROWS = 3
LANGUAGES = ("en", "zh", "ja", "ko", "und")
"""Tags that the form offers; `und` stands for a name of no language in particular."""


@router.get("/desk/sets/{slug}/names")
def names(page: OwnerPage, slug: str) -> Response:
    """Show the names in their form."""
    return _names(page, slug, page.wired.registration.get(page.caller, slug).content.aliases, Faults())


@router.post("/desk/sets/{slug}/names")
def put(page: OwnerPage, slug: str, text: Texts = None, language: Texts = None, kind: Texts = None) -> Response:
    """Replace the names."""
    given: Sequence[Alias] = page.wired.registration.get(page.caller, slug).content.aliases
    try:
        given = alias_rows(text or (), language or (), kind or ())
        page.wired.registration.put_aliases(page.caller, slug, given)
    except InvalidFields as error:
        return _names(page, slug, given, faults_of(page, error))
    return page.go(path_of(slug, "/names"), Flash("names_saved"))


def _names(page: Page, slug: str, given: Sequence[Alias], faults: Faults) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK
    remarks = [] if faults else page.wired.registration.alias_remarks(page.caller, slug)
    tags = (*LANGUAGES, *sorted({item.language for item in given} - set(LANGUAGES)))
    return render_part(
        page,
        slug,
        "/names",
        "names.html",
        status,
        names=given,
        faults=faults,
        remarks=remarks,
        tags=tags,
        kinds=tuple(AliasKind),
        empty_rows=EMPTY_ROWS,
    )
