"""Rendering styles: how shapes are inked, and what happens to the pixels after."""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: PLR2004

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer.training.characters.identity import Identity
from indexer.training.characters.svg import Look

Pixels = NDArray[np.float32]


@dataclass(frozen=True)
class Style:
    """``look`` guides the vector drawing; ``finish`` names the pixel treatment."""

    look: Look
    finish: str = "none"


STYLES: dict[str, Style] = {
    "cel": Style(Look(5.6)),
    "flat": Style(Look(2.4, shade=False, soft=True)),
    "softflat": Style(Look(2.0, shade=True, soft=True)),
    "ink": Style(Look(5.2, tint=0.0, tones="ink"), "paper"),
    "pencil": Style(Look(3.6, tint=0.0, shade=True, tones="grey"), "pencil"),
    "pixel": Style(Look(7.5, tint=0.2), "pixel"),
    "watercolour": Style(Look(2.4, tint=0.8), "watercolour"),
    "painterly": Style(Look(2.4, shade=True, soft=True), "painterly"),
    "chibi": Style(Look(7.0)),
    "storybook": Style(Look(4.0, tint=1.0), "grain"),
    "poster": Style(Look(6.5, tint=0.0), "poster"),
    "bold": Style(Look(11.0, tint=0.0, shade=False)),
}


def adapt(who: Identity, style: str) -> Identity:
    """Return the identity with the proportions this style gives everybody."""
    if style == "chibi":
        return replace(
            who, heads=2.45 if who.heads > 2.6 else who.heads, leg=0.44, eye_size=who.eye_size * 1.15, head_size=1.0
        )
    return who


def noise(rng: np.random.Generator, height: int, width: int, cell: float) -> Pixels:
    """Return smooth noise in -1..1 with features about ``cell`` pixels wide."""
    small = rng.random((max(2, round(height / cell)), max(2, round(width / cell)))).astype(np.float32)
    big: Pixels = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return np.asarray(big * 2 - 1, dtype=np.float32)


def _warp(image: Pixels, rng: np.random.Generator, cell: float, reach: float) -> Pixels:
    h, w = image.shape[:2]
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
    mx = (xs + noise(rng, h, w, cell) * reach).astype(np.float32)
    my = (ys + noise(rng, h, w, cell) * reach).astype(np.float32)
    return np.asarray(cv2.remap(image, mx, my, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), dtype=np.float32)


def _kuwahara(image: Pixels, radius: int) -> Pixels:
    """Flatten patches the way a loaded brush does, keeping edges."""
    h, w = image.shape[:2]
    k = radius + 1
    mean = cv2.blur(image, (k, k))
    square = cv2.blur(image * image, (k, k))
    spread = np.sum(square - mean * mean, axis=2)
    half = (radius + 1) // 2
    best = np.full((h, w), np.inf, dtype=np.float32)
    out = image.copy()
    for dy in (-half, half):
        for dx in (-half, half):
            var = np.roll(spread, (dy, dx), axis=(0, 1))
            col = np.roll(mean, (dy, dx), axis=(0, 1))
            take = var < best
            best = np.where(take, var, best)
            out = np.where(take[..., None], col, out)
    return np.asarray(out, dtype=np.float32)


def finish(image: NDArray[np.uint8], kind: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Apply a pixel treatment to an RGB picture (uint8 in, uint8 out)."""
    if kind == "none":
        return image
    h, w = image.shape[:2]
    unit = max(h, w) / 512
    f: Pixels = (image.astype(np.float32) / 255).astype(np.float32)
    if kind == "pixel":
        return _pixel(image)
    if kind == "paper":
        f = _warp(f, rng, 26 * unit, 0.9 * unit)
        f = np.asarray(
            f * (np.array([0.985, 0.97, 0.935], np.float32) + noise(rng, h, w, 3)[..., None] * 0.012), np.float32
        )
    elif kind == "grain":
        f = np.asarray(
            f
            * (
                np.array([1.0, 0.985, 0.95], np.float32)
                + noise(rng, h, w, 2)[..., None] * 0.035
                + noise(rng, h, w, 60 * unit)[..., None] * 0.03
            ),
            np.float32,
        )
    elif kind == "pencil":
        f = _warp(f, rng, 22 * unit, 1.4 * unit)
        grey = f.mean(axis=2)
        ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
        hatch = 0.5 + 0.5 * np.sin((xs + ys * 0.8 + noise(rng, h, w, 30) * 6) * (1.25 / unit))
        tone = 1 - (1 - grey) * (0.62 + 0.42 * hatch)
        line = np.clip((grey - 0.16) * 4, 0, 1)
        sheet = np.clip(tone * 0.55 + 0.45, 0, 1) * (0.08 + 0.92 * line) + noise(rng, h, w, 1.6) * 0.045
        f = np.asarray(sheet[..., None] * np.array([0.98, 0.965, 0.93], np.float32), np.float32)
    elif kind == "watercolour":
        f = _warp(f, rng, 18 * unit, 2.4 * unit)
        soft = cv2.GaussianBlur(f, (0, 0), 1.6 * unit)
        edge = np.abs(soft - cv2.GaussianBlur(f, (0, 0), 4.5 * unit)).mean(axis=2, keepdims=True)
        density = 1 + 0.1 * noise(rng, h, w, 46 * unit)[..., None] + 0.06 * noise(rng, h, w, 14 * unit)[..., None]
        pigment = (1 - (f * 0.6 + soft * 0.4)) * 0.84 * density + edge * 0.5
        sheet3 = (1 - pigment) * (1 + noise(rng, h, w, 1.8)[..., None] * 0.035)
        f = np.asarray(sheet3 * np.array([1.0, 0.99, 0.965], np.float32), np.float32)
    elif kind == "painterly":
        f = np.asarray(
            f
            + noise(rng, h, w, 5)[..., None] * 0.015
            + np.stack([noise(rng, h, w, 18 * unit) for _ in range(3)], 2) * 0.02,
            np.float32,
        )
        f = _warp(f, rng, 12 * unit, 1.8 * unit)
        f = _kuwahara(_kuwahara(f, round(4 * unit)), round(3 * unit))
        shine = noise(rng, h, w, 3) * 0.03 + noise(rng, h, w, 90 * unit) * 0.06
        f = np.asarray(f + shine[..., None], np.float32)
    elif kind == "poster":
        grey = f.mean(axis=2, keepdims=True)
        f = np.asarray(np.round((f * 1.25 - grey * 0.25) * 4) / 4, np.float32)
        ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
        step = 6.0 * unit
        dots = np.cos((xs + ys) * np.pi / step) * np.cos((xs - ys) * np.pi / step)
        mask = (dots > 0.45) & (grey[..., 0] > 0.25) & (grey[..., 0] < 0.72)
        f = np.where(mask[..., None], f * 0.86, f).astype(np.float32)
        f = np.asarray(f * np.array([1.0, 0.97, 0.9], np.float32), np.float32)
    return np.asarray(np.clip(f * 255 + 0.5, 0, 255), np.uint8)


def _pixel(image: NDArray[np.uint8], cells: int = 128) -> NDArray[np.uint8]:
    h, w = image.shape[:2]
    scale = cells / min(h, w)
    size = (round(w * scale), round(h * scale))
    small = Image.fromarray(image).resize(size, Image.Resampling.BOX)
    small = small.quantize(40, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    return np.asarray(small.resize((w, h), Image.Resampling.NEAREST), np.uint8)
