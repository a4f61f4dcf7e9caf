"""Perceptual hashes: PDQ is the published one in eight orientations, and flat pictures do not count."""

from __future__ import annotations

import cv2
import numpy as np
import pdqhash
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from indexer.signals.pixels.images import Picture, decode
from indexer.signals.pixels.perceptual import MIN_QUALITY, ORIENTATIONS, PerceptualHashes, perceptual_hashes
from tests.fakes import draw, encoded

USUAL_THRESHOLD = 31
"""Bits that PDQ's authors let two hashes of one picture differ by. A turned picture's own hash is not exactly the
foreseen one, because the filter's even window leans by a pixel; it must stay a match."""


def hashed(image: Image.Image) -> PerceptualHashes:
    return perceptual_hashes(decode("picture", encoded(image)))


def bits(first: np.ndarray, second: np.ndarray) -> int:
    return int(np.unpackbits(first ^ second).sum())


def picture_of(rgb: np.ndarray) -> Picture:
    return Picture("noise", np.ascontiguousarray(rgb, dtype=np.uint8), "")


@pytest.mark.parametrize("number", range(6))
def test_pdq_is_within_four_bits_of_the_published_hash_in_all_eight_orientations(number: int) -> None:
    picture = decode("picture", encoded(draw(number, 3, (700, 500))))
    found = perceptual_hashes(picture)
    published, _ = pdqhash.compute_dihedral(picture.working)
    for name, ours, theirs in zip(ORIENTATIONS, found.pdq, published, strict=True):
        assert bits(ours, np.packbits(np.asarray(theirs, dtype=np.uint8))) <= 4, name


@pytest.mark.parametrize("number", range(6))
def test_the_hexadecimal_form_is_the_published_one(number: int) -> None:
    """Written in the same order: digit by digit the same, but for the digits that hold one of four bits."""
    picture = decode("picture", encoded(draw(number, 3)))
    bit_vector, _ = pdqhash.compute(picture.working)
    published = np.packbits(np.asarray(bit_vector, dtype=np.uint8)).tobytes().hex()
    ours = perceptual_hashes(picture).pdq[0].tobytes().hex()
    assert sum(a != b for a, b in zip(ours, published, strict=True)) <= 4


@pytest.mark.parametrize("number", range(6))
def test_the_quality_is_the_published_one(number: int) -> None:
    picture = decode("picture", encoded(draw(number, 3)))
    _, published = pdqhash.compute(picture.working)
    assert abs(perceptual_hashes(picture).quality - published) <= 2


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_flat_picture_is_unreliable(value: int) -> None:
    found = hashed(Image.new("RGB", (300, 200), (value, value, value)))
    assert found.quality == 0
    assert not found.reliable


def test_a_lone_dot_on_white_is_unreliable() -> None:
    image = Image.new("RGB", (300, 300), "white")
    image.paste((0, 0, 0), (140, 140, 150, 150))
    assert not hashed(image).reliable


def test_a_structured_picture_is_reliable() -> None:
    assert hashed(draw(1, 1)).quality >= MIN_QUALITY


@pytest.mark.parametrize(
    ("name", "turned"),
    [
        ("rotate_180", Image.Transpose.ROTATE_180),
        ("flip_vertical", Image.Transpose.FLIP_TOP_BOTTOM),
        ("flip_horizontal", Image.Transpose.FLIP_LEFT_RIGHT),
        ("transpose", Image.Transpose.TRANSPOSE),
        ("anti_transpose", Image.Transpose.TRANSVERSE),
    ],
)
def test_an_orientation_is_the_hash_of_the_turned_picture(name: str, turned: Image.Transpose) -> None:
    image = draw(4, 2, (512, 512))
    foreseen = hashed(image).pdq[ORIENTATIONS.index(name)]
    assert bits(foreseen, hashed(image.transpose(turned)).pdq[0]) <= USUAL_THRESHOLD


@pytest.mark.parametrize(("name", "quarter_turns"), [("rotate_90", 1), ("rotate_270", 3)])
def test_quarter_turns_are_among_the_orientations(name: str, quarter_turns: int) -> None:
    image = draw(4, 2, (512, 512))
    foreseen = hashed(image).pdq[ORIENTATIONS.index(name)]
    either = (image.rotate(90 * quarter_turns), image.rotate(-90 * quarter_turns))
    assert min(bits(foreseen, hashed(turned).pdq[0]) for turned in either) <= USUAL_THRESHOLD


def test_a_recompressed_copy_stays_close_and_another_picture_far() -> None:
    original = hashed(draw(5, 1))
    copy = perceptual_hashes(decode("copy", encoded(draw(5, 1), "JPEG", quality=40)))
    other = hashed(draw(6, 2))
    assert bits(original.pdq[0], copy.pdq[0]) <= USUAL_THRESHOLD < bits(original.pdq[0], other.pdq[0])
    assert bits(original.phash, copy.phash) <= 8 < bits(original.phash, other.phash)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(0, 60))
def test_brightness_and_contrast_move_no_more_than_a_few_bits(seed: int, divisor: int, offset: int) -> None:
    coarse = np.random.default_rng(seed).integers(0, 180, (12, 12, 3), dtype=np.uint8)
    rgb = cv2.resize(coarse, (256, 256), interpolation=cv2.INTER_LINEAR)
    changed = (rgb // divisor + offset).astype(np.uint8)
    original, dimmed = perceptual_hashes(picture_of(rgb)), perceptual_hashes(picture_of(changed))
    assert bits(original.pdq[0], dimmed.pdq[0]) <= 24


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(16, 80), st.integers(16, 80))
def test_hashes_have_their_shape_and_about_half_their_bits_set(seed: int, width: int, height: int) -> None:
    found = perceptual_hashes(picture_of(np.random.default_rng(seed).integers(0, 256, (height, width, 3))))
    assert (found.pdq.shape, found.phash.shape) == ((8, 32), (8,))
    assert 0 <= found.quality <= 100
    # A bit each above the median: exactly half of them, but for ties.
    assert all(abs(int(np.unpackbits(row).sum()) - 128) <= 2 for row in found.pdq)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_hashing_is_a_function_of_the_pixels(seed: int) -> None:
    rgb = np.random.default_rng(seed).integers(0, 256, (40, 50, 3))
    first, second = perceptual_hashes(picture_of(rgb)), perceptual_hashes(picture_of(rgb.copy()))
    assert np.array_equal(first.pdq, second.pdq)
    assert np.array_equal(first.phash, second.phash)
