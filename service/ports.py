"""What the use cases need from the world, as Protocols. Adapters fulfil them; `bootstrap` chooses which."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from indexer.model import AliasHit, Findings, LoraSignals, PictureSource, ReferenceSet
from service.domain.blocked import BlockedLora


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

    def examine(self, pictures: Sequence[PictureSource], deadline: float, progress: Callable[[int], None]) -> Findings:
        """Match pictures until `deadline` (time.monotonic()); `progress` is told how many are done.

        Raises Overloaded when too much waits.
        """
        ...

    def find_aliases(self, texts: Sequence[str]) -> list[list[AliasHit]]:
        """Find registered aliases in each of some texts."""
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


@dataclass(frozen=True, slots=True)
class Nearest:
    """The blocked LoRAs whose weights point most nearly where given ones do, and how many there are in all."""

    loras: Sequence[BlockedLora]
    registered: int


class BlockedLoras(Protocol):
    """Remembers blocked LoRAs; what is removed is kept, and found no more."""

    def add(self, blocked: BlockedLora) -> BlockedLora:
        """Keep a LoRA that can be known again; where the same file is blocked already, return that one instead."""
        ...

    def remove(self, blocked_id: str, when: datetime, by: str) -> bool:
        """Let a LoRA pass again; tell whether it was blocked."""
        ...

    def list_all(self) -> list[BlockedLora]:
        """Return all that are in force, newest first, without tensors and fingerprints."""
        ...

    def sharing(self, signals: LoraSignals | None, claims: Sequence[str]) -> list[BlockedLora]:
        """Return, with their telling tensors, those that share a hash of the file or of a tensor.

        Or that have a hash beginning like one of `claims` (lower-case hexadecimal). Those that share most come first.
        """
        ...

    def nearest(self, fingerprint: bytes) -> Nearest:
        """Return, with their fingerprints, a short list of those whose weights may resemble a fingerprint's."""
        ...


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present in UTC."""
        ...
