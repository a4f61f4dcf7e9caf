"""The rates of a new index: the control set and the index's own impostors, run through the search that uploads meet.

An impostor is a reference put as a query against the sets of all *other* works. Sets of one work are left out: their
characters may well share a picture, and a rights owner is no stranger to its own work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer import likeness
from indexer.calibration import MIN_IMPOSTORS, Calibration, RateCurve
from indexer.control import ControlSet
from indexer.index.flat import FlatHashIndex, FlatVectorIndex
from indexer.likeness import Numbers, likenesses, query_rows
from indexer.ports import ByteArray, FloatArray
from indexer.signals.pixels.features import SHORT_LIST, FeatureTable, place
from indexer.signals.pixels.views import REFERENCE_VIEWS

IMPOSTOR_VIEWS = tuple(n for n, view in enumerate(REFERENCE_VIEWS) if view.name in ("whole", "centre_80"))
_MOST_IMPOSTORS = 6_000
_HASH_NEIGHBOURS = 64
_VERIFIED = 500
_RESULTS_HELD = 1 << 20


@dataclass(frozen=True)
class Standing:
    """Who is whose: `owners` (references,) the set of each reference, `works` (sets,) the work of each set."""

    owners: Numbers
    works: Numbers

    @property
    def of_each(self) -> Numbers:
        """The work of each reference: (references,)."""
        return np.asarray(self.works[self.owners])


def calibrate_likeness(
    vectors: FloatArray, rows: FlatVectorIndex, standing: Standing, crowd: ControlSet
) -> Calibration:
    """Run the control set and the impostors through the search; `vectors` (references, views, dim), `rows` the index.

    At most _MOST_IMPOSTORS impostors are run, evenly chosen: their number grows with the index, their use does not.
    """
    views = vectors.shape[1]
    per_row = np.repeat(standing.owners, views)
    control = _strongest(rows, crowd.vectors, per_row, standing.works)
    best = np.full(len(crowd), -np.inf)
    np.maximum.at(best, crowd.pictures, control)
    impostors = vectors[:, IMPOSTOR_VIEWS].reshape(-1, vectors.shape[2])
    own = np.repeat(standing.owners, len(IMPOSTOR_VIEWS))
    chosen = np.arange(0, len(impostors), max(1, -(-len(impostors) // _MOST_IMPOSTORS)))
    met = _strongest(rows, impostors[chosen], per_row, standing.works, own[chosen])
    met = met[np.isfinite(met)]
    curve = RateCurve.fit(met) if len(met) >= MIN_IMPOSTORS else None
    return Calibration(RateCurve.fit(best), curve, needs_impostors=True)


def _strongest(
    rows: FlatVectorIndex, queries: FloatArray, per_row: Numbers, works: Numbers, own: Numbers | None = None
) -> npt.NDArray[np.float64]:
    """Return each query's likeness to the set it resembles most, of those of other works than its own: (n,).

    Minus infinity where there are none.
    """
    strongest = np.full(len(queries), -np.inf)
    meeting = _meet(rows, queries, works[per_row], None if own is None else works[own])
    for number, (similarities, found) in enumerate(meeting):
        best = likenesses(similarities, per_row[found], works, likeness.SETS_REPORTED)
        if best:
            strongest[number] = best[0].likeness
    return strongest


def _meet(
    rows: FlatVectorIndex, queries: FloatArray, works: Numbers, own: Numbers | None
) -> Iterator[tuple[FloatArray, Numbers]]:
    """Yield what each query meets in an index without its own work: similarities and rows, strongest first.

    `works` (rows,) is the work of each row. So many more rows are searched as the largest work has: its own must not
    crowd out the others.
    """
    wide = likeness.SEARCHED + (0 if own is None else int(np.bincount(works).max(initial=0)))
    at_once = max(1, _RESULTS_HELD // wide)
    for start in range(0, len(queries), at_once):
        similarities, found = rows.search(query_rows(queries[start : start + at_once]), wide)
        for number, (nearest, near) in enumerate(zip(similarities, found, strict=True), start=start):
            kept = slice(None) if own is None else works[near] != own[number]
            yield nearest[kept][: likeness.SEARCHED], near[kept][: likeness.SEARCHED]


def calibrate_hash(hashes: ByteArray, standing: Standing, crowd: ByteArray, pictures: Numbers) -> Calibration:
    """Calibrate a hash; `hashes` (references, orientations, bytes). Turning references or queries is the same.

    `crowd` (rows, bytes) are hashes of control pictures and of their parts, `pictures` (rows,) says of which.
    """
    count, orientations, width = hashes.shape
    if not count or not len(crowd):
        return Calibration(RateCurve.fit([-float(width * 8)]), None, needs_impostors=True)
    index = FlatHashIndex.of(np.ascontiguousarray(hashes.reshape(-1, width)))
    distances, _ = index.search(crowd, 1)
    nearest = np.full(int(pictures.max()) + 1, np.inf)
    np.minimum.at(nearest, pictures, distances[:, 0].astype(float))
    upright = np.ascontiguousarray(hashes[:, 0])
    near, rows = index.search(upright, _HASH_NEIGHBOURS)
    of_each = standing.of_each
    strangers = of_each[:, None] != of_each[rows // orientations]
    # Where all neighbours are of one work, a stranger is at least as far as the last of them.
    best = np.where(strangers, near, near[:, -1:]).min(axis=1)
    met = best if len(np.unique(of_each)) > 1 else best[:0]
    impostors = RateCurve.fit(-met.astype(float)) if len(met) >= MIN_IMPOSTORS else None
    return Calibration(RateCurve.fit(-nearest[np.isfinite(nearest)]), impostors, needs_impostors=True)


def calibrate_agreement(
    features: FeatureTable, vectors: FloatArray, rows: FlatVectorIndex, standing: Standing, crowd: ControlSet
) -> Calibration:
    """Calibrate the verification by geometry: references of other works, each against its nearest, as uploads are."""
    views = vectors.shape[1]
    chosen = np.arange(0, len(vectors), max(1, len(vectors) // _VERIFIED))
    of_each = standing.of_each
    meeting = _meet(rows, vectors[chosen, 0], np.repeat(of_each, views), of_each[chosen])
    met: list[float] = []
    for row, (_, near) in zip(chosen.tolist(), meeting, strict=True):
        strangers = list(dict.fromkeys((near // views).tolist()))
        if not strangers:
            continue
        query = features.get(row)
        others = [features.get(other) for other in strangers[:SHORT_LIST]]
        placed = [place(side, other) for side in (query, query.mirrored()) for other in others]
        met.append(max((item.agreement for item in placed if item), default=0.0))
    curve = RateCurve.fit(met) if len(met) >= MIN_IMPOSTORS else None
    return Calibration(RateCurve.fit(crowd.agreements), curve)
