"""Metadata: every string of every container is found, in whatever encoding the tools write."""

from __future__ import annotations

import struct
import zlib

import pytest

from indexer.signals.metadata.bounds import Bounds, decode_text, decode_utf16
from indexer.signals.metadata.harvest import PictureText, read_text
from tests.fakes import encoded
from tests.unit.indexer.signals.metadata.files import (
    BIG,
    HEX_EXIF,
    LITTLE,
    PROMPT,
    UTF8,
    chunk,
    gif,
    hiding,
    iptc,
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


@pytest.mark.parametrize(
    ("data", "source"),
    [
        pytest.param(png(chunk(b"tEXt", b"parameters\0" + UTF8)), "png:tEXt:parameters", id="utf-8 in tEXt"),
        pytest.param(png(chunk(b"zTXt", b"a\0\0" + zlib.compress(UTF8))), "png:zTXt:a", id="zTXt"),
        pytest.param(png(chunk(b"iTXt", b"a\0\0\0zh\0b\0" + UTF8)), "png:iTXt:a", id="iTXt"),
        pytest.param(png(chunk(b"iTXt", b"a\0\0\0zh\0" + UTF8 + b"\0x")), "png:iTXt:a:keyword", id="iTXt's keyword"),
        pytest.param(pillow_text(), "png:iTXt:parameters", id="compressed iTXt before the pixels"),
        pytest.param(png(behind=chunk(b"tEXt", b"a\0" + UTF8)), "png:tEXt:a", id="behind the end"),
        pytest.param(png(chunk(b"eXIf", tiff((0x010E, 2, UTF8)))), "png:exif:ImageDescription", id="eXIf"),
        pytest.param(
            png(chunk(b"tEXt", f"Raw profile type exif\0\nexif\n  99\n{HEX_EXIF}\n".encode())),
            "png:exif:ImageDescription",
            id="hexadecimal profile",
        ),
        pytest.param(
            png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(f"<dc:title>{PROMPT}</dc:title>"))),
            "png:xmp:dc:title",
            id="xmp in png",
        ),
        pytest.param(jpeg((0xFE, UTF8)), "jpeg:comment", id="jpeg comment"),
        pytest.param(jpeg((0xFE, LITTLE)), "jpeg:comment", id="utf-16 comment"),
        pytest.param(with_pillow("JPEG", 0x010F, PROMPT), "jpeg:exif:Make", id="Make by Pillow"),
        pytest.param(with_pillow("WEBP", 0x0110, PROMPT), "webp:exif:Model", id="Model in webp"),
        pytest.param(with_pillow("AVIF", 0x013B, PROMPT), "avif:exif:Artist", id="Artist in avif"),
        pytest.param(
            jpeg((0xE1, b"Exif\0\0" + tiff((0x9C9E, 1, LITTLE + b"\0\0")))), "jpeg:exif:XPKeywords", id="XPKeywords"
        ),
        pytest.param(
            jpeg((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(f'<rdf:li exif:UserComment="{PROMPT}"/>'))),
            "jpeg:xmp:exif:UserComment",
            id="xmp attribute",
        ),
        pytest.param(
            jpeg((0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", 99) + iptc(120, PROMPT))),
            "jpeg:iptc:caption",
            id="iptc",
        ),
        pytest.param(webp((b"XMP ", xmp(f"<dc:title>{PROMPT}</dc:title>"))), "webp:xmp:dc:title", id="xmp in webp"),
        pytest.param(gif(b"!\xfe" + sub_blocks(UTF8)), "gif:comment", id="gif comment"),
        pytest.param(
            gif(
                b"!\xff\x0bXMP DataXMP"
                + xmp(f"<dc:title>{PROMPT}</dc:title>")
                + bytes((1, *range(255, -1, -1)))
                + b"\0"
            ),
            "gif:xmp:dc:title",
            id="xmp in gif",
        ),
        pytest.param(hiding("stealth_pnginfo", PROMPT), "png:alpha:stealth_pnginfo", id="hidden in alpha"),
        pytest.param(hiding("stealth_pngcomp", PROMPT), "png:alpha:stealth_pngcomp", id="compressed in alpha"),
        pytest.param(hiding("stealth_rgbinfo", PROMPT, mode="RGB"), "png:rgb:stealth_rgbinfo", id="hidden in colours"),
        pytest.param(hiding("stealth_rgbcomp", PROMPT), "png:rgb:stealth_rgbcomp", id="colours beside alpha"),
        pytest.param(
            hiding("stealth_pngcomp", PROMPT, file_format="WEBP"), "webp:alpha:stealth_pngcomp", id="hidden in webp"
        ),
    ],
)
def test_every_place_of_every_container_gives_its_text_and_no_problem(data: bytes, source: str) -> None:
    found = read_text(data)
    assert (source, PROMPT) in [(string.source, string.text) for string in found.strings]
    assert found.problems == ()


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"UNICODE\0" + BIG, id="big-endian"),
        pytest.param(b"UNICODE\0" + LITTLE, id="little-endian"),
        pytest.param(b"UNICODE\0" + UTF8, id="utf-8 called utf-16"),
        pytest.param(b"UNICODE\0\xff\xfe" + LITTLE, id="with a byte order mark"),
        pytest.param(b"ASCII\0\0\0" + UTF8, id="ascii"),
        pytest.param(bytes(8) + UTF8, id="undeclared"),
        pytest.param(UTF8, id="no declaration at all"),
    ],
)
def test_a_user_comment_is_read_in_whatever_encoding_the_tools_write(value: bytes, order: str) -> None:
    data = jpeg((0xE1, b"Exif\0\0" + tiff((0x9286, 7, value), order=order, directory=0x8769)))
    assert texts(data)["jpeg:exif:UserComment"] == PROMPT


@pytest.mark.parametrize("encoding", ["utf-16-be", "utf-16-le"])
def test_utf16_without_any_western_letter_is_told_by_its_looks(encoding: str) -> None:
    assert decode_utf16("银河初音未来的旅行者".encode(encoding), "big") == "银河初音未来的旅行者"


def test_a_few_zeros_do_not_make_utf16() -> None:
    assert decode_text(b"somebody\0somebody else\0") == "somebody\0somebody else\0"


def test_an_exif_block_that_goes_on_in_a_second_segment_is_joined() -> None:
    long = "juno " * 20_000
    block = tiff((0x010E, 2, long.encode()))
    data = jpeg((0xE1, b"Exif\0\0" + block[:60_000]), (0xE1, b"Exif\0\0" + block[60_000:]))
    assert texts(data)["jpeg:exif:ImageDescription"] == long.strip()


def test_extended_xmp_is_joined_in_the_order_of_its_offsets() -> None:
    packet = xmp(f"<dc:title>{PROMPT}</dc:title>")
    head = b"http://ns.adobe.com/xmp/extension/\0" + b"G" * 32 + struct.pack(">I", len(packet))
    parts = [(0xE1, head + struct.pack(">I", at) + packet[at : at + 90]) for at in range(0, len(packet), 90)]
    assert texts(jpeg(*reversed(parts)))["jpeg:xmp:dc:title"] == PROMPT


def test_words_of_a_signed_manifest_are_found() -> None:
    data = png(chunk(b"caBX", b"\0\x01jumb\xff" + "a heron named 星环".encode() + b"\x02\x03"))
    assert "a heron named 星环" in texts(data)["png:c2pa"]


def test_a_signed_manifest_without_words_is_still_seen() -> None:
    assert texts(png(chunk(b"caBX", b"\0\1\2")))["png:c2pa"] == "C2PA"


def test_boxes_that_others_use_as_well_are_no_signed_manifest() -> None:
    data = jpeg((0xEB, b"JP" + bytes(6) + b"a sphere around the heron"))
    assert texts(data) == {"jpeg:jumbf": "a sphere around the heron"}


@pytest.mark.parametrize(
    ("inner", "source"),
    [
        (f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{PROMPT}</rdf:li></rdf:Alt></dc:title>', "dc:title"),
        (f'<dc:source rdf:resource="{PROMPT}"/>', "dc:source"),
        (f'<odd xmlns="urn:odd">{PROMPT}</odd>', "odd"),
    ],
)
def test_xmp_text_is_named_by_its_nearest_property(inner: str, source: str) -> None:
    assert texts(webp((b"XMP ", xmp(inner)))) == {f"webp:xmp:{source}": PROMPT}


def test_where_a_picture_was_taken_is_not_read() -> None:
    data = jpeg((0xE1, b"Exif\0\0" + tiff((0x001B, 2, b"at home, upstairs\0"), directory=0x8825)))
    assert read_text(data).strings == ()


def test_a_repeated_keyword_hides_nothing() -> None:
    data = png(chunk(b"tEXt", b"a\0first"), chunk(b"tEXt", b"a\0second"))
    assert [string.text for string in read_text(data).strings] == ["first", "second"]


def test_pixels_are_left_alone_when_hidden_text_is_not_asked_for() -> None:
    assert read_text(hiding("stealth_pngcomp", PROMPT), hidden=False).strings == ()


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_a_picture_without_metadata_gives_no_string_and_no_problem(file_format: str) -> None:
    assert read_text(encoded(small(), file_format)) == PictureText((), ())


def test_bounds_cut_within_a_character_without_breaking_it() -> None:
    assert Bounds(max_bytes=4).cut("星环", "a") == "星"
