"""A LoRA's signals: hashed in pieces of any size, read without being held, known again or refused."""

from __future__ import annotations

import hashlib
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import LoraError
from indexer.loras import FileHasher, can_be_known_again, read_signals
from indexer.signals.lora.header import read_lora
from indexer.training.example_loras import ExampleLora
from tests.fakes import safetensors

LORA = ExampleLora("owl", metadata=(("ss_output_name", "owl"),)).write()


@given(st.lists(st.integers(1, 5000), max_size=40))
def test_pieces_of_any_size_give_the_same_hashes(sizes: list[int]) -> None:
    hashed, rest = FileHasher(), LORA[:60_000]
    for size in sizes:
        hashed.update(rest[:size])
        rest = rest[size:]
    hashed.update(rest)
    header = 8 + int.from_bytes(LORA[:8], "little")
    assert hashed.sha256 == hashlib.sha256(LORA[:60_000]).hexdigest()
    assert hashed.body_sha256 == hashlib.sha256(LORA[header:60_000]).hexdigest()


@given(st.binary(max_size=40))
def test_any_bytes_can_be_hashed(data: bytes) -> None:
    hashed = FileHasher()
    for byte in data:
        hashed.update(bytes([byte]))
    assert hashed.sha256 == hashlib.sha256(data).hexdigest()


def test_the_hashes_are_those_of_the_reader() -> None:
    read = read_lora(io.BytesIO(LORA), len(LORA))
    found = read_signals("owl", io.BytesIO(LORA), len(LORA)).signals
    assert (found.sha256, found.body_sha256) == (read.sha256, read.body_sha256)
    hashed = FileHasher.of(io.BytesIO(LORA))
    assert read_signals("owl", io.BytesIO(LORA), len(LORA), hashed).signals == found


def test_of_an_adapter_without_a_fingerprint_the_bytes_are_known() -> None:
    data = safetensors({"emb_params": {"dtype": "F16", "shape": [512], "data_offsets": [0, 1024]}}, b"\1\2" * 512)
    read = read_signals("inversion", io.BytesIO(data), len(data))
    assert read.problem is not None
    assert read.problem.startswith("unsupported_adapter:")
    assert "textual_inversion" in read.problem
    assert read.signals.fingerprint is None
    assert can_be_known_again(read.signals)


@pytest.mark.parametrize(
    "data",
    [
        safetensors({"a": {"dtype": "F16", "shape": [4], "data_offsets": [0, 8]}}, b"\1" * 8),
        safetensors({"a": {"dtype": "F16", "shape": [512], "data_offsets": [0, 1024]}}, b"\0" * 1024),
        safetensors({}),
    ],
    ids=["too small", "never trained", "empty"],
)
def test_what_any_file_might_hold_cannot_be_known_again(data: bytes) -> None:
    assert not can_be_known_again(read_signals("x", io.BytesIO(data), len(data)).signals)


@pytest.mark.parametrize("data", [b"", b"PK\3\4", LORA[:-1], LORA + b"\0"])
def test_what_is_no_whole_file_is_refused(data: bytes) -> None:
    with pytest.raises(LoraError):
        read_signals("x", io.BytesIO(data), len(data))


def test_no_more_than_a_layer_is_held() -> None:
    tensors, body = {}, 0
    for number in range(24):
        for role, shape in (("up", [1280, 64]), ("down", [64, 1280])):
            tensors[f"lora_unet_down_blocks_{number}_attn_to_q.lora_{role}.weight"] = {
                "dtype": "F16",
                "shape": shape,
                "data_offsets": [body, body + 163_840],
            }
            body += 163_840
    data = safetensors(tensors, b"\x11\x2f" * (body // 2))
    read_signals("warm", io.BytesIO(LORA), len(LORA))
    tracemalloc.start()
    read_signals("large", io.BytesIO(data), len(data))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(data) // 2
