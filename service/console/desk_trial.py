"""Trying a set out: what it would match if it were in force, and what that means."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response

from service.console.desk_view import render_part
from service.console.pages import OwnerPage, Page
from service.usecases.dry_run import DryRunResult

router = APIRouter()
MOST_SHOWN = 24


@dataclass(frozen=True, slots=True)
class Trial:
    """What came out, and what is to be thought of it; `pictures` are `data:` addresses of thumbnails, for admins."""

    result: DryRunResult
    pictures: tuple[str, ...]

    @property
    def breadth(self) -> str:
        """Say how far the set reaches beyond its character, as far as the control set can tell.

        `wide` where it takes more of the control set than all sets together may: the policy's review rate is a share of
        unrelated pictures over the whole index. `usual` is what chance brings; `unknown`: nothing was compared.
        """
        reach = self.result.reach
        if not reach.control:
            return "unknown"
        if not reach.control_matching:
            return "narrow"
        return "wide" if reach.control_matching / reach.control > self.result.review_rate else "usual"


@router.get("/desk/sets/{slug}/trial")
def trial(page: OwnerPage, slug: str) -> Response:
    """Say what a trial run does."""
    return render_part(page, slug, "/trial", "trial.html", trial=None)


@router.post("/desk/sets/{slug}/trial")
def run(page: OwnerPage, slug: str) -> Response:
    """Try the set out; nothing is changed by it."""
    result = page.wired.dry_runs.run(page.caller, slug)
    found = Trial(result, tuple(_shown(page, (sha256 for _, sha256 in result.reach.found[:MOST_SHOWN]))))
    return render_part(page, slug, "/trial", "trial.html", trial=found)


def data_address(thumbnail: bytes) -> str:
    """Put a thumbnail into the page itself, so that there is no address by which others could ask for it."""
    return f"data:image/webp;base64,{b64encode(thumbnail).decode()}"


def _shown(page: Page, pictures: Iterable[str]) -> Iterable[str]:
    """Read thumbnails, as far as they are kept."""
    read = (page.wired.blobs.read(f"thumbnails/{sha256}") for sha256 in dict.fromkeys(pictures))
    return (data_address(data) for data in read if data is not None)
