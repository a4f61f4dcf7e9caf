"""What the overview is made of, counts over a span of days and how the work stands now; and work that takes longer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from service.domain.wording import Wording


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The screenings of a day (UTC) by verdict; a verdict that was not given is not there."""

    day: date
    by_verdict: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long the cases decided on a day (UTC) had waited since they were opened.

    `median` and `slowest` are the waits of the case at half and at 95 % of the way from the shortest to the longest
    (nearest rank).
    """

    day: date
    decided: int
    median: timedelta
    slowest: timedelta


@dataclass(frozen=True, slots=True)
class DecidedKind:
    """How cases with a kind of evidence among what was found were decided."""

    kind: str
    upheld: int
    dismissed: int


@dataclass(frozen=True, slots=True)
class FloodingSet:
    """A set that is found much more often than before, and what the service says of it."""

    slug: str
    title: Mapping[str, str]
    quarantine: Wording


class Reports(Protocol):
    """Counts what happened. Days are of UTC, from `since` to before `until`; those without anything are left out."""

    def verdicts(self, since: date, until: date) -> list[Verdicts]:
        """Count screenings by day and verdict, but for shadow ones."""
        ...

    def waits(self, since: date, until: date) -> list[Waiting]:
        """Tell how long the cases decided on each day had waited."""
        ...

    def screenings(self, since: date, until: date) -> int:
        """Count all finished screenings, shadow ones too."""
        ...

    def sets_found(self, since: date, until: date, most: int) -> list[tuple[str, int]]:
        """Return the sets found in most screenings (shadow ones too) with the number of those, the most first."""
        ...

    def decided_kinds(self, most: int) -> list[DecidedKind]:
        """Count, of the latest `most` cases that were upheld or dismissed, by kind of evidence; the commonest first."""
        ...


class Backlog(Protocol):
    """Tells how the work stands."""

    def opened_before(self, times: Sequence[datetime]) -> list[int]:
        """Count the open cases that were opened before each of some times."""
        ...

    def flooding(self) -> list[FloodingSet]:
        """Return the sets that somebody should look at, by slug; withdrawn ones are not among them."""
        ...

    def without_record(self, most: int) -> int:
        """Count finished screenings that nothing replays, as they are older than the record; `most` at most."""
        ...


class Later(Protocol):
    """Runs jobs one after the other."""

    def check(self) -> None:
        """Raise Overloaded while too many wait."""
        ...

    def submit(self, job: Callable[[], None]) -> None:
        """Take a job."""
        ...

    def close(self) -> None:
        """Finish what waits, then stop."""
        ...
