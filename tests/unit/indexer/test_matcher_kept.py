"""What is kept of an upload's pictures, where that is asked for; and pools that several matchers share."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from indexer.matcher import Matcher
from indexer.model import PictureFile, PictureSignals
from indexer.signals.pixels.images import decode
from indexer.signals.pixels.perceptual import perceptual_hashes
from indexer.signals.pixels.thumbnails import MAX_SIDE, thumbnail
from indexer.signals.pixels.views import WHOLE, pixels
from tests.conftest import EmbeddedModel, TinySnapshot
from tests.fakes import draw, encoded


def framed() -> Image.Image:
    page = Image.new("RGB", (440, 408), "white")
    page.paste(draw(3, 2), (60, 60))
    return page


def kept(matcher: Matcher, *data: bytes) -> list[PictureSignals | None]:
    files = [PictureFile(str(number), each) for number, each in enumerate(data)]
    return [found.signals for found in matcher.examine(files, keep=True).pictures]


def test_nothing_is_kept_unless_it_is_asked_for(matcher: Matcher) -> None:
    assert matcher.examine([PictureFile("upload", encoded(draw(1, 1)))]).pictures[0].signals is None


def test_each_picture_keeps_what_was_computed_of_its_whole(matcher: Matcher, embedded_model: EmbeddedModel) -> None:
    """Also beside pictures that have pictures inside them, and such as cannot be read."""
    data = [encoded(framed()), b"no picture", encoded(draw(5, 1), "JPEG"), encoded(framed(), "WEBP")]
    found = kept(matcher, *data)
    assert found[1] is None
    for raw, signals in zip(data, found, strict=True):
        if signals is None:
            continue
        picture = decode("upload", raw)
        vector = embedded_model.runtime.embed(pixels(picture, WHOLE, embedded_model.spec)[None])[0]
        assert signals.sha256 == hashlib.sha256(raw).hexdigest()
        assert signals.pdq == perceptual_hashes(picture).pdq[0].tobytes()
        assert len(signals.vector) == 2 * embedded_model.spec.embed_dim
        assert np.allclose(np.frombuffer(signals.vector, "<f2"), vector, atol=0.002)
        assert signals.thumbnail == thumbnail(picture)
    assert sum(signals is not None for signals in found) == 3


def test_a_flat_picture_keeps_no_hash(matcher: Matcher) -> None:
    (found,) = kept(matcher, encoded(Image.new("RGB", (90, 90), "teal")))
    assert found is not None
    assert found.pdq == b""
    assert found.vector


@pytest.mark.parametrize(
    ("size", "shown"),
    [((1024, 512), (256, 128)), ((300, 900), (85, 256)), ((64, 48), (64, 48)), ((4000, 16), (256, 1))],
)
def test_a_thumbnail_keeps_the_shape_within_its_bound(size: tuple[int, int], shown: tuple[int, int]) -> None:
    small = Image.open(io.BytesIO(thumbnail(decode("upload", encoded(draw(1, 1).resize(size))))))
    assert (small.format, small.size) == ("WEBP", shown)
    assert max(small.size) <= MAX_SIDE


def test_a_thumbnail_is_upright_and_carries_no_metadata() -> None:
    image, exif = draw(1, 1, (640, 320)), Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "taken at home"
    small = Image.open(io.BytesIO(thumbnail(decode("upload", encoded(image, "JPEG", exif=exif)))))
    assert small.size == (128, 256)
    assert not small.getexif()


def test_a_pool_that_was_given_stays_open(tiny_snapshot: TinySnapshot, embedded_model: EmbeddedModel) -> None:
    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            matcher = Matcher(tiny_snapshot.loaded, embedded_model.runtime, pool=pool)
            assert matcher.examine([PictureFile("upload", encoded(draw(1, 1)))]).pictures[0].matches
            matcher.close()


def test_a_pool_of_its_own_is_closed_with_the_matcher(
    tiny_snapshot: TinySnapshot, embedded_model: EmbeddedModel
) -> None:
    matcher = Matcher(tiny_snapshot.loaded, embedded_model.runtime, threads=1)
    matcher.close()
    with pytest.raises(RuntimeError, match="after shutdown"):
        matcher.examine([PictureFile("upload", encoded(draw(1, 1)))])
