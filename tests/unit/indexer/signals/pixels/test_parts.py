"""Parts: a picture is looked for whole and by each picture inside it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from indexer.signals.pixels.images import Picture, cut, decode
from indexer.signals.pixels.layout import inner_pictures
from indexer.signals.pixels.parts import prepare_query
from indexer.signals.pixels.perceptual import perceptual_hashes
from indexer.signals.pixels.views import WHOLE, pixels
from tests.fakes import TINY_SPEC, draw, encoded


def picture(image: Image.Image) -> Picture:
    return decode("upload", encoded(image))


def two_panels() -> Image.Image:
    page = Image.new("RGB", (700, 320), "white")
    page.paste(draw(3, 2), (15, 15))
    page.paste(draw(7, 1), (365, 15))
    return page


@pytest.mark.parametrize(
    "image", [pytest.param(draw(1, 0), id="drawing"), pytest.param(Image.new("RGB", (50, 40), "teal"), id="flat")]
)
def test_an_ordinary_picture_has_one_part_the_whole(image: Image.Image) -> None:
    (whole,) = prepare_query(picture(image), TINY_SPEC)
    assert whole.region is None
    assert np.array_equal(whole.pixels, pixels(picture(image), WHOLE, TINY_SPEC))
    assert np.array_equal(whole.hashes.pdq, perceptual_hashes(picture(image)).pdq)


def test_the_whole_comes_first_and_then_what_is_inside_in_order() -> None:
    page = picture(two_panels())
    parts = prepare_query(page, TINY_SPEC)
    assert [part.region for part in parts] == [None, *inner_pictures(page)]
    assert len(parts) >= 3
    assert all(part.pixels.shape == (3, 16, 16) for part in parts)


def test_a_part_is_prepared_as_the_picture_that_it_shows() -> None:
    """So a copy inside a page meets the same signals as the copy by itself."""
    page = picture(two_panels())
    for part in prepare_query(page, TINY_SPEC)[1:]:
        assert part.region is not None
        alone = cut(page, part.region)
        assert np.array_equal(part.pixels, pixels(alone, WHOLE, TINY_SPEC))
        assert np.array_equal(part.hashes.pdq, perceptual_hashes(alone).pdq)
        assert np.array_equal(part.hashes.phash, perceptual_hashes(alone).phash)


def test_the_hashes_of_a_framed_picture_are_nearly_those_of_the_picture() -> None:
    alone = perceptual_hashes(picture(draw(1, 0)))
    whole, inside = prepare_query(picture(ImageOps.expand(draw(1, 0), (0, 70), "black")), TINY_SPEC)
    distances = [int(np.unpackbits(part.hashes.pdq[0] ^ alone.pdq[0]).sum()) for part in (whole, inside)]
    assert distances[1] < 32 < distances[0]
