"""The rooms of the console, and who sees each in the menu."""

from __future__ import annotations

from dataclasses import dataclass

from service.console.i18n import mark
from service.domain.identity import Role


@dataclass(frozen=True, slots=True)
class Room:
    """An entry of the menu; `path` begins every page of the room, `title` is a text to translate."""

    path: str
    title: str
    roles: frozenset[Role]


_JUDGES = frozenset({Role.MODERATOR, Role.ADMIN})
_ADMINS = frozenset({Role.ADMIN})
_OWNERS = frozenset({Role.RIGHTS_OWNER, Role.ADMIN})

ROOMS: tuple[Room, ...] = (
    Room("/console/overview", mark("Overview"), _JUDGES),
    Room("/console/queue", mark("Queue"), _JUDGES),
    Room("/console/notices", mark("Notices"), _JUDGES),
    Room("/console/sweeps", mark("Sweeps"), _JUDGES),
    Room("/console/desk", mark("Reference sets"), _OWNERS),
    Room("/console/own-notices", mark("Your notices"), frozenset({Role.RIGHTS_OWNER})),
    Room("/console/statistics", mark("Statistics"), _JUDGES),
    Room("/console/workbench", mark("Policy"), _JUDGES),
    Room("/console/people", mark("People"), _ADMINS),
    Room("/console/keys", mark("Keys"), _ADMINS),
    Room("/console/audit", mark("Audit log"), _ADMINS),
)


def rooms_of(role: Role) -> list[Room]:
    """Return the menu of a role."""
    return [room for room in ROOMS if role in room.roles]


def home_of(role: Role) -> str:
    """Return the page that a role begins with."""
    own = rooms_of(role)
    return own[0].path if own else "/console/account"
