"""A record that lasts as long as the process: for the command line, which answers and forgets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from service.ports import StoredScreening

_MOST = 100


class MemoryScreeningStore:
    """A ScreeningStore in memory."""

    def __init__(self) -> None:
        self._screenings: dict[str, StoredScreening] = {}
        self._lock = threading.Lock()

    def add(self, screening: StoredScreening) -> StoredScreening:
        """Keep a screening, or return the one that used its idempotency key before."""
        with self._lock:
            for known in self._screenings.values():
                same_key = known.idempotency_key == screening.idempotency_key is not None
                if same_key and known.platform == screening.platform:
                    return known
            self._screenings[screening.id] = screening
        return screening

    def finish(self, screening_id: str, answer: Mapping[str, Any]) -> None:
        """Put the answer to a screening."""
        with self._lock:
            self._screenings[screening_id] = replace(self._screenings[screening_id], answer=answer)

    def get(self, screening_id: str, platform: str | None) -> StoredScreening | None:
        """Return a screening of a platform, or of any."""
        found = self._where(lambda item: item.id == screening_id, platform)
        return found[0] if found else None

    def find(
        self, platform: str | None, *, external_id: str | None = None, idempotency_key: str | None = None
    ) -> list[StoredScreening]:
        """Return screenings by external id or idempotency key, newest first."""
        if external_id is not None:
            return self._where(lambda item: item.external_id == external_id, platform)[:_MOST]
        return self._where(lambda item: item.idempotency_key == idempotency_key, platform)[:_MOST]

    def unfinished(self) -> list[StoredScreening]:
        """Return what has no answer."""
        return self._where(lambda item: item.answer is None, None)

    def _where(self, condition: Callable[[StoredScreening], bool], platform: str | None) -> list[StoredScreening]:
        with self._lock:
            found = [
                item
                for item in self._screenings.values()
                if condition(item) and (platform is None or item.platform == platform)
            ]
        return sorted(found, key=lambda item: item.created, reverse=True)
