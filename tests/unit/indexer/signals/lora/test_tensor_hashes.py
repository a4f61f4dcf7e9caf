"""Hashes of tensors: names, order and metadata do not matter; decoys, alphas and claimed hashes count for little."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import LoraError
from indexer.signals.lora.header import read_lora
from indexer.signals.lora.tensor_hashes import (
    MIN_TELLING_BYTES,
    AutoHashes,
    HashWorth,
    TensorHash,
    auto_hashes,
    hash_tensors,
    hash_worth,
    overlap,
    read_entries,
    signature,
)
from tests.fakes import safetensors

Bodies = dict[str, bytes]
NOTHING = hashlib.sha256(b"").hexdigest()
BIG = bytes(range(256)) * 2


def file(bodies: Bodies, metadata: dict[str, str] | None = None, *, padding: int = 0) -> bytes:
    header: dict[str, Any] = {} if metadata is None else {"__metadata__": metadata}
    body = b""
    for name, raw in bodies.items():
        offsets = [len(body), len(body) + len(raw)]
        header[name] = {"dtype": "U8", "shape": [len(raw)], "data_offsets": offsets}
        body += raw
    return safetensors(header, body + bytes(padding))


def hashes(data: bytes) -> tuple[TensorHash, ...]:
    stream = io.BytesIO(data)
    return hash_tensors(stream, read_entries(stream, len(data)))


def of(bodies: Bodies) -> tuple[TensorHash, ...]:
    return hashes(file(bodies))


def code(data: bytes, size: int | None = None) -> str:
    try:
        stream = io.BytesIO(data)
        hash_tensors(stream, read_entries(stream, len(data) if size is None else size))
    except LoraError as error:
        return error.code
    return ""


BODIES = st.dictionaries(
    st.text(max_size=6).filter(lambda name: name != "__metadata__"),
    st.binary(max_size=40).map(lambda raw: raw * 16),
    max_size=6,
)


def test_every_tensor_is_hashed_by_its_own_bytes() -> None:
    big = bytes(range(250)) * 10_000
    found = of({"a": b"abc", "b": big, "c": b""})
    assert {item.sha256 for item in found} == {hashlib.sha256(raw).hexdigest() for raw in (b"abc", big, b"")}
    assert {(item.dtype, item.shape) for item in found} == {("U8", (3,)), ("U8", (len(big),)), ("U8", (0,))}


@given(BODIES, st.randoms(), st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=3))
def test_names_order_and_metadata_do_not_matter(bodies: Bodies, chance: Any, metadata: dict[str, str]) -> None:
    order = list(bodies.values())
    chance.shuffle(order)
    renamed = {f"other{number}": raw for number, raw in enumerate(order)}
    one, two = hashes(file(bodies)), hashes(file(renamed, metadata))
    assert one == two
    assert signature(one) == signature(two)
    if any(item.telling for item in one):
        assert (overlap(one, two).jaccard, overlap(one, two).held) == (1, 1)


@given(BODIES, BODIES)
def test_an_overlap_is_symmetric_and_between_nothing_and_all(first: Bodies, second: Bodies) -> None:
    one, two = of(first), of(second)
    forth, back = overlap(one, two), overlap(two, one)
    assert (forth.shared, forth.jaccard) == (back.shared, back.jaccard)
    assert 0 <= forth.jaccard <= forth.held <= 1
    assert (forth.jaccard == 1) == (signature(one) == signature(two) != NOTHING)


@given(BODIES, BODIES)
def test_decoys_lower_the_jaccard_and_not_the_share_held(own: Bodies, decoys: Bodies) -> None:
    known = of(own | {"real": BIG})
    padded = of(
        {f"own {name}": raw for name, raw in own.items()} | {"real": BIG, **{f"+{n}": r for n, r in decoys.items()}}
    )
    found = overlap(known, padded)
    assert found.held == 1
    assert found.jaccard == pytest.approx(sum(i.telling for i in known) / sum(i.telling for i in padded))


def test_a_tensor_that_occurs_twice_counts_twice() -> None:
    once, twice = of({"a": BIG}), of({"a": BIG, "b": BIG})
    assert (overlap(once, twice).shared, overlap(once, twice).jaccard) == (1, 0.5)
    assert overlap(twice, once).held == 0.5
    assert signature(once) != signature(twice)


def test_type_and_shape_are_part_of_a_tensor() -> None:
    entry = {"dtype": "F16", "shape": [256], "data_offsets": [0, 512]}
    files = [safetensors({"a": entry | change}, BIG) for change in ({}, {"dtype": "BF16"}, {"shape": [16, 16]})]
    assert len({signature(hashes(data)) for data in files}) == 3


@pytest.mark.parametrize("raw", [b"", b"\x01\x02", bytes(4096), BIG[: MIN_TELLING_BYTES - 1]])
def test_tensors_that_any_file_might_hold_link_nothing(raw: bytes) -> None:
    found = of({"a": raw})
    assert not found[0].telling
    assert signature(found) == NOTHING
    assert hash_worth(signature(found)) == HashWorth.NOTHING
    assert overlap(found, found).jaccard == overlap(found, found).held == 0


@pytest.mark.parametrize("raw", [bytes(1 << 21) + b"\x01", b"\x01" + bytes(1 << 21)])
def test_a_tensor_that_is_zero_but_for_one_byte_is_telling(raw: bytes) -> None:
    assert of({"a": raw})[0].telling


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F16", "shape": [5], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2, 0], "data_offsets": [0, 8]},
        {"dtype": "U8", "shape": [2**62, 4], "data_offsets": [0, 8]},
        {"dtype": "F4", "shape": [3], "data_offsets": [0, 8]},
        {"dtype": "U8", "shape": [8], "data_offsets": [8, 0]},
        {"dtype": "U8", "shape": [10**18] * 100_000, "data_offsets": [0, 8]},
    ],
)
def test_a_shape_that_its_bytes_do_not_fill_is_malformed(entry: dict[str, Any]) -> None:
    assert code(safetensors({"a": entry}, bytes(8))) == "lora_malformed"


@pytest.mark.parametrize("dtype", ["F99", None, 7, ["F16"], "x" * 1000])
def test_a_type_of_tomorrow_is_hashed_as_it_stands(dtype: Any) -> None:
    data = safetensors({"a": {"dtype": dtype, "shape": [3], "data_offsets": [0, 512]}}, BIG)
    (found,) = hashes(data)
    assert found.sha256 == hashlib.sha256(BIG).hexdigest()
    assert len(found.dtype) <= 16


def test_half_bytes_are_counted_as_such() -> None:
    data = safetensors({"a": {"dtype": "F4", "shape": [4, 4], "data_offsets": [0, 8]}}, bytes(8))
    assert code(data) == ""


def test_a_file_longer_or_shorter_than_its_tensors_is_malformed() -> None:
    whole = file({"a": BIG})
    assert code(file({"a": BIG}, padding=1)) == "lora_malformed"
    assert code(whole[:-1]) == "lora_malformed"
    assert code(whole[:-1], len(whole)) == "lora_malformed"
    assert code(b"PK\x03\x04" + bytes(20)) == "unsupported_format"


def test_a_file_is_read_from_its_start_wherever_the_stream_stands() -> None:
    data = file({"a": BIG})
    stream = io.BytesIO(data)
    stream.seek(0, io.SEEK_END)
    assert hash_tensors(stream, read_entries(stream, len(data))) == hashes(data)


def test_names_with_halves_of_surrogate_pairs_are_read_as_the_header_reader_reads_them() -> None:
    data = safetensors('{"__metadata__":{"a":"b"},"t\\ud801":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"x")
    stream = io.BytesIO(data)
    (entry,) = read_entries(stream, len(data))
    assert entry.name == "t�"
    assert data[entry.start : entry.stop] == b"x"


def platform_hashes(data: bytes) -> AutoHashes:
    stream = io.BytesIO(data)
    return auto_hashes(read_lora(stream, len(data)), stream, len(data))


def test_the_platforms_hashes_are_those_of_their_definitions() -> None:
    data = file({"a": bytes(range(256)) * 8192})
    header = 8 + int.from_bytes(data[:8], "little")
    found = platform_hashes(data)
    assert len(data) > 2 << 20
    assert found.autov1 == hashlib.sha256(data[0x100000:0x110000]).hexdigest()[:8]
    assert found.autov2 == hashlib.sha256(data).hexdigest()[:10]
    assert found.autov3 == hashlib.sha256(data[header:]).hexdigest()[:12]


def test_a_file_under_two_mebibytes_has_no_first_kind_of_hash() -> None:
    found = platform_hashes(file({"a": BIG * 3000}))
    assert found.autov1 is None
    assert found.autov2
    assert found.autov3


def test_a_header_without_its_body_has_no_hashes() -> None:
    data = safetensors({})
    stream = io.BytesIO(data)
    file_read = read_lora(stream, len(data), header_only=True)
    assert auto_hashes(file_read, stream, len(data)) == AutoHashes(None, None, None)


@pytest.mark.parametrize(
    ("claim", "worth"),
    [
        (NOTHING, HashWorth.NOTHING),
        (NOTHING[:8], HashWorth.NOTHING),
        (NOTHING[:10].upper(), HashWorth.NOTHING),
        (NOTHING[:12], HashWorth.NOTHING),
        ("0" * 64, HashWorth.NOTHING),
        ("0" * 10, HashWorth.NOTHING),
        ("", HashWorth.NOTHING),
        ("None", HashWorth.NOTHING),
        ("abc1234", HashWorth.NOTHING),
        ("a" * 65, HashWorth.NOTHING),
        ("moonmarten", HashWorth.NOTHING),
        ("a1b2c3d4", HashWorth.LINK),
        (" 0xA1B2C3D4E5 ", HashWorth.LINK),
        ("a1b2c3d4e5f6", HashWorth.LINK),
        ("a" * 63, HashWorth.LINK),
        ("a" * 64, HashWorth.SAME),
        (NOTHING[:63] + "0", HashWorth.SAME),
    ],
)
def test_a_short_hash_links_and_the_hash_of_nothing_is_worth_nothing(claim: str, worth: HashWorth) -> None:
    assert hash_worth(claim) == worth
