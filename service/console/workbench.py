"""The policy workbench: `/console/workbench`. Admins change the policy there; moderators try drafts and look."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from service.console.flash import Flash
from service.console.forms import Faults
from service.console.pages import AdminPage, ModeratorPage, Page
from service.console.policy_words import content_of, fields, named, told, values_of
from service.domain.errors import InvalidFields
from service.domain.verdict import Outcome
from service.usecases.policy_lines import LINES
from service.usecases.replays import Running

router = APIRouter(prefix="/workbench")
AT_ONCE = 500
"""Screenings that are replayed while the page is waited for; 1,000 take about two seconds of a processor
(`python -m tests.benchmarks.replay`), and the machine has other things to do."""

SHOWN = 100
"""Screenings listed one by one; the API gives all."""


async def sent(request: Request) -> Mapping[str, str]:
    """Return the fields of the form."""
    form = await request.form(max_files=0, max_fields=100)
    return {name: value for name, value in form.items() if isinstance(value, str)}


Sent = Annotated[Mapping[str, str], Depends(sent)]


@router.get("")
def workbench(page: ModeratorPage) -> Response:
    """Show the policy in force, as a form, and the versions before it."""
    return _page(page, values_of(page.wired.workbench.in_force()[1]))


@router.post("/replay")
def replay(page: ModeratorPage, values: Sent) -> Response:
    """Try a draft on the latest screenings: at once, or later where they are many."""
    content, last = content_of(values), _last(values)
    try:
        if last > AT_ONCE:
            return page.go(f"/console/workbench/replays/{page.wired.replays.begin(content, last)}")
        result = page.wired.workbench.replay(content, last)
    except InvalidFields as error:
        return _page(page, values, faults=Faults.of(error, page.language))
    return _page(page, values, running=Running("", content, last, last, result))


@router.get("/replays/{replay_id}")
def follow(page: ModeratorPage, replay_id: str) -> Response:
    """Show how far a replay is, and its result at the end."""
    running = page.wired.replays.find(replay_id)
    return _page(page, {**values_of(running.content), "last": str(running.last)}, running=running)


@router.post("/confirm")
def confirm(page: AdminPage, values: Sent) -> Response:
    """Show what a draft changes, before it is published."""
    content = content_of(values)
    try:
        page.wired.workbench.check(content)
    except InvalidFields as error:
        return _page(page, values, faults=Faults.of(error, page.language))
    return _confirm(page, values, content, Faults())


@router.post("/publish")
def publish(page: AdminPage, values: Sent) -> Response:
    """Put a draft in force."""
    content = content_of(values)
    try:
        made = page.wired.workbench.publish(
            content, values.get("note", ""), page.caller, based_on=values.get("based_on", "")
        )
    except InvalidFields as error:
        faults = Faults.of(error, page.language)
        known = {"note", "content", "content_version"}
        if any(field not in known for field, _ in faults):
            return _page(page, values, faults=faults)
        return _confirm(page, values, content, faults)
    return page.go("/console/workbench", Flash("policy_published", {"version": made.version}))


def _page(
    page: Page, values: Mapping[str, str], *, faults: Faults | None = None, running: Running | None = None
) -> Response:
    bench = page.wired.workbench
    version, current = bench.in_force()
    versions = [(item, told(page, item.changed)) for item in bench.versions()]
    return page.render(
        "workbench.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        version=version,
        groups=fields(page, values, current),
        name=values.get("version", ""),
        last=values.get("last", str(AT_ONCE)),
        fewest=bench.FEWEST,
        most=bench.MOST,
        faults=faults or Faults(),
        wrong=_wrong(page, faults or Faults()),
        versions=versions,
        running=running,
        result=running.result if running else None,
        outcomes=tuple(Outcome),
        shown=SHOWN,
        named=lambda line: named(page, line),
    )


def _confirm(page: Page, values: Mapping[str, str], content: Mapping[str, Any], faults: Faults) -> Response:
    bench = page.wired.workbench
    return page.render(
        "workbench_confirm.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        version=bench.in_force()[0],
        changes=told(page, bench.changes(content)),
        values=values_of(content),
        note=values.get("note", ""),
        faults=faults,
    )


def _wrong(page: Page, faults: Faults) -> list[tuple[str, str]]:
    """Name each faulty field in words, for the summary at the top."""
    names = {f"content_{line.replace('.', '_')}": named(page, line) for line in LINES}
    names["last"] = page.say("Latest screenings to try it on")
    return [(names.get(field, field), message) for field, message in faults]


def _last(values: Mapping[str, str]) -> int:
    """Read how many screenings to replay; what is no number is refused by the use case."""
    text = values.get("last", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004 (far beyond any)
