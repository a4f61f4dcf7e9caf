"""Lettering: how much of a picture is lines of text.

1. What is darker, or lighter, than its surroundings is cut out; gaps within a glyph are closed at three widths, since
   Chinese glyphs come in pieces that grow with their size.
2. A connected piece is taken for a glyph by its height, its width, and strokes thin for its height.
3. Glyphs of like height that stand side by side on one foot are a line, where there are enough of them, close together
   and of several shapes: dots, stripes and tiles repeat one shape.

Text of 12 to 48 pixels on the longer side of 512 is seen, level and in any script whose glyphs stand apart. What it
covers is told low: of a full page some half, of Chinese a third.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from indexer.ports import ByteArray
from indexer.signals.pixels.images import Picture

_SIDE = 512
_AROUND, _CONTRAST = 41, 20
_CLOSINGS = (1, 3, 5)
_HEIGHTS = (6, 64)
_WIDEST = 2.5
_LEAST_INK = 0.12
_THICKEST = 0.4
_MOST_PIECES, _MOST_GLYPHS = 4000, 2000
"""Pieces, and likely glyphs among them, beyond which a picture is noise; a page of 12-pixel text has 2,400, 1,600."""

_LEAST_GLYPHS = 6
_HEIGHT_RATIO = 2.0
_FOOT = 0.3
_GAP = 1.0
_OVERLAP = 0.5
_COVERED = 0.4
_VARIETY = 0.12
_ROWS = 256

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Glyphs:
    """Pieces that may be glyphs: borders in pixels, and ink as a share of the box; each (n,)."""

    left: Numbers
    top: Numbers
    right: Numbers
    bottom: Numbers
    ink: Numbers

    def __len__(self) -> int:
        return len(self.left)

    def some(self, rows: slice | npt.NDArray[np.int64]) -> _Glyphs:
        return _Glyphs(self.left[rows], self.top[rows], self.right[rows], self.bottom[rows], self.ink[rows])

    @property
    def height(self) -> Numbers:
        return self.bottom - self.top

    @property
    def width(self) -> Numbers:
        return self.right - self.left


_NONE = _Glyphs(*(np.zeros(0) for _ in range(5)))


def lettering(picture: Picture) -> float:
    """Return the share of a picture (0..1) that lies in lines of text; takes some 0.2 s."""
    grey = _grey(picture)
    covered = np.zeros(grey.shape, dtype=bool)
    for one in (grey, 255 - grey):
        raw = np.asarray(
            cv2.adaptiveThreshold(
                one, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, blockSize=_AROUND, C=_CONTRAST
            ),
            dtype=np.uint8,
        )
        for gap in _CLOSINGS:
            glyphs = _glyphs(raw, gap)
            if not _LEAST_GLYPHS <= len(glyphs) <= _MOST_GLYPHS:
                continue
            for line in _lines(glyphs):
                top, bottom = int(line.top.min()), int(line.bottom.max())
                covered[top:bottom, int(line.left.min()) : int(line.right.max())] = True
    return float(covered.mean())


def _grey(picture: Picture) -> ByteArray:
    grey = cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    scale = _SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC)
    return np.asarray(resized, dtype=np.uint8)


def _glyphs(raw: ByteArray, gap: int) -> _Glyphs:
    bits = raw if gap == 1 else cv2.morphologyEx(raw, cv2.MORPH_CLOSE, np.ones((gap, gap), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(bits, connectivity=8)
    if count > _MOST_PIECES:
        return _NONE
    of = np.asarray(labels, dtype=np.int64).ravel()
    depth = np.zeros(count)
    np.maximum.at(depth, of, cv2.distanceTransform(raw, cv2.DIST_L2, 3).ravel())
    left, top, width, height = (stats[:, column].astype(np.float64) for column in range(4))
    ink = np.bincount(of, weights=raw.ravel(), minlength=count) / (width * height)
    likely = (height >= _HEIGHTS[0]) & (height <= _HEIGHTS[1]) & (width <= _WIDEST * height)
    likely &= (ink >= _LEAST_INK) & (2.0 * depth <= _THICKEST * height)
    likely[0] = False  # the ground
    return _Glyphs(left, top, left + width, top + height, ink).some(np.flatnonzero(likely))


def _lines(glyphs: _Glyphs) -> Iterator[_Glyphs]:
    count = len(glyphs)
    pairs = np.concatenate([_beside(glyphs, start) for start in range(0, count, _ROWS)], axis=1)
    graph = coo_array((np.ones(pairs.shape[1], dtype=bool), (pairs[0], pairs[1])), shape=(count, count))
    number, line_of = connected_components(graph, directed=False)
    sizes = np.bincount(line_of, minlength=number)
    for each in np.flatnonzero(sizes >= _LEAST_GLYPHS):
        line = glyphs.some(np.flatnonzero(line_of == each))
        if _is_text(line):
            yield line


def _beside(glyphs: _Glyphs, start: int) -> npt.NDArray[np.int64]:
    """Pair some glyphs with all that stand beside them on the same foot: (2, pairs)."""
    some = glyphs.some(slice(start, start + _ROWS))
    heights, own = glyphs.height[None, :], some.height[:, None]
    tall, low = np.maximum(heights, own), np.minimum(heights, own)
    right = np.minimum(some.right[:, None], glyphs.right[None, :])
    apart = np.maximum(some.left[:, None], glyphs.left[None, :]) - right
    foot = np.abs(some.bottom[:, None] - glyphs.bottom[None, :])
    linked = (tall <= _HEIGHT_RATIO * low) & (foot <= _FOOT * tall) & (apart <= _GAP * tall) & (apart > -_OVERLAP * low)
    rows, columns = np.nonzero(linked)
    return np.stack([rows + start, columns]).astype(np.int64)


def _is_text(line: _Glyphs) -> bool:
    """Tell a line of text from a row of anything: level, close together, and of several shapes."""
    width, height = line.right.max() - line.left.min(), line.bottom.max() - line.top.min()
    level = height <= _HEIGHT_RATIO * np.median(line.height)
    close = line.width.sum() >= _COVERED * width
    variety = max(values.std() / values.mean() for values in (line.width, line.ink))
    return bool(level and close and variety >= _VARIETY)
