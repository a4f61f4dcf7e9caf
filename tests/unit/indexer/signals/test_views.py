"""Views: parts of a picture as the model asks for them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.model import ModelSpec
from indexer.signals.images import Picture, decode
from indexer.signals.views import QUERY_VIEWS, REFERENCE_VIEWS, WHOLE, View, pixels
from tests.fakes import TINY_SPEC, draw, encoded

SPEC = replace(TINY_SPEC, image_size=160, mean=(0.48, 0.46, 0.41), std=(0.27, 0.26, 0.28))
MODES = ("squash", "shortest", "longest")


def flat(colour: tuple[int, int, int], size: tuple[int, int] = (50, 30)) -> Picture:
    rgb = np.full((size[1], size[0], 3), colour, dtype=np.uint8)
    return Picture("flat", rgb, "")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("view", REFERENCE_VIEWS, ids=lambda view: view.name)
def test_every_view_has_the_shape_that_the_model_takes(view: View, mode: str) -> None:
    picture = decode("picture", encoded(draw(1, 1, (500, 300))))
    prepared = pixels(picture, view, replace(SPEC, resize_mode=mode))
    assert prepared.shape == (3, 160, 160)
    assert prepared.dtype == np.float32
    assert prepared.flags.c_contiguous


def test_values_are_normalised_per_channel() -> None:
    prepared = pixels(flat((255, 0, 51)), WHOLE, SPEC)
    wanted = [(1.0 - 0.48) / 0.27, (0.0 - 0.46) / 0.26, (0.2 - 0.41) / 0.28]
    assert np.allclose(prepared.reshape(3, -1).T, wanted, atol=1e-5)


def test_a_mirrored_view_is_the_view_mirrored() -> None:
    picture = decode("picture", encoded(draw(1, 1)))
    plain = {view.name: pixels(picture, view, SPEC) for view in REFERENCE_VIEWS}
    for name in ("whole", "centre_80"):
        assert np.array_equal(plain[f"{name}_mirrored"], plain[name][:, :, ::-1])


def test_a_view_of_a_region_shows_that_region_alone() -> None:
    rgb = np.zeros((100, 100, 3), dtype=np.uint8)
    rgb[20:80, 20:80] = 255
    centre = next(view for view in REFERENCE_VIEWS if view.name == "centre_60")
    assert np.allclose(pixels(Picture("square", rgb, ""), centre, replace(SPEC, mean=(0, 0, 0), std=(1, 1, 1))), 1.0)


def test_the_sides_are_cut_off_where_the_model_crops_and_kept_on_black_where_it_pads() -> None:
    rgb = np.full((100, 300, 3), 255, dtype=np.uint8)
    rgb[:, :100], rgb[:, 200:] = (255, 0, 0), (255, 0, 0)
    picture, plain = Picture("wide", rgb, ""), replace(SPEC, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    cropped = pixels(picture, WHOLE, replace(plain, resize_mode="shortest"))
    padded = pixels(picture, WHOLE, replace(plain, resize_mode="longest"))
    assert np.allclose(cropped, 1.0)
    assert np.allclose(padded[:, :40], 0.0)
    assert np.allclose(padded[:, 80, 10], (1.0, 0.0, 0.0))


def test_a_query_costs_one_view_because_references_hold_the_others() -> None:
    assert QUERY_VIEWS == (WHOLE,) == REFERENCE_VIEWS[:1]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 900),
    st.integers(1, 900),
    st.sampled_from(MODES),
    st.sampled_from(REFERENCE_VIEWS),
    st.sampled_from(["bicubic", "bilinear"]),
)
def test_any_shape_of_picture_gives_finite_values_in_range(
    width: int, height: int, mode: str, view: View, interpolation: str
) -> None:
    spec: ModelSpec = replace(TINY_SPEC, resize_mode=mode, interpolation=interpolation)
    prepared = pixels(flat((10, 200, 90), (width, height)), view, spec)
    assert prepared.shape == (3, 16, 16)
    assert float(np.abs(prepared).max()) <= 1.0
