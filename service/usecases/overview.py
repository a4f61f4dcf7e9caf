"""How the work stands: what the first page of moderators and admins shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import NormalDist
from typing import ClassVar

from service.domain.case import CaseState
from service.ports import (
    Agreement,
    Backlog,
    CaseHistory,
    CaseQueue,
    Clock,
    ControlPictures,
    FloodingSet,
    QueueFilter,
    Reports,
    Verdicts,
    Waiting,
)

AGES: Mapping[str, timedelta] = {
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
}
"""The ages by which open cases are counted, as the queue's filter names them."""

_QUANTILE = NormalDist().inv_cdf(0.95)


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, and the 90 % interval of the share that they are drawn from (Wilson, 1927).

    The interval holds for few and for shares near 0 and 1, unlike the usual one: with n = 0 it is 0 to 1.
    """

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """The share itself, 0 to 1; None of nothing."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """Both ends, 0 to 1."""
        if not self.of:
            return 0.0, 1.0
        share, square = self.count / self.of, _QUANTILE**2 / self.of
        middle = share + square / 2
        width = _QUANTILE * math.sqrt(share * (1 - share) / self.of + square / (4 * self.of))
        low, high = (middle - width) / (1 + square), (middle + width) / (1 + square)
        # Rounding must not put an end beyond the share itself.
        return max(0.0, min(low, share)), min(1.0, max(high, share))


@dataclass(frozen=True, slots=True)
class OldestCase:
    """The open case that waits longest."""

    id: str
    opened: datetime


@dataclass(frozen=True, slots=True)
class Summary:
    """All that the overview shows. `days` are those of UTC up to today; what has none of a day is left out there.

    `open_older` counts open cases by the keys of AGES, `open_cases` all. `sets` are shares of all screenings in these
    days, `kinds` the precision of each kind of evidence: upheld among upheld and dismissed.
    """

    days: tuple[date, ...]
    verdicts: Sequence[Verdicts]
    waits: Sequence[Waiting]
    open_cases: int
    open_older: Mapping[str, int]
    oldest: OldestCase | None
    sets: Sequence[tuple[str, Share]]
    kinds: Sequence[tuple[str, Share]]
    second_looks: Sequence[Agreement]
    flooding: Sequence[FloodingSet]
    control_pictures: int


class Overview:
    """Reads how the work stands."""

    DAYS: ClassVar = 30
    MOST_SETS: ClassVar = 10
    LATEST: ClassVar = 2_000
    """How many of the latest decisions the precision of evidence rests on: so it tells of now, in bounded time."""

    def __init__(
        self,
        *,
        reports: Reports,
        backlog: Backlog,
        queue: CaseQueue,
        history: CaseHistory,
        controls: ControlPictures,
        clock: Clock,
    ) -> None:
        self._reports = reports
        self._backlog = backlog
        self._queue = queue
        self._history = history
        self._controls = controls
        self._clock = clock

    def read(self) -> Summary:
        """Read everything."""
        now = self._clock.now()
        until = now.date() + timedelta(days=1)
        since = until - timedelta(days=self.DAYS)
        all_open, *older = self._backlog.opened_before([now + timedelta(days=1), *(now - age for age in AGES.values())])
        screenings = self._reports.screenings(since, until)
        return Summary(
            days=tuple(since + timedelta(number) for number in range(self.DAYS)),
            verdicts=self._reports.verdicts(since, until),
            waits=self._reports.waits(since, until),
            open_cases=all_open,
            open_older=dict(zip(AGES, older, strict=True)),
            oldest=self._oldest(),
            sets=[(slug, Share(n, screenings)) for slug, n in self._reports.sets_found(since, until, self.MOST_SETS)],
            kinds=[
                (item.kind, Share(item.upheld, item.upheld + item.dismissed))
                for item in self._reports.decided_kinds(self.LATEST)
            ],
            second_looks=self._history.agreement(),
            flooding=self._backlog.flooding(),
            control_pictures=len(self._controls.waiting()),
        )

    def _oldest(self) -> OldestCase | None:
        page = self._queue.page(QueueFilter(state=CaseState.OPEN), order="oldest", cursor=None, most=1)
        return OldestCase(page.cases[0].id, page.cases[0].opened) if page.cases else None
