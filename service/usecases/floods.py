"""The flood breaker: a set that suddenly matches far more than it did may have been given a picture that anybody uses.

Nothing is put out of force by itself. The set is marked, and an admin looks and suspends it, or lets it be.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from service.domain.audit import SYSTEM
from service.domain.registration import SetState
from service.domain.wording import Wording
from service.ports import Clock, SetDirectory, SetRecord, SetTraffic

log = structlog.get_logger()

LATELY = timedelta(days=1)
BEFORE = timedelta(days=14)
LEAST = 20
"""Screenings in a day below which nothing is a flood."""


class Floods:
    """Watches how often each set is found."""

    def __init__(
        self, directory: SetDirectory, record: SetRecord, traffic: SetTraffic, clock: Clock, *, factor: float = 10.0
    ) -> None:
        """Mark a set found more than `factor` times as often in the last day as in the fourteen before."""
        self._directory = directory
        self._record = record
        self._traffic = traffic
        self._clock = clock
        self._factor = factor

    def watch(self) -> list[str]:
        """Look once; return the slugs of the sets that were marked. To be called every hour or so.

        A set that was found never before is marked from LEAST screenings on: that is how a picture that anybody uses
        begins. A set that is marked already stays as it is, until it is activated again.
        """
        now = self._clock.now()
        day = now - LATELY
        lately = {slug: count for slug, count in self._traffic.by_set(day, now).items() if count >= LEAST}
        if not lately:
            return []
        total, earlier = self._traffic.screenings(day, now), self._traffic.screenings(day - BEFORE, day)
        before = self._traffic.by_set(day - BEFORE, day)
        marked = []
        for slug, count in sorted(lately.items()):
            usual = before.get(slug, 0) / earlier if earlier else 0.0
            # Two shares of screenings, so that a busy day by itself is no flood.
            if count / max(total, 1) > self._factor * usual and self._mark(slug, count, usual, now):
                marked.append(slug)
        return marked

    def _mark(self, slug: str, count: int, usual: float, now: datetime) -> bool:
        item = self._directory.get(slug)
        if item is None or item.state is not SetState.ACTIVE or item.quarantine is not None:
            return False
        self._record.change(slug, {"quarantine": _words(count, usual)}, SYSTEM, now)
        log.warning("set_floods", reference_set=slug, screenings=count, usual_share=usual)
        return True


def _words(count: int, usual: float) -> Wording:
    was = f"in {usual:.2%} of them" if usual else "in none of them"
    was_zh = f"占 {usual:.2%}" if usual else "一次也没有"
    return Wording(
        f"Found in {count} screenings of one day; in the fourteen days before it was found {was}. Look at the pictures"
        " and names that were added last, and suspend the set if one of them is anybody's.",
        f"一天之内在 {count} 次筛查中被发现；此前十四天的筛查中{was_zh}。"
        "请查看最近添加的图片和名称；如有任何人都可能使用的内容，请暂停该集。",
    )
