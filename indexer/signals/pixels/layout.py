"""Pictures inside a picture: under bars, in a frame, in a window, on a page of panels.

A copy is often shown among other things, and an embedding of the whole page then says little. Pages are parted as
documents are (recursive X-Y cut; Nagy and Seth, Hierarchical representation of optically scanned documents, ICPR 1984):
along strips of the tone of its edges, until none is left. A lone figure on a plain ground has such strips too, but
touches them at a few places only; a picture that was framed meets its frame along whole sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from indexer.model import Region
from indexer.ports import ByteArray
from indexer.signals.pixels.images import Picture

RECIPE = "layout-1"
MAX_INNER: Final = 6
_SIDE: Final = 256
_FLAT: Final = 24
"""A strip is flat where its tone varies by no more: compression leaves a dozen or so."""

_MIN_STRIP: Final = 2
_MIN_SIDE: Final = 52
_MIN_AREA: Final = 0.05
_MAX_AREA: Final = 0.9
_FILLED: Final = 0.7
_DEPTH: Final = 5

_Box = tuple[int, int, int, int]
_WHOLE: Final = (0, 0, _SIDE, _SIDE)


def inner_pictures(picture: Picture) -> tuple[Region, ...]:
    """Find up to MAX_INNER pictures inside a picture, largest first; none in an ordinary one."""
    page = _reduced(picture.working)
    framed = _unframed(page)
    leaves = _parted(page, framed or _WHOLE, _tones(page), _DEPTH)
    found = [box for box in leaves if _is_large(box)] if len(leaves) > 1 else []
    if framed is not None and _is_large(framed):
        found.append(framed)
    found.sort(key=lambda box: -_area(box))
    return tuple(_region(box) for box in found[:MAX_INNER])


def _reduced(working: ByteArray) -> ByteArray:
    # Three channels would find no more than a bar or two in a hundred, and cost as much as hashing.
    grey = cv2.cvtColor(working, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _tones(page: ByteArray) -> list[int]:
    """List the tones of a page's flat edges: what is between its pictures. None where its pictures reach the edge."""
    edges = (page[0], page[-1], page[:, 0], page[:, -1])
    return [int(edge[0]) for edge in edges if int(edge.max()) - int(edge.min()) <= _FLAT]


def _unframed(page: ByteArray) -> _Box | None:
    """Take away bars or a frame of one tone; None where there are none that the content meets along whole sides."""
    top, bottom = _border(page, 0)
    left, right = _border(page, 1)
    inner = (left, top, _SIDE - right, _SIDE - bottom)
    if inner == _WHOLE or inner[2] - inner[0] < _MIN_SIDE or inner[3] - inner[1] < _MIN_SIDE:
        return None
    return inner if _is_framed(page, inner) else None


def _border(page: ByteArray, axis: int) -> tuple[int, int]:
    """Count the lines at both ends that have the tone of the outermost."""
    flat = _flat(page, _WHOLE, axis, [])
    tones = (page[:, 0] if axis == 0 else page[0]).astype(np.int16)
    widths = []
    for ordered, each in ((flat, tones), (flat[::-1], tones[::-1])):
        same = ordered & (np.abs(each - each[0]) <= _FLAT)
        widths.append(len(same) if same.all() else int(np.argmin(same)))
    return widths[0], widths[1]


def _parted(page: ByteArray, box: _Box, tones: Sequence[int], depth: int) -> list[_Box]:
    """Cut a box along its widest strip of the page's own tones, and the parts in turn; what is framed stays whole."""
    trimmed = _trimmed(page, box, tones)
    if trimmed is None:
        return []
    cuts = [(run, axis) for axis in (0, 1) for run in _strips(_flat(page, trimmed, axis, tones))]
    if depth == 0 or not cuts:
        return [trimmed]
    (start, end), axis = max(cuts, key=lambda cut: cut[0][1] - cut[0][0])
    x0, y0, x1, y1 = trimmed
    parts = (
        ((x0, y0, x1, y0 + start), (x0, y0 + end, x1, y1))
        if axis == 0
        else ((x0, y0, x0 + start, y1), (x0 + end, y0, x1, y1))
    )
    return [leaf for part in parts for leaf in _parted(page, part, tones, depth - 1)]


def _trimmed(page: ByteArray, box: _Box, tones: Sequence[int]) -> _Box | None:
    """Take strips of the page's tones away from all sides; None where nothing is left."""
    while True:
        before = box
        for axis in (0, 1):
            x0, y0, x1, y1 = box
            if x1 <= x0 or y1 <= y0:
                return None
            uneven = np.flatnonzero(~_flat(page, box, axis, tones))
            if not len(uneven):
                return None
            first, last = int(uneven[0]), int(uneven[-1]) + 1
            box = (x0, y0 + first, x1, y0 + last) if axis == 0 else (x0 + first, y0, x0 + last, y1)
        if box == before:
            return box


def _flat(page: ByteArray, box: _Box, axis: int, tones: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Tell for each row (axis 0) or column (axis 1) of a box whether it has one tone, and one of `tones` if given."""
    x0, y0, x1, y1 = box
    part = page[y0:y1, x0:x1]
    most, least = part.max(axis=1 - axis), part.min(axis=1 - axis)
    flat = np.asarray(most - least <= _FLAT)
    if not tones:
        return flat
    middle = (most.astype(np.int16) + least) // 2
    return np.asarray(flat & (np.abs(middle[:, None] - np.asarray(tones, np.int16)).min(axis=1) <= _FLAT))


def _strips(flat: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """List the runs of flat lines that are wide enough, as (start, end)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat.astype(np.int8), [0]])))
    pairs = edges.reshape(-1, 2).tolist()
    return [(start, end) for start, end in pairs if end - start >= _MIN_STRIP]


def _is_framed(page: ByteArray, box: _Box) -> bool:
    """Tell whether the content of a box meets what is beside it along whole sides."""
    if _area(box) > _MAX_AREA:
        return False
    x0, y0, x1, y1 = box
    sides = [
        (page[y0 + 1, x0:x1], page[y0 - 1, x0:x1]) if y0 > 0 else None,
        (page[y1 - 2, x0:x1], page[y1, x0:x1]) if y1 < _SIDE else None,
        (page[y0:y1, x0 + 1], page[y0:y1, x0 - 1]) if x0 > 0 else None,
        (page[y0:y1, x1 - 2], page[y0:y1, x1]) if x1 < _SIDE else None,
    ]
    steps = [cv2.absdiff(np.ascontiguousarray(a), np.ascontiguousarray(b)) for a, b in filter(None, sides)]
    shares = [float((step > _FLAT // 2).mean()) for step in steps]
    return bool(shares) and min(shares) >= _FILLED


def _is_large(box: _Box) -> bool:
    x0, y0, x1, y1 = box
    return min(x1 - x0, y1 - y0) >= _MIN_SIDE and _area(box) >= _MIN_AREA


def _area(box: _Box) -> float:
    x0, y0, x1, y1 = box
    return (x1 - x0) * (y1 - y0) / _SIDE**2


def _region(box: _Box) -> Region:
    x0, y0, x1, y1 = (value / _SIDE for value in box)
    return Region(x0, y0, x1, y1)
