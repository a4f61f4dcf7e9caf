"""Eighteen edits of a copied picture, as uploaders make them; the same picture always gives the same result.

Pictures are uint8 (height, width, 3).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Edit = Callable[[Pixels], Pixels]

_FONT = cv2.FONT_HERSHEY_SIMPLEX


def jpeg(picture: Pixels, quality: int = 20) -> Pixels:
    """Compress hard."""
    _, code = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR))
    return _pixels(decoded[..., ::-1])


def small(picture: Pixels) -> Pixels:
    """Reduce to a quarter, and enlarge again."""
    height, width = picture.shape[:2]
    reduced = cv2.resize(picture, (max(16, width // 4), max(16, height // 4)), interpolation=cv2.INTER_AREA)
    return _pixels(cv2.resize(reduced, (width, height), interpolation=cv2.INTER_LINEAR))


def crop(picture: Pixels, share: float) -> Pixels:
    """Cut away `share` of width and height, more on the right and below."""
    height, width = picture.shape[:2]
    top, left = round(height * share * 0.4), round(width * share * 0.4)
    return picture[top : top + round(height * (1 - share)), left : left + round(width * (1 - share))].copy()


def mirror(picture: Pixels) -> Pixels:
    """Swap left and right."""
    return picture[:, ::-1].copy()


def rotate_5(picture: Pixels) -> Pixels:
    """Turn by five degrees on a grey ground."""
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 5, 1.0)
    return _pixels(cv2.warpAffine(picture, turn, (width, height), borderValue=(128, 128, 128)))


def rotate_90(picture: Pixels) -> Pixels:
    """Turn by a quarter."""
    return np.rot90(picture).copy()


def letterbox(picture: Pixels) -> Pixels:
    """Add black bars above and below."""
    bar = picture.shape[0] // 4
    return _pixels(cv2.copyMakeBorder(picture, bar, bar, 0, 0, cv2.BORDER_CONSTANT, value=(0, 0, 0)))


def caption(picture: Pixels) -> Pixels:
    """Lay a banner with words over the lowest quarter."""
    out = picture.copy()
    height, width = out.shape[:2]
    top = round(height * 0.78)
    out[top:] = (250, 204, 21)
    cv2.putText(out, "BEST OF ALL", (width // 20, height - height // 14), _FONT, width / 260, (20, 20, 20), 2)
    return out


def watermark(picture: Pixels) -> Pixels:
    """Repeat a pale word all over."""
    marks = np.zeros_like(picture)
    height, width = picture.shape[:2]
    for row, y in enumerate(range(height // 10, height + 40, max(24, height // 5))):
        for x in range(-(row % 2) * width // 5, width, max(80, width // 2)):
            cv2.putText(marks, "sample", (x, y), _FONT, width / 380, (255, 255, 255), 2)
    return _pixels(np.where(marks > 0, picture * 0.5 + 127.5, picture))


def screenshot(picture: Pixels) -> Pixels:
    """Show the picture in a window with a title bar, a toolbar and a column beside it."""
    height, width = picture.shape[:2]
    bar, side = height // 7, width // 3
    page = np.full((height + bar + height // 8, width + side + width // 10, 3), 243, np.uint8)
    page[:bar] = (52, 58, 70)
    for number, colour in enumerate(((255, 95, 86), (255, 189, 46), (39, 201, 63))):
        cv2.circle(page, (bar // 2 + number * bar // 2, bar // 2), max(3, bar // 7), colour, -1)
    for line in range(7):
        y = bar + height // 9 + line * height // 9
        cv2.rectangle(page, (8, y), (side - 12 - 9 * (line % 3), y + 7), (190, 196, 206), -1)
    page[bar + height // 20 : bar + height // 20 + height, side : side + width] = picture
    return page


def panel(picture: Pixels) -> Pixels:
    """Show the picture as one of four panels of a larger page; the others are strangers' shapes."""
    height, width = picture.shape[:2]
    gap = max(6, width // 30)
    page = np.full((2 * height + 3 * gap, 2 * width + 3 * gap, 3), 255, np.uint8)
    rng = np.random.default_rng(zlib.crc32(picture.tobytes()))
    for place in range(4):
        top, left = gap + (place // 2) * (height + gap), gap + (place % 2) * (width + gap)
        cell = page[top : top + height, left : left + width]
        if place == 1:
            cell[:] = picture
            continue
        cell[:] = rng.integers(120, 256, 3, dtype=np.uint8)
        for _ in range(6):
            centre = (int(rng.integers(width)), int(rng.integers(height)))
            colour = tuple(int(value) for value in rng.integers(0, 256, 3))
            other = np.ascontiguousarray(cell)
            cv2.circle(other, centre, int(rng.integers(width // 12, width // 4)), colour, -1)
            cell[:] = other
    return page


def contrast(picture: Pixels) -> Pixels:
    """Brighten, and raise the contrast."""
    return _pixels(np.clip((picture.astype(np.float32) - 110) * 1.45 + 150, 0, 255))


def hue(picture: Pixels) -> Pixels:
    """Turn all colours by 80 degrees."""
    colours = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    colours[..., 0] = (colours[..., 0].astype(np.int16) + 40) % 180
    return _pixels(cv2.cvtColor(colours, cv2.COLOR_HSV2RGB))


def grey(picture: Pixels) -> Pixels:
    """Take the colour out."""
    return np.repeat(_pixels(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))[..., None], 3, axis=2)


def blur(picture: Pixels) -> Pixels:
    """Blur by a fiftieth of the width."""
    return _pixels(cv2.GaussianBlur(picture, (0, 0), max(1.0, picture.shape[1] / 50)))


def noise(picture: Pixels) -> Pixels:
    """Add grain."""
    grain = np.random.default_rng(11).normal(0, 28, picture.shape)
    return _pixels(np.clip(picture + grain, 0, 255))


def line_art(picture: Pixels) -> Pixels:
    """Keep the outlines alone."""
    soft = cv2.GaussianBlur(picture, (0, 0), 1.2)
    steps = [np.abs(cv2.Sobel(soft, cv2.CV_32F, dx, 1 - dx)).max(axis=2) for dx in (0, 1)]
    edges = np.hypot(*steps)
    lines = 255 - np.clip(edges * (255 / max(float(np.quantile(edges, 0.97)), 1.0)), 0, 255)
    return np.repeat(_pixels(lines)[..., None], 3, axis=2)


EDITS: dict[str, Edit] = {
    "JPEG 20": jpeg,
    "quarter size": small,
    "crop 20 %": lambda picture: crop(picture, 0.2),
    "crop 40 %": lambda picture: crop(picture, 0.4),
    "mirror": mirror,
    "rotate 5°": rotate_5,
    "rotate 90°": rotate_90,
    "letterbox": letterbox,
    "caption": caption,
    "watermark": watermark,
    "screenshot": screenshot,
    "panel": panel,
    "contrast": contrast,
    "hue": hue,
    "grey": grey,
    "blur": blur,
    "noise": noise,
    "line art": line_art,
}
"""The eighteen, by name, in the order of the tables."""


def _pixels(values: npt.ArrayLike) -> Pixels:
    return np.ascontiguousarray(values, dtype=np.uint8)
