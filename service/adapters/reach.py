"""What a set would match: among the pictures that were screened, by what was kept of them, and in the control set.

A picture matches where the whole of it, upright, mirrored or turned, is as near by PDQ as copies are, or where its
likeness has a rate that leads to review. Likeness is that of uploads: the set is put in force beside all others in a
changed generation that nobody else sees. Inner pictures and geometry are left to real screenings, so a few more may
match there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from indexer import live
from indexer.errors import SnapshotError
from indexer.index.snapshot import Snapshot
from indexer.likeness import (
    SEARCHED,
    SETS_REPORTED,
    Numbers,
    crowding,
    index_rows,
    likenesses,
    query_rows,
    works_of,
)
from indexer.model import Reference, ReferenceSet
from indexer.ports import ByteArray, FloatArray
from indexer.reference_signals import ReferenceSignals
from service.adapters.assessment import Model, ModelInForce
from service.adapters.reference_signals import ReferenceReader
from service.ports import Blobs, KeptPicture, Reach

MOST_NAMED = 60
"""Matching pictures that are named, for people to look at."""

COPY_BITS = 31
"""PDQ distance up to which two pictures count as copies (PDQ paper, section 5)."""

_AT_ONCE = 256
_PDQ_BYTES = 32

Flags = npt.NDArray[np.bool_]


class ReachOfSets:
    """The Reaches of the record."""

    def __init__(self, models: ModelInForce, blobs: Blobs) -> None:
        self._models = models
        self._blobs = blobs

    def of(self, item: ReferenceSet, screened: Iterable[tuple[str, KeptPicture]], review_rate: float) -> Reach:
        """Count what a set would match."""
        model = self._models.get()
        reader = ReferenceReader(self._blobs, model.spec, model.backend)
        read = {reference: reader.get(item.slug, reference) for reference in item.references}
        signals = {reference: found for reference, found in read.items() if found is not None}
        hashes = _hashes(list(signals.values()))
        alike = _Likeness.of(model, item, signals, reader, review_rate)
        pictures = matching = copies = incomparable = 0
        screenings: dict[str, None] = {}
        named: list[tuple[str, str]] = []
        for some in _batches(iter(screened)):
            copied = _copied(hashes, [kept.pdq for _, kept in some])
            found = copied.copy()
            if alike is not None:
                resembling, comparable = alike.among(some)
                found |= resembling
                incomparable += int((~comparable).sum())
            pictures += len(some)
            copies += int(copied.sum())
            matching += int(found.sum())
            places = np.flatnonzero(found).tolist()
            screenings.update(dict.fromkeys(some[place][0] for place in places))
            named += [(some[place][0], some[place][1].sha256) for place in places[: MOST_NAMED - len(named)]]
        control, control_matching = alike.in_control() if alike else (0, 0)
        return Reach(
            pictures=pictures,
            matching=matching,
            copies=copies,
            screenings=tuple(screenings),
            control=control,
            control_matching=control_matching,
            alike_known=alike is not None,
            incomparable=incomparable,
            found=tuple(named),
        )


@dataclass(frozen=True)
class _Likeness:
    """A generation in which the set is in force, and up to which rate a likeness matches.

    `number` is the set's among all, and `rows` (references × views, dim + 1) are its own of the index.
    """

    snapshot: Snapshot
    number: int
    rows: FloatArray
    works: Numbers
    review_rate: float

    @classmethod
    def of(
        cls,
        model: Model,
        item: ReferenceSet,
        signals: dict[Reference, ReferenceSignals],
        reader: ReferenceReader,
        review_rate: float,
    ) -> _Likeness | None:
        """Put a set in force where nobody sees it; None without an index, or without a picture that can be read."""
        if model.index is None or not signals:
            return None

        def read(slug: str, reference: Reference) -> ReferenceSignals:
            found = signals.get(reference) or reader.get(slug, reference)
            if found is None:
                raise SnapshotError(f"{slug}/{reference.id}: its signals are lost")
            return found

        own = ReferenceSet(item.slug, item.title, tuple(signals), work=item.work)
        others = [other for other in model.index.snapshot.sets if other.slug != item.slug]
        snapshot = live.with_changes(model.index.snapshot, [*others, own], read)
        vectors = np.stack([found.vectors for found in signals.values()])
        rows = index_rows(vectors, crowding(vectors, snapshot.control.astype(np.float32)))
        return cls(snapshot, len(others), rows, works_of(snapshot.sets), review_rate)

    def among(self, pictures: list[tuple[str, KeptPicture]]) -> tuple[Flags, Flags]:
        """Tell which pictures are alike enough, and which could be compared at all: (n,) each."""
        width = self.snapshot.model.embed_dim
        read = [np.frombuffer(kept.vector, dtype="<f2") for _, kept in pictures]
        comparable = np.asarray([len(vector) == width for vector in read], dtype=bool)
        found = np.zeros(len(pictures), dtype=bool)
        if comparable.any():
            vectors = np.stack([vector for vector in read if len(vector) == width]).astype(np.float32)
            found[comparable] = self._alike(vectors)
        return found, comparable

    def in_control(self) -> tuple[int, int]:
        """Count the views of the control set, and those that are alike enough."""
        control = self.snapshot.control
        parts = (control[start : start + _AT_ONCE] for start in range(0, len(control), _AT_ONCE))
        return len(control), sum(int(self._alike(part.astype(np.float32)).sum()) for part in parts)

    def _alike(self, vectors: FloatArray) -> Flags:
        queries = query_rows(vectors)
        # Other sets only ever take from a likeness, so most pictures need no search among all.
        found = np.asarray([self._counts(float(best)) for best in (queries @ self.rows.T).max(axis=1)], dtype=bool)
        places = np.flatnonzero(found)
        if not len(places):
            return found
        similarities, rows = self.snapshot.vectors.search(queries[places], SEARCHED)
        for place, near, row in zip(places.tolist(), similarities, rows, strict=True):
            owners = self.snapshot.owners[self.snapshot.rows[row, 0]]
            own = [one for one in likenesses(near, owners, self.works, SETS_REPORTED) if one.owner == self.number]
            found[place] = any(self._counts(one.likeness) for one in own)
        return found

    def _counts(self, likeness: float) -> bool:
        return self.snapshot.calibrations["cosine"].rate(likeness).value <= self.review_rate


def _hashes(signals: list[ReferenceSignals]) -> ByteArray:
    """Return the PDQ hashes that count, in all orientations: (hashes, 32)."""
    reliable = [found.hashes.pdq for found in signals if found.hashes.reliable]
    return np.concatenate(reliable) if reliable else np.zeros((0, _PDQ_BYTES), np.uint8)


def _copied(hashes: ByteArray, pdq: list[bytes]) -> Flags:
    """Tell which upright hashes are near any of a set's: (n,)."""
    found = np.zeros(len(pdq), dtype=bool)
    for place, packed in enumerate(pdq):
        if len(packed) == _PDQ_BYTES and len(hashes):
            distances = np.bitwise_count(hashes ^ np.frombuffer(packed, np.uint8)).sum(axis=1)
            found[place] = int(distances.min()) <= COPY_BITS
    return found


def _batches(items: Iterator[tuple[str, KeptPicture]]) -> Iterator[list[tuple[str, KeptPicture]]]:
    while some := list(islice(items, _AT_ONCE)):
        yield some
