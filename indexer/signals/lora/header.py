"""The header of a LoRA file: its strings and hashes, read without ever opening anything but safetensors.

A safetensors file is `u64 little-endian N`, N bytes of JSON, then the tensors. The public readers accept more than is
safe here (duplicate keys, deep nesting, numbers of any length), so the header is read by this module, with limits; the
tensors are hashed and never mapped. Pickled formats (.ckpt, .pt, .bin, .pth) are never opened.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from indexer.errors import LoraError

MAX_HEADER_BYTES = 16 * 1024 * 1024
MAX_TENSORS = 20_000
MAX_METADATA_KEYS = 2_000
MAX_NESTING = 64
MAX_STRINGS = 20_000
_PREFIX = 8
_CHUNK = 1 << 20
_MAX_DIGITS = 19
# Zip (also .ckpt and .pt since 2020), GGUF, pickle from protocol 2 on.
_OTHER_FORMATS = (b"PK", b"GGUF", b"\x80")
SHA256_OF_NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class LoraText:
    """A string found in a file, with the place it stood in, such as `ss_output_name`."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class LoraHeader:
    """What the header tells: `texts` of the metadata and `shapes` of the tensors, by name."""

    texts: tuple[LoraText, ...]
    shapes: dict[str, tuple[int, ...]]
    header_bytes: int


@dataclass(frozen=True, slots=True)
class LoraFile:
    """A LoRA as it was read; the hashes are hexadecimal sha256, None for a header without its body."""

    header: LoraHeader
    sha256: str | None
    body_sha256: str | None


def read_lora(stream: BinaryIO, size: int, *, header_only: bool = False) -> LoraFile:
    """Read a LoRA of `size` bytes: the header whole, the body only to hash it, a MiB at a time.

    With `header_only` the stream ends after the header and no hash is computed.
    Raises LoraError whose `code` is `unsupported_format`, `header_too_large` or `lora_malformed`.
    """
    prefix = stream.read(_PREFIX)
    length = int.from_bytes(prefix, "little")
    if len(prefix) < _PREFIX or length < 2:  # noqa: PLR2004 (`{}` is the shortest header)
        raise LoraError("not a safetensors file: it is too short", code="unsupported_format")
    if length > MAX_HEADER_BYTES:
        # Looked at here only: a header of 128 bytes begins like a pickle, one of 19,280 like a zip file.
        if prefix.startswith(_OTHER_FORMATS):
            raise LoraError("not a safetensors file; other formats are never opened", code="unsupported_format")
        raise LoraError(
            f"the header claims {length} bytes, more than the {MAX_HEADER_BYTES} allowed", code="header_too_large"
        )
    if length > size - _PREFIX:
        raise _malformed(f"the header claims {length} bytes, the file has {size - _PREFIX} after its length")
    raw = stream.read(length)
    if len(raw) < length:
        raise _malformed("the header is truncated")
    header = _parse(raw, None if header_only else size - _PREFIX - length)
    if header_only:
        return LoraFile(header, None, None)
    whole, body = hashlib.sha256(prefix + raw), hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        whole.update(chunk)
        body.update(chunk)
    return LoraFile(header, whole.hexdigest(), body.hexdigest())


def _malformed(reason: str) -> LoraError:
    return LoraError(reason, code="lora_malformed")


def _parse(raw: bytes, body_bytes: int | None) -> LoraHeader:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(f"the header is not UTF-8: {error}") from error
    if not text.startswith("{"):
        raise LoraError("not a safetensors file: the header is not a JSON object", code="unsupported_format")
    _check_nesting(text)
    pairs = _strict_json(text)
    metadata: list[tuple[str, Any]] = []
    shapes: dict[str, tuple[int, ...]] = {}
    spans: list[tuple[int, int]] = []
    for raw_name, entry in pairs:
        name = _whole(raw_name)
        if name == "__metadata__":
            metadata += _pairs(entry)
            continue
        if name in shapes:
            raise _malformed(f"the tensor {name[:80]!r} appears twice")
        shapes[name], span = _tensor(name, entry)
        spans.append(span)
    if len(shapes) > MAX_TENSORS:
        raise _malformed(f"{len(shapes)} tensors, more than the {MAX_TENSORS} allowed")
    if len(metadata) > MAX_METADATA_KEYS:
        raise _malformed(f"{len(metadata)} metadata entries, more than the {MAX_METADATA_KEYS} allowed")
    _check_spans(spans, body_bytes)
    texts: list[LoraText] = []
    for key, value in metadata:
        texts.extend(_strings(_whole(key), value))
        if len(texts) > MAX_STRINGS:
            raise _malformed(f"more than {MAX_STRINGS} strings in the metadata")
    return LoraHeader(tuple(texts), shapes, len(raw))


def _strict_json(text: str) -> list[tuple[str, Any]]:
    """Parse keeping every duplicate: objects become lists of pairs, so that no value hides behind a later one."""

    def bounded(digits: str) -> int:
        if len(digits) > _MAX_DIGITS:
            raise _malformed("a number of too many digits")
        return int(digits)

    def no_constant(name: str) -> float:
        raise _malformed(f"{name} is not JSON")

    try:
        pairs: list[tuple[str, Any]] = json.loads(
            text, object_pairs_hook=list, parse_int=bounded, parse_constant=no_constant
        )
    except (ValueError, RecursionError) as error:
        raise _malformed(f"the header is not JSON: {error}") from error
    return pairs


def _check_nesting(text: str) -> None:
    depth, in_string, escaped = 0, False, False
    for char in text:
        if in_string:
            in_string = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            if depth > MAX_NESTING:
                raise _malformed(f"the header nests deeper than {MAX_NESTING}")
        elif char in "]}":
            depth -= 1


def _pairs(entry: Any) -> list[tuple[str, Any]]:
    # Objects came as lists of tuples, JSON's own lists hold none.
    if isinstance(entry, list) and all(isinstance(pair, tuple) for pair in entry):
        return entry
    raise _malformed("the metadata or the entry of a tensor is not a JSON object")


def _tensor(name: str, entry: Any) -> tuple[tuple[int, ...], tuple[int, int]]:
    try:
        fields = dict(_pairs(entry))
        shape, (start, end) = tuple(fields["shape"]), fields["data_offsets"]
        numbers = (*shape, start, end)
    except (TypeError, ValueError, KeyError) as error:
        raise _malformed(f"the entry of tensor {name[:80]!r} lacks a shape or offsets") from error
    # By exact type: true and false would pass as whole numbers.
    if not all(type(number) is int and number >= 0 for number in numbers) or start > end:
        raise _malformed(f"the shape or offsets of tensor {name[:80]!r} are not sizes")
    return shape, (start, end)


def _check_spans(spans: list[tuple[int, int]], body_bytes: int | None) -> None:
    expected = 0
    for start, end in sorted(spans):
        if start != expected:
            raise _malformed(f"the tensors leave a hole or overlap at byte {min(start, expected)}")
        expected = end
    if body_bytes is not None and expected != body_bytes:
        raise _malformed(f"the tensors end at byte {expected}, the file at {body_bytes}")


def _strings(path: str, value: Any) -> Iterator[LoraText]:
    """Yield the key and the value; JSON inside a string is opened, its own keys and strings are yielded too."""
    yield LoraText("key", path)
    if not isinstance(value, str) or value in ("", "None"):
        return
    inner = _inner_json(value)
    if inner is None:
        yield LoraText(path, _whole(value))
        return
    stack: list[Any] = [inner]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield LoraText(path, _whole(item))
        elif isinstance(item, (list, tuple)):
            stack.extend(reversed(item))


def _whole(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON's escapes can spell and no UTF-8 text or database can hold."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _inner_json(value: str) -> Any:
    if value[:1] not in "[{":
        return None
    try:
        _check_nesting(value)
        return _strict_json(value)
    except LoraError:
        # Text that only looks like JSON is evidence as it stands.
        return None
