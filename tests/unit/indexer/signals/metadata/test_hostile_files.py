"""Hostile and damaged files: nothing gets further than a problem, and what can be read is kept."""

from __future__ import annotations

import functools
import io
import struct
import time
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from indexer.signals.metadata.bounds import MAX_STRINGS, MAX_TEXT_BYTES
from indexer.signals.metadata.harvest import read_text
from indexer.signals.pixels.images import PictureLimits
from tests.fakes import encoded
from tests.unit.indexer.signals.metadata.files import (
    NO_PACKAGE,
    PROMPT,
    UTF8,
    chunk,
    codes,
    gif,
    hiding,
    jpeg,
    pillow_text,
    png,
    small,
    sub_blocks,
    texts,
    tiff,
    webp,
    with_pillow,
    xmp,
)


@functools.cache
def zip_bomb() -> bytes:
    return zlib.compress(b"a" * 60_000_000)


def gif_of_tiny_blocks() -> bytes:
    return gif(b"!\xfe" + b"\x01a" * 300_000 + b"\0")


def exif_of_overlapping_entries() -> bytes:
    text = b"x" * 60_000
    table = b"MM\0*" + struct.pack(">IH", 8, 2000)
    table += struct.pack(">HHII", 0x010E, 2, len(text), 10 + 12 * 2000 + 4) * 2000
    return table + bytes(4) + text


def exif_of_one_large_value() -> bytes:
    """Every entry claims the same 15 MiB."""
    text = b"\xff" * 15_000_000
    table = b"MM\0*" + struct.pack(">IH", 8, 2000)
    table += struct.pack(">HHII", 0x010E, 7, len(text), 10 + 12 * 2000 + 4) * 2000
    return table + bytes(4) + text


def photoshop_resources() -> bytes:
    return jpeg(*[(0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\0" * 5000)] * 300)


HOSTILE: list[tuple[str, Callable[[], bytes], str]] = [
    ("empty", lambda: b"", "empty_file"),
    ("no picture", lambda: b"hello", "not_a_picture"),
    ("bomb in zTXt", lambda: png(chunk(b"zTXt", b"a\0\0" + zip_bomb())), "text_too_long"),
    ("many bombs", lambda: png(*[chunk(b"zTXt", b"a\0\0" + zip_bomb())] * 20), "text_too_long"),
    ("bomb in iTXt", lambda: png(chunk(b"iTXt", b"a\0\1\0\0\0" + zip_bomb())), "text_too_long"),
    ("long text", lambda: png(chunk(b"tEXt", b"a\0" + b"x" * 5_000_000)), "text_too_long"),
    ("many texts", lambda: png(*[chunk(b"tEXt", b"a\0b")] * (MAX_STRINGS + 5)), "too_many_strings"),
    ("broken zlib", lambda: png(chunk(b"zTXt", b"a\0\0nonsense")), "compressed_text_malformed"),
    ("cut zlib", lambda: png(chunk(b"zTXt", b"a\0\0" + zlib.compress(UTF8)[:-8])), "compressed_text_malformed"),
    ("no separator", lambda: png(chunk(b"tEXt", UTF8)), "png_text_malformed"),
    ("endless keyword", lambda: png(chunk(b"tEXt", b"k" * 9_000 + b"\0x")), "png_text_malformed"),
    ("bad profile", lambda: png(chunk(b"tEXt", b"Raw profile type exif\0\nexif\n5\nxyz")), "png_text_malformed"),
    ("huge chunk length", lambda: png()[:-12] + b"\x7f\xff\xff\xfftEXta\0b", "container_truncated"),
    ("no end", lambda: png()[:-12], "container_truncated"),
    ("no chunk", lambda: png()[:-12] + b"\0\0\0\1....", "container_malformed"),
    ("rubbish behind the end", lambda: png(behind=b"\1\2\3\4 juno"), "data_after_end"),
    ("cut jpeg", lambda: jpeg((0xFE, UTF8))[:12], "container_truncated"),
    ("jpeg segment too long", lambda: b"\xff\xd8\xff\xfe\xff\xffjuno", "container_truncated"),
    ("webp chunk too long", lambda: webp()[:-1] + b"\0EXIF\xff\xff\xff\xffab", "container_truncated"),
    ("cut gif", lambda: gif(b"!\xfe" + sub_blocks(UTF8))[:-8], "container_truncated"),
    ("gif of other blocks", lambda: gif(b"?"), "container_malformed"),
    ("gif of tiny blocks", gif_of_tiny_blocks, "too_many_blocks"),
    ("damaged avif", lambda: encoded(small(), "AVIF")[:60], "container_malformed"),
    ("no tiff", lambda: png(chunk(b"eXIf", b"juno")), "exif_malformed"),
    ("exif out of bounds", lambda: png(chunk(b"eXIf", tiff((0x010E, 2, UTF8))[:-9])), "exif_malformed"),
    ("exif overlaps", lambda: png(chunk(b"eXIf", exif_of_overlapping_entries())), "exif_malformed"),
    ("exif of one value", lambda: png(chunk(b"eXIf", exif_of_one_large_value())), "exif_malformed"),
    ("many resources", photoshop_resources, "too_many_blocks"),
    ("many chains", lambda: gif(*[b"!\xfe" + b"\x01a" * 150_000 + b"\0"] * 50), "too_many_blocks"),
    ("short words", lambda: png(chunk(b"caBX", b"abcdefg\0" * 2_000_000)), "text_too_long"),
    ("many avif boxes", lambda: b"\0\0\0\x0cftypavif" + b"\0\0\0\x08free" * 200_000, "too_many_blocks"),
    ("exif beyond", lambda: png(chunk(b"eXIf", b"II*\0\xff\xff\xff\x7f")), "exif_malformed"),
    ("no xml", lambda: webp((b"XMP ", b"<a>juno")), "xmp_malformed"),
    ("deep xml", lambda: webp((b"XMP ", b"<a>" * 100_000)), "xmp_malformed"),
    ("long xml", lambda: webp((b"XMP ", xmp("x" * 1_100_000))), "xmp_malformed"),
    ("odd encoding", lambda: webp((b"XMP ", b'<?xml version="1.0" encoding="juno"?><a/>')), "xmp_malformed"),
    (
        "entity bomb",
        lambda: webp((b"XMP ", b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>')),
        "xmp_malformed",
    ),
    ("many xmp packets", lambda: webp(*[(b"XMP ", b"<a/>")] * 99), "too_many_blocks"),
    ("many exif blocks", lambda: png(*[chunk(b"eXIf", tiff((0x010E, 2, UTF8)))] * 99), "too_many_blocks"),
    ("many chunks", lambda: png(*[chunk(b"tEXt", b"a\0")] * 300_000), "too_many_blocks"),
    ("entity file", lambda: webp((b"XMP ", b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>')), "xmp_malformed"),
    ("cut pixels", lambda: encoded(Image.effect_noise((90, 90), 50).convert("RGB"))[:3000], "pixels_unreadable"),
    ("hidden length lies", lambda: hiding("stealth_pnginfo", "x", length=0xFFFFFFFF), "hidden_text_truncated"),
    ("hidden bomb", lambda: hiding("stealth_pngcomp", "a" * 9_000_000), "text_too_long"),
]


@pytest.mark.parametrize(("build", "code"), [pytest.param(b, c, id=name) for name, b, c in HOSTILE])
def test_hostile_input_gives_a_problem_in_bounded_time_and_text(build: Callable[[], bytes], code: str) -> None:
    data = build()
    started = time.process_time()
    found = read_text(data, manifests=NO_PACKAGE)
    assert code in codes(found)
    assert sum(len(string.text.encode()) for string in found.strings) <= MAX_TEXT_BYTES
    assert time.process_time() - started < 3


def test_what_stands_before_the_damage_is_kept() -> None:
    data = png(chunk(b"tEXt", b"a\0juno"), chunk(b"zTXt", b"b\0\0" + zlib.compress(UTF8 * 999)[:-8]))[:-20]
    assert [string.source for string in read_text(data).strings] == ["png:tEXt:a", "png:zTXt:b"]


def test_xml_that_is_refused_is_kept_as_text() -> None:
    assert texts(webp((b"XMP ", b"<a>juno")))["webp:xmp:packet"] == "<a>juno"


def test_controls_and_halves_of_surrogate_pairs_never_come_out() -> None:
    raw = "a\0b\x1b[31mc\x85d".encode("utf-16-be") + b"\xd8\x00\x00e"
    data = jpeg((0xE1, b"Exif\0\0" + tiff((0x9286, 7, b"UNICODE\0" + raw))))
    text = texts(data)["jpeg:exif:UserComment"]
    assert text == "a b [31mc d\ufffde"[: len(text)]
    text.encode()


def test_controls_in_a_keyword_never_reach_the_source() -> None:
    (string,) = read_text(png(chunk(b"tEXt", b"a\x1b]0;b\n\0c"))).strings
    assert string.source == "png:tEXt:a ]0;b"


def test_too_large_a_file_is_not_read() -> None:
    assert codes(read_text(png(chunk(b"tEXt", b"a\0b")), PictureLimits(max_bytes=20))) == {"file_too_large"}


def test_too_large_a_picture_is_not_decoded_for_hidden_text() -> None:
    found = read_text(hiding("stealth_pngcomp", PROMPT), PictureLimits(max_pixels=100))
    assert (found.strings, codes(found)) == ((), {"pixels_unreadable"})


HEADS = [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe1\0\x40Exif\0\0MM\0*", b"RIFF\0\0\0\0WEBPEXIF", b"GIF89a"]
HEADS += [png()[:-12], jpeg()[:-2], webp(), gif()[:-1], b"\0\0\0\x1cftypavif", tiff((0x010E, 2, UTF8))]


@given(st.sampled_from(HEADS), st.binary(max_size=400))
def test_no_bytes_make_it_raise(head: bytes, tail: bytes) -> None:
    found = read_text(head + tail)
    assert len(found.strings) <= MAX_STRINGS
    for string in found.strings:
        string.text.encode()


WHOLE = [
    pillow_text(),
    with_pillow("JPEG", 0x010F, PROMPT),
    webp((b"XMP ", xmp(f"<dc:title>{PROMPT}</dc:title>"))),
    gif(b"!\xfe" + sub_blocks(UTF8)),
    hiding("stealth_pngcomp", PROMPT),
]


@given(st.sampled_from(WHOLE), st.data())
def test_no_damage_makes_it_raise(whole: bytes, data: st.DataObject) -> None:
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    read_text(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))


def test_pictures_from_pillow_stay_readable_by_pillow() -> None:
    """The helpers above make real files."""
    for data in WHOLE:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
