"""Live changes: a generation with other sets in force than those that it was built from.

References that no set holds any more are dead: their rows stay, and no search gives them. References that the
generation lacks are a tail, searched beside it. Nothing of the generation is copied but lists of numbers, and its rates
stay as they are until the next one is built.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from indexer.errors import ManifestError, SnapshotError
from indexer.index.flat import FlatHashIndex, FlatVectorIndex
from indexer.index.snapshot import NOBODY, Changes, Snapshot
from indexer.likeness import Numbers, crowding, index_rows
from indexer.model import Reference, ReferenceSet
from indexer.reference_signals import ReferenceSignals
from indexer.signals.pixels.features import Features, FeatureTable, concatenate

CANARY = "#canary"
"""Slug of the set that holds the canary alone while readiness is proved; no registered set can have it."""

SignalsOf = Callable[[str, Reference], ReferenceSignals]
"""Gives the signals of a set's reference, by the slug of the set."""


def with_changes(base: Snapshot, sets: Sequence[ReferenceSet], signals: SignalsOf) -> Snapshot:
    """Return the generation of `base` with exactly `sets` in force; `base` itself where these are its own.

    A reference is the one of `base` where slug, id and sha256 are the same. `signals` is asked for all others, and what
    it raises goes through. Where `base` was changed before, what it was built from counts; the crowding of its tail is
    taken over, which is most of the work.
    Raises ManifestError where two sets have one slug, and SnapshotError where signals are of another model.
    """
    crowded = _crowding_of_tail(base)
    if base.changes is not None:
        base = base.changes.base
    if tuple(sets) == base.sets:
        return base
    if len({item.slug for item in sets}) < len(sets):
        raise ManifestError("two sets have the same slug, so matches could not be told apart")
    owners, added = _owners(base, sets)
    tail = [signals(slug, reference) for slug, reference in added]
    for (slug, reference), found in zip(added, tail, strict=True):
        if found.vectors.shape[1] != base.model.embed_dim:
            raise SnapshotError(f"{slug}/{reference.id}: its signals are not of the model {base.model.label}")
    changed = replace(
        _longer(base, [reference for _, reference in added], tail, crowded),
        sets=tuple(sets),
        changes=Changes(base, tuple(reference for _, reference in added), owners),
    )
    return _buried(changed)


def with_canary(snapshot: Snapshot) -> Snapshot:
    """Return a changed generation with its canary in a set of its own; one that is as it was built stays so.

    Readiness is proved with a reference that may be dead by now, or registered a second time. In a set of its own it is
    looked for through the very indexes that uploads meet, tail and dead rows and all, and is either found or not.
    """
    changes = snapshot.changes
    if changes is None:
        return snapshot
    row, base = snapshot.canary_reference, changes.base
    owners = changes.owners.copy()
    owners[row] = len(snapshot.sets)
    # Of no work: whatever else is in force is its rival, as it would be to any upload.
    own = ReferenceSet(CANARY, {"en": CANARY}, (base.references[row],))
    return _buried(replace(snapshot, sets=(*snapshot.sets, own), changes=replace(changes, owners=owners)))


_Key = tuple[str, str, str]


def _owners(base: Snapshot, sets: Sequence[ReferenceSet]) -> tuple[Numbers, list[tuple[str, Reference]]]:
    """Number the set of each reference, those that `base` lacks last, and list these with their slugs."""
    owners = np.full(len(base.references), NOBODY, dtype=np.int64)
    starts = dict(zip((item.slug for item in base.sets), _starts(base.sets), strict=True))
    known = {item.slug: item for item in base.sets}
    added: dict[_Key, tuple[int, Reference]] = {}
    for number, item in enumerate(sets):
        was = known.get(item.slug)
        start = starts.get(item.slug, 0)
        own = was.references if was is not None else ()
        if item.references == own:
            owners[start : start + len(own)] = number
            continue
        rows = {(reference.id, reference.sha256): row for row, reference in enumerate(own, start)}
        for reference in item.references:
            row = rows.get((reference.id, reference.sha256))
            if row is not None:
                owners[row] = number
            else:
                added.setdefault((item.slug, reference.id, reference.sha256), (number, reference))
    tail = np.asarray([number for number, _ in added.values()], dtype=np.int64)
    return np.concatenate([owners, tail]), [(key[0], reference) for key, (_, reference) in added.items()]


def _starts(sets: Sequence[ReferenceSet]) -> list[int]:
    """Return the row of each set's first reference."""
    return [0, *np.cumsum([len(item.references) for item in sets]).tolist()][: len(sets)]


def _crowding_of_tail(snapshot: Snapshot) -> dict[str, np.float32]:
    """Return the crowding of a tail's references by the digest of their files."""
    if snapshot.changes is None:
        return {}
    tail = snapshot.changes.tail
    first = len(snapshot.changes.base.references)
    return {reference.sha256: snapshot.crowding[row] for row, reference in enumerate(tail, first)}


def _longer(
    base: Snapshot, added: Sequence[Reference], tail: Sequence[ReferenceSignals], known: dict[str, np.float32]
) -> Snapshot:
    """Search a tail beside a generation; `known` is the crowding of some of the references `added`."""
    if not tail:
        return base
    vectors = np.stack([item.vectors for item in tail])
    count, views = vectors.shape[:2]
    first = len(base.references)
    new = [row for row, reference in enumerate(added) if reference.sha256 not in known]
    crowded = np.asarray([known.get(reference.sha256, 0.0) for reference in added], dtype=np.float32)
    if new:
        crowded[new] = crowding(vectors[new], base.control.astype(np.float32))
    numbers = np.arange(first, first + count, dtype=np.int32)
    rows = np.stack([np.repeat(numbers, views), np.tile(np.arange(views, dtype=np.int32), count)], axis=1)
    hashes = [(number, item.hashes) for number, item in zip(numbers, tail, strict=True) if item.hashes.reliable]
    pdq = np.asarray([item.pdq[0] for _, item in hashes], dtype=np.uint8).reshape(-1, 32)
    phash = np.asarray([item.phash for _, item in hashes], dtype=np.uint8).reshape(-1, 8)
    return replace(
        base,
        vectors=base.vectors.with_tail(FlatVectorIndex.of(index_rows(vectors, crowded))),
        rows=np.concatenate([base.rows, rows]),
        pdq=base.pdq.with_tail(FlatHashIndex.of(pdq)),
        phash=base.phash.with_tail(FlatHashIndex.of(phash)),
        hash_rows=np.concatenate([base.hash_rows, np.asarray([number for number, _ in hashes], dtype=np.int32)]),
        features=_LongerTable(base.features.arrays, FeatureTable(concatenate([item.features for item in tail]))),
        pixel_sha256=(*base.pixel_sha256, *(item.pixel_sha256 for item in tail)),
        crowding=np.concatenate([base.crowding, crowded]),
    )


def _buried(snapshot: Snapshot) -> Snapshot:
    """Mark those rows as dead whose references nobody owns; a tail has none."""
    if snapshot.changes is None:
        return snapshot
    base = snapshot.changes.base
    dead = snapshot.owners[: len(base.references)] == NOBODY
    hashes = dead[base.hash_rows]
    return replace(
        snapshot,
        vectors=snapshot.vectors.without(dead[base.rows[:, 0]]),
        pdq=snapshot.pdq.without(hashes),
        phash=snapshot.phash.without(hashes),
    )


@dataclass(frozen=True)
class _LongerTable(FeatureTable):
    """A table of features and, in the rows after its own, those of a tail."""

    tail: FeatureTable

    def __len__(self) -> int:
        return super().__len__() + len(self.tail)

    def get(self, row: int) -> Features:
        beyond = row - super().__len__()
        return self.tail.get(beyond) if beyond >= 0 else super().get(row)
