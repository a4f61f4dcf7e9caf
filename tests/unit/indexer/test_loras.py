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

UNTRAINED = {
    "lora_unet_a.lora_down.weight": {"dtype": "F16", "shape": [4, 256], "data_offsets": [0, 2048]},
    "lora_unet_a.lora_up.weight": {"dtype": "F16", "shape": [256, 4], "data_offsets": [2048, 4096]},
}
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
    data = safetensors(
        {"emb_params": {"dtype": "F16", "shape": [512], "data_offsets": [0, 1024]}}, bytes(range(256)) * 4
    )
    read = read_signals("inversion", io.BytesIO(data), len(data))
    assert read.problem is not None
    assert read.problem.startswith("unsupported_adapter:")
    assert "textual_inversion" in read.problem
    assert read.signals.fingerprint is None
    assert can_be_known_again(read)


@pytest.mark.parametrize(
    "data",
    [
        safetensors({"a": {"dtype": "F16", "shape": [4], "data_offsets": [0, 8]}}, b"\1" * 8),
        safetensors({"a": {"dtype": "F16", "shape": [512], "data_offsets": [0, 1024]}}, b"\0" * 1024),
        safetensors({"a": {"dtype": "F16", "shape": [512], "data_offsets": [0, 1024]}}, b"\0\x3c" * 512),
        safetensors(UNTRAINED, bytes(range(256)) * 8 + b"\0" * 2048),
        safetensors({}),
    ],
    ids=["too small", "never trained", "one number", "a first factor as it was drawn", "empty"],
)
def test_what_any_file_might_hold_cannot_be_known_again(data: bytes) -> None:
    assert not can_be_known_again(read_signals("x", io.BytesIO(data), len(data)))


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


def test_layers_that_were_not_compared_are_told() -> None:
    """A second factor beside the first makes a layer unreadable here, and may not elsewhere."""
    header = {
        "lora_unet_a.lora_down.weight": {"dtype": "F16", "shape": [4, 64], "data_offsets": [0, 512]},
        "lora_unet_a.lora_up.weight": {"dtype": "F16", "shape": [64, 4], "data_offsets": [512, 1024]},
        "lora_unet_b.lora_down.weight": {"dtype": "F16", "shape": [4, 64], "data_offsets": [1024, 1536]},
        "lora_unet_b.lora_A.weight": {"dtype": "F16", "shape": [1, 1], "data_offsets": [1536, 1538]},
        "lora_unet_b.lora_up.weight": {"dtype": "F16", "shape": [64, 4], "data_offsets": [1538, 2050]},
    }
    data = safetensors(header, b"\x11\x2c\x13\x2d" * 512 + b"\x11\x2c")
    problem = read_signals("x", io.BytesIO(data), len(data)).problem
    assert problem is not None
    assert problem.startswith("layers_left_out: 1 layers")
