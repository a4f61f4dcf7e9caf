"""Who is calling: API keys and roles."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Role(StrEnum):
    """What a key is for."""

    PLATFORM = "platform"
    MODERATOR = "moderator"
    RIGHTS_OWNER = "rights_owner"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as it is kept: never the key itself, only its hash."""

    name: str
    role: Role
    sha256: str


class Scope(StrEnum):
    """What a key may be narrowed to."""

    SCREEN = "screen"
    READ = "read"
    SETS = "sets"
    CASES = "cases"
    ADMIN = "admin"


SCOPES = {
    Role.PLATFORM: frozenset({Scope.SCREEN, Scope.READ}),
    Role.MODERATOR: frozenset({Scope.READ, Scope.CASES}),
    Role.RIGHTS_OWNER: frozenset({Scope.READ, Scope.SETS}),
    Role.ADMIN: frozenset(Scope),
}
"""What each role may do at most."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: the holder of a key, or a person who is signed in.

    `owner` is the id of the rights owner that a rights_owner speaks for; `via` says how they came, `key` or `user`.
    """

    name: str
    role: Role
    owner: str | None = None
    scopes: frozenset[Scope] = frozenset(Scope)
    via: str = "key"

    @property
    def sees_only(self) -> str | None:
        """The platform whose uploads this caller may see; None for those who see all."""
        return self.name if self.role is Role.PLATFORM else None

    @property
    def actor(self) -> str:
        """How the audit log names them."""
        return f"{self.via}:{self.name}"


def key_sha256(key: str) -> str:
    """Hash a key. Keys are 256 random bits, so a plain hash cannot be searched backwards."""
    return hashlib.sha256(key.encode()).hexdigest()


def parse_keys(text: str) -> tuple[Key, ...]:
    """Read `name:role:sha256` entries separated by commas. Raises ValueError naming the entry, never its hash."""
    keys: list[Key] = []
    for number, entry in enumerate(filter(None, (part.strip() for part in text.split(","))), start=1):
        parts = entry.split(":")
        if len(parts) != 3 or not _NAME.fullmatch(parts[0]) or not _SHA256.fullmatch(parts[2]):  # noqa: PLR2004
            raise ValueError(f"entry {number} is not name:role:sha256")
        if parts[1] not in set(Role):
            raise ValueError(f"entry {number}: {parts[1]!r} is none of {', '.join(Role)}")
        if any(known.sha256 == parts[2] for known in keys):
            raise ValueError(f"entry {number} is the key of an earlier entry: one key stands for one caller")
        keys.append(Key(parts[0], Role(parts[1]), parts[2]))
    return tuple(keys)


def parse_roles(text: str) -> Mapping[str, Role]:
    """Read `value=role` entries separated by commas. Raises ValueError naming the entry."""
    roles: dict[str, Role] = {}
    for number, entry in enumerate(filter(None, (part.strip() for part in text.split(","))), start=1):
        value, _, role = entry.rpartition("=")
        if not value:
            raise ValueError(f"entry {number} is not value=role")
        if role not in set(Role):
            raise ValueError(f"entry {number}: {role!r} is none of {', '.join(Role)}")
        roles[value] = Role(role)
    return roles


def new_id(prefix: str) -> str:
    """Make an identifier that cannot be guessed: 120 random bits behind a prefix."""
    return f"{prefix}_{secrets.token_hex(15)}"
