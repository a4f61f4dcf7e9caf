"""The rates of a new index: the control set and the index's own impostors, run through the search that uploads meet.

An impostor is a reference put as a query against the sets of all *other* works. Sets of one work are left out: their
characters may well share a picture, and a rights owner is no stranger to its own work.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from indexer.calibration import MIN_IMPOSTORS, Calibration, Normaliser, RateCurve
from indexer.control import ControlSet
from indexer.index.flat import FlatHashIndex
from indexer.model import ReferenceSet
from indexer.ports import ByteArray, FloatArray
from indexer.signals.features import SHORT_LIST, FeatureTable, place
from indexer.signals.views import REFERENCE_VIEWS

_IMPOSTOR_VIEWS = tuple(n for n, view in enumerate(REFERENCE_VIEWS) if view.name in ("whole", "centre_80"))
_CHUNK = 2048
_HASH_NEIGHBOURS = 64
_VERIFIED = 500


def related_sets(sets: Sequence[ReferenceSet]) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Tell for each pair of sets whether one says nothing about the other's false alarms: itself, or the same work."""
    return np.asarray([[a.slug == b.slug or a.same_work(b) for b in sets] for a in sets])


def calibrate_cosine(
    vectors: FloatArray,
    owners: np.ndarray[tuple[int], np.dtype[np.int64]],
    related: np.ndarray[tuple[int, int], np.dtype[np.bool_]],
    crowd: ControlSet,
) -> tuple[Normaliser, Calibration]:
    """Run control set and impostors against each set in turn, so that memory holds one set's similarities."""
    impostors = vectors[:, _IMPOSTOR_VIEWS].reshape(-1, vectors.shape[2])
    impostor_sets = np.repeat(owners, len(_IMPOSTOR_VIEWS))
    control_best = np.full(len(crowd), -np.inf)
    impostor_best = np.full(len(impostors), -np.inf)
    fits: list[Normaliser] = []
    for number in range(len(related)):
        own = vectors[owners == number].reshape(-1, vectors.shape[2])
        if not len(own):
            fits.append(Normaliser(np.zeros(1, np.float32), np.ones(1, np.float32)))
            continue
        to_set = _nearest(crowd.vectors, own)
        fit = Normaliser.fit(to_set[:, None])
        fits.append(fit)
        np.maximum(control_best, fit.apply(to_set, np.zeros(len(to_set), int)), out=control_best)
        strangers = ~related[number][impostor_sets]
        if strangers.any():
            values = fit.apply(_nearest(impostors[strangers], own), np.zeros(int(strangers.sum()), int))
            impostor_best[strangers] = np.maximum(impostor_best[strangers], values)
    normaliser = Normaliser(np.concatenate([f.median for f in fits]), np.concatenate([f.spread for f in fits]))
    met = impostor_best[np.isfinite(impostor_best)]
    curve = RateCurve.fit(met) if len(met) >= MIN_IMPOSTORS else None
    return normaliser, Calibration(RateCurve.fit(control_best), curve, needs_impostors=True)


def _nearest(queries: FloatArray, own: FloatArray) -> FloatArray:
    """Return each query's largest cosine to the rows of one set: (n,)."""
    return np.concatenate(
        [(queries[start : start + _CHUNK] @ own.T).max(axis=1) for start in range(0, len(queries), _CHUNK)]
    )


def calibrate_hash(
    hashes: ByteArray,
    owners: np.ndarray[tuple[int], np.dtype[np.int64]],
    related: np.ndarray[tuple[int, int], np.dtype[np.bool_]],
    crowd: ByteArray,
) -> Calibration:
    """Calibrate a hash; `hashes` (references, orientations, bytes). Turning references or queries is the same."""
    count, orientations, width = hashes.shape
    if not count or not len(crowd):
        return Calibration(RateCurve.fit([-float(width * 8)]), None, needs_impostors=True)
    index = FlatHashIndex.of(np.ascontiguousarray(hashes.reshape(-1, width)))
    distances, _ = index.search(crowd, 1)
    upright = np.ascontiguousarray(hashes[:, 0])
    near, rows = index.search(upright, _HASH_NEIGHBOURS)
    strangers = ~related[owners[:, None], owners[rows // orientations]]
    # Where all neighbours are related, a stranger is at least as far as the last of them.
    best = np.where(strangers, near, near[:, -1:]).min(axis=1)
    met = best[strangers.any(axis=1)]
    impostors = RateCurve.fit(-met.astype(float)) if len(met) >= MIN_IMPOSTORS else None
    return Calibration(RateCurve.fit(-distances[:, 0].astype(float)), impostors, needs_impostors=True)


def calibrate_agreement(
    features: FeatureTable,
    vectors: FloatArray,
    owners: np.ndarray[tuple[int], np.dtype[np.int64]],
    related: np.ndarray[tuple[int, int], np.dtype[np.bool_]],
    crowd: ControlSet,
) -> Calibration:
    """Calibrate the verification by geometry: references of other works, each against its nearest, as uploads are."""
    whole = vectors[:, 0]
    met: list[float] = []
    for row in range(0, len(whole), max(1, len(whole) // _VERIFIED)):
        strangers = np.flatnonzero(~related[owners[row]][owners])
        nearest = strangers[np.argsort(-(vectors[strangers] @ whole[row]).max(axis=1))[:SHORT_LIST]]
        placed = [place(features.get(row), features.get(int(other))) for other in nearest]
        if len(nearest):
            met.append(max((item.agreement for item in placed if item), default=0.0))
    return Calibration(RateCurve.fit(crowd.agreements), RateCurve.fit(met) if len(met) >= MIN_IMPOSTORS else None)
