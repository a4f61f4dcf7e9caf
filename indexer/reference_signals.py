"""The signals of one reference: computed once, and packed so that a store can keep them.

Packed signals hold under one recipe only: another model, or another way to decode, hash or embed, gives other ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from indexer.errors import SignalsError
from indexer.model import ModelSpec
from indexer.ports import EmbeddingBackend, FloatArray
from indexer.signals.pixels import features, images, perceptual, views
from indexer.signals.pixels.features import DETAIL_SIDE, MAX_POINTS, Features, local_features
from indexer.signals.pixels.images import decode
from indexer.signals.pixels.perceptual import ORIENTATIONS, PDQ_BITS, PHASH_BITS, PerceptualHashes, perceptual_hashes
from indexer.signals.pixels.views import REFERENCE_VIEWS, pixels

RECIPES: Mapping[str, str] = {
    "pack": "signals-1",
    "decode": images.RECIPE,
    "pdq": perceptual.PDQ_RECIPE,
    "phash": perceptual.PHASH_RECIPE,
    "views": views.RECIPE,
    "features": features.RECIPE,
}
MAX_PACKED_BYTES = 1 << 20
"""Most bytes of packed signals; those of a model of 1,024 dimensions are some 90,000."""

_PREFIX = 12
_DESCRIPTOR = 128
_LENGTH_TOLERANCE = 0.01


@dataclass(frozen=True)
class ReferenceSignals:
    """Signals of one reference; `vectors` (views, dim) in the order of REFERENCE_VIEWS, each of length 1."""

    vectors: FloatArray
    hashes: PerceptualHashes
    features: Features
    pixel_sha256: str


def recipe(spec: ModelSpec) -> str:
    """Name the way in which signals are computed with a model: letters, digits and one hyphen, safe in a path."""
    preparation = [spec.embed_dim, spec.image_size, spec.mean, spec.std, spec.interpolation, spec.resize_mode]
    told = json.dumps([spec.fingerprint, preparation, dict(RECIPES)], sort_keys=True)
    return f"{spec.fingerprint[:_PREFIX]}-{hashlib.sha256(told.encode()).hexdigest()[:_PREFIX]}"


def measure(name: str, data: bytes, spec: ModelSpec, backend: EmbeddingBackend) -> ReferenceSignals:
    """Compute the signals of a reference's file; `name` is what errors call it.

    Raises PictureError when it cannot be decoded, EmbeddingQueueFull when the backend is overloaded.
    """
    picture = decode(name, data)
    prepared = np.stack([pixels(picture, view, spec) for view in REFERENCE_VIEWS])
    return ReferenceSignals(
        backend.embed(prepared), perceptual_hashes(picture), local_features(picture), picture.pixel_sha256
    )


def pack(signals: ReferenceSignals) -> bytes:
    """Write signals as safetensors, without loss."""
    points = signals.features
    arrays = {
        "vectors": signals.vectors,
        "pdq": signals.hashes.pdq,
        "phash": signals.hashes.phash,
        "quality": np.asarray([signals.hashes.quality], dtype=np.uint8),
        "points": points.points,
        "descriptors": points.descriptors,
        "detail": points.detail,
        "aspect": np.asarray([points.aspect], dtype=np.float64),
        "pixel_sha256": np.frombuffer(bytes.fromhex(signals.pixel_sha256), dtype=np.uint8),
    }
    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def unpack(data: bytes) -> ReferenceSignals:
    """Undo pack(). Raises SignalsError when a part is missing, or is not what it could be."""
    if len(data) > MAX_PACKED_BYTES:
        raise SignalsError(f"packed signals of {len(data)} bytes, more than the {MAX_PACKED_BYTES} possible")
    try:
        arrays: dict[str, npt.NDArray[Any]] = load(data)
    # A header may claim types and sizes that NumPy has no room or no name for.
    except (SafetensorError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise SignalsError(f"packed signals cannot be read: {error}") from error
    for name, (kind, shape) in _SHAPES.items():
        _check(name in arrays, f"{name} is missing")
        found = arrays[name]
        fits = found.ndim == len(shape) and all(
            size in (None, own) for size, own in zip(shape, found.shape, strict=True)
        )
        _check(found.dtype == kind and fits, f"{name} is {found.dtype} {found.shape}")
    lengths = np.linalg.norm(arrays["vectors"].astype(np.float64), axis=1)
    points, aspect = arrays["points"], float(arrays["aspect"][0])
    _check(bool(np.all(np.abs(lengths - 1.0) < _LENGTH_TOLERANCE)), "vectors are not of length 1")
    _check(len(points) == len(arrays["descriptors"]) <= MAX_POINTS, f"{len(points)} points")
    _check(bool(np.all((points >= 0.0) & (points <= 1.0))), "a point lies outside of the picture")
    _check(0.0 < aspect < float("inf"), f"aspect is {aspect}")
    _check(int(arrays["quality"][0]) <= _BEST_QUALITY, "quality is above 100")
    hashes = PerceptualHashes(arrays["pdq"], arrays["phash"], int(arrays["quality"][0]))
    found_features = Features(points, arrays["descriptors"], arrays["detail"], aspect)
    return ReferenceSignals(arrays["vectors"], hashes, found_features, arrays["pixel_sha256"].tobytes().hex())


_BEST_QUALITY = 100
_SHAPES: Mapping[str, tuple[type, tuple[int | None, ...]]] = {
    "vectors": (np.float32, (len(REFERENCE_VIEWS), None)),
    "pdq": (np.uint8, (len(ORIENTATIONS), PDQ_BITS // 8)),
    "phash": (np.uint8, (PHASH_BITS // 8,)),
    "quality": (np.uint8, (1,)),
    "points": (np.float32, (None, 2)),
    "descriptors": (np.uint8, (None, _DESCRIPTOR)),
    "detail": (np.uint8, (DETAIL_SIDE, DETAIL_SIDE)),
    "aspect": (np.float64, (1,)),
    "pixel_sha256": (np.uint8, (32,)),
}
"""Type and shape of every part; None is any length."""


def _check(fits: bool, fault: str) -> None:  # noqa: FBT001 (what is checked)
    if not fits:
        raise SignalsError(f"packed signals are damaged: {fault}")
