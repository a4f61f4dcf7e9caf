"""Perceptual hashes: pHash (64 bit) and PDQ (256 bit, in eight orientations), from one fixed recipe.

Both are computed from the picture at 512 × 512 by area averaging (pHash from 128 × 128 of that): a PDQ hash moves by 16
bits on average between two sizes of one picture, half of its usual threshold, so references and uploads must go through
the same size.

PDQ is Meta's (ThreatExchange, hashing/hashing.pdf, 2019): luminance, two passes of a box filter, 64 × 64 samples, the
16 × 16 lowest frequencies of a cosine transform without the constant ones, a bit each above the median. At 512 pixels
the two passes weigh 1 2 3 4 3 2 1 around every eighth pixel, so filter and sampling are one weighted sum over blocks of
eight. That gives the published hash exactly, and its seven turned and mirrored versions by sign flips.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import imagehash
import numpy as np
from PIL import Image

from indexer.ports import ByteArray, FloatArray
from indexer.signals.pixels.images import Picture

PDQ_RECIPE = "pdq-512-area-1"
PHASH_RECIPE = "imagehash-phash-512-128-area-1"
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

_PHASH_SIDE = 128
_SAMPLES = 64
_FREQUENCIES = 16
_WEIGHTS = np.asarray([1, 2, 3, 4, 3, 2, 1, 0], dtype=np.float32) / 16


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
    small = cv2.resize(grey, (_PHASH_SIDE, _PHASH_SIDE), interpolation=cv2.INTER_AREA)
    phash = imagehash.phash(Image.fromarray(np.asarray(small, dtype=np.uint8)))
    return PerceptualHashes(pdq, np.packbits(phash.hash.reshape(-1)), quality)


def _pdq(luminance: FloatArray) -> tuple[ByteArray, int]:
    """Return eight hashes (8, 32) and the quality of a (512, 512) luminance in 0..255."""
    samples = _samples(_samples(luminance).T).T
    cosine = _cosine()
    coefficients = np.asarray(cosine @ samples @ cosine.T, dtype=np.float32)
    return _orientations(coefficients), _quality(samples)


def _samples(luminance: FloatArray) -> FloatArray:
    """Filter and sample along the first axis: (512, n) to (64, n).

    A sum by einsum, because BLAS would start threads for it that only get in each other's way.
    """
    # Past the end PDQ's window shrinks; one more row of the last three's mean comes to the same.
    beyond = luminance[-3:].mean(axis=0, keepdims=True)
    blocks = np.concatenate([luminance[2:], beyond, beyond]).reshape(_SAMPLES, len(_WEIGHTS), -1)
    return np.asarray(np.einsum("k,skn->sn", _WEIGHTS, blocks), dtype=np.float32)


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
def _cosine() -> FloatArray:
    """Return the cosine transform of the 16 lowest frequencies above the constant: (16, 64)."""
    frequency = np.arange(1, _FREQUENCIES + 1)[:, None]
    place = np.arange(_SAMPLES)[None, :]
    cosine = np.sqrt(2.0 / _SAMPLES) * np.cos(np.pi / 2 / _SAMPLES * frequency * (2 * place + 1))
    return np.asarray(cosine, dtype=np.float32)
