"""Counting what each caller sends, in this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

MINUTE = 60.0
_MOST = 10_000


class Minutes:
    """Counts what each has sent in the minute that began with its first; knows 10,000 of them at most."""

    def __init__(self, time_of: Callable[[], float] = time.monotonic) -> None:
        self._time_of = time_of
        self._counts: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def take(self, who: str, most: int) -> int | None:
        """Count one more; where that is over `most`, count nothing and return in how many seconds to come back."""
        now = self._time_of()
        with self._lock:
            since, count = self._counts.get(who, (now, 0))
            if now - since >= MINUTE:
                since, count = now, 0
            if count >= most:
                return max(1, round(MINUTE - (now - since)))
            # The oldest minute stands first, so that forgetting looks at no more than it forgets.
            if since == now:
                self._counts.pop(who, None)
                self._forget(now)
            self._counts[who] = (since, count + 1)
        return None

    def _forget(self, now: float) -> None:
        """Drop those whose minute is over; where there are too many still, the one that came first."""
        while self._counts:
            first = next(iter(self._counts))
            if now - self._counts[first][0] < MINUTE and len(self._counts) < _MOST:
                return
            del self._counts[first]
