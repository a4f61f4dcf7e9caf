"""The notices that wait for moderators: how many stand where, which are overdue, and what is known of a notifier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from service.domain.notice import ENDED, Notice, NoticeState
from service.domain.notice_terms import Jurisdiction, Profile, Term, due
from service.domain.reputation import Reputation
from service.ports import Clock, NoticeFilter, NoticeLookups, Notices
from service.ports.notice_counts import NoticeCounts

TO_ACT_UPON = (NoticeState.COMPLETE, NoticeState.FORWARDED_TO_UPLOADER)
"""States in which a notice waits to be acted upon."""

MOST_LOOKED_AT = 2_000
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class NoticeCounters:
    """How many notices go on, wait to be acted upon, are past that term, and are disputed."""

    open: int
    to_act_upon: int
    overdue: int
    disputed: int


class NoticeQueue:
    """Looks at notices as a queue."""

    def __init__(
        self,
        notices: Notices,
        counts: NoticeCounts,
        lookups: NoticeLookups,
        clock: Clock,
        profiles: Mapping[Jurisdiction, Profile],
    ) -> None:
        self._notices = notices
        self._counts = counts
        self._lookups = lookups
        self._clock = clock
        self._profiles = profiles

    def counters(self) -> NoticeCounters:
        """Count them."""
        counts = self._counts.by_state()
        disputed = (NoticeState.COUNTER_NOTICE_RECEIVED, NoticeState.FORWARDED_TO_RIGHT_HOLDER)
        return NoticeCounters(
            open=sum(count for state, count in counts.items() if state not in ENDED),
            to_act_upon=sum(counts.get(state, 0) for state in TO_ACT_UPON),
            overdue=len(self.overdue(NoticeFilter())),
            disputed=sum(counts.get(state, 0) for state in disputed),
        )

    def act_by(self, notice: Notice) -> datetime | None:
        """Return until when a notice is to be acted upon; None where that was done, or nothing is to be done."""
        if notice.state not in TO_ACT_UPON or notice.completed is None:
            return None
        return due(self._profiles[notice.jurisdiction], Term.ACT, notice.completed)

    def overdue(self, wanted: NoticeFilter) -> list[Notice]:
        """Return notices that should have been acted upon, the oldest first; MOST_LOOKED_AT of each state are read."""
        now, found = self._clock.now(), []
        for state in TO_ACT_UPON if wanted.state is None else {wanted.state} & set(TO_ACT_UPON):
            for notice in self._in_state(replace(wanted, state=state)):
                until = self.act_by(notice)
                if until is not None and until <= now:
                    found.append(notice)
        return sorted(found, key=lambda notice: (notice.received, notice.id))

    def reputation(self, notice: Notice) -> Reputation:
        """Return how the notices of a notifier fared so far."""
        return self._lookups.reputation(notice.notifier.key)

    def _in_state(self, wanted: NoticeFilter) -> list[Notice]:
        found: list[Notice] = []
        cursor: str | None = None
        while len(found) < MOST_LOOKED_AT:
            page = self._notices.page(wanted, order="oldest", cursor=cursor, most=_AT_ONCE)
            found += page.notices
            cursor = page.next_cursor
            if cursor is None:
                break
        return found
