"""Decoding: every mode gives the upright picture on white, everything else a clear reason."""

from __future__ import annotations

import hashlib
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from indexer.errors import PictureError
from indexer.model import Region
from indexer.signals.pixels.images import WORKING_SIDE, Picture, PictureLimits, crop, cut, decode
from tests.fakes import draw, encoded

RED, WHITE = (255, 0, 0), (255, 255, 255)


def colour_at(data: bytes, x: int = 20, y: int = 20) -> tuple[int, ...]:
    return tuple(int(v) for v in decode("picture", data).rgb[y, x])


def near(found: tuple[int, ...], wanted: tuple[int, ...], tolerance: int = 6) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(found, wanted, strict=True))


def palette_with_transparency() -> bytes:
    image = Image.new("P", (40, 40), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(1, (0, 0, 10, 10))
    return encoded(image, transparency=1)


def sixteen_bit_grey() -> bytes:
    return encoded(Image.fromarray(np.full((40, 40), 0x8000, dtype=np.uint16)))


def sideways(orientation: int) -> bytes:
    image = Image.new("RGB", (60, 40), WHITE)
    image.paste(RED, (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(image, "JPEG", quality=95, exif=exif)


def frames(file_format: str) -> bytes:
    first, second = Image.new("RGB", (40, 40), RED), Image.new("RGB", (40, 40), (0, 0, 255))
    options = {"lossless": True} if file_format == "WEBP" else {}
    return encoded(first, file_format, save_all=True, append_images=[second], duration=100, **options)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_claiming(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        pytest.param(encoded(Image.new("RGB", (40, 40), RED)), RED, id="rgb png"),
        pytest.param(encoded(Image.new("RGB", (40, 40), RED), "JPEG", quality=95), RED, id="rgb jpeg"),
        pytest.param(encoded(Image.new("RGB", (40, 40), RED), "WEBP", lossless=True), RED, id="webp"),
        pytest.param(encoded(Image.new("RGB", (40, 40), RED), "AVIF", quality=95), RED, id="avif"),
        pytest.param(encoded(Image.new("L", (40, 40), 100)), (100, 100, 100), id="grey"),
        pytest.param(encoded(Image.new("1", (40, 40), 1)), WHITE, id="one bit"),
        pytest.param(encoded(Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "JPEG", quality=95), RED, id="cmyk jpeg"),
        pytest.param(encoded(Image.new("LA", (40, 40), (0, 0))), WHITE, id="transparent grey on white"),
        pytest.param(encoded(Image.new("LA", (40, 40), (0, 128))), (127, 127, 127), id="half transparent grey"),
        pytest.param(encoded(Image.new("RGBA", (40, 40), (0, 0, 0, 0))), WHITE, id="transparent black on white"),
        pytest.param(encoded(Image.new("RGBA", (40, 40), (255, 0, 0, 128))), (255, 127, 127), id="half transparent"),
        pytest.param(encoded(Image.new("RGB", (40, 40), RED), transparency=RED), WHITE, id="rgb with a clear colour"),
        pytest.param(palette_with_transparency(), RED, id="palette"),
        pytest.param(sixteen_bit_grey(), (127, 127, 127), id="16 bit grey"),
    ],
)
def test_every_mode_gives_the_colours_that_a_person_sees(data: bytes, wanted: tuple[int, ...]) -> None:
    assert near(colour_at(data), wanted)


def test_the_clear_colour_of_a_palette_is_laid_on_white() -> None:
    assert colour_at(palette_with_transparency(), 5, 5) == WHITE


@pytest.mark.parametrize(
    ("orientation", "size", "corner"),
    [
        (1, (60, 40), (5, 5)),
        (2, (60, 40), (55, 5)),
        (3, (60, 40), (55, 35)),
        (4, (60, 40), (5, 35)),
        (5, (40, 60), (5, 5)),
        (6, (40, 60), (35, 5)),
        (7, (40, 60), (35, 55)),
        (8, (40, 60), (5, 55)),
    ],
)
def test_exif_orientation_is_applied(orientation: int, size: tuple[int, int], corner: tuple[int, int]) -> None:
    picture = decode("photo", sideways(orientation))
    assert picture.rgb.shape == (size[1], size[0], 3)
    assert near(colour_at(sideways(orientation), *corner), RED, 20)


def test_odd_exif_is_no_reason_to_refuse_the_pixels() -> None:
    data = encoded(Image.new("RGB", (40, 40), RED), "JPEG", quality=95, exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff broken")
    assert near(colour_at(data), RED)


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_read_and_the_rest_is_said_to_be_left_out(file_format: str) -> None:
    picture = decode("moving", frames(file_format))
    assert near(tuple(int(v) for v in picture.rgb[20, 20]), RED)
    assert picture.remarks == ("only the first frame of an animation was screened",)


def test_a_still_picture_has_no_remark() -> None:
    assert decode("still", encoded(draw(1, 1))).remarks == ()


@pytest.mark.timeout(5)
def test_the_frames_of_a_long_animation_are_not_counted() -> None:
    frame = b"\x21\xf9\x04\x00\x05\x00\x00\x00\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\x00"
    data = frames("GIF")[:-1] + frame * 800_000 + b";"
    assert decode("long", data).remarks


@pytest.mark.parametrize(
    ("data", "limits", "code"),
    [
        pytest.param(b"", None, "empty_file", id="empty"),
        pytest.param(b"\0" * 101, PictureLimits(max_bytes=100), "file_too_large", id="more bytes than allowed"),
        pytest.param(
            encoded(Image.new("RGB", (40, 40))),
            PictureLimits(max_pixels=1599),
            "too_many_pixels",
            id="one pixel too many",
        ),
        pytest.param(png_claiming(60_000, 60_000), None, "too_many_pixels", id="decompression bomb"),
        pytest.param(
            png_claiming(10_000, 10_000),
            PictureLimits(max_pixels=10**12),
            "too_many_pixels",
            id="bomb beyond a generous limit",
        ),
        pytest.param(encoded(Image.new("RGB", (15, 400))), None, "picture_too_small", id="too narrow"),
        pytest.param(encoded(Image.new("RGB", (1, 1))), None, "picture_too_small", id="one pixel"),
        pytest.param(encoded(draw(1, 1))[:3000], None, "picture_damaged", id="truncated png"),
        pytest.param(encoded(draw(1, 1), "JPEG")[:3000], None, "picture_damaged", id="truncated jpeg"),
        pytest.param(encoded(draw(1, 1), "WEBP")[:800], None, "picture_damaged", id="truncated webp"),
        pytest.param(png_claiming(40, 40), None, "picture_damaged", id="png without enough pixels"),
        pytest.param(b"these are only words", None, "not_a_picture", id="text"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", None, "not_a_picture", id="svg"),
        pytest.param(b"\x89PNG\r\n\x1a\n", None, "not_a_picture", id="a signature alone"),
        pytest.param(encoded(Image.new("RGB", (40, 40)), "BMP"), None, "not_a_picture", id="a format not accepted"),
        pytest.param(encoded(Image.new("RGB", (40, 40)), "TIFF"), None, "not_a_picture", id="tiff"),
    ],
)
def test_what_cannot_be_screened_is_refused_with_its_reason(
    data: bytes, limits: PictureLimits | None, code: str
) -> None:
    with pytest.raises(PictureError, match=r"upload\.png") as refused:
        decode("upload.png", data, limits)
    assert refused.value.code == code


def test_a_picture_of_exactly_the_allowed_size_is_read() -> None:
    data = encoded(Image.new("RGB", (40, 40)))
    assert decode("exact", data, PictureLimits(max_bytes=len(data), max_pixels=1600)).rgb.shape == (40, 40, 3)


@given(st.binary(max_size=300), st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]), st.integers(0, 4000))
def test_damage_anywhere_gives_a_picture_or_a_picture_error(noise: bytes, file_format: str, place: int) -> None:
    good = bytearray(encoded(draw(1, 1, (64, 64)), file_format))
    good[place % len(good) : place % len(good) + len(noise)] = noise
    code = ""
    try:
        decode("damaged", bytes(good))
    except PictureError as error:
        code = error.code
    assert code in {"", "picture_damaged", "not_a_picture", "too_many_pixels", "picture_too_small"}


def test_a_picture_saved_without_loss_in_two_formats_has_one_pixel_hash() -> None:
    png, webp = encoded(draw(2, 1)), encoded(draw(2, 1), "WEBP", lossless=True)
    assert decode("a", png).pixel_sha256 == decode("b", webp).pixel_sha256
    assert decode("a", png).byte_sha256 == hashlib.sha256(png).hexdigest() != decode("b", webp).byte_sha256


def test_the_same_pixels_in_another_shape_have_another_hash() -> None:
    wide, tall = Image.new("RGB", (60, 40), RED), Image.new("RGB", (40, 60), RED)
    assert decode("wide", encoded(wide)).pixel_sha256 != decode("tall", encoded(tall)).pixel_sha256


def test_hashes_are_computed_at_one_working_size() -> None:
    assert decode("any", encoded(draw(1, 1, (700, 100)))).working.shape == (WORKING_SIDE, WORKING_SIDE, 3)


@pytest.mark.parametrize(
    ("region", "corner", "size"),
    [
        pytest.param(Region(0.0, 0.0, 1.0, 1.0), (0, 0), (40, 20), id="all of it"),
        pytest.param(Region(0.25, 0.5, 0.75, 1.0), (10, 10), (20, 10), id="a part"),
        pytest.param(Region(0.51, 0.51, 0.512, 0.512), (20, 10), (1, 1), id="a point is one pixel"),
    ],
)
def test_a_picture_is_cut_to_a_region_and_keeps_its_name_and_file(
    region: Region, corner: tuple[int, int], size: tuple[int, int]
) -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (20, 40, 3), dtype=np.uint8)
    part = cut(Picture("upload", rgb, "0" * 64), region)
    (x, y), (width, height) = corner, size
    assert np.array_equal(part.rgb, rgb[y : y + height, x : x + width])
    assert part.rgb.flags.c_contiguous
    assert (part.name, part.byte_sha256) == ("upload", "0" * 64)


@given(st.integers(1, 60), st.integers(1, 60), st.tuples(*[st.floats(0, 0.95)] * 2), st.tuples(*[st.floats(0, 1)] * 2))
def test_what_is_cropped_is_a_part_of_the_picture_as_large_as_its_region(
    width: int, height: int, corner: tuple[float, float], size: tuple[float, float]
) -> None:
    x1, y1 = (min(1.0, start + length) for start, length in zip(corner, size, strict=True))
    rgb = np.zeros((height, width, 3), dtype=np.uint8)
    found = crop(rgb, Region(*corner, x1, y1)).shape[:2]
    wanted = ((y1 - corner[1]) * height, (x1 - corner[0]) * width)
    assert all(abs(got - want) <= 1.0 for got, want in zip(found, wanted, strict=True))
    assert found <= (height, width)
