"""What the desk's pages show of a set: how it stands, what is missing, and which remarks ask for something."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import groupby
from typing import Any

from fastapi.responses import Response

from service.console.i18n import mark
from service.console.pages import Page
from service.domain.registration import RegisteredReference, RegisteredSet, RightsOwner, SetState
from service.usecases.registration import missing_for_activation

DESK = "/console/desk"

PARTS: Sequence[tuple[str, str]] = (
    ("", mark("Overview")),
    ("/pictures", mark("Pictures")),
    ("/names", mark("Names")),
    ("/details", mark("Title and rights")),
    ("/trial", mark("Trial run")),
    ("/licences", mark("Licences")),
    ("/matches", mark("Matches")),
)
"""The pages of a set, by what follows its address."""

SEVERITIES = ("refuse", "warn", "advice")
"""How severe a remark is, worst first."""


@dataclass(frozen=True, slots=True)
class Glance:
    """A set in a list. `matches` counts the uploads found in the last 30 days, `to_do` the remarks to look at."""

    item: RegisteredSet
    owner: RightsOwner | None
    matches: int
    to_do: int

    @property
    def missing(self) -> bool:
        """Tell whether it lacks something before it can be activated."""
        return bool(missing_for_activation(self.item))


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a set needs before an admin can activate it, or had better have; `part` is where to do it."""

    text: str
    done: bool
    part: str
    needed: bool = True


def path_of(slug: str, part: str = "") -> str:
    """Return the address of a set's page."""
    return f"{DESK}/sets/{slug}{part}"


def glances(page: Page) -> list[Glance]:
    """Return the sets that the reader may see, those changed last first."""
    owners = {owner.id: owner for owner in page.wired.registration.owners(page.caller)}
    items = page.wired.registration.list_all(page.caller)
    matches = page.wired.desk.recent(page.caller)
    found = [
        Glance(item, owners.get(item.owner or ""), matches.get(item.slug, 0), len(to_do(item.references)))
        for item in items
    ]
    return sorted(found, key=lambda glance: (glance.item.state is SetState.WITHDRAWN, -glance.item.changed.timestamp()))


def by_owner(page: Page, sets: Iterable[Glance]) -> list[tuple[str, list[Glance]]]:
    """Group sets by the name of their rights owner; those that admins keep come last."""

    def key(glance: Glance) -> tuple[bool, str]:
        return (glance.owner is None, glance.owner.name if glance.owner else page.say(mark("Kept by admins")))

    return [(name, list(group)) for (_, name), group in groupby(sorted(sets, key=key), key)]


def to_do(references: Iterable[RegisteredReference]) -> list[tuple[RegisteredReference, Mapping[str, Any]]]:
    """Return the remarks that ask for something to be done, each with its picture."""
    return [(item, remark) for item in references for remark in item.remarks if remark["severity"] != "advice"]


def steps(item: RegisteredSet) -> list[Step]:
    """Say what a set has and lacks: first what an admin cannot do without, then what makes it find more."""
    missing = {fault.location for fault in missing_for_activation(item)}
    content = item.content
    proved = bool(content.holder and item.rights_identity)
    return [
        Step(mark("A picture of the character"), "references" not in missing, "/pictures"),
        Step(mark("What proves the rights"), "rights.evidence" not in missing, "/details"),
        Step(mark("Who holds the rights, and how they proved who they are"), proved, "/details", needed=False),
        Step(mark("A name of the character"), bool(content.aliases), "/names", needed=False),
        Step(mark("Titles in English and Chinese"), {"en", "zh"} <= set(content.title), "/details", needed=False),
        Step(mark("No picture with a warning"), not to_do(item.references), "/pictures", needed=False),
    ]


def render_part(
    page: Page, slug: str, part: str, template: str, status: HTTPStatus = HTTPStatus.OK, **values: Any
) -> Response:
    """Render a page of a set. Raises NotFound for one that the reader may not see."""
    item = page.wired.registration.get(page.caller, slug)
    return page.render(f"desk/{template}", status, item=item, part=part, parts=PARTS, path_of=path_of, **values)
