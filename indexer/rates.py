"""The rates of a new index: the control set and the index's own impostors, run through the search that uploads meet.

An impostor is a reference put as a query against the sets of all *other* works. Sets of one work are left out: their
characters may well share a picture, and a rights owner is no stranger to its own work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer import likeness
from indexer.calibration import CHANCES, MIN_IMPOSTORS, Calibration, RateCurve
from indexer.control import ControlSet
from indexer.index.flat import FlatHashIndex, FlatVectorIndex
from indexer.likeness import Numbers, in_chunks, likenesses, query_rows
from indexer.ports import ByteArray, FloatArray
from indexer.signals.features import SHORT_LIST, FeatureTable, place
from indexer.signals.views import REFERENCE_VIEWS

_IMPOSTOR_VIEWS = tuple(n for n, view in enumerate(REFERENCE_VIEWS) if view.name in ("whole", "centre_80"))
_MOST_IMPOSTORS = 6_000
_HASH_NEIGHBOURS = 64
_VERIFIED = 500


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
    impostors = vectors[:, _IMPOSTOR_VIEWS].reshape(-1, vectors.shape[2])
    own = np.repeat(standing.owners, len(_IMPOSTOR_VIEWS))
    chosen = np.arange(0, len(impostors), max(1, -(-len(impostors) // _MOST_IMPOSTORS)))
    met = _strongest(rows, impostors[chosen], per_row, standing.works, own[chosen])
    met = met[np.isfinite(met)]
    curve = RateCurve.fit(met) if len(met) >= MIN_IMPOSTORS else None
    return Calibration(RateCurve.fit(best), curve, needs_impostors=True, chances=CHANCES["cosine"])


def _strongest(
    rows: FlatVectorIndex, queries: FloatArray, per_row: Numbers, works: Numbers, own: Numbers | None = None
) -> npt.NDArray[np.float64]:
    """Return each query's likeness to the set it resembles most, of those of other works than its own: (n,)."""
    strongest = np.full(len(queries), -np.inf)
    for part in in_chunks(len(queries)):
        similarities, found = rows.search(query_rows(queries[part]), likeness.SEARCHED)
        owners = per_row[found]
        for number, (nearest, of) in enumerate(zip(similarities, owners, strict=True), start=part.start):
            kept = slice(None) if own is None else works[of] != works[own[number]]
            best = likenesses(nearest[kept], of[kept], works, likeness.REPORTED)
            if best:
                strongest[number] = best[0].likeness
    return strongest


def calibrate_hash(
    hashes: ByteArray, standing: Standing, crowd: ByteArray, pictures: Numbers, chances: float
) -> Calibration:
    """Calibrate a hash; `hashes` (references, orientations, bytes). Turning references or queries is the same.

    `crowd` (rows, bytes) are hashes of control pictures and of their parts, `pictures` (rows,) says of which.
    """
    count, orientations, width = hashes.shape
    if not count or not len(crowd):
        return Calibration(RateCurve.fit([-float(width * 8)]), None, needs_impostors=True, chances=chances)
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
    return Calibration(RateCurve.fit(-nearest[np.isfinite(nearest)]), impostors, needs_impostors=True, chances=chances)


def calibrate_agreement(
    features: FeatureTable, vectors: FloatArray, rows: FlatVectorIndex, standing: Standing, crowd: ControlSet
) -> Calibration:
    """Calibrate the verification by geometry: references of other works, each against its nearest, as uploads are."""
    views = vectors.shape[1]
    chosen = np.arange(0, len(vectors), max(1, len(vectors) // _VERIFIED))
    _, found = rows.search(query_rows(vectors[chosen, 0]), likeness.SEARCHED)
    of_each = standing.of_each
    met: list[float] = []
    for row, near in zip(chosen.tolist(), found // views, strict=True):
        strangers = list(dict.fromkeys(near[of_each[near] != of_each[row]].tolist()))
        if not strangers:
            continue
        query = features.get(row)
        others = [features.get(other) for other in strangers[:SHORT_LIST]]
        placed = [place(side, other) for side in (query, query.mirrored()) for other in others]
        met.append(max((item.agreement for item in placed if item), default=0.0))
    curve = RateCurve.fit(met) if len(met) >= MIN_IMPOSTORS else None
    return Calibration(RateCurve.fit(crowd.agreements), curve, chances=CHANCES["agreeing_points"])
