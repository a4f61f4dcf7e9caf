"""What accounts and keys need. Tokens and keys come in hashed; every change has its audit entry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Protocol

from service.domain.account import ApiKey, Identity, Invitation, Session, User


class Users(Protocol):
    """Keeps people."""

    def add(self, user: User, password: str | None, by: str, *, subject: str | None = None) -> bool:
        """Keep a person with the hash of their password; tell whether name and subject were free."""
        ...

    def find(self, name: str) -> tuple[User, str | None] | None:
        """Return a person by name, with the hash of their password."""
        ...

    def find_subject(self, subject: str) -> User | None:
        """Return a person by what an identity provider calls them."""
        ...

    def change(
        self,
        name: str,
        fields: Mapping[str, Any],
        by: str,
        now: datetime,
        action: str,
        *,
        keep_session: str | None = None,
    ) -> bool:
        """Change some of role, owner, language, disabled, password, failures, locked_until; tell whether they exist.

        `action` is what the audit log calls it. A change of role, owner, password or disabled signs the person out
        everywhere, but not from the session whose token has the hash `keep_session`.
        """
        ...

    def list_all(self) -> list[User]:
        """Return everybody, by name."""
        ...


class Sessions(Protocol):
    """Keeps who is signed in, and counts wrong passwords."""

    def start(
        self,
        token_sha256: str,
        session: Session,
        now: datetime,
        *,
        verified: str | None = None,
        anew: str | None = None,
    ) -> bool:
        """Sign a person in; tell whether that was still right at the end.

        It is not where they are disabled, or where `verified`, the hash that a password was compared with, is theirs no
        more, or no password is taken now. Wrong passwords are forgotten; `anew` takes the place of `verified`.
        """
        ...

    def fail(self, name: str | None, now: datetime) -> None:
        """Count a wrong password; None stands for a name that nobody has."""
        ...

    def find(self, token_sha256: str, now: datetime) -> Session | None:
        """Return a session that has not expired, of a person who is not disabled."""
        ...

    def end(self, token_sha256: str, now: datetime) -> None:
        """Sign out; a session that is not there is ended already."""
        ...


class Invitations(Protocol):
    """Keeps links that make one account each."""

    def add(self, token_sha256: str, invitation: Invitation, *, instead: bool = False) -> None:
        """Keep a link; `instead` makes those void that the same author made before and nobody used."""
        ...

    def find(self, token_sha256: str, now: datetime) -> Invitation | None:
        """Return a link that can still be used."""
        ...

    def use(self, token_sha256: str, user: User, password: str | None, now: datetime) -> bool:
        """Make the account and use up the link, both or neither; tell whether link and name were free."""
        ...


class ApiKeys(Protocol):
    """Keeps keys."""

    def add(self, key: ApiKey, sha256: str) -> None:
        """Keep a key."""
        ...

    def find(self, sha256: str) -> ApiKey | None:
        """Return a key that is not revoked."""
        ...

    def list_all(self) -> list[ApiKey]:
        """Return all, also those revoked, newest first."""
        ...

    def revoke(self, key_id: str, by: str, now: datetime) -> bool:
        """Revoke a key; tell whether it was in force."""
        ...

    def count_uses(self, key_id: str, day: date, uses: int, now: datetime) -> int:
        """Note that a key was used so many times more; return how often it was on that day. It is not audited."""
        ...


class PasswordHasher(Protocol):
    """Hashes passwords so slowly that they cannot be searched."""

    def hash(self, password: str) -> str:
        """Return a hash with its salt and parameters, in at most 256 characters."""
        ...

    def verify(self, stored: str, password: str) -> bool:
        """Tell whether a hash is a password's."""
        ...

    def outdated(self, stored: str) -> bool:
        """Tell whether a hash was made with other parameters than those of today."""
        ...


class IdentityProvider(Protocol):
    """Signs people in elsewhere."""

    def begin(self) -> tuple[str, str]:
        """Return the address to send a person to, and what their browser keeps meanwhile in a cookie of this site.

        Raises NotReady where the provider does not answer.
        """
        ...

    def finish(self, params: Mapping[str, str], state: str) -> Identity:
        """Return who came back with these query parameters. Raises NotAuthenticated, or NotReady as `begin` does."""
        ...
