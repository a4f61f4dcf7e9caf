"""Likeness: how much more a picture resembles a reference set than it, and the set, resemble anything.

    likeness = cosine - 0.3 × crowding of the reference - 0.3 × mean cosine to the three nearest other sets

Crowding is the mean cosine of the control pictures nearest to a reference: some references resemble everything. The
other sets, the rivals, say the same of the picture. Both are parts of adaptive score normalisation as speaker
verification knows it (Matějka et al., Interspeech 2017), at the weights that found most characters on pictures kept for
validation; docs/decisions/0012 has the figures. Sets of one work are not each other's rivals.

Crowds are calibrated with the very functions that uploads go through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from indexer.model import ReferenceSet
from indexer.ports import FloatArray

SEARCHED: Final = 256
"""Nearest rows looked at per view; a set has as many for each of its references as there are reference views."""

SETS_REPORTED: Final = 5
"""Reference sets kept per part of a picture and kind of match, of those that are nearest."""

RIVALS: Final = 3
MARGIN: Final = 0.3
"""How many sets of other works say what the picture resembles anyway, and the share of their mean cosine taken off."""

CROWDING: Final = 0.3
_NEIGHBOURS: Final = 20
"""The share of a reference's crowding that is taken off, and the control pictures that it is the mean cosine of."""

_AT_ONCE: Final = 16
"""References whose crowding is computed by one product: one at a time takes six times as long."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SetLikeness:
    """One set's likeness to a view: `place` is where its nearest row stands in the search's results."""

    owner: int
    likeness: float
    place: int


def works_of(sets: Sequence[ReferenceSet]) -> Numbers:
    """Number the works: sets of one work have one number, and a set of no stated work has one of its own."""
    numbers: dict[object, int] = {}
    keys = [tuple(sorted(item.work.items())) or item.slug for item in sets]
    return np.asarray([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def crowding(vectors: FloatArray, crowd: FloatArray) -> FloatArray:
    """Return for each reference the mean cosine of its nearest pictures of a crowd: (references,).

    `vectors` (references, views, dim): the view that a picture resembles most counts, as in the search.
    """
    count = min(_NEIGHBOURS, len(crowd))
    means = np.zeros(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), _AT_ONCE):
        some = vectors[start : start + _AT_ONCE]
        cosines = (some.reshape(-1, some.shape[2]) @ crowd.T).reshape(*some.shape[:2], len(crowd))
        nearest = np.partition(cosines.max(axis=1), len(crowd) - count, axis=1)[:, len(crowd) - count :]
        means[start : start + _AT_ONCE] = nearest.mean(axis=1)
    return means


def index_rows(vectors: FloatArray, crowded: FloatArray) -> FloatArray:
    """Lengthen reference vectors (references, views, dim) so that a product with query_rows() is cosine less crowding.

    Returns (references × views, dim + 1).
    """
    count, views, dim = vectors.shape
    last = np.repeat(-CROWDING * crowded, views)[:, None]
    return np.concatenate([vectors.reshape(count * views, dim), last], axis=1).astype(np.float32)


def query_rows(vectors: FloatArray) -> FloatArray:
    """Lengthen query vectors (n, dim) by the 1 that index_rows() expects: (n, dim + 1)."""
    return np.concatenate([vectors, np.ones((len(vectors), 1), np.float32)], axis=1)


def likenesses(found: FloatArray, owners: Numbers, works: Numbers, top: int) -> list[SetLikeness]:
    """Reduce one view's search results to the sets that are most alike, at most `top`, strongest first.

    `found` (k,) are similarities, strongest first, and `owners` (k,) the sets of those rows; `works` numbers all sets.
    """
    named, places = np.unique(owners, return_index=True)
    order = np.argsort(places)
    sets, first = named[order], places[order]
    nearest = found[first].astype(np.float64)
    # Beyond what was looked at, another set is at most as near as the last row seen.
    least = float(found[-1]) if len(found) else 0.0
    results = []
    for number in range(min(top, len(sets))):
        others = works[sets] != works[sets[number]]
        rivals = nearest[others][:RIVALS].tolist()
        unseen = int((works != works[sets[number]]).sum()) - len(rivals)
        rivals += [least] * min(RIVALS - len(rivals), unseen)
        mean = sum(rivals) / len(rivals) if rivals else 0.0
        results.append(SetLikeness(int(sets[number]), float(nearest[number]) - MARGIN * mean, int(first[number])))
    return sorted(results, key=lambda item: -item.likeness)
