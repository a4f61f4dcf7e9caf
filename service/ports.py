"""What the use cases need from the world, as Protocols. Adapters fulfil them; `bootstrap` chooses which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from indexer.model import AliasHit, Findings, PictureFile, ReferenceSet


class ReferenceIndex(Protocol):
    """One generation of the index, as screening sees it."""

    @property
    def generation(self) -> str:
        """Its number."""
        ...

    @property
    def model(self) -> str:
        """The label of its embedding model."""
        ...

    @property
    def sets(self) -> Mapping[str, ReferenceSet]:
        """The reference sets, by slug."""
        ...

    def examine(self, pictures: Sequence[PictureFile], deadline: float) -> Findings:
        """Match pictures until `deadline` (time.monotonic()). Raises Overloaded when too much waits."""
        ...

    def find_aliases(self, text: str) -> list[AliasHit]:
        """Find registered aliases in a text."""
        ...


class CurrentIndex(Protocol):
    """Whichever generation is in force now."""

    def get(self) -> ReferenceIndex:
        """Return it; a screening keeps the one it began with. Raises NotReady when there is none."""
        ...

    def prove(self) -> str:
        """Find a known reference through the whole path; return the generation. Raises NotReady."""
        ...


@dataclass(frozen=True, slots=True)
class StoredScreening:
    """A screening as it is remembered: the whole answer, and whose it is.

    `request_sha256` identifies the request, for idempotency; `answer` is None while it is still being screened.
    """

    id: str
    platform: str
    external_id: str
    created: datetime
    request_sha256: str
    idempotency_key: str | None
    answer: Mapping[str, Any] | None


class ScreeningStore(Protocol):
    """Remembers screenings."""

    def add(self, screening: StoredScreening) -> StoredScreening:
        """Keep a screening; where its platform has used the idempotency key before, return the earlier one instead."""
        ...

    def finish(self, screening_id: str, answer: Mapping[str, Any]) -> None:
        """Put the answer to a screening that was added without one."""
        ...

    def get(self, screening_id: str, platform: str | None) -> StoredScreening | None:
        """Return a screening of a platform, or of any where `platform` is None."""
        ...

    def find(
        self, platform: str | None, *, external_id: str | None = None, idempotency_key: str | None = None
    ) -> list[StoredScreening]:
        """Return screenings of a platform, or of any, by one of the two; newest first, a hundred at most."""
        ...

    def unfinished(self) -> list[StoredScreening]:
        """Return what was added and never finished."""
        ...


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present in UTC."""
        ...
