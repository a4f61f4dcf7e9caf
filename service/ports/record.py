"""What every job needs: the time, a place for bytes, the policy in force, and the audit log to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from service.domain.audit import Entry
from service.domain.policy import Policy


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present in UTC."""
        ...


class Blobs(Protocol):
    """Keeps bytes under names such as `pictures/9f…`; what is written is there after a crash."""

    def write(self, name: str, data: bytes) -> None:
        """Keep bytes; the same name again replaces them, at once or not at all."""
        ...

    def read(self, name: str) -> bytes | None:
        """Return what is kept under a name, or None."""
        ...

    def delete(self, name: str) -> None:
        """Forget a name; one that is not there is forgotten already."""
        ...


class AuditLog(Protocol):
    """Reads what changed. It is written by the stores, in the transaction of each change."""

    def entries(self, *, subject: str | None = None, after: int = 0, most: int = 1000) -> list[Entry]:
        """Return entries in order of number, of one subject or of all, from the one after `after`."""
        ...

    def all_entries(self) -> Iterator[Entry]:
        """Go through the whole log in order."""
        ...

    def head(self) -> tuple[int, str] | None:
        """Return number and hash that the last entry has to have; None where nothing was written."""
        ...


@dataclass(frozen=True, slots=True)
class PublishedPolicy:
    """A policy that was published here; `content` is what policy.toml holds."""

    version: str
    content: Mapping[str, Any]
    note: str
    published: datetime
    published_by: str


class Policies(Protocol):
    """Knows the policy in force, and those before it."""

    def in_force(self) -> Policy:
        """Return the latest that was published, or the one of the settings' file. In force within 2 s everywhere."""
        ...

    def content(self) -> Mapping[str, Any]:
        """Return the tables of the policy in force, as policy.toml holds them."""
        ...

    def publish(self, policy: PublishedPolicy) -> None:
        """Put a policy in force. Raises PolicyError where it is not as the format asks, or was published before."""
        ...

    def history(self) -> list[PublishedPolicy]:
        """Return all that were published, newest first."""
        ...
