"""Metadata: every string of every container is found, and nothing hostile gets further than a problem."""

from __future__ import annotations

import functools
import gzip
import io
import struct
import time
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from indexer.signals.metadata.bounds import MAX_STRINGS, MAX_TEXT_BYTES, Bounds, decode_text, decode_utf16
from indexer.signals.metadata.harvest import PictureText, read_text
from indexer.signals.pixels.images import PictureLimits
from tests.fakes import encoded

PROMPT = "星环 juno, the clockwork heron"
XMP_HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:exif="http://ns.adobe.com/exif/1.0/">'
)
XMP_TAIL = "</rdf:Description></rdf:RDF></x:xmpmeta>"


def small(mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (32, 32))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*chunks: bytes, behind: bytes = b"") -> bytes:
    """A picture with chunks between its pixels and its end."""
    plain = encoded(small())
    return plain[:-12] + b"".join(chunks) + plain[-12:] + behind


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    plain = encoded(small(), "JPEG")
    return plain[:2] + b"".join(segment(mark, body) for mark, body in segments) + plain[2:]


def segment(mark: int, body: bytes) -> bytes:
    return bytes((0xFF, mark)) + struct.pack(">H", len(body) + 2) + body


def tiff(*entries: tuple[int, int, bytes], order: str = ">", directory: int | None = None) -> bytes:
    """An EXIF block; entries are tag, type and bytes, in the main directory or in the one a pointer leads to."""
    head = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(f"{order}I", 8)
    start = 8
    if directory is not None:
        head += struct.pack(f"{order}HHHIII", 1, directory, 4, 1, 26, 0)
        start = 26
    table, values = struct.pack(f"{order}H", len(entries)), b""
    room = start + 2 + 12 * len(entries) + 4
    for tag, kind, value in entries:
        place = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(f"{order}I", room + len(values))
        table += struct.pack(f"{order}HHI", tag, kind, len(value)) + place
        values += value if len(value) > 4 else b""
    return head + table + bytes(4) + values


def xmp(inner: str) -> bytes:
    return (XMP_HEAD + inner + XMP_TAIL).encode()


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = encoded(small(), "WEBP", lossless=True)[12:]
    for name, data in chunks:
        body += name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def gif(*extensions: bytes) -> bytes:
    plain = encoded(small("P"), "GIF")
    return plain[:-1] + b"".join(extensions) + plain[-1:]


def sub_blocks(data: bytes) -> bytes:
    return b"".join(bytes((len(data[i : i + 255]),)) + data[i : i + 255] for i in range(0, len(data), 255)) + b"\0"


def iptc(dataset: int, text: str) -> bytes:
    raw = text.encode()
    return b"\x1c\x02" + bytes((dataset,)) + struct.pack(">H", len(raw)) + raw


def hiding(
    signature: str, text: str, *, mode: str = "RGBA", length: int | None = None, file_format: str = "PNG"
) -> bytes:
    """A picture that carries a text in its lowest bits, column by column."""
    body = gzip.compress(text.encode()) if signature.endswith("comp") else text.encode()
    head = signature.encode() + struct.pack(">I", 8 * len(body) if length is None else length)
    bits = np.unpackbits(np.frombuffer(head + body, dtype=np.uint8))
    channels = 1 if signature.startswith("stealth_png") else 3
    height, width = 40, -(-len(bits) // (40 * channels)) + 3
    values = np.zeros(height * width * channels, dtype=np.uint8)
    values[: len(bits)] = bits
    columns = values.reshape(width, height, channels).swapaxes(0, 1)
    pixels = np.full((height, width, len(mode)), 254, dtype=np.uint8)
    pixels[..., 3:4] |= columns if channels == 1 else 0
    pixels[..., :3] |= columns if channels == 3 else 0
    options = {"lossless": True, "exact": True} if file_format == "WEBP" else {}
    return encoded(Image.fromarray(pixels), file_format, **options)


def with_pillow(file_format: str, tag: int, value: str) -> bytes:
    return encoded(small(), file_format, exif=b"Exif\0\0" + tiff((tag, 2, value.encode() + b"\0")))


def texts(data: bytes) -> dict[str, str]:
    return {string.source: string.text for string in read_text(data).strings}


def codes(found: PictureText) -> set[str]:
    return {problem.code for problem in found.problems}


def pillow_text() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("parameters", PROMPT, zip=True)
    return encoded(small(), pnginfo=info)


UTF8 = PROMPT.encode()
BIG, LITTLE = PROMPT.encode("utf-16-be"), PROMPT.encode("utf-16-le")
HEX_EXIF = (b"Exif\0\0" + tiff((0x010E, 2, UTF8 + b"\0"))).hex()


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
    found = read_text(data)
    assert code in codes(found)
    assert sum(len(string.text.encode()) for string in found.strings) <= MAX_TEXT_BYTES
    assert time.process_time() - started < 5


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


def test_bounds_cut_within_a_character_without_breaking_it() -> None:
    assert Bounds(max_bytes=4).cut("星环", "a") == "星"


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
