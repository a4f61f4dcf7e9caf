"""What screening needs: the index in force, a memory of screenings, and the blocked LoRAs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from indexer.model import AliasHit, Findings, LoraSignals, PictureSource, ReferenceSet
from service.domain.blocked import BlockedLora
from service.domain.case import Case


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
class KeptPicture:
    """What is remembered of a picture: its name in the upload, its signals, and what the blob store holds of it.

    `kept` is `picture`, `thumbnail` or `nothing`; a picture has its thumbnail beside it.
    """

    name: str
    sha256: str
    pdq: bytes
    vector: bytes
    kept: str


@dataclass(frozen=True, slots=True)
class SetFound:
    """What was found about one reference set: the outcome that its ground asked for, and the rarest of its facts."""

    reference_set: str
    outcome: str
    lowest_rate: float
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """All that a finished screening leaves behind: the answer, what replays it, its pictures, and its case.

    `at` is when it was finished. `record` holds JSON values: context, facts, texts and file hashes (usecases/record.py
    writes and reads it).
    """

    at: datetime
    answer: Mapping[str, Any]
    uploader: str | None
    stage: str
    record: Mapping[str, Any]
    pictures: tuple[KeptPicture, ...] = ()
    sets: tuple[SetFound, ...] = ()
    case: Case | None = None
    lora: LoraSignals | None = None


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
    answer: Mapping[str, Any] | None = None


class ScreeningStore(Protocol):
    """Remembers screenings. Every change is in the audit log."""

    def add(self, screening: StoredScreening, finished: Finished | None = None) -> StoredScreening:
        """Keep a screening; where its platform has used the idempotency key before, return the earlier one instead.

        With `finished` it is kept with all that it leaves behind, at once or not at all.
        """
        ...

    def finish(self, screening_id: str, finished: Finished) -> Mapping[str, Any]:
        """Put all that a finished screening leaves behind to one that was added without; return the answer that stands.

        The first to finish a screening wins: whoever comes later changes nothing, and gets the first one's answer.
        """
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
class PastScreening:
    """A finished screening with what replays it."""

    id: str
    platform: str
    external_id: str
    uploader: str | None
    created: datetime
    answer: Mapping[str, Any]
    record: Mapping[str, Any]
    pictures: tuple[KeptPicture, ...] = ()


class ScreeningHistory(Protocol):
    """Reads what was screened, for cases, for rights owners, for replays."""

    def read(self, screening_id: str) -> PastScreening | None:
        """Return a finished screening, with its pictures."""
        ...

    def last(self, most: int, *, before: datetime | None = None) -> list[PastScreening]:
        """Return the latest finished screenings, newest first, without their pictures."""
        ...

    def of_uploader(self, platform: str, uploader: str, most: int) -> list[PastScreening]:
        """Return an uploader's latest, newest first, without their pictures."""
        ...

    def of_set(self, reference_set: str, most: int) -> list[tuple[PastScreening, SetFound]]:
        """Return the latest in which something was found about a set, newest first, without their pictures."""
        ...

    def pictures(self, most: int) -> Iterator[tuple[str, KeptPicture]]:
        """Go through the latest pictures screened, each with the id of its screening."""
        ...


class PictureRetention(Protocol):
    """Forgets the pictures of uploads that were allowed."""

    def allowed(
        self, before: datetime, most: int, *, after: tuple[datetime, str] | None = None
    ) -> list[tuple[datetime, str]]:
        """Return time and id of screenings that were allowed before a time, have pictures, and never had a case.

        They come in order of time and id; `after` is where the last page ended.
        """
        ...

    def forget(self, screening_ids: Sequence[str], now: datetime) -> list[str]:
        """Drop the signals of their pictures; return the sha256 of those whose blobs nothing else speaks of."""
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
