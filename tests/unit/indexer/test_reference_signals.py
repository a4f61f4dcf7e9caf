"""Signals of a reference: packed without loss, refused when damaged, never taken for those of another recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.numpy import load, save

from indexer import reference_signals
from indexer.errors import PictureError, SignalsError
from indexer.reference_signals import MAX_PACKED_BYTES, RECIPES, ReferenceSignals, measure, pack, unpack
from indexer.signals.pixels.features import Features
from indexer.signals.pixels.images import decode
from indexer.signals.pixels.perceptual import PerceptualHashes
from indexer.signals.pixels.views import REFERENCE_VIEWS, pixels
from tests.fakes import TINY_SPEC, TinyBackend, draw, encoded

Arrays = dict[str, Any]


def measured(image: Image.Image) -> ReferenceSignals:
    return measure("reference", encoded(image), TINY_SPEC, TinyBackend())


def same(one: ReferenceSignals, other: ReferenceSignals) -> bool:
    hashes = [(getattr(one.hashes, f.name), getattr(other.hashes, f.name)) for f in fields(PerceptualHashes)]
    points = [(getattr(one.features, f.name), getattr(other.features, f.name)) for f in fields(Features)]
    pairs = [(one.vectors, other.vectors), (one.pixel_sha256, other.pixel_sha256), *hashes, *points]
    return all(np.array_equal(np.asarray(a), np.asarray(b)) for a, b in pairs)


def test_a_reference_is_embedded_in_every_view() -> None:
    data = encoded(draw(1, 2))
    picture = decode("reference", data)
    views = np.stack([pixels(picture, view, TINY_SPEC) for view in REFERENCE_VIEWS])
    found = measure("reference", data, TINY_SPEC, TinyBackend())
    assert np.array_equal(found.vectors, TinyBackend().embed(views))
    assert found.pixel_sha256 == picture.pixel_sha256
    assert found.hashes.reliable
    assert len(found.features.points) > 20


def test_a_file_that_is_no_picture_is_refused_by_name() -> None:
    with pytest.raises(PictureError, match="reference: not a"):
        measure("reference", b"no picture", TINY_SPEC, TinyBackend())


@pytest.mark.parametrize("image", [draw(3, 1), Image.new("RGB", (40, 90), "teal")], ids=["drawn", "flat"])
def test_packing_loses_nothing(image: Image.Image) -> None:
    found = measured(image)
    packed = pack(found)
    assert len(packed) < MAX_PACKED_BYTES
    assert same(unpack(packed), found)


def without(name: str) -> Callable[[Arrays], object]:
    return lambda arrays: arrays.pop(name)


def having(name: str, change: Callable[[Any], Any]) -> Callable[[Arrays], object]:
    return lambda arrays: arrays.update({name: change(arrays[name])})


DAMAGE = {
    **{f"no {name}": without(name) for name in ("vectors", "pdq", "phash", "quality", "points", "aspect", "detail")},
    "a view less": having("vectors", lambda v: v[1:]),
    "vectors of another type": having("vectors", lambda v: v.astype(np.float64)),
    "longer vectors": having("vectors", lambda v: v * 2),
    "vectors that are no numbers": having("vectors", lambda v: v * np.float32("nan")),
    "vectors of no width": having("vectors", lambda v: v[:, :0]),
    "an orientation less": having("pdq", lambda v: v[1:]),
    "a shorter hash": having("phash", lambda v: v[:4]),
    "quality above 100": having("quality", lambda v: v * 0 + 101),
    "a point outside": having("points", lambda v: v + 1),
    "a point that is no number": having("points", lambda v: v * np.float32("nan")),
    "points without descriptors": having("descriptors", lambda v: v[:-1]),
    "too many points": lambda arrays: arrays.update(
        points=np.zeros((401, 2), np.float32), descriptors=np.zeros((401, 128), np.uint8)
    ),
    "a smaller detail": having("detail", lambda v: v[:32]),
    "no width": having("aspect", lambda v: v * 0),
    "no height": having("aspect", lambda v: v * np.inf),
    "half a digest": having("pixel_sha256", lambda v: v[:16]),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_could_not_have_been_packed_is_refused(damage: Callable[[Arrays], object]) -> None:
    arrays = load(pack(measured(draw(3, 1))))
    damage(arrays)
    with pytest.raises(SignalsError, match="packed signals"):
        unpack(save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))


@pytest.mark.parametrize("data", [b"", b"no tensors", bytes(64), b"\xff" * 8 + b"{}", bytes(MAX_PACKED_BYTES + 1)])
def test_what_is_no_pack_is_refused(data: bytes) -> None:
    with pytest.raises(SignalsError, match="packed signals"):
        unpack(data)


PACKED = pack(measured(draw(3, 1)))


@given(st.integers(0, 1500) | st.integers(0, len(PACKED) - 1), st.integers(0, 255))
def test_a_changed_byte_is_refused_or_gives_signals_of_the_right_form(place: int, value: int) -> None:
    packed = bytearray(PACKED)
    packed[place] = value
    try:
        found = unpack(bytes(packed))
    except SignalsError:
        return
    assert found.vectors.shape == (len(REFERENCE_VIEWS), TINY_SPEC.embed_dim)


def test_a_recipe_is_short_and_safe_in_a_path() -> None:
    name = reference_signals.recipe(TINY_SPEC)
    assert len(name) <= 32
    assert set(name) <= set("0123456789abcdef-")


@pytest.mark.parametrize(
    "change",
    [
        {"fingerprint": "1" * 64},
        {"fingerprint": "0" * 63 + "1"},
        {"mean": (0.4, 0.5, 0.5)},
        {"interpolation": "bilinear"},
        {"resize_mode": "longest"},
        {"image_size": 32},
    ],
)
def test_another_model_or_preparation_has_another_recipe(change: dict[str, Any]) -> None:
    assert reference_signals.recipe(replace(TINY_SPEC, **change)) != reference_signals.recipe(TINY_SPEC)


def test_a_models_name_is_no_part_of_its_recipe() -> None:
    assert reference_signals.recipe(replace(TINY_SPEC, name="other")) == reference_signals.recipe(TINY_SPEC)


def test_every_recipe_that_signals_depend_on_counts() -> None:
    assert set(RECIPES) == {"pack", "decode", "pdq", "phash", "views", "features"}
