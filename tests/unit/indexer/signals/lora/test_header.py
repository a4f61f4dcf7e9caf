"""LoRA headers: what is malformed is refused whatever it says, every string is harvested, nothing is ever unpickled."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from safetensors.numpy import save

from indexer.errors import LoraError
from indexer.signals.lora.header import (
    MAX_HEADER_BYTES,
    MAX_METADATA_KEYS,
    MAX_NESTING,
    MAX_TENSORS,
    LoraFile,
    read_lora,
)
from indexer.signals.metadata.bounds import MAX_SOURCE
from tests.fakes import safetensors

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
TELLING = (
    "ss_tag_frequency",
    "ss_dataset_dirs",
    "ss_datasets",
    "ssmd_cover_images",
    "modelspec.thumbnail",
    "ot_config",
)
PIECES = (b"", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"null", b"NaN", b"-1", b"\\ud800", b"\xff", b"9" * 30)
REALISTIC = json.dumps(
    {
        "__metadata__": {
            "ss_output_name": "moon_marten_v2",
            "ss_tag_frequency": json.dumps({"10_moon marten": {"silver fur": 12, "1girl": 3}}),
            "ss_dataset_dirs": json.dumps({"10_moon marten": {"n_repeats": 10, "img_count": 12}}),
            "ss_datasets": json.dumps([{"subsets": [{"image_dir": "10_moon marten", "img_count": 12}]}]),
            "modelspec.thumbnail": "data:image/png;base64,iVBORw0KGgo=",
            "ssmd_cover_images": json.dumps(["iVBORw0KGgo="]),
            "sshs_model_hash": "ab" * 32,
        },
        "a": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]},
    }
).encode()


def read(data: bytes, *, header_only: bool = False) -> LoraFile:
    return read_lora(io.BytesIO(data), len(data), header_only=header_only)


def outcome(data: bytes, *, header_only: bool = False) -> str:
    """Return the code of the LoraError that reading raises, or nothing; any other error passes through."""
    try:
        read(data, header_only=header_only)
    except LoraError as error:
        return error.code
    return ""


def tensor(start: int = 0, end: int = 4, shape: Any = (1,)) -> dict[str, Any]:
    return {"dtype": "F32", "shape": list(shape), "data_offsets": [start, end]}


def texts(file: LoraFile) -> set[tuple[str, str]]:
    return {(item.path, item.text) for item in file.header.texts}


def with_metadata(metadata: str) -> bytes:
    return safetensors('{"__metadata__":' + metadata + "}")


def test_a_file_of_the_public_writer_is_read_whole() -> None:
    tensors = {"lora_up.weight": np.ones((4, 2), np.float32), "alpha": np.float16([3])}
    data = save(tensors, metadata={"ss_output_name": "moon marten", "ss_tag": "x"})
    file = read(data)
    assert file.header.shapes == {"lora_up.weight": (4, 2), "alpha": (1,)}
    assert {("ss_output_name", "moon marten"), ("ss_output_name", "ss_output_name"), ("ss_tag", "x")} <= texts(file)
    assert file.sha256 == hashlib.sha256(data).hexdigest()
    assert file.body_sha256 == hashlib.sha256(data[8 + file.header.header_bytes :]).hexdigest()


def test_the_body_hash_is_the_same_under_another_header() -> None:
    tensors = {"a": np.arange(6, dtype=np.float32)}
    first, second = read(save(tensors, metadata={"a": "b"})), read(save(tensors, metadata={"a": "something else"}))
    assert first.sha256 != second.sha256
    assert first.body_sha256 == second.body_sha256


def test_a_header_alone_gives_texts_and_shapes_but_no_hash() -> None:
    data = save({"a": np.ones(1000, np.float32)}, metadata={"name": "moon"})
    header = data[: 8 + int.from_bytes(data[:8], "little")]
    file = read_lora(io.BytesIO(header), len(header), header_only=True)
    assert ("name", "moon") in texts(file)
    assert file.header.shapes == {"a": (1000,)}
    assert (file.sha256, file.body_sha256) == (None, None)


def test_every_duplicate_of_a_metadata_key_is_harvested() -> None:
    data = safetensors('{"__metadata__":{"n":"first","n":"second"},"__metadata__":{"n":"third","m":"fourth"}}')
    assert {("n", "first"), ("n", "second"), ("n", "third"), ("m", "fourth")} <= texts(read(data))


@pytest.mark.parametrize("metadata", ["null", "{}"])
def test_metadata_that_says_nothing_is_no_fault(metadata: str) -> None:
    header = read(with_metadata(metadata)).header
    assert (header.texts, header.trainer, header.pictures, header.hashes, header.problems) == ((), None, (), (), ())


def test_values_that_the_format_does_not_allow_are_harvested_all_the_same() -> None:
    data = with_metadata('{"a":{"b":["moon marten",{"c":"owl"}]},"n":1,"t":true,"z":null}')
    assert {("a.b[0]", "moon marten"), ("a.b[1].c", "owl"), ("n", "n")} <= texts(read(data))


def test_escapes_cannot_spell_text_that_no_database_can_hold() -> None:
    data = safetensors(
        '{"__metadata__":{"k\\ud800":"a\\udfffb","j":"[\\"\\\\ud800\\"]"},"t\\ud801":' + json.dumps(tensor(0, 0)) + "}"
    )
    file = read(data)
    for item in (*file.header.texts, *file.header.shapes):
        str(item).encode()
        (item if isinstance(item, str) else item.path + item.text).encode()


def test_whole_surrogate_pairs_are_kept() -> None:
    assert ("n", "\U0001f319") in texts(read(safetensors('{"__metadata__":{"n":"\\ud83c\\udf19"}}')))


@pytest.mark.parametrize("length", [128, 384, 19_280, 0x80 + 65_536 * 3, 0x4B50 + 65_536])
def test_a_header_length_that_begins_like_a_pickle_or_zip_is_still_a_length(length: int) -> None:
    assert read(safetensors("{}".ljust(length))).header.header_bytes == length


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"", "unsupported_format", id="empty"),
        pytest.param(b"\x02\0\0", "unsupported_format", id="shorter than its length field"),
        pytest.param(bytes(8), "unsupported_format", id="no header"),
        pytest.param(b"PK\x03\x04" + bytes(60), "unsupported_format", id="zip of version zero"),
        pytest.param(b"PK\x03\x04\x14\0\0\0\x08\0" + bytes(60), "unsupported_format", id="zip"),
        pytest.param(b"\x80\x02}q\x00(X\x05\x00\x00\x00hello.", "unsupported_format", id="pickle of protocol 2"),
        pytest.param(b"\x80\x04\x95\x0c\0\0\0\0\0\0\0}\x94.....", "unsupported_format", id="pickle of protocol 4"),
        pytest.param(b"GGUF\x03\0\0\0" + bytes(60), "unsupported_format", id="gguf"),
        pytest.param(safetensors("[1,2]"), "unsupported_format", id="header is a list"),
        pytest.param(safetensors(' {"a":1}'), "unsupported_format", id="header begins with a space"),
        pytest.param((MAX_HEADER_BYTES + 1).to_bytes(8, "little") + b"{}", "header_too_large", id="a byte too long"),
        pytest.param(b"\xff" * 8 + b"{}", "unsupported_format", id="length bomb"),
        pytest.param((100).to_bytes(8, "little") + b"{}", "lora_malformed", id="length beyond the file"),
        pytest.param(safetensors(b'{"a":"\xff"}'), "lora_malformed", id="not utf-8"),
        pytest.param(safetensors('{"a":'), "lora_malformed", id="json ends early"),
        pytest.param(safetensors("{} {}"), "lora_malformed", id="json twice"),
        pytest.param(safetensors("{'a':1}"), "lora_malformed", id="not json"),
        pytest.param(safetensors('{"a":' + "[" * (MAX_NESTING + 1)), "lora_malformed", id="deep nesting"),
        pytest.param(safetensors('{"a":' * 100_000), "lora_malformed", id="very deep nesting"),
        pytest.param(safetensors('{"a":NaN}'), "lora_malformed", id="NaN"),
        pytest.param(safetensors('{"a":-Infinity}'), "lora_malformed", id="infinity"),
        pytest.param(safetensors('{"a":' + "9" * 5000 + "}"), "lora_malformed", id="5000 digits"),
        pytest.param(
            safetensors('{"a":{"shape":[' + "9" * 20 + '],"data_offsets":[0,0]}}'), "lora_malformed", id="20 digits"
        ),
        pytest.param(
            safetensors('{"a":{"shape":[1],"data_offsets":[0,4]},"a":{"shape":[1],"data_offsets":[4,8]}}', bytes(8)),
            "lora_malformed",
            id="one name twice",
        ),
        pytest.param(safetensors({"a": tensor(0, 4), "b": tensor(8, 12)}, bytes(12)), "lora_malformed", id="hole"),
        pytest.param(safetensors({"a": tensor(4, 8)}, bytes(8)), "lora_malformed", id="hole at the beginning"),
        pytest.param(safetensors({"a": tensor(0, 4), "b": tensor(2, 6)}, bytes(6)), "lora_malformed", id="overlap"),
        pytest.param(
            safetensors({"a": tensor(0, 4), "b": tensor(0, 4)}, bytes(4)), "lora_malformed", id="shared bytes"
        ),
        pytest.param(safetensors({"a": tensor(0, 4)}, bytes(5)), "lora_malformed", id="trailing byte"),
        pytest.param(safetensors({}, bytes(5)), "lora_malformed", id="body without tensors"),
        pytest.param(safetensors({"a": tensor(0, 4)}, bytes(3)), "lora_malformed", id="body too short"),
        pytest.param(safetensors({"a": tensor(4, 0)}), "lora_malformed", id="offsets the wrong way round"),
        pytest.param(safetensors({"a": tensor(-4, 0)}), "lora_malformed", id="negative offset"),
        pytest.param(safetensors({"a": tensor(shape=[-1])}, bytes(4)), "lora_malformed", id="negative shape"),
        pytest.param(safetensors({"a": tensor(shape=[1.0])}, bytes(4)), "lora_malformed", id="fractional shape"),
        pytest.param(safetensors({"a": tensor(shape=[True])}, bytes(4)), "lora_malformed", id="shape of truths"),
        pytest.param(safetensors({"a": tensor(shape=["1"])}, bytes(4)), "lora_malformed", id="shape of texts"),
        pytest.param(safetensors({"a": {"shape": [1]}}), "lora_malformed", id="no offsets"),
        pytest.param(safetensors({"a": {"data_offsets": [0, 0]}}), "lora_malformed", id="no shape"),
        pytest.param(safetensors({"a": {**tensor(), "data_offsets": [0]}}), "lora_malformed", id="one offset"),
        pytest.param(safetensors({"a": {**tensor(), "data_offsets": 4}}), "lora_malformed", id="offset not a pair"),
        pytest.param(
            safetensors({"a": [["shape", [1]], ["data_offsets", [0, 0]]]}),
            "lora_malformed",
            id="entry is a list of pairs",
        ),
        pytest.param(safetensors({"a": None}), "lora_malformed", id="entry is null"),
        pytest.param(safetensors({"a": "text"}), "lora_malformed", id="entry is a text"),
        pytest.param(with_metadata("[1]"), "lora_malformed", id="metadata is a list of numbers"),
        pytest.param(with_metadata('["ab"]'), "lora_malformed", id="metadata is a list of texts"),
        pytest.param(with_metadata('"text"'), "lora_malformed", id="metadata is a text"),
        pytest.param(
            safetensors({str(n): tensor(0, 0, [0]) for n in range(MAX_TENSORS + 1)}),
            "lora_malformed",
            id="many tensors",
        ),
        pytest.param(
            with_metadata(json.dumps({str(n): "" for n in range(MAX_METADATA_KEYS + 1)})),
            "lora_malformed",
            id="many keys",
        ),
    ],
)
def test_a_malformed_file_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(LoraError) as refused:
        read(data)
    assert refused.value.code == code


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "filling", ['"' + "x" * 15_000_000 + '"', "1" * 15_000_000 + ".5", '"' + '\\"' * 7_000_000 + '"']
)
def test_the_largest_header_takes_seconds_whatever_fills_it(filling: str) -> None:
    with pytest.raises(LoraError):
        read(safetensors('{"a":' + filling + "}"))


@given(st.binary(max_size=400), st.booleans())
@example(with_metadata("[[]]"), False)
def test_arbitrary_bytes_give_a_lora_or_a_lora_error(data: bytes, header_only: bool) -> None:  # noqa: FBT001 (drawn)
    assert outcome(data, header_only=header_only) in {"", "unsupported_format", "header_too_large", "lora_malformed"}


@given(st.binary(max_size=300))
def test_arbitrary_headers_give_a_lora_or_a_lora_error(raw: bytes) -> None:
    assert outcome(safetensors(b"{ " + raw)) in {"", "lora_malformed"}


@given(st.dictionaries(st.sampled_from(["__metadata__", "a", "b"]), JSON), st.binary(max_size=8))
def test_arbitrary_json_gives_a_lora_or_a_lora_error(header: dict[str, Any], body: bytes) -> None:
    assert outcome(safetensors(json.dumps(header), body)) in {"", "lora_malformed"}


@given(
    st.dictionaries(st.text(min_size=1), st.lists(st.integers(0, 3), max_size=3), min_size=1, max_size=6),
    st.dictionaries(st.text(st.characters(categories=["L", "N", "P"]), min_size=1), st.text(), max_size=6),
)
def test_whatever_the_public_writer_writes_is_read(shapes: dict[str, list[int]], metadata: dict[str, str]) -> None:
    shapes.pop("__metadata__", None)
    file = read(save({name: np.zeros(shape, np.float32) for name, shape in shapes.items()}, metadata=metadata))
    assert file.header.shapes == {name: tuple(shape) for name, shape in shapes.items()}
    assert {item.text for item in file.header.texts if item.role == "key"} == set(metadata) - {"None", "null"}


@given(st.data())
def test_a_header_changed_anywhere_gives_a_lora_or_a_lora_error(data: st.DataObject) -> None:
    raw = bytearray(REALISTIC)
    for _ in range(data.draw(st.integers(1, 6))):
        at, until = sorted(data.draw(st.integers(0, len(raw))) for _ in range(2))
        raw[at : min(until, at + 12)] = data.draw(st.sampled_from(PIECES))
    assert outcome(safetensors(bytes(raw))) in {"", "lora_malformed", "unsupported_format"}


@given(st.recursive(JSON, lambda inner: st.builds(json.dumps, inner), max_leaves=6), st.sampled_from(TELLING))
def test_whatever_stands_under_a_telling_key_is_read(value: Any, key: str) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    header = read(with_metadata(json.dumps({key: text, "ss_dataset_dirs": text}))).header
    for item in header.texts:
        item.text.encode()
        assert len(item.path) <= MAX_SOURCE
        assert item.share is None or 0 <= item.share <= 1
