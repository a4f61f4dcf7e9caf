"""Properties of files that are almost as they should be: built part by part, then damaged here and there."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import safetensors
from tests.fuzz.laws import check_lora, check_picture, check_text
from tests.fuzz.seeds import A1111, COMFYUI, FAMILIES, KOHYA, MODELSPEC, NOVELAI, WORKFLOW, header
from tests.unit.indexer.signals.metadata.files import chunk, gif, iptc, jpeg, png, sub_blocks, tiff, webp, xmp

PROMPT = "星环 moon marten"
Entries = list[tuple[str, Any]]
Damage = Callable[[Entries], object]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(PROMPT),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
LAYERS = st.sampled_from(["lora_unet_x", "lora_te1_y", "transformer.blocks.0.attn.to_q", "unet.é", "a" * 600])
KEYS = st.sampled_from([*KOHYA, *MODELSPEC]) | st.text(max_size=12)
VALUES = st.sampled_from([*KOHYA.values(), *MODELSPEC.values()]) | JSON.map(json.dumps) | st.text(max_size=20)


@st.composite
def headers(draw: st.DrawFn) -> dict[str, Any]:
    """Make a header whose tensors lie one after the other, with metadata as trainers write it."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in draw(st.lists(LAYERS, max_size=3, unique=True)):
        family = FAMILIES[draw(st.sampled_from(sorted(FAMILIES)))]
        shapes |= {f"{layer}.{role}": shape for role, shape in family.items()}
    metadata = draw(st.dictionaries(KEYS, VALUES, max_size=6))
    return header(shapes, metadata, draw(st.sampled_from(["F32", "F16", "BF16", "F8_E4M3"])))


def written(entries: Entries) -> str:
    """Write pairs as a JSON object, so that keys can repeat."""
    return "{" + ",".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in entries) + "}"


def body_of(entries: dict[str, Any]) -> bytes:
    ends = [int(entry["data_offsets"][1]) for name, entry in entries.items() if name != "__metadata__"]
    return b"\x3d" * max([0, *ends])


@st.composite
def damages(draw: st.DrawFn) -> Damage:
    """Make a fault in one entry: a field that is missing, another or repeated, or an entry that is."""
    place, field = draw(st.integers(0, 9)), draw(st.sampled_from(["dtype", "shape", "data_offsets"]))
    value, key = draw(JSON), draw(st.text(max_size=4))
    number = draw(st.integers(-(2**70), 2**70) | st.integers(-2, 9))

    def changed(change: Callable[[Any], Any]) -> Damage:
        def damage(entries: Entries) -> None:
            if entries:
                name, entry = entries[place % len(entries)]
                entries[place % len(entries)] = (name, change(entry))

        return damage

    faults: list[Damage] = [
        changed(lambda entry: {name: item for name, item in entry.items() if name != field}),
        changed(lambda entry: {**entry, field: value}),
        changed(lambda entry: {**entry, "data_offsets": [0, number]}),
        changed(lambda entry: {**entry, "shape": [number, 1]}),
        changed(lambda entry: {**entry, key: value}),
        changed(lambda _: value),
        lambda entries: entries.extend(entries[:1]),
        lambda entries: entries.append((key, value)),
        lambda entries: entries.append(("__metadata__", value)),
        lambda entries: entries.reverse(),
    ]
    return draw(st.sampled_from(faults))


@given(headers(), st.lists(damages(), min_size=1, max_size=3))
def test_an_almost_valid_lora_breaks_no_law(entries: dict[str, Any], faults: list[Damage]) -> None:
    damaged = list(entries.items())
    for fault in faults:
        try:
            fault(damaged)
        except (TypeError, AttributeError):
            # An earlier fault left nothing to be damaged there.
            continue
    check_lora(safetensors(written(damaged), body_of(entries)))


@given(headers(), st.sampled_from(["ss_output_name", "modelspec.title", "name", "unheard of"]))
def test_a_valid_lora_is_read_whole(entries: dict[str, Any], key: str) -> None:
    entries["__metadata__"][key] = PROMPT
    body = body_of(entries)
    file = check_lora(safetensors(entries, body))
    assert file is not None
    assert file.body_sha256 == hashlib.sha256(body).hexdigest()
    assert {name: list(shape) for name, shape in file.header.shapes.items()} == {
        name: entry["shape"] for name, entry in entries.items() if name != "__metadata__"
    }
    assert PROMPT in [item.text for item in file.header.texts]


TEXTS = st.sampled_from([A1111, *map(json.dumps, (COMFYUI, WORKFLOW, NOVELAI)), PROMPT]) | JSON.map(json.dumps)
RAW = (TEXTS | st.text(max_size=40)).map(str.encode) | st.binary(max_size=60)
KEYWORDS = st.sampled_from([b"parameters", b"prompt", b"workflow", b"Comment", b"XML:com.adobe.xmp", b"Dream"])
TAGS = st.sampled_from([0x010E, 0x010F, 0x9286, 0x9C9B, 0x02BC, 0x83BB]) | st.integers(0, 0xFFFF)
EXIF = st.builds(
    lambda entries, order, pointer: tiff(*entries, order=order, directory=pointer),
    st.lists(st.tuples(TAGS, st.sampled_from([1, 2, 3, 7, 129]), RAW), max_size=3),
    st.sampled_from("<>"),
    st.sampled_from([None, 0x8769, 0xA005]),
)
XMP = st.builds(
    lambda name, inner: xmp(f"<{name}>{inner}</{name}>"),
    st.sampled_from(["dc:title", "exif:UserComment", "rdf:li", "a:b"]),
    TEXTS | st.just("<rdf:Alt><rdf:li>moon</rdf:li></rdf:Alt>"),
)

PNG_CHUNKS = st.one_of(
    st.builds(lambda keyword, raw: chunk(b"tEXt", keyword + b"\0" + raw), KEYWORDS, RAW),
    st.builds(lambda keyword, raw: chunk(b"zTXt", keyword + b"\0\0" + zlib.compress(raw)), KEYWORDS, RAW),
    st.builds(lambda keyword, raw: chunk(b"iTXt", keyword + b"\0\0\0\0\0" + raw), KEYWORDS, RAW | XMP),
    st.builds(lambda keyword, raw: chunk(b"iTXt", keyword + b"\0\1\0\0\0" + zlib.compress(raw)), KEYWORDS, RAW),
    EXIF.map(lambda block: chunk(b"eXIf", block)),
    RAW.map(lambda raw: chunk(b"caBX", raw)),
)
JPEG_SEGMENTS = st.one_of(
    EXIF.map(lambda block: (0xE1, b"Exif\0\0" + block)),
    XMP.map(lambda packet: (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)),
    st.builds(
        lambda number, text: (0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", 99) + iptc(number, text)),
        st.integers(0, 255),
        TEXTS,
    ),
    RAW.map(lambda raw: (0xFE, raw)),
    RAW.map(lambda raw: (0xEB, b"JP\0\1\0\0\0\1" + raw)),
)
WEBP_CHUNKS = st.one_of(
    EXIF.map(lambda block: (b"EXIF", block)),
    XMP.map(lambda packet: (b"XMP ", packet)),
    RAW.map(lambda raw: (b"C2PA", raw)),
)
GIF_BLOCKS = st.one_of(
    RAW.map(lambda raw: b"!\xfe" + sub_blocks(raw)),
    XMP.map(lambda packet: b"!\xff\x0bXMP DataXMP" + packet + bytes((1, *range(255, -1, -1))) + b"\0"),
)


def pictures(build: Callable[..., bytes], parts: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    return st.lists(parts, max_size=4).map(lambda chosen: build(*chosen))


ANY_PICTURE = st.one_of(
    pictures(png, PNG_CHUNKS), pictures(jpeg, JPEG_SEGMENTS), pictures(webp, WEBP_CHUNKS), pictures(gif, GIF_BLOCKS)
)


@given(
    ANY_PICTURE,
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 9), st.binary(max_size=4)), min_size=1, max_size=4),
)
def test_an_almost_valid_picture_breaks_no_law(data: bytes, faults: list[tuple[int, int, bytes]]) -> None:
    for place, removed, added in faults:
        at = place % len(data)
        data = data[:at] + added + data[at + removed :] or b"\0"
    check_picture(data)


@given(st.lists(PNG_CHUNKS, max_size=3), st.lists(PNG_CHUNKS, max_size=3), KEYWORDS)
def test_a_text_in_a_png_is_found_whatever_stands_about_it(before: list[bytes], after: list[bytes], key: bytes) -> None:
    assert PROMPT in check_picture(png(*before, chunk(b"tEXt", key + b"\0" + PROMPT.encode()), *after))


@given(st.lists(JPEG_SEGMENTS, max_size=3), st.lists(JPEG_SEGMENTS, max_size=3))
def test_a_comment_in_a_jpeg_is_found_whatever_stands_about_it(before: list[Any], after: list[Any]) -> None:
    assert PROMPT in check_picture(jpeg(*before, (0xFE, PROMPT.encode()), *after))


@given(st.lists(WEBP_CHUNKS, max_size=3), st.lists(WEBP_CHUNKS, max_size=3))
def test_a_description_in_a_webp_is_found_whatever_stands_about_it(before: list[Any], after: list[Any]) -> None:
    described = (b"EXIF", tiff((0x010E, 2, PROMPT.encode())))
    assert PROMPT in check_picture(webp(*before, described, *after))


NAME_PIECES = [
    "Moon",
    "Marten",
    "moonmarten",
    "m00n",
    "月",
    "ツキテン",
    "\u200b",
    "\u0335",
    "\ud800",
    "\uffff",
    "\ufdfa",
]
MARKUP = [
    "<b>",
    "</b>",
    "<p ",
    "<!--",
    "&#109;",
    "&shy;",
    "&",
    " ",
    ".",
    "-",
    "_",
    "not ",
    " style",
    "v2",
    "1",
    "I",
    "$",
]


@given(
    st.lists(st.sampled_from([*NAME_PIECES, *MARKUP]) | st.text(st.characters(), max_size=3), max_size=60).map("".join)
)
def test_a_text_of_disguises_breaks_no_law(text: str) -> None:
    check_text(text)
