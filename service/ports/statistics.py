"""What statistics are counted from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class NoticeFact:
    """One notice: whose, about which platforms and sets, where it stands, and when the first measure was taken."""

    received: datetime
    owner: str | None
    platforms: tuple[str, ...]
    reference_sets: tuple[str, ...]
    state: str
    first_measure: datetime | None
    counter_notices: int


@dataclass(frozen=True, slots=True)
class AppealFact:
    """One appealed case: when its first decision fell, and whether the one after the appeal was another.

    `reversed` is None while it was not decided again.
    """

    decided: datetime
    platform: str
    reference_sets: tuple[str, ...]
    owners: tuple[str, ...]
    reversed: bool | None


class StatisticsRecord(Protocol):
    """Reads the facts of a time, one after the other."""

    def notices(self, since: datetime, until: datetime) -> Iterator[NoticeFact]:
        """Return the notices received from `since` to before `until`."""
        ...

    def appeals(self, since: datetime, until: datetime) -> Iterator[AppealFact]:
        """Return the appealed cases whose first decision fell from `since` to before `until`."""
        ...
