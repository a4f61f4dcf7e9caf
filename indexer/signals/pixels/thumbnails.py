"""Thumbnails: a small copy of a picture for a person to look at; nothing is ever computed from one."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from indexer.signals.pixels.images import WORKING_SIDE, Picture

MAX_SIDE = 256
_QUALITY = 75
_EFFORT = 2
"""Of 0 to 6: from here on WebP takes twice the time for a tenth of the bytes."""


def thumbnail(picture: Picture) -> bytes:
    """Reduce a picture to MAX_SIDE pixels on its longer side, and write it as WebP; a smaller one keeps its size."""
    height, width = picture.rgb.shape[:2]
    share = MAX_SIDE / max(height, width)
    # A large picture was reduced already, for the hashes; that it was squashed then is undone here.
    rgb = picture.working if min(height, width) >= WORKING_SIDE else picture.rgb
    if share < 1.0:
        size = (max(1, round(width * share)), max(1, round(height * share)))
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "WEBP", quality=_QUALITY, method=_EFFORT)
    return out.getvalue()
