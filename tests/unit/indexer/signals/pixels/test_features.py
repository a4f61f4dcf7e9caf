"""Local features: a copy is found where it lies, however it was changed; what is drawn anew agrees on no detail."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from indexer.model import Region
from indexer.signals.pixels.features import (
    DETAIL_SIDE,
    MAX_POINTS,
    SAME_DRAWING,
    Features,
    FeatureTable,
    Placement,
    concatenate,
    local_features,
    mirror,
    place,
)
from indexer.signals.pixels.images import decode
from tests.fakes import draw, encoded

WIDTH, HEIGHT = 320, 288


def original() -> Image.Image:
    return draw(3, 2, (WIDTH, HEIGHT))


def features(image: Image.Image, *, mirrored: bool = False) -> Features:
    found = local_features(decode("picture", encoded(image)))
    return found.mirrored() if mirrored else found


def placed(query: Image.Image, reference: Image.Image, *, mirrored: bool = False) -> Placement:
    found = place(features(query, mirrored=mirrored), features(reference))
    assert found is not None
    return found


def corners(region: Region) -> np.ndarray:
    return np.asarray([region.x0, region.y0, region.x1, region.y1])


def test_a_picture_agrees_with_itself_everywhere() -> None:
    found = placed(original(), original())
    assert found.detail == pytest.approx(1.0, abs=0.01)
    assert found.agreement > 50
    assert corners(found.region) == pytest.approx(corners(found.reference_region), abs=0.01)


@pytest.mark.parametrize(
    ("change", "to_query"),
    [
        pytest.param(
            lambda image: image.crop((80, 60, 280, 260)),
            lambda x, y: ((x * 320 - 80) / 200, (y * 288 - 60) / 200),
            id="cropped",
        ),
        pytest.param(lambda image: image.resize((160, 144)), lambda x, y: (x, y), id="half as large"),
        pytest.param(lambda image: image.resize((960, 864)), lambda x, y: (x, y), id="thrice as large"),
        pytest.param(
            lambda image: image.transpose(Image.Transpose.ROTATE_90), lambda x, y: (y, 1 - x), id="quarter turn"
        ),
        pytest.param(
            lambda image: image.transpose(Image.Transpose.ROTATE_180), lambda x, y: (1 - x, 1 - y), id="half turn"
        ),
        pytest.param(
            lambda image: ImageOps.expand(image, (60, 30, 0, 0), "navy"),
            lambda x, y: ((x * 320 + 60) / 380, (y * 288 + 30) / 318),
            id="framed",
        ),
        pytest.param(ImageOps.grayscale, lambda x, y: (x, y), id="without colour"),
    ],
)
def test_a_changed_copy_is_found_where_it_lies(
    change: Callable[[Image.Image], Image.Image], to_query: Callable[[float, float], tuple[float, float]]
) -> None:
    """What the placement calls one part lies where the change put it, within a fiftieth."""
    found = placed(change(original()).convert("RGB"), original())
    assert found.detail >= SAME_DRAWING + 0.1
    part = found.reference_region
    ends = np.asarray([to_query(part.x0, part.y0), to_query(part.x1, part.y1)])
    foreseen = [*ends.min(axis=0), *ends.max(axis=0)]
    assert corners(found.region) == pytest.approx(foreseen, abs=0.02)


@pytest.mark.parametrize("degrees", [-35, 10, 20])
def test_a_copy_turned_by_any_angle_is_the_same_drawing(degrees: int) -> None:
    found = placed(original().rotate(degrees, expand=True), original())
    assert found.detail >= SAME_DRAWING + 0.1


def test_a_mirrored_copy_is_found_in_the_mirror_image_alone() -> None:
    copy = ImageOps.mirror(original())
    assert place(features(copy), features(original())) is None
    found = placed(copy, original(), mirrored=True)
    assert found.detail == pytest.approx(1.0, abs=0.01)
    assert corners(mirror(mirror(found.region))) == pytest.approx(corners(found.region))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("mirrors", ["both", "query"])
def test_mirrored_features_serve_as_well_as_those_of_the_mirror_image(seed: int, mirrors: str) -> None:
    """At least seven in ten of the points agree that agree where the features are computed anew."""
    mirror_image = ImageOps.mirror(draw(seed, seed))
    computed, turned = features(mirror_image), features(draw(seed, seed), mirrored=True)
    anew = place(computed, computed)
    found = place(turned, turned if mirrors == "both" else computed)
    assert anew is not None
    assert found is not None
    assert found.agreement >= 0.7 * anew.agreement
    assert corners(found.region) == pytest.approx(corners(anew.region), abs=0.05)


@pytest.mark.parametrize("image", [original(), Image.new("RGB", (90, 60), "teal")], ids=["drawing", "flat"])
def test_mirrored_twice_features_are_the_same(image: Image.Image) -> None:
    once, twice = features(image), features(image).mirrored().mirrored()
    assert np.abs(twice.points - once.points).max(initial=0.0) < 1e-6
    assert np.array_equal(twice.descriptors, once.descriptors)
    assert np.array_equal(twice.detail, once.detail)
    assert twice.aspect == once.aspect


def test_a_region_found_in_a_mirror_image_is_mirrored_back() -> None:
    mirrored = mirror(Region(0.1, 0.2, 0.4, 0.9))
    assert corners(mirrored) == pytest.approx([0.6, 0.2, 0.9, 0.9])


@pytest.mark.parametrize("number", range(12))
def test_an_unrelated_picture_shows_no_reference(number: int) -> None:
    found = place(features(draw(500 + number, number)), features(original()))
    assert found is None or found.detail < SAME_DRAWING


@pytest.mark.parametrize("number", range(10, 16))
def test_the_same_character_drawn_anew_is_not_the_same_drawing(number: int) -> None:
    found = place(features(draw(3, number)), features(original()))
    assert found is None or found.detail < SAME_DRAWING


def test_scenery_lines_up_without_agreeing_where_a_figure_covers_it() -> None:
    """Points of the border lie in one arrangement; the detail between them is another's."""
    scenery, first, second = original(), draw(40, 0, (260, 230)), draw(41, 1, (260, 230))
    one, other = scenery.copy(), scenery.copy()
    one.paste(first, (30, 29))
    other.paste(second, (30, 29))
    found = place(features(other), features(one))
    assert found is not None
    assert found.detail < SAME_DRAWING


@pytest.mark.parametrize("colour", ["black", "gray", "white"])
def test_a_flat_picture_has_no_points_and_is_placed_nowhere(colour: str) -> None:
    flat = features(Image.new("RGB", (200, 100), colour))
    assert (flat.points.shape, flat.descriptors.shape) == ((0, 2), (0, 128))
    assert flat.aspect == 2.0
    assert place(flat, features(original())) is None
    assert place(features(original()), flat) is None
    assert place(flat, flat) is None


@pytest.mark.parametrize("size", [(16, 16), (16, 600), (3000, 17), (31, 30)])
def test_a_picture_of_odd_size_has_features_of_the_usual_shape(size: tuple[int, int]) -> None:
    found = features(draw(1, 1).resize(size))
    assert found.detail.shape == (DETAIL_SIDE, DETAIL_SIDE)
    assert found.aspect == size[0] / size[1]
    assert len(found.points) == len(found.descriptors)


noise = st.builds(
    lambda seed, width, height: cv2.resize(
        np.random.default_rng(seed).integers(0, 256, (14, 18, 3), dtype=np.uint8), (width, height)
    ),
    st.integers(0, 2**32 - 1),
    st.integers(40, 700),
    st.integers(40, 700),
)


@settings(max_examples=15)
@given(noise, noise, st.booleans())
def test_points_and_regions_lie_within_the_picture(
    one: np.ndarray,
    other: np.ndarray,
    related: bool,  # noqa: FBT001 (hypothesis passes what it draws by position)
) -> None:
    reference = features(Image.fromarray(one))
    cut = one[one.shape[0] // 5 :, : -max(1, one.shape[1] // 5)]
    query = features(Image.fromarray(np.ascontiguousarray(cut) if related else other))
    for found in (reference, query):
        assert len(found.points) <= MAX_POINTS
        assert ((found.points >= 0) & (found.points <= 1)).all()
    placement = place(query, reference)
    if placement is None:
        return
    assert -1.0001 <= placement.detail <= 1.0001
    assert 0.0 <= placement.agreement <= MAX_POINTS
    for region in (placement.region, placement.reference_region, mirror(placement.region)):
        assert 0.0 <= region.x0 < region.x1 <= 1.0
        assert 0.0 <= region.y0 < region.y1 <= 1.0


@settings(max_examples=15)
@given(noise)
def test_features_and_placements_are_functions_of_the_pixels(pixels: np.ndarray) -> None:
    first, second = features(Image.fromarray(pixels)), features(Image.fromarray(pixels.copy()))
    assert np.array_equal(first.points, second.points)
    assert np.array_equal(first.descriptors, second.descriptors)
    assert place(first, second) == place(second, first) == place(first, second)


def test_a_table_gives_back_the_features_of_each_picture() -> None:
    items = [features(image) for image in (original(), Image.new("RGB", (90, 60), "teal"), draw(7, 1, (200, 400)))]
    table = FeatureTable(concatenate(items))
    assert len(table) == 3
    for row, item in enumerate(items):
        read = table.get(row)
        assert np.abs(read.points - item.points).max(initial=0.0) < 0.001
        assert np.array_equal(read.descriptors, item.descriptors)
        assert np.array_equal(read.detail, item.detail)
        assert read.aspect == pytest.approx(item.aspect)


def test_a_table_places_a_copy_as_well_as_the_features_themselves() -> None:
    table = FeatureTable(concatenate([features(draw(1, 1)), features(original())]))
    query = features(original().crop((80, 60, 280, 260)))
    direct, stored = place(query, features(original())), place(query, table.get(1))
    assert direct is not None
    assert stored is not None
    assert stored.detail == pytest.approx(direct.detail, abs=0.02)
    assert corners(stored.region) == pytest.approx(corners(direct.region), abs=0.01)
