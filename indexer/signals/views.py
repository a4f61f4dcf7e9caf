"""Views: the parts of a picture that are embedded.

A reference is embedded in several views, so that an upload's single view finds it mirrored, cropped or close up at no
cost to the request. The recipe's name stands in the snapshot: rates hold for one recipe only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from PIL import Image

from indexer.model import ModelSpec, Region
from indexer.ports import ByteArray, FloatArray
from indexer.signals.images import Picture

RECIPE = "views-1"
_WHOLE = Region(0.0, 0.0, 1.0, 1.0)
_OVERSAMPLING = 2.5


@dataclass(frozen=True, slots=True)
class View:
    """A part of a picture, mirrored or not."""

    name: str
    region: Region = _WHOLE
    mirrored: bool = False


def _centre(share: float) -> Region:
    margin = (1.0 - share) / 2
    return Region(margin, margin, 1.0 - margin, 1.0 - margin)


WHOLE = View("whole")
QUERY_VIEWS: tuple[View, ...] = (WHOLE,)
REFERENCE_VIEWS: tuple[View, ...] = (
    WHOLE,
    View("whole_mirrored", mirrored=True),
    View("centre_80", _centre(0.8)),
    View("centre_80_mirrored", _centre(0.8), mirrored=True),
    View("centre_60", _centre(0.6)),
    View("upper_60", Region(0.15, 0.0, 0.85, 0.6)),
)

_INTERPOLATION: dict[str, Literal[Image.Resampling.BICUBIC, Image.Resampling.BILINEAR]] = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
}


def pixels(picture: Picture, view: View, spec: ModelSpec) -> FloatArray:
    """Prepare one view as the model's input: (3, side, side), normalised.

    Large pictures are averaged down first, to two and a half times the model's side or more: a third of the time of
    interpolating from full size, at a cosine of 0.9998 or more between the two embeddings (compact-clip, 21 pictures).
    """
    part = _crop(picture.rgb, _fit(picture.rgb, view.region, spec.resize_mode))
    side = spec.image_size
    reduced = _reduce(part, round(_OVERSAMPLING * side))
    height, width = part.shape[:2]
    share = side / max(height, width)
    size = (
        (max(1, round(width * share)), max(1, round(height * share))) if spec.resize_mode == "longest" else (side, side)
    )
    image = Image.fromarray(reduced).resize(size, _INTERPOLATION[spec.interpolation])
    values = _centred_on_black(np.asarray(image, dtype=np.float32), side)
    if view.mirrored:
        values = values[:, ::-1]
    mean = np.asarray(spec.mean, dtype=np.float32) * 255.0
    std = np.asarray(spec.std, dtype=np.float32) * 255.0
    return np.ascontiguousarray(((values - mean) / std).transpose(2, 0, 1), dtype=np.float32)


def _fit(rgb: ByteArray, region: Region, resize_mode: str) -> Region:
    """Narrow a region to the central square where the model's own preparation would crop it."""
    if resize_mode != "shortest":
        return region
    height, width = rgb.shape[:2]
    w, h = (region.x1 - region.x0) * width, (region.y1 - region.y0) * height
    side = min(w, h)
    dx, dy = (w - side) / 2 / width, (h - side) / 2 / height
    return Region(region.x0 + dx, region.y0 + dy, region.x1 - dx, region.y1 - dy)


def _crop(rgb: ByteArray, region: Region) -> ByteArray:
    height, width = rgb.shape[:2]
    x0, y0 = round(region.x0 * width), round(region.y0 * height)
    x1, y1 = max(x0 + 1, round(region.x1 * width)), max(y0 + 1, round(region.y1 * height))
    return rgb[y0:y1, x0:x1]


def _reduce(rgb: ByteArray, side: int) -> ByteArray:
    """Average whole blocks of pixels while the shorter side stays at `side` or above; only whole factors are fast."""
    height, width = rgb.shape[:2]
    factor = min(height, width) // side
    if factor < 2:  # noqa: PLR2004 (nothing to average)
        return np.ascontiguousarray(rgb)
    size = (width // factor, height // factor)
    whole = rgb[: size[1] * factor, : size[0] * factor]
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _centred_on_black(values: FloatArray, side: int) -> FloatArray:
    """Pad after interpolating, so that no black bleeds into the picture's border."""
    height, width = values.shape[:2]
    if height == width == side:
        return values
    top, left = (side - height) // 2, (side - width) // 2
    square = np.zeros((side, side, 3), dtype=np.float32)
    square[top : top + height, left : left + width] = values
    return square
