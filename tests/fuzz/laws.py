"""What must hold of anything an uploader sends, whatever it is: the laws that the fuzz targets and properties share.

Each function reads its input as the service does, and raises AssertionError where a law is broken: an error of another
kind than the promised one passes through and is a finding as well.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from random import Random

from indexer.errors import LoraError
from indexer.model import Alias, AliasKind, ReferenceSet
from indexer.signals.lora.adapter import Adapter, read_adapter
from indexer.signals.lora.fingerprint import fingerprint
from indexer.signals.lora.header import LoraFile, read_lora
from indexer.signals.lora.tensor_hashes import auto_hashes, hash_tensors, read_entries
from indexer.signals.metadata.bounds import MAX_STRINGS, MAX_TEXT_BYTES, PictureProblem
from indexer.signals.metadata.c2pa_manifest import ManifestReader
from indexer.signals.metadata.harvest import read_text
from indexer.signals.metadata.prompts import read_prompts
from indexer.signals.metadata.told import MAX_CHARACTERS, read_told
from indexer.signals.names.aliases import AliasTable
from indexer.signals.pixels.images import PictureLimits
from tests.accuracy.evasion import registered_names

MOST_SECONDS = 1.0
"""Of the processor, for an input of some kilobytes, read by instrumented code."""

LORA_CODES = frozenset(
    {"unsupported_format", "header_too_large", "lora_malformed", "unsupported_adapter", "lora_without_weights"}
)
PLANTED = "Moon Marten"
_MOST_CODE = 40
_LIMITS = PictureLimits(max_pixels=1 << 16)
# The package for signed manifests runs in a process of its own, which no fuzzer can look into.
_NO_PACKAGE = ManifestReader("a_package_that_is_not_there")


@contextmanager
def _in_time() -> Iterator[None]:
    started = time.process_time()
    yield
    taken = time.process_time() - started
    assert taken < MOST_SECONDS, f"took {taken:.2f} s"


def check_lora(data: bytes) -> LoraFile | None:
    """Read a LoRA as far as it can be read; only LoraError is raised, and what comes out can be stored."""
    with _in_time():
        header = int.from_bytes(data[:8], "little") + 8
        _header_alone(data[:header])
        try:
            file = read_lora(io.BytesIO(data), len(data))
        except LoraError as error:
            _check_code(error)
            return None
        _check_file(file)
        _check_adapter(read_adapter(file.header.shapes))
        _check_body(data, file)
    return file


def _header_alone(data: bytes) -> None:
    try:
        file = read_lora(io.BytesIO(data), len(data), header_only=True)
    except LoraError as error:
        _check_code(error)
    else:
        assert file.sha256 is file.body_sha256 is None
        read_adapter(file.header.shapes)


def _check_file(file: LoraFile) -> None:
    for text in file.header.texts:
        _check_stored(text.text)
        _check_stored(text.path)
        assert text.text
        assert text.share is None or 0 <= text.share <= 1
    for item in file.header.hashes:
        _check_stored(item.name)
    for problem in file.header.problems:
        _check_stored(problem)
        code, colon, _ = problem.partition(":")
        assert colon
        assert _is_code(code)
    for name, shape in file.header.shapes.items():
        _check_stored(name)
        assert all(type(side) is int and side >= 0 for side in shape)


def _check_adapter(adapter: Adapter) -> None:
    for layer in adapter.layers:
        _check_stored(layer.name)
        assert layer.outputs > 0
        assert layer.inputs > 0
    for left in adapter.left_out:
        _check_stored(left.reason)


def _check_body(data: bytes, file: LoraFile) -> None:
    stream = io.BytesIO(data)
    try:
        entries = read_entries(stream, len(data))
        hashes = hash_tensors(stream, entries)
    except LoraError as error:
        _check_code(error)
    else:
        assert len(hashes) == len(entries) == len(file.header.shapes)
        assert sum(entry.stop - entry.start for entry in entries) == len(data) - 8 - file.header.header_bytes
    auto_hashes(file, stream, len(data))
    try:
        fingerprint(stream, len(data))
    except LoraError as error:
        _check_code(error)


def check_picture(data: bytes) -> list[str]:
    """Read a picture's metadata; nothing is ever raised, and what comes out is within its bounds. Return the texts."""
    with _in_time():
        found = read_text(data, _LIMITS, manifests=_NO_PACKAGE)
        prompts = read_prompts(found)
        told = read_told(data, _LIMITS, manifests=_NO_PACKAGE)
    assert len(found.strings) <= MAX_STRINGS
    assert sum(len(string.text.encode()) for string in found.strings) <= MAX_TEXT_BYTES
    assert sum(len(text.text) for text in told.texts) <= MAX_CHARACTERS
    kept = [(item.text, item.source) for item in found.strings]
    kept += [(item.text, item.source) for item in prompts.strings]
    for text, source in kept:
        _check_stored(text)
        _check_line(source)
    for call in prompts.calls:
        _check_stored(call.name)
        _check_stored(call.weight)
    for item in prompts.hashes:
        _check_stored(item.name)
    for label in prompts.labels:
        _check_stored(label.value)
    for problem in (*found.problems, *prompts.problems):
        _check_problem(problem)
    for remark in told.remarks:
        _check_line(remark)
    for name in (*told.making.prompts, *told.making.loras):
        _check_stored(name)
    return [string.text for string in found.strings]


def check_text(text: str) -> None:
    """Search a text for names; nothing is ever raised, hits lie within it, and a name after it is found as well."""
    with _in_time():
        hits = names().find(text)
        whole = f"{text} {PLANTED}"
        planted = names().find(whole)
    for hit in hits:
        assert 0 <= hit.start < hit.end <= len(text)
    assert [(hit.start, hit.end) for hit in hits] == sorted((hit.start, hit.end) for hit in hits)
    assert any(hit.alias.text == PLANTED and hit.end == len(whole) and hit.view == "plain" for hit in planted)


@cache
def names() -> AliasTable:
    """Register names of every script, among them short and everyday ones, and a series."""
    made = [*registered_names(Random(1), 200), "Ren", "Moon", "007", "月", "ツキテン", "まっちゃ ユウキ", "m00n", "A-B"]
    sets = [
        ReferenceSet(str(number), {"en": name}, (), aliases=(Alias(name, "und", AliasKind.DISTINCTIVE),))
        for number, name in enumerate([PLANTED, *made])
    ]
    return AliasTable([*sets, ReferenceSet("series", {"en": "Series"}, (), aliases=(_SERIES,))])


_SERIES = Alias("Night Garden", "en", AliasKind.SERIES)


def _check_code(error: LoraError) -> None:
    assert error.code in LORA_CODES
    _check_stored(str(error))


def _check_problem(problem: PictureProblem) -> None:
    assert _is_code(problem.code)
    _check_line(problem.source)


def _is_code(code: str) -> bool:
    return 0 < len(code) <= _MOST_CODE and code.replace("_", "").isalnum() and code == code.lower()


def _check_stored(text: str) -> None:
    """Check that a database and an answer can hold a text: no half of a surrogate pair, no NUL."""
    with suppress(UnicodeEncodeError):
        text.encode()
        assert "\0" not in text, f"a NUL in {text[:80]!r}"
        return
    raise AssertionError(f"half of a surrogate pair in {text[:80]!r}")


def _check_line(text: str) -> None:
    _check_stored(text)
    assert len(text.splitlines()) <= 1, f"more than a line: {text[:80]!r}"
