"""Statistics of notices and appeals: how many, how fast, and how they ended."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import ClassVar

from service.domain.errors import FieldFault, InvalidFields
from service.ports import Clock
from service.ports.statistics import AppealFact, NoticeFact, StatisticsRecord

NOBODY = "–"
"""Under what is counted that has no owner, platform or set."""

_MEDIAN, _SLOWEST = 50, 95


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one group: `by` is `all`, `month`, `owner`, `platform` or `set`, `name` which one.

    `median` and `slowest` (the 95th percentile) are seconds from a notice to its first measure, None where none was
    taken; each is the time of a notice, the one whose place among `measured` is that share, rounded up.
    """

    by: str
    name: str
    notices: int
    measured: int
    median: float | None
    slowest: float | None
    outcomes: Mapping[str, int]
    counter_notices: int
    appeals: int
    reversed: int


@dataclass
class _Group:
    notices: int = 0
    seconds: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    counter_notices: int = 0
    appeals: int = 0
    reversed: int = 0

    def figures(self, by: str, name: str) -> Figures:
        """Sum up."""
        waits = sorted(self.seconds)
        return Figures(
            by,
            name,
            self.notices,
            len(waits),
            _at(waits, _MEDIAN),
            _at(waits, _SLOWEST),
            dict(sorted(self.outcomes.items())),
            self.counter_notices,
            self.appeals,
            self.reversed,
        )


_OF_NOTICES: Mapping[str, Callable[[NoticeFact], Iterable[str]]] = {
    "all": lambda _: ("all",),
    "month": lambda item: (_month(item.received),),
    "owner": lambda item: (item.owner or NOBODY,),
    "platform": lambda item: item.platforms or (NOBODY,),
    "set": lambda item: item.reference_sets or (NOBODY,),
}
_OF_APPEALS: Mapping[str, Callable[[AppealFact], Iterable[str]]] = {
    "all": lambda _: ("all",),
    "month": lambda item: (_month(item.decided),),
    "owner": lambda item: item.owners or (NOBODY,),
    "platform": lambda item: (item.platform,),
    "set": lambda item: item.reference_sets or (NOBODY,),
}


class Statistics:
    """Counts."""

    MOST_DAYS: ClassVar = 3 * 366
    USUAL_DAYS: ClassVar = 365

    def __init__(self, record: StatisticsRecord, clock: Clock) -> None:
        self._record = record
        self._clock = clock

    def read(self, since: date | None = None, until: date | None = None) -> list[Figures]:
        """Return the figures of notices and appeals from `since` to `until`, both days included, in UTC.

        By default they are the last year's. What belongs to several sets or platforms counts for each. Raises
        InvalidFields.
        """
        last = until or self._clock.now().date()
        first = since or date.fromordinal(max(1, last.toordinal() - self.USUAL_DAYS + 1))
        if not 0 <= (last - first).days < self.MOST_DAYS or last == date.max:
            raise InvalidFields(
                [FieldFault("since", f"give up to {self.MOST_DAYS} days, the first one before the last")]
            )
        begin = datetime.combine(first, time(), UTC)
        end = datetime.combine(date.fromordinal(last.toordinal() + 1), time(), UTC)
        groups: dict[tuple[str, str], _Group] = {("all", "all"): _Group()}
        for notice in self._record.notices(begin, end):
            for by, names in _OF_NOTICES.items():
                for name in names(notice):
                    _count_notice(groups.setdefault((by, name), _Group()), notice)
        for appeal in self._record.appeals(begin, end):
            for by, names_of in _OF_APPEALS.items():
                for name in names_of(appeal):
                    group = groups.setdefault((by, name), _Group())
                    group.appeals += 1
                    group.reversed += bool(appeal.reversed)
        order = list(_OF_NOTICES)
        sorted_groups = sorted(groups.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
        return [group.figures(by, name) for (by, name), group in sorted_groups]


def as_csv(figures: Sequence[Figures]) -> str:
    """Write figures as CSV; outcomes get a column each. No cell is taken for a formula by a spreadsheet."""
    outcomes = sorted({name for item in figures for name in item.outcomes})
    stream = io.StringIO()
    writer = csv.writer(stream)
    head = ["by", "name", "notices", "measured", "median_seconds", "p95_seconds"]
    writer.writerow([*head, "counter_notices", "appeals", "reversed", *outcomes])
    for item in figures:
        name = f"'{item.name}" if item.name[:1] in {"=", "+", "-", "@", "\t", "\r"} else item.name
        times = ["" if value is None else round(value, 3) for value in (item.median, item.slowest)]
        counts = [item.counter_notices, item.appeals, item.reversed]
        counted = [item.outcomes.get(outcome, 0) for outcome in outcomes]
        writer.writerow([item.by, name, item.notices, item.measured, *times, *counts, *counted])
    return stream.getvalue()


def _count_notice(group: _Group, notice: NoticeFact) -> None:
    group.notices += 1
    group.outcomes[notice.state] += 1
    group.counter_notices += notice.counter_notices
    if notice.first_measure is not None:
        group.seconds.append(max(0.0, (notice.first_measure - notice.received).total_seconds()))


def _at(waits: Sequence[float], percent: int) -> float | None:
    return waits[(len(waits) * percent + 99) // 100 - 1] if waits else None


def _month(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m")
