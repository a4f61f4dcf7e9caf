"""Hostile text: bounded output in bounded time, and nothing raises."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.signals.metadata.bounds import MAX_STRINGS, MAX_TEXT_BYTES
from indexer.signals.metadata.prompts import inspect_picture
from tests.unit.indexer.signals.metadata.written import found, node


def many_leaves() -> str:
    return json.dumps([f"heron {i}" for i in range(150_000)])


HOSTILE: list[tuple[str, Callable[[], str], str | None]] = [
    ("deep", lambda: '{"a":' * 100_000, "json_too_deep"),
    ("deep lists", lambda: "[" * 1_000_000, "json_too_deep"),
    ("many values", lambda: "[" + "0," * 1_000_000 + "0]", "json_too_long"),
    ("many strings", many_leaves, "too_many_strings"),
    ("digits", lambda: '{"prompt": "heron", "seed": ' + "9" * 100_000 + "}", None),
    ("exponent", lambda: '{"prompt": "heron", "seed": 1e999999999}', None),
    ("bare words", lambda: '{"prompt": "heron", "a": NaN, "b": -Infinity}', None),
    ("open quotes", lambda: '{"' + '\\"' * 1_000_000, None),
    ("half a pair", lambda: '{"prompt": "\\ud800 heron\\u0000"}', None),
    ("calls never closed", lambda: "<lora:" * 600_000, "too_many_calls"),
    ("calls", lambda: "<lora:a:1>" * 300_000, "too_many_calls"),
    ("quotes in settings", lambda: "a\nSteps: " + '"' * 1_000_001 + ",", None),
    ("many hashes", lambda: 'a\nSteps: 1, b: c, Lora hashes: "' + "a:b," * 1_000_000, "too_many_hashes"),
    (
        "hashes in json",
        lambda: json.dumps({"hashes": {f"lora:{i}": "abcdef0123" for i in range(9_000)}}),
        "too_many_hashes",
    ),
    ("many infotexts", lambda: json.dumps(["a\nSteps: 1, b: c, d: e" + ", f: g" * 40] * 9_000), "too_many_settings"),
    ("commas in settings", lambda: "a\nSteps: " + "Lora hashes: a, " * 100_000, None),
    ("json in json in json", lambda: json.dumps([json.dumps([json.dumps([json.dumps([json.dumps(["x"])])])])]), None),
    ("json in settings", lambda: "a\nSteps: 1, B: 2, C: " + "[" * 100_000, "json_too_deep"),
    ("many nodes", lambda: json.dumps({str(i): node("A", text=["1", 0]) for i in range(9_000)}), None),
    ("same nodes", lambda: json.dumps({"nodes": [{"id": 1, "type": "A"}] * 9_000}), None),
    ("long keys", lambda: json.dumps({"k" * 100_000: {"l" * 100_000: "x"}}), None),
    ("odd nodes", lambda: '{"a": {"class_type": "A", "inputs": {"b": [["c"], 0], "d": [[], []]}}}', None),
    (
        "odd workflow",
        lambda: '{"nodes": [{"type": {}, "id": [], "inputs": [{"link": {}}]}, 1], "links": [[], 1]}',
        None,
    ),
    ("brackets", lambda: '"' + "[" * 1_000_000, None),
]


@pytest.mark.parametrize(("build", "code"), [pytest.param(b, c, id=name) for name, b, c in HOSTILE])
@pytest.mark.parametrize("source", ["png:tEXt:parameters", "png:tEXt:Dream"])
def test_hostile_text_gives_bounded_output_in_bounded_time(
    build: Callable[[], str], code: str | None, source: str
) -> None:
    text = build()
    started = time.process_time()
    told = found((source, text))
    assert time.process_time() - started < 3
    assert code is None or source.endswith("Dream") or code in {problem.code for problem in told.problems}
    assert len(told.strings) <= MAX_STRINGS
    assert sum(len(string.text.encode()) for string in told.strings) <= MAX_TEXT_BYTES


def test_numbers_and_words_that_json_does_not_know_do_not_hide_the_prompt() -> None:
    for name, build, _ in HOSTILE:
        if name in ("digits", "exponent", "bare words"):
            assert found(("png:tEXt:parameters", build())).texts("prompt") == ("heron",)


PIECES = ["<lora:", ">", ":", "{", "}", "[", "]", '"', "\\", ",", "\n", "Steps: 1, a: b, c: d", "Negative prompt:"]
PIECES += ['{"class_type": "A", "inputs": {"negative": ["1", 0]}}', '"nodes": [{"type": "A"}]', "prompt", "\ud800", "1"]
SOURCES = ["png:tEXt:parameters", "png:tEXt:prompt", "png:tEXt:Dream", "jpeg:exif:UserComment", "png:tEXt:AIGC", ""]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["nodes", "links", "inputs", "class_type", "type", "id", "prompt", "negative", "hash", "AIGC"]
            )
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.sampled_from(SOURCES), st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12).map("".join))
def test_no_text_makes_it_raise(source: str, text: str) -> None:
    for string in found((source, text)).strings:
        string.text.encode()


@given(st.sampled_from(SOURCES), JSON)
def test_no_json_makes_it_raise(source: str, value: Any) -> None:
    found((source, json.dumps(value)))


@given(st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b""]), st.binary(max_size=300))
def test_no_file_makes_it_raise(head: bytes, tail: bytes) -> None:
    inspect_picture(head + tail)
