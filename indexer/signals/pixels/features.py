"""Local features: what proves that two pictures show the same drawing, and where.

Embeddings and hashes say "alike"; only points that lie in the same arrangement in both pictures say "the same".

1. SIFT points of both pictures are paired where each is clearly the other's nearest.
2. One similarity transform (turn, scale, shift) has to carry most pairs onto each other (RANSAC).
3. The reference is laid over the picture by that transform, and the fine detail of both is correlated where they
   overlap: scenery shared by two pictures, or a drawing in another pose, lines up without agreeing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from indexer.model import Region
from indexer.ports import ByteArray, FloatArray
from indexer.signals.pixels.images import Picture

RECIPE = "sift-512-400-detail-64-1"
MAX_POINTS = 400
DETAIL_SIDE = 64
SAME_DRAWING = 0.65
"""Least correlation of detail at which two aligned pictures count as one drawing.

Of copies under a banner, the hardest edit in this respect, 79 % reach 0.6 and 59 % reach 0.7; of most other edits 95 %
and more do. A drawing that takes over a part of another, as a head in another pose, reaches 0.6 at times.
"""

SHORT_LIST = 10
"""References that a picture is verified against: those whose embeddings or hashes are nearest."""

_MIN_PAIRS = 5
_SIDE = 512.0
_RATIO = 0.8
"""A pair counts where its nearest neighbour is this much nearer than the second (Lowe, IJCV 2004, section 7.1)."""

_TOLERANCE = 6.0
_SCALES = (0.1, 10.0)
_MIN_OVERLAP = 0.02
_DETAIL_BLUR = 2.5
_MIRRORED: npt.NDArray[np.int64] = (
    np.arange(128).reshape(4, 4, 8)[::-1, :, [(8 - direction) % 8 for direction in range(8)]].reshape(-1)
)


@dataclass(frozen=True)
class Features:
    """Points of one picture: `points` (n, 2) x and y as fractions of width and height, `descriptors` (n, 128) bytes.

    `detail` (64, 64) is the picture in grey, squashed; `aspect` its width divided by its height.
    """

    points: FloatArray
    descriptors: ByteArray
    detail: ByteArray
    aspect: float

    def mirrored(self) -> Features:
        """Return the features of the mirror image: SIFT's histograms turn with the picture, so none is computed anew.

        A descriptor is 4 rows and 4 columns of 8 directions around a point, relative to the point's own direction.
        Mirroring swaps the rows and turns the directions the other way.
        """
        turned = self.points * np.asarray([-1.0, 1.0], np.float32) + np.asarray([1.0, 0.0], np.float32)
        return Features(
            turned,
            np.ascontiguousarray(self.descriptors[:, _MIRRORED]),
            np.ascontiguousarray(self.detail[:, ::-1]),
            self.aspect,
        )

    @property
    def _pixels(self) -> FloatArray:
        """Width and height at which distances are measured: the longer side is 512."""
        scale = np.asarray([self.aspect, 1.0], dtype=np.float32)
        return np.asarray(scale * (_SIDE / scale.max()), dtype=np.float32)

    def places(self, rows: npt.NDArray[np.int64]) -> FloatArray:
        """Return points in pixels."""
        return np.asarray(self.points[rows] * self._pixels, dtype=np.float32)

    @property
    def detail_scale(self) -> npt.NDArray[np.float64]:
        """Return the matrix (3, 3) from pixels to places in `detail`; whole numbers are the middles of pixels."""
        across, down = DETAIL_SIDE / self._pixels.astype(np.float64)
        return np.asarray([[across, 0.0, across / 2 - 0.5], [0.0, down, down / 2 - 0.5], [0.0, 0.0, 1.0]])


@dataclass(frozen=True)
class Placement:
    """Where a reference lies in a picture.

    `agreement` is the number of pairs times the squared correlation of detail, 0 and up; `detail` that correlation.
    """

    agreement: float
    detail: float
    region: Region
    reference_region: Region


def local_features(picture: Picture) -> Features:
    """Find up to MAX_POINTS points of a picture."""
    grey = cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    scale = _SIDE / max(height, width)
    if scale < 1.0:
        grey = cv2.resize(
            grey, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA
        )
    detail = np.asarray(cv2.resize(grey, (DETAIL_SIDE, DETAIL_SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    found, descriptors = cv2.SIFT.create(nfeatures=MAX_POINTS).detectAndCompute(grey, None)
    if descriptors is None or not len(found):
        return Features(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.uint8), detail, width / height)
    size = np.asarray([grey.shape[1], grey.shape[0]], dtype=np.float32)
    points = np.asarray([point.pt for point in found[:MAX_POINTS]], dtype=np.float32) / size
    clipped = np.clip(descriptors[:MAX_POINTS], 0, 255).astype(np.uint8)
    return Features(np.clip(points, 0.0, 1.0).astype(np.float32), clipped, detail, width / height)


def place(query: Features, reference: Features) -> Placement | None:
    """Find where `reference` lies in `query`; None where too few points agree on any transform."""
    pairs = _pairs(query.descriptors, reference.descriptors)
    if len(pairs) < _MIN_PAIRS:
        return None
    to_points, from_points = query.places(pairs[:, 0]), reference.places(pairs[:, 1])
    transform, kept = cv2.estimateAffinePartial2D(
        from_points, to_points, method=cv2.RANSAC, ransacReprojThreshold=_TOLERANCE, maxIters=1000, confidence=0.995
    )
    if transform is None or kept is None:
        return None
    inside = kept.ravel().astype(bool)
    count = _distinct(from_points[inside], to_points[inside])
    scale = float(np.hypot(transform[0, 0], transform[1, 0]))
    if count < _MIN_PAIRS or not _SCALES[0] <= scale <= _SCALES[1]:
        return None
    detail = _detail_agreement(query, reference, np.vstack([transform, [0.0, 0.0, 1.0]]))
    regions = (_extent(query.points[pairs[inside, 0]]), _extent(reference.points[pairs[inside, 1]]))
    return Placement(count * max(detail, 0.0) ** 2, detail, *regions)


def concatenate(items: Sequence[Features]) -> dict[str, npt.NDArray[np.generic]]:
    """Lay the features of many pictures end to end, as arrays for a file; `offsets` (n + 1) parts them."""
    return {
        "points": np.concatenate([item.points for item in items]).astype(np.float16),
        "descriptors": np.concatenate([item.descriptors for item in items]),
        "offsets": np.cumsum([0, *(len(item.points) for item in items)], dtype=np.int64),
        "details": np.stack([item.detail for item in items]),
        "aspects": np.asarray([item.aspect for item in items], dtype=np.float32),
    }


@dataclass(frozen=True)
class FeatureTable:
    """The features of all references, laid end to end (see concatenate)."""

    arrays: Mapping[str, npt.NDArray[np.generic]]

    def __len__(self) -> int:
        """Count the pictures."""
        return len(self.arrays["aspects"])

    def get(self, row: int) -> Features:
        """Return the features of one picture."""
        start, end = (int(value) for value in self.arrays["offsets"][row : row + 2])
        return Features(
            self.arrays["points"][start:end].astype(np.float32),
            self.arrays["descriptors"][start:end].astype(np.uint8),
            self.arrays["details"][row].astype(np.uint8),
            float(self.arrays["aspects"][row]),
        )


def mirror(region: Region) -> Region:
    """Mirror a region: what was found in a mirror image, in the picture itself."""
    return Region(1.0 - region.x1, region.y0, 1.0 - region.x0, region.y1)


def _pairs(query: ByteArray, reference: ByteArray) -> npt.NDArray[np.int64]:
    """Pair points whose descriptors are each other's nearest, and clearly nearer than the second: (n, 2)."""
    if len(query) < _MIN_PAIRS or len(reference) < _MIN_PAIRS:
        return np.zeros((0, 2), np.int64)
    matcher = cv2.BFMatcher(cv2.NORM_L2)
    left, right = query.astype(np.float32), reference.astype(np.float32)
    back = {match.queryIdx: match.trainIdx for match in matcher.match(right, left)}
    kept = [
        (best.queryIdx, best.trainIdx)
        for best, second in matcher.knnMatch(left, right, k=2)
        if best.distance < _RATIO * second.distance and back[best.trainIdx] == best.queryIdx
    ]
    return np.asarray(kept, dtype=np.int64).reshape(-1, 2)


def _distinct(from_points: FloatArray, to_points: FloatArray) -> int:
    """Count pairs at different places: SIFT often finds several points at one."""
    cells = [np.unique(np.round(points / _TOLERANCE), axis=0) for points in (from_points, to_points)]
    return min(len(each) for each in cells)


def _detail_agreement(query: Features, reference: Features, transform: npt.NDArray[np.float64]) -> float:
    """Correlate the fine detail of both where the placed reference covers the picture: -1 to 1."""
    matrix = (query.detail_scale @ transform @ np.linalg.inv(reference.detail_scale))[:2]
    size = (DETAIL_SIDE, DETAIL_SIDE)
    laid = cv2.warpAffine(_fine(reference.detail), matrix, size)
    covered = cv2.warpAffine(np.ones(size, np.float32), matrix, size) > 0.99  # noqa: PLR2004 (wholly inside)
    if covered.mean() < _MIN_OVERLAP:
        return 0.0
    left, right = _fine(query.detail)[covered], laid[covered]
    left, right = left - left.mean(), right - right.mean()
    length = float(np.sqrt((left * left).sum() * (right * right).sum()))
    return float((left * right).sum()) / length if length > 0 else 0.0


def _fine(grey: ByteArray) -> FloatArray:
    """Take away what changes slowly: shading and background agree too easily."""
    values = grey.astype(np.float32)
    return np.asarray(values - cv2.GaussianBlur(values, (0, 0), _DETAIL_BLUR), dtype=np.float32)


def _extent(points: FloatArray) -> Region:
    """Bound points by a box in fractions of the picture's width and height."""
    low, high = points.min(axis=0), points.max(axis=0)
    return Region(float(low[0]), float(low[1]), float(high[0]), float(high[1]))
