"""Accounts: people who use the console, and keys by which programs use the API."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from service.domain.identity import SCOPES, Caller, Role, Scope

LOCKOUT_AFTER = 5
LOCKOUT = timedelta(minutes=15)
"""After so many wrong passwords in a row an account takes none for so long."""

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
PEOPLE = (Role.ADMIN, Role.MODERATOR, Role.RIGHTS_OWNER)
"""The roles that people have, the mightiest first. A platform is a program: it has keys."""

LANGUAGES = ("en", "zh")
INVITATION = timedelta(days=7)
"""How long an invitation can be used, once."""


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account; `owner` is the id of the rights owner that a rights_owner speaks for."""

    id: str
    name: str
    role: Role
    created: datetime
    owner: str | None = None
    language: str | None = None
    disabled: bool = False
    failures: int = 0
    locked_until: datetime | None = None

    def locked(self, now: datetime) -> bool:
        """Tell whether the account takes no password now."""
        return self.locked_until is not None and now < self.locked_until

    def after_failure(self, now: datetime) -> User:
        """Return the person as a wrong password leaves them: locked by the last of LOCKOUT_AFTER in a row."""
        if self.failures + 1 < LOCKOUT_AFTER:
            return replace(self, failures=self.failures + 1)
        return replace(self, failures=0, locked_until=now + LOCKOUT)


@dataclass(frozen=True, slots=True)
class Session:
    """A person who is signed in; `csrf` is what their forms must send."""

    user: User
    csrf: str
    expires: datetime

    @property
    def caller(self) -> Caller:
        """The person as the use cases know them."""
        return Caller(self.user.name, self.user.role, self.user.owner, SCOPES[self.user.role], via="user")


@dataclass(frozen=True, slots=True)
class Identity:
    """What an identity provider says of a person: its own name for them, one to show, and the roles they have here.

    `subject` holds the issuer too, so that two providers' names cannot be taken for each other.
    """

    subject: str
    name: str
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that makes one account; `owner` as for User."""

    id: str
    role: Role
    created: datetime
    created_by: str
    expires: datetime
    owner: str | None = None
    used: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept. `holder` is the platform's name, the rights owner's id, or who else it is for.

    `prefix` is the beginning of the key, by which people tell keys apart; limits are None where the settings' hold.
    """

    id: str
    label: str
    role: Role
    holder: str
    prefix: str
    scopes: frozenset[Scope]
    created: datetime
    created_by: str
    per_minute: int | None = None
    per_day: int | None = None
    last_used: datetime | None = None
    revoked: datetime | None = None
