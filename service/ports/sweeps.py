"""What sweeps need: the signals of everything screened, ready to search; the sets to look for; and their own record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from indexer.model import PictureFindings
from service.domain.sweep import Progress, Proposal, Sweep, SweepHit, SweepState
from service.ports.screening import KeptPicture, PastScreening, ReferenceIndex


@dataclass(frozen=True, slots=True)
class ScreenedPicture:
    """Picture `number` of a screening: its upright PDQ hash, empty where it does not count, and its embedding.

    `vector` holds little-endian float16, of length 1; `model` is the label of the model that made it. `sha256` and
    `kept` say what the blob store has of it.
    """

    screening_id: str
    number: int
    pdq: bytes
    vector: bytes
    model: str
    sha256: str = ""
    kept: str = "nothing"


@dataclass(frozen=True, slots=True)
class RecordChanges:
    """What became of screened pictures in the record up to a place: those of `removed` screenings were forgotten.

    `head` is how far the record goes.
    """

    place: int
    head: int
    added: tuple[ScreenedPicture, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreState:
    """How far a store has followed the record, for which model, and how many pictures it holds by the label of each."""

    place: int = 0
    model: str = ""
    pictures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PictureQuery:
    """What to look for: vectors of `model`, each (little-endian float32) with the least cosine that counts, and hashes.

    Vectors of other models are never compared; hashes are of all pictures, up to `most_distance` bits.
    """

    model: str
    vectors: tuple[tuple[bytes, float], ...]
    hashes: tuple[bytes, ...] = ()
    most_distance: int = 31


@dataclass(frozen=True, slots=True)
class PictureHit:
    """A picture near any of what was looked for: the largest cosine and the smallest distance, None where neither."""

    screening_id: str
    number: int
    similarity: float | None
    distance: int | None


class ScreenedPictures(Protocol):
    """Keeps the signals of every picture screened, for sweeps. It follows the record, which is the truth."""

    def apply(self, place: int, model: str, added: Sequence[ScreenedPicture] = (), removed: Sequence[str] = ()) -> None:
        """Forget the pictures of `removed` screenings, keep those `added`, and note how far the record was followed.

        The same again changes nothing: what is added replaces what was known of its screenings.
        """
        ...

    def search(self, query: PictureQuery) -> Iterator[list[PictureHit]]:
        """Find every picture that is near enough, some at a time, so that the caller may rest in between."""
        ...

    def state(self) -> StoreState:
        """Tell how far the record was followed; the place is 0 where nothing is kept, or what was kept is damaged."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...


class PictureRecord(Protocol):
    """Reads the record in the order in which it changed."""

    def changes(self, after: int, most: int) -> RecordChanges:
        """Return what happened to screened pictures in the `most` changes of the record after a place."""
        ...

    def screenings(self, after: str, most: int) -> list[PastScreening]:
        """Go through finished screenings in order of their ids, without pictures: the next `most` after one."""
        ...

    def read(self, screening_ids: Sequence[str]) -> list[PastScreening]:
        """Return finished screenings by id, in order of their ids, with their pictures."""
        ...

    def count(self) -> int:
        """Count the finished screenings."""
        ...


class SweptSets(Protocol):
    """Some sets as they are in force, to be looked for among what was kept of pictures."""

    @property
    def index(self) -> ReferenceIndex:
        """The generation that they are of."""
        ...

    def query(self) -> PictureQuery:
        """Return what finds every picture that may match."""
        ...

    def examine(self, pictures: Sequence[KeptPicture], model: str | None) -> list[PictureFindings]:
        """Match the pictures of an upload; `model` is the label of the one that made their vectors."""
        ...


class SetMatching(Protocol):
    """Prepares sweeps with the index in force."""

    def model(self) -> str:
        """Return the label of its model. Raises NotReady."""
        ...

    def prepare(self, slugs: Sequence[str]) -> SweptSets:
        """Take sets as they are in force. Raises NotReady, or InvalidFields for those that are not."""
        ...

    def embedded(self, pictures: Sequence[ScreenedPicture]) -> list[ScreenedPicture]:
        """Return pictures with vectors of the model in force, made again from what was kept where they are of another.

        Where nothing was kept, they stay as they are.
        """
        ...


class SweepRecord(Protocol):
    """Keeps sweeps and their hits. Each change of state is one transaction with its audit entry."""

    def add(self, sweep: Sweep) -> None:
        """Keep a new sweep."""
        ...

    def find(self, *, sweep_id: str | None = None, most: int = 100) -> list[Sweep]:
        """Return one sweep, or the latest, newest first."""
        ...

    def take(self, runner: str, now: datetime, stale: datetime) -> Sweep | None:
        """Make the oldest that waits, or whose runner was not heard of since `stale`, this runner's, running.

        None where there is none, or where another sweep is being run.
        """
        ...

    def advance(self, sweep_id: str, runner: str, now: datetime, progress: Progress, hits: Sequence[SweepHit]) -> bool:
        """Note how far it is, with hits, at once; tell whether it is still this runner's. A hit is kept once."""
        ...

    def end(self, sweep_id: str, state: SweepState, now: datetime, who: str, problem: str = "") -> bool:
        """Put a sweep that is not over into a last state; tell whether it was not."""
        ...


class SweepHits(Protocol):
    """Reads what sweeps found, and what should be swept for."""

    def page(self, sweep_id: str, after: str, most: int, asks_for: str | None = None) -> list[SweepHit]:
        """Return hits in order of their screenings' ids, the next `most` after one; their standing is left out."""
        ...

    def counts(self, sweep_id: str) -> Mapping[str, int]:
        """Count hits by what they ask for."""
        ...

    def proposals(self) -> list[Proposal]:
        """Return the active sets that were activated, changed or upheld since they were last swept for."""
        ...
