"""Text hidden in the lowest bits of pixels: NovelAI's and the web user interfaces' "stealth" channel.

The bits run down the columns, from left to right; in the alpha channel, or red, green and blue of each pixel in turn.
A signature of 15 letters, the length in bits (32 bits, big-endian), then the text, which is
gzipped where the name ends in `comp`.
"""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import Image

from indexer.signals.metadata.bounds import MAX_TEXT_BYTES, Bounds, decode_text
from indexer.signals.pixels.images import PictureLimits

_SIGNATURE_BITS = 15 * 8
_HEAD_BITS = _SIGNATURE_BITS + 32
_GZIP = 31
_CHANNELS = {"alpha": ("stealth_pnginfo", "stealth_pngcomp"), "rgb": ("stealth_rgbinfo", "stealth_rgbcomp")}


def hidden_texts(data: bytes, bounds: Bounds, limits: PictureLimits) -> list[tuple[str, str]]:
    """Return name (`alpha:stealth_pngcomp`) and text of what is hidden in the pixels of a PNG or WebP file.

    Pictures beyond the limits or damaged are noted as `pixels_unreadable`; only the columns needed are copied.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=("PNG", "WEBP")) as image:
                if image.mode not in ("RGB", "RGBA"):
                    return []
                if image.width * image.height > limits.max_pixels:
                    bounds.problem("pixels_unreadable", "pixels")
                    return []
                channels = ("alpha", "rgb") if image.mode == "RGBA" else ("rgb",)
                return [found for channel in channels if (found := _hidden(image, channel, bounds))]
    # As in decode(): Pillow raises many kinds of errors on damaged files.
    except Exception:  # noqa: BLE001 (noted, and the other metadata still counts)
        bounds.problem("pixels_unreadable", "pixels")
        return []


def _hidden(image: Image.Image, channel: str, bounds: Bounds) -> tuple[str, str] | None:
    head = _lowest_bits(image, channel, _HEAD_BITS)
    signature = head[: _SIGNATURE_BITS // 8].decode("latin-1")
    if signature not in _CHANNELS[channel]:
        return None
    source = f"{channel}:{signature}"
    claimed = int.from_bytes(head[_SIGNATURE_BITS // 8 : _HEAD_BITS // 8], "big")
    room = image.width * image.height * (1 if channel == "alpha" else 3) - _HEAD_BITS
    if claimed > min(room, 8 * MAX_TEXT_BYTES):
        bounds.problem("hidden_text_truncated", source)
    length = min(claimed, room, 8 * MAX_TEXT_BYTES)
    body = _lowest_bits(image, channel, _HEAD_BITS + length)[_HEAD_BITS // 8 : (_HEAD_BITS + length) // 8]
    raw = bounds.inflate(body, source, _GZIP) if signature.endswith("comp") else body
    return source, decode_text(raw)


def _lowest_bits(image: Image.Image, channel: str, bits: int) -> bytes:
    per_pixel = 1 if channel == "alpha" else 3
    columns = min(image.width, -(-bits // (image.height * per_pixel)))
    pixels = np.asarray(image.crop((0, 0, columns, image.height)), dtype=np.uint8).swapaxes(0, 1)
    chosen = pixels[..., 3] if channel == "alpha" else pixels[..., :3]
    return np.packbits((chosen & 1).reshape(-1)[:bits]).tobytes()
