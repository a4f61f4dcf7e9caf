"""From a cut-out figure to a view as uploads show it: on a background, at a scale, cropped, recoloured, worn.

Every function takes its chance from the generator passed in and leaves its inputs alone. Pictures are uint8 throughout,
(side, side, 4) with opacity or (side, side, 3) without.
"""

# Shares and ranges are the recipe: each stands where it is used.
# ruff: noqa: PLR2004

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from indexer.ports import ByteArray
from indexer.training.characters.styles import finish

# The finishes of the training styles; those of the styles held out are not among them.
FINISHES: Final = {"ink": "paper", "watercolour": "watercolour", "storybook": "grain"}
_FREE_FINISHES: Final = ("paper", "watercolour", "grain")


@dataclass(frozen=True)
class Shared:
    """What both pictures of a pair have in common: colours turned together teach shape beside colour."""

    hue: int = 0
    small: bool = False


def shared(rng: np.random.Generator) -> Shared:
    """Choose what a pair has in common: a turn of all hues in a seventh of them, smallness in a fourteenth."""
    hue = int(rng.integers(15, 166)) if rng.random() < 0.14 else 0
    return Shared(hue, bool(rng.random() < 0.07))


def view(
    cutout: ByteArray,
    backdrop: ByteArray,
    style: str,
    side: int,
    *,
    rng: np.random.Generator,
    common: Shared = Shared(),
    recolour: bool = False,
) -> ByteArray:
    """Show a figure on a background: uint8 (side, side, 3).

    `backdrop` is used by half of the views, the others have a plain, shaded or noisy ground. With `recolour` the hues
    may be turned for this view alone.
    """
    figure = _cut_to_content(cutout)
    if rng.random() < 0.5:
        figure = figure[:, ::-1]
    hue = common.hue + (int(rng.integers(8, 172)) if recolour and rng.random() < 0.4 else 0)
    if hue % 180:
        figure = _turn_hues(figure, hue)
    picture = _place(figure, ground(backdrop, side, rng), _framing(figure, side, rng, small=common.small), side)
    kind = FINISHES.get(style, "none") if rng.random() < 0.6 else "none"
    if kind == "none" and rng.random() < 0.05:
        kind = _FREE_FINISHES[int(rng.integers(len(_FREE_FINISHES)))]
    return worn(finish(picture, kind, rng), rng)


def ground(backdrop: ByteArray, side: int, rng: np.random.Generator) -> ByteArray:
    """Return a background: the backdrop cropped (half), white, plain, shaded from one colour to another, or noise."""
    chance = rng.random()
    if chance < 0.5:
        full = backdrop.shape[0]
        part = int(full * rng.uniform(0.5, 1.0))
        y, x = (int(value) for value in rng.integers(0, full - part + 1, 2))
        scene = cv2.resize(backdrop[y : y + part, x : x + part, :3], (side, side), interpolation=cv2.INTER_LINEAR)
        return np.asarray(scene[:, ::-1] if rng.random() < 0.5 else scene, np.uint8)
    if chance < 0.6:
        return np.full((side, side, 3), 255, np.uint8)
    first, second = rng.integers(0, 256, (2, 3))
    if chance < 0.8:
        return np.broadcast_to(first.astype(np.uint8), (side, side, 3)).copy()
    if chance < 0.95:
        share = np.linspace(0, 1, side, dtype=np.float32)[:, None, None]
        shade = np.broadcast_to(first * (1 - share) + second * share, (side, side, 3)).astype(np.uint8)
        return np.ascontiguousarray(shade if rng.random() < 0.5 else shade.swapaxes(0, 1))
    cells = int(rng.integers(3, 24))
    blotches = rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(blotches, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def _cut_to_content(cutout: ByteArray) -> ByteArray:
    opaque = cutout[..., 3] > 16
    rows, columns = np.flatnonzero(opaque.any(axis=1)), np.flatnonzero(opaque.any(axis=0))
    if len(rows) < 8 or len(columns) < 8:
        return cutout
    return cutout[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _turn_hues(figure: ByteArray, hue: int) -> ByteArray:
    colours = cv2.cvtColor(np.ascontiguousarray(figure[..., :3]), cv2.COLOR_RGB2HSV)
    colours[..., 0] = (colours[..., 0].astype(np.int16) + hue) % 180
    return np.dstack([cv2.cvtColor(colours, cv2.COLOR_HSV2RGB), figure[..., 3]])


def _framing(figure: ByteArray, side: int, rng: np.random.Generator, *, small: bool) -> NDArray[np.float32]:
    """Choose how the figure lies in the view: an affine map (2, 3) from its pixels to the view's."""
    height, width = figure.shape[:2]
    chance = rng.random()
    if small or chance < 0.07:
        share = rng.uniform(0.3, 0.55)
        scale = side * share / max(height, width)
        middle = rng.uniform(share / 2, 1 - share / 2, 2) * side
        focus = np.array([0.5, 0.5])
    elif chance < 0.29:
        # A tight crop: a sixth to half of the area. A face is what the upper part of a figure has.
        scale = side / (np.sqrt(height * width * rng.uniform(0.16, 0.55)))
        focus = np.array([rng.uniform(0.3, 0.7), rng.uniform(0.15, 0.65)])
        middle = np.array([side / 2, side / 2])
    else:
        scale = side * rng.uniform(0.72, 1.12) / max(height, width)
        focus = np.array([0.5, 0.5])
        middle = side / 2 + side * rng.uniform(-0.1, 0.1, 2)
    # Uploads are squashed to a square: every shape of picture comes as a stretch of the figure.
    stretch = float(np.exp(rng.normal(0, 0.14)))
    angle = np.deg2rad(rng.normal(0, 7)) if rng.random() < 0.35 else 0.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([scale * stretch, scale / stretch])
    offset = middle - linear @ (focus * (width, height))
    return np.asarray(np.column_stack([linear, offset]), np.float32)


def _place(figure: ByteArray, behind: ByteArray, affine: NDArray[np.float32], side: int) -> ByteArray:
    """Lay a figure over a background."""
    scale = float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))
    source = figure
    if scale < 0.6:
        # Interpolation alone would skip pixels.
        size = (max(1, round(figure.shape[1] * scale)), max(1, round(figure.shape[0] * scale)))
        source = np.asarray(cv2.resize(np.ascontiguousarray(figure), size, interpolation=cv2.INTER_AREA), np.uint8)
        affine = affine.copy()
        affine[:, 0] *= figure.shape[1] / size[0]
        affine[:, 1] *= figure.shape[0] / size[1]
    layer = source.astype(np.float32)
    layer[..., :3] *= layer[..., 3:] / 255
    laid = np.asarray(cv2.warpAffine(layer, affine, (side, side), flags=cv2.INTER_LINEAR), np.float32)
    out = laid[..., :3] + behind * (1 - laid[..., 3:] / 255)
    return np.asarray(np.clip(out + 0.5, 0, 255), np.uint8)


def worn(picture: ByteArray, rng: np.random.Generator) -> ByteArray:
    """Wear a view as copies are worn: tones, loss of colour, covering, blur, low resolution, noise, compression."""
    side = picture.shape[0]
    if rng.random() < 0.4:
        picture = _tones(picture, rng)
    chance = rng.random()
    if chance < 0.06:
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        picture = np.repeat(grey[..., None], 3, axis=2)
    elif chance < 0.1:
        levels = int(rng.integers(3, 7))
        picture = np.asarray(np.round(picture / 255.0 * (levels - 1)) * (255.0 / (levels - 1)), np.uint8)
    elif chance < 0.12:
        picture = np.asarray(255 - picture, np.uint8) if rng.random() < 0.3 else _lines(picture)
    if rng.random() < 0.08:
        picture = _covered(picture, rng)
    chance = rng.random()
    if chance < 0.16:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), side * rng.uniform(0.004, 0.03)), np.uint8)
    elif chance < 0.29:
        cells = int(rng.integers(28, 80))
        small = cv2.resize(picture, (cells, cells), interpolation=cv2.INTER_AREA)
        method = cv2.INTER_NEAREST if rng.random() < 0.4 else cv2.INTER_CUBIC
        picture = np.asarray(cv2.resize(small, (side, side), interpolation=method), np.uint8)
    if rng.random() < 0.12:
        noisy = picture + rng.normal(0, rng.uniform(4, 22), (side, side, 1)).astype(np.float32)
        picture = np.asarray(np.clip(noisy, 0, 255), np.uint8)
    if rng.random() < 0.15:
        _, code = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 60))])
        picture = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(picture)


def _tones(picture: ByteArray, rng: np.random.Generator) -> ByteArray:
    """Change brightness, contrast, saturation and the balance of the channels a little."""
    values = picture.astype(np.float32)
    grey = values.mean(axis=2, keepdims=True)
    values = grey + (values - grey) * np.float32(rng.uniform(0.5, 1.4))
    values = (values - 128) * np.float32(rng.uniform(0.65, 1.3)) + 128 + np.float32(rng.uniform(-35, 35))
    values *= rng.uniform(0.85, 1.15, 3).astype(np.float32)
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def _lines(picture: ByteArray) -> ByteArray:
    """Keep the outlines alone, dark on white."""
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), 1.0)
    edges = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 4)
    return np.repeat(np.asarray(edges, np.uint8)[..., None], 3, axis=2)


def _covered(picture: ByteArray, rng: np.random.Generator) -> ByteArray:
    """Lay a bar, a block or some writing over a part."""
    side = picture.shape[0]
    out = picture.copy()
    colour = tuple(int(value) for value in rng.integers(0, 256, 3))
    if rng.random() < 0.5:
        text = "".join(chr(int(code)) for code in rng.integers(65, 91, int(rng.integers(3, 12))))
        at = (int(rng.integers(0, side // 3)), int(rng.integers(side // 5, side)))
        cv2.putText(
            out, text, at, cv2.FONT_HERSHEY_SIMPLEX, float(rng.uniform(0.4, 1.1)), colour, int(rng.integers(1, 4))
        )
        return out
    width, height = (int(value) for value in rng.integers(side // 8, side // 2, 2))
    x, y = int(rng.integers(0, side - width)), int(rng.integers(0, side - height))
    out[y : y + height, x : x + width] = colour
    return out
