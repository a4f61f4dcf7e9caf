"""Views: parts of a picture as the model asks for them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.model import ModelSpec
from indexer.signals.pixels.images import Picture, decode
from indexer.signals.pixels.views import REFERENCE_VIEWS, WHOLE, Rendering, View, pixels
from tests.fakes import TINY_SPEC, draw, encoded

SPEC = replace(TINY_SPEC, image_size=160, mean=(0.48, 0.46, 0.41), std=(0.27, 0.26, 0.28))
PLAIN = replace(TINY_SPEC, image_size=160, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
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
    assert np.allclose(pixels(Picture("square", rgb, ""), centre, PLAIN), 1.0)


def test_the_sides_are_cut_off_where_the_model_crops_and_kept_on_black_where_it_pads() -> None:
    rgb = np.full((100, 300, 3), 255, dtype=np.uint8)
    rgb[:, :100], rgb[:, 200:] = (255, 0, 0), (255, 0, 0)
    picture = Picture("wide", rgb, "")
    cropped = pixels(picture, WHOLE, replace(PLAIN, resize_mode="shortest"))
    padded = pixels(picture, WHOLE, replace(PLAIN, resize_mode="longest"))
    assert np.allclose(cropped, 1.0)
    assert np.allclose(padded[:, :40], 0.0)
    assert np.allclose(padded[:, 80, 10], (1.0, 0.0, 0.0))


def test_the_first_view_of_a_reference_is_the_one_that_uploads_have() -> None:
    assert REFERENCE_VIEWS[0] == WHOLE
    assert len({view.name for view in REFERENCE_VIEWS}) == len(REFERENCE_VIEWS)


@pytest.fixture(
    params=[view for view in REFERENCE_VIEWS if view.rendering is not Rendering.COLOUR], ids=lambda view: view.name
)
def lines(request: pytest.FixtureRequest) -> View:
    view: View = request.param
    return view


def test_two_views_show_lines_and_one_of_each_kind() -> None:
    drawn = [view.rendering for view in REFERENCE_VIEWS if view.rendering is not Rendering.COLOUR]
    assert sorted(drawn) == [Rendering.OUTLINE, Rendering.SKETCH]


@pytest.mark.parametrize("size", [(320, 288), (1200, 700), (90, 200)])
def test_a_rendering_is_grey_lines_on_white(lines: View, size: tuple[int, int]) -> None:
    shown = pixels(decode("picture", encoded(draw(1, 1, (320, 288)).resize(size))), lines, PLAIN)
    assert np.array_equal(shown[0], shown[1])
    assert np.array_equal(shown[0], shown[2])
    assert float(np.median(shown)) > 0.9
    assert 0.01 < float(np.mean(shown < 0.9)) < 0.5


def test_lines_are_drawn_at_the_edges_of_what_is_shown(lines: View) -> None:
    rgb = np.full((160, 160, 3), (250, 240, 60), dtype=np.uint8)
    rgb[40:120, 40:120] = (20, 60, 160)
    shown = pixels(Picture("square", rgb, ""), lines, PLAIN)[0]
    darkest = {"edge": shown[36:44, 60:100].min(), "outside": shown[:24].min()}
    assert darkest["edge"] < 0.5
    assert darkest["outside"] > 0.95


def test_a_rendering_of_a_flat_picture_is_blank(lines: View) -> None:
    assert np.allclose(pixels(flat((40, 90, 200)), lines, PLAIN), 1.0)


def test_a_rendering_is_a_function_of_the_pixels(lines: View) -> None:
    first, second = (pixels(decode("picture", encoded(draw(1, 1))), lines, SPEC) for _ in range(2))
    assert np.array_equal(first, second)


def test_outlines_say_little_of_colour() -> None:
    """A copy in other colours has the same outlines."""
    outline = next(view for view in REFERENCE_VIEWS if view.rendering is Rendering.OUTLINE)
    rgb = decode("picture", encoded(draw(1, 1))).rgb
    recoloured = np.ascontiguousarray(rgb[:, :, [1, 0, 2]])
    one, other = (pixels(Picture("picture", each, ""), outline, PLAIN) for each in (rgb, recoloured))
    assert np.array_equal(one, other)


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
