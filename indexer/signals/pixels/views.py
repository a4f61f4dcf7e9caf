"""Views: the parts of a picture that are embedded.

A reference is embedded in several views, so that an upload's single view finds it mirrored, cropped or close up at no
cost to the request; what an upload's picture holds inside is looked for by parts.py. The recipe's name stands in the
snapshot: rates hold for one recipe only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import cv2
import numpy as np
from PIL import Image

from indexer.model import ModelSpec, Region
from indexer.ports import ByteArray, FloatArray
from indexer.signals.pixels.images import WORKING_SIDE, Picture, crop

RECIPE = "views-2"
_WHOLE = Region(0.0, 0.0, 1.0, 1.0)
_OVERSAMPLING = 2.5
_LINES_SIDE = 256
_STRONG = 0.97


class Rendering(StrEnum):
    """How a view shows its part."""

    COLOUR = "colour"
    OUTLINE = "outline"
    SKETCH = "sketch"


@dataclass(frozen=True, slots=True)
class View:
    """A part of a picture, mirrored or not, in colour or as lines."""

    name: str
    region: Region = _WHOLE
    mirrored: bool = False
    rendering: Rendering = Rendering.COLOUR


def _centre(share: float) -> Region:
    margin = (1.0 - share) / 2
    return Region(margin, margin, 1.0 - margin, 1.0 - margin)


WHOLE = View("whole")
REFERENCE_VIEWS: tuple[View, ...] = (
    WHOLE,
    View("whole_mirrored", mirrored=True),
    View("centre_80", _centre(0.8)),
    View("centre_80_mirrored", _centre(0.8), mirrored=True),
    View("centre_60", _centre(0.6)),
    View("upper_60", Region(0.15, 0.0, 0.85, 0.6)),
    View("outline", rendering=Rendering.OUTLINE),
    View("sketch", rendering=Rendering.SKETCH),
)

_INTERPOLATION: dict[str, Literal[Image.Resampling.BICUBIC, Image.Resampling.BILINEAR]] = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
}


def pixels(picture: Picture, view: View, spec: ModelSpec) -> FloatArray:
    """Prepare one view as the model's input: (3, side, side), normalised.

    Large pictures are averaged down first, to two and a half times the model's side or more: a third of the time of
    interpolating from full size, at a cosine of 0.9995 or more between the two embeddings (compact-clip, 60 pictures in
    five sizes).
    """
    side = spec.image_size
    wanted = round(_OVERSAMPLING * side)
    part = crop(picture.rgb, _fit(picture.rgb, view.region, spec.resize_mode))
    if view.rendering is not Rendering.COLOUR:
        part = _as_lines(part, view.rendering)
    elif view.region == _WHOLE and spec.resize_mode == "squash" and min(part.shape[:2]) >= WORKING_SIDE >= wanted:
        # Averaged to a square already, for the hashes.
        part = picture.working
    reduced = _reduce(part, wanted)
    height, width = part.shape[:2]
    share = side / max(height, width)
    size = (
        (max(1, round(width * share)), max(1, round(height * share))) if spec.resize_mode == "longest" else (side, side)
    )
    image = Image.fromarray(reduced).resize(size, _INTERPOLATION[spec.interpolation])
    values = _centred_on_black(np.asarray(image), side)
    if view.mirrored:
        values = values[:, ::-1]
    prepared = np.empty((3, side, side), dtype=np.float32)
    for channel, (mean, std) in enumerate(zip(spec.mean, spec.std, strict=True)):
        np.multiply(values[..., channel], np.float32(1.0 / (255.0 * std)), out=prepared[channel])
        prepared[channel] -= np.float32(mean / std)
    return prepared


def _as_lines(rgb: ByteArray, rendering: Rendering) -> ByteArray:
    """Draw the edges of a picture dark on white, as a copyist would: an embedding finds line art by line art.

    Outlines are the steps of colour between neighbours; a sketch is what is darker than its surroundings.
    """
    reduced = _reduce(rgb, _LINES_SIDE)
    scale = min(1.0, _LINES_SIDE / max(reduced.shape[:2]))
    size = (max(1, round(reduced.shape[1] * scale)), max(1, round(reduced.shape[0] * scale)))
    small = np.asarray(cv2.resize(reduced, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    if rendering is Rendering.OUTLINE:
        steps = cv2.morphologyEx(small, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).max(axis=2).astype(np.float32)
        lines = 255.0 - steps * (255.0 / max(float(np.quantile(steps, _STRONG)), 1.0))
    else:
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
        lines = grey * (255.0 / np.maximum(cv2.GaussianBlur(grey, (0, 0), _LINES_SIDE / 64), 1.0))
    return np.repeat(np.clip(lines, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def _fit(rgb: ByteArray, region: Region, resize_mode: str) -> Region:
    """Narrow a region to the central square where the model's own preparation would crop it."""
    if resize_mode != "shortest":
        return region
    height, width = rgb.shape[:2]
    w, h = (region.x1 - region.x0) * width, (region.y1 - region.y0) * height
    side = min(w, h)
    dx, dy = (w - side) / 2 / width, (h - side) / 2 / height
    return Region(region.x0 + dx, region.y0 + dy, region.x1 - dx, region.y1 - dy)


def _reduce(rgb: ByteArray, side: int) -> ByteArray:
    """Average whole blocks of pixels while the shorter side stays at `side` or above; only whole factors are fast."""
    height, width = rgb.shape[:2]
    factor = min(height, width) // side
    if factor < 2:  # noqa: PLR2004 (nothing to average)
        return np.ascontiguousarray(rgb)
    size = (width // factor, height // factor)
    whole = rgb[: size[1] * factor, : size[0] * factor]
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _centred_on_black(values: ByteArray, side: int) -> ByteArray:
    """Pad after interpolating, so that no black bleeds into the picture's border."""
    height, width = values.shape[:2]
    if height == width == side:
        return values
    top, left = (side - height) // 2, (side - width) // 2
    square = np.zeros((side, side, 3), dtype=np.uint8)
    square[top : top + height, left : left + width] = values
    return square
