"""The time of this machine."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """Tells the present in UTC."""

    def now(self) -> datetime:
        """Return the present."""
        return datetime.now(UTC)
