"""Consequences of findings: the LoRA is known again on any upload, and the uploader gets a strike.

What a person found counts alone: a final decision that upholds, and an upload that a moderator took down under a
notice. When the decision is reversed on appeal, or the measure ends, both are undone. The job may be killed anywhere:
blocking the same file twice gives the first entry, and what followed from a cause is noted once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from service.domain.audit import SYSTEM
from service.domain.identity import new_id
from service.domain.strike import Cause, Consequence, Strike
from service.ports import Clock, ScreenedLoras, Strikes
from service.usecases.blocking import Blocking

log = structlog.get_logger()
MOST_AT_ONCE = 200
_OURS = ("case:", "notice:")


class Consequences:
    """Draws consequences, and undoes them."""

    def __init__(
        self, strikes: Strikes, loras: ScreenedLoras, blocking: Blocking, clock: Clock, *, strike_days: int = 180
    ) -> None:
        """Take the stores; a strike counts for `strike_days`."""
        self._strikes = strikes
        self._loras = loras
        self._blocking = blocking
        self._clock = clock
        self._lasts = timedelta(days=strike_days)

    def tick(self, now: datetime) -> int:
        """Do what is due, and return how much that was; what is left over is done next time."""
        done = 0
        # What is gone comes first: the same LoRA may be found again for another reason.
        for item in self._strikes.gone(now, MOST_AT_ONCE):
            why = "the decision was reversed" if item.because.startswith("case:") else "the measure ended"
            done += self._strikes.reverse(item.cause_id, now, why)
        for cause in self._strikes.due(now, MOST_AT_ONCE):
            done += self._draw(cause, now)
        if done:
            log.info("consequences_drawn", count=done)
        return done

    def strikes_of(self, platform: str, uploader: str) -> list[Strike]:
        """Return the strikes of an uploader that count now, oldest first."""
        now = self._clock.now()
        return [item for item in self._strikes.of(platform, uploader) if item.counts(now)]

    def _draw(self, cause: Cause, now: datetime) -> bool:
        strike = None
        if cause.uploader is not None:
            strike = Strike(new_id("stk"), cause.platform, cause.uploader, cause.because, now, now + self._lasts)
        consequence = Consequence(
            cause.id, cause.because, cause.screening_id, cause.platform, cause.uploader, now, self._block(cause)
        )
        return self._strikes.record(consequence, strike)

    def _block(self, cause: Cause) -> str | None:
        """Block the LoRA; return the entry's id, None where there is none, or a person made it before."""
        signals = self._loras.read(cause.screening_id)
        if signals is None:
            return None
        entry = self._blocking.add_signals(
            signals, title=cause.title, reason=cause.because, by=SYSTEM, reference_set=cause.reference_set
        )
        return entry.id if entry is not None and entry.reason.startswith(_OURS) and entry.added_by == SYSTEM else None
