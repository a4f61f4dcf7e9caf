"""A record that lasts as long as the process: for the command line, which answers and forgets, and for tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from service.domain.errors import PolicyError
from service.domain.policy import Policy, policy_from, policy_named
from service.ports import Finished, PublishedPolicy, StoredScreening

_MOST = 100


class MemoryScreeningStore:
    """A ScreeningStore in memory; `finished` holds what screenings left behind, by their ids."""

    def __init__(self) -> None:
        self.finished: dict[str, Finished] = {}
        self._screenings: dict[str, StoredScreening] = {}
        self._lock = threading.Lock()

    def add(self, screening: StoredScreening, finished: Finished | None = None) -> StoredScreening:
        """Keep a screening, or return the one that used its idempotency key before."""
        with self._lock:
            for known in self._screenings.values():
                same_key = known.idempotency_key == screening.idempotency_key is not None
                if same_key and known.platform == screening.platform:
                    return known
            if finished is not None:
                screening = replace(screening, answer=finished.answer)
                self.finished[screening.id] = finished
            self._screenings[screening.id] = screening
        return screening

    def finish(self, screening_id: str, finished: Finished) -> Mapping[str, Any]:
        """Put what a screening leaves behind, where it was not finished before; return the answer that stands."""
        with self._lock:
            known = self._screenings[screening_id]
            if known.answer is not None:
                return known.answer
            self._screenings[screening_id] = replace(known, answer=finished.answer)
            self.finished[screening_id] = finished
        return finished.answer

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


class MemoryPolicies:
    """Policies in memory: that of a file, until others are published."""

    def __init__(self, shipped: Mapping[str, Any]) -> None:
        """Begin with the tables of a policy.toml. Raises PolicyError."""
        self._content = shipped
        self._policy = policy_from(shipped)
        self._published: list[PublishedPolicy] = []

    def in_force(self) -> Policy:
        """Return the policy in force."""
        return self._policy

    def content(self) -> Mapping[str, Any]:
        """Return its tables."""
        return self._content

    def publish(self, policy: PublishedPolicy) -> None:
        """Put a policy in force. Raises PolicyError."""
        made = policy_named(policy.version, policy.content)
        if any(policy.version == known.version for known in self._published):
            raise PolicyError(f"policy: {policy.version} was published before; give it another version")
        self._policy, self._content = made, policy.content
        self._published.insert(0, policy)

    def history(self) -> list[PublishedPolicy]:
        """Return all that were published, newest first."""
        return list(self._published)
