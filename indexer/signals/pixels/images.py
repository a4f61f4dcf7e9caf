"""Safe decoding: the bytes of one upload become pixels once, or a clear reason why not.

1. The size of the file, then the format and the size in pixels, are checked before anything is decoded.
2. Pillow decodes; a truncated file, a bomb or an odd mode never gets further.
3. EXIF orientation is applied, 16 bit is scaled to 8, transparency is laid on white.
4. What was left out (further frames of an animation) is said in `remarks`.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from indexer.errors import PictureError
from indexer.model import Region
from indexer.ports import ByteArray

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF")
MIN_SIDE = 16
WORKING_SIDE = 512
RECIPE = "decode-1"
"""Name of this way to decode and to reduce; references and uploads must have gone through the same one."""


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """Bounds on one picture: file size in bytes and area in pixels."""

    max_bytes: int = 20 * 1024 * 1024
    max_pixels: int = 40_000_000


@dataclass(frozen=True)
class Picture:
    """A decoded picture: `rgb` is (height, width, 3) of 8-bit values, upright, on white."""

    name: str
    rgb: ByteArray
    byte_sha256: str
    remarks: tuple[str, ...] = field(default=())

    @cached_property
    def pixel_sha256(self) -> str:
        """Hash of size and pixels: equal for one picture saved without loss in two formats."""
        height, width = self.rgb.shape[:2]
        digest = hashlib.sha256(f"{width}x{height}:".encode())
        digest.update(self.rgb.data)
        return digest.hexdigest()

    @cached_property
    def working(self) -> ByteArray:
        """The picture at 512 × 512 by area averaging, aspect ratio not kept: what every hash is computed from."""
        return np.asarray(
            cv2.resize(self.rgb, (WORKING_SIDE, WORKING_SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8
        )


def crop(rgb: ByteArray, region: Region) -> ByteArray:
    """Cut a region out of pixels (height, width, 3); at least one pixel is left each way."""
    height, width = rgb.shape[:2]
    x0, y0 = min(round(region.x0 * width), width - 1), min(round(region.y0 * height), height - 1)
    x1, y1 = max(x0 + 1, round(region.x1 * width)), max(y0 + 1, round(region.y1 * height))
    return rgb[y0:y1, x0:x1]


def cut(picture: Picture, region: Region) -> Picture:
    """Return a part of a picture as a picture."""
    return Picture(picture.name, np.ascontiguousarray(crop(picture.rgb, region)), picture.byte_sha256)


def decode(name: str, data: bytes, limits: PictureLimits | None = None) -> Picture:
    """Decode a picture file; only the first frame of an animation is read.

    Raises PictureError whose `code` is one of `empty_file`, `file_too_large`, `not_a_picture`, `too_many_pixels`,
    `picture_too_small`, `picture_damaged`.
    """
    limits = limits or PictureLimits()
    if not data:
        raise PictureError(f"{name}: the file is empty", code="empty_file")
    if len(data) > limits.max_bytes:
        raise PictureError(
            f"{name}: {len(data)} bytes, more than the {limits.max_bytes} allowed", code="file_too_large"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Metadata that Pillow finds odd is no reason to refuse the pixels.
            warnings.simplefilter("ignore", UserWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                _check_size(name, image, limits)
                # Not their number: counting the frames of a GIF reads all of it.
                animated = getattr(image, "is_animated", False)
                rgb = _upright_rgb(image)
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(f"{name}: too many pixels", code="too_many_pixels") from error
    except UnidentifiedImageError as error:
        raise PictureError(f"{name}: not a {', '.join(FORMATS)} picture", code="not_a_picture") from error
    # Pillow's decoders raise many kinds of errors on damaged files (OSError, SyntaxError, ValueError, struct.error,
    # zlib.error, MemoryError ...): each of them means that this one file cannot be screened.
    except Exception as error:
        raise PictureError(f"{name}: damaged or truncated ({error})", code="picture_damaged") from error
    remarks = ("only the first frame of an animation was screened",) if animated else ()
    return Picture(name, rgb, hashlib.sha256(data).hexdigest(), remarks)


def _check_size(name: str, image: Image.Image, limits: PictureLimits) -> None:
    width, height = image.size
    if width * height > limits.max_pixels:
        raise PictureError(
            f"{name}: {width} x {height} pixels, more than the {limits.max_pixels} allowed", code="too_many_pixels"
        )
    if min(width, height) < MIN_SIDE:
        raise PictureError(
            f"{name}: {width} x {height} pixels, too small to recognise anything", code="picture_too_small"
        )


def _upright_rgb(image: Image.Image) -> ByteArray:
    image.load()
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I") or upright.mode == "F":
        return _grey_of_many_bits(upright)
    if upright.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in upright.info:
        rgba = upright.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        upright = Image.alpha_composite(white, rgba)
    return np.ascontiguousarray(np.asarray(upright.convert("RGB"), dtype=np.uint8))


def _grey_of_many_bits(image: Image.Image) -> ByteArray:
    """Scale 16- and 32-bit greys to 8 bits: Pillow's own conversion would clip them to white."""
    grey = np.asarray(image, dtype=np.float64)
    top = 65535.0 if image.mode.startswith("I") else max(float(grey.max()), 1.0)
    scaled = np.clip(grey * (255.0 / top), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.repeat(scaled[:, :, None], 3, axis=2))
