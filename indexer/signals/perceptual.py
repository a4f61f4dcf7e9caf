"""Perceptual hashes: pHash (64 bit) and PDQ (256 bit, in eight orientations), from one fixed recipe.

Both are computed from the picture at 512 × 512 by area averaging: a PDQ hash moves by 16 bits on average between two
sizes of one picture, half of its usual threshold, so references and uploads must go through the same size.

PDQ is Meta's (ThreatExchange, hashing/hashing.pdf, 2019): luminance, two passes of a box filter, 64 × 64 samples, the
16 × 16 lowest frequencies of a cosine transform without the constant ones, a bit each above the median. Box filter,
sampling and transform are linear and separable, so at a fixed size they are one 16 × 512 matrix A: coefficients are
A · L · Aᵀ. That gives the published hash exactly, and its seven turned and mirrored versions by sign flips.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import imagehash
import numpy as np
from PIL import Image

from indexer.ports import ByteArray, FloatArray
from indexer.signals.images import WORKING_SIDE, Picture

PDQ_RECIPE = "pdq-512-area-1"
PHASH_RECIPE = "imagehash-phash-512-area-1"
PDQ_BITS = 256
PHASH_BITS = 64
ORIENTATIONS = (
    "original",
    "rotate_90",
    "rotate_180",
    "rotate_270",
    "flip_vertical",
    "flip_horizontal",
    "transpose",
    "anti_transpose",
)
MIN_QUALITY = 50
"""Least PDQ quality (0..100) at which a hash counts: below, flat and empty pictures collide (PDQ paper, section 4)."""

_SAMPLES = 64
_FREQUENCIES = 16


@dataclass(frozen=True, slots=True)
class PerceptualHashes:
    """Hashes of one picture: `pdq` (8, 32) bytes in the order of ORIENTATIONS, `phash` (8,) bytes, `quality` 0..100."""

    pdq: ByteArray
    phash: ByteArray
    quality: int

    @property
    def reliable(self) -> bool:
        """Tell whether the picture has enough structure for its hashes to mean anything."""
        return self.quality >= MIN_QUALITY


def perceptual_hashes(picture: Picture) -> PerceptualHashes:
    """Hash one picture."""
    grey = cv2.cvtColor(picture.working, cv2.COLOR_RGB2GRAY)
    pdq, quality = _pdq(np.asarray(grey, dtype=np.float32))
    phash = imagehash.phash(Image.fromarray(np.asarray(grey, dtype=np.uint8)))
    return PerceptualHashes(pdq, np.packbits(phash.hash.reshape(-1)), quality)


def _pdq(luminance: FloatArray) -> tuple[ByteArray, int]:
    """Return eight hashes (8, 32) and the quality of a (512, 512) luminance in 0..255."""
    smooth, cosine = _matrices()
    samples: FloatArray = (smooth @ luminance @ smooth.T).astype(np.float32)
    coefficients: FloatArray = (cosine @ samples @ cosine.T).astype(np.float32)
    return _orientations(coefficients), _quality(samples)


def _orientations(c: FloatArray) -> ByteArray:
    """Turn and mirror in the frequency domain: mirroring an axis negates its odd frequencies (1, 3, 5 ...)."""
    sign = np.where(np.arange(1, _FREQUENCIES + 1) % 2 == 1, -1.0, 1.0).astype(np.float32)
    rows, columns = c * sign[:, None], c * sign[None, :]
    both, t = rows * sign[None, :], c.T
    turned = (c, t * sign[:, None], both, t * sign[None, :], rows, columns, t, both.T)
    bits = np.stack([plane > np.median(plane) for plane in turned]).reshape(len(turned), PDQ_BITS)
    # The published hexadecimal form begins with the highest frequency.
    return np.packbits(bits[:, ::-1], axis=1)


def _quality(samples: FloatArray) -> int:
    """Sum the steps between neighbouring samples in whole hundredths of the range, as PDQ does; 0..100."""
    steps = sum(float(np.abs(np.trunc(np.diff(samples, axis=axis) * (100.0 / 255.0))).sum()) for axis in (0, 1))
    return min(100, int(steps / 90.0))


@cache
def _matrices() -> tuple[FloatArray, FloatArray]:
    """Return the smoothing and sampling matrix (64, 512) and the cosine matrix (16, 64)."""
    side = WORKING_SIDE
    window = (side + 2 * _SAMPLES - 1) // (2 * _SAMPLES)
    # PDQ's even windows reach one place further ahead than back, and shrink at the border.
    ahead = (window + 2) // 2 - 1
    back = window - 1 - ahead
    box = np.zeros((side, side))
    for i in range(side):
        reach = slice(max(0, i - back), min(side, i + ahead + 1))
        box[i, reach] = 1.0 / len(range(*reach.indices(side)))
    picks = np.floor((np.arange(_SAMPLES) + 0.5) * side / _SAMPLES).astype(int)
    smooth = (box @ box)[picks]
    frequency = np.arange(1, _FREQUENCIES + 1)[:, None]
    place = np.arange(_SAMPLES)[None, :]
    cosine = np.sqrt(2.0 / _SAMPLES) * np.cos(np.pi / 2 / _SAMPLES * frequency * (2 * place + 1))
    return smooth.astype(np.float32), cosine.astype(np.float32)
