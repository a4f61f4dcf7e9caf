"""The header of a LoRA file and its hashes, read without ever opening anything but safetensors.

A safetensors file is `u64 little-endian N`, N bytes of JSON, then the tensors. The public readers accept more than is
safe here (duplicate keys, deep nesting, numbers of any length), so the header is read by this module, with limits; the
tensors are hashed and never mapped. Pickled formats (.ckpt, .pt, .bin, .pth) are never opened. What the metadata says
is told by `strings`.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, BinaryIO

from indexer.errors import LoraError
from indexer.model import PictureFile
from indexer.signals.lora.embedded import ClaimedHash, claimed_hashes
from indexer.signals.lora.strings import read_strings
from indexer.signals.lora.texts import LoraText
from indexer.signals.lora.trainers import trainer_of
from indexer.signals.metadata.json_text import Pairs

MAX_HEADER_BYTES = 16 * 1024 * 1024
MAX_TENSORS = 20_000
MAX_METADATA_KEYS = 2_000
MAX_NESTING = 64
_PREFIX = 8
_CHUNK = 1 << 20
# Strings are stepped over whole; possessive, so that an open quote is not tried again from every letter.
_TOKENS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]|[0-9]{20}', re.DOTALL)
# The format's own bound: what claims more is something else.
_LONGEST_OF_FORMAT = 100_000_000
# Zip (also .ckpt and .pt since 2020), GGUF, pickle from protocol 2 on.
_OTHER_FORMATS = (b"PK", b"GGUF", b"\x80")
SHA256_OF_NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class LoraHeader:
    """What the header tells: `texts` of the metadata, the most telling first, and `shapes` of the tensors, by name.

    `trainer` wrote the metadata, as far as its keys tell (`trainers.trainer_of`). `pictures` stand in the metadata,
    named such as `lora:modelspec.thumbnail`; their bytes are not decoded here. `hashes` are what the metadata claims.
    `problems` begin with a code and a colon (`strings.LoraStrings`): something was not searched.
    """

    texts: tuple[LoraText, ...]
    shapes: dict[str, tuple[int, ...]]
    header_bytes: int
    trainer: str | None = None
    pictures: tuple[PictureFile, ...] = ()
    hashes: tuple[ClaimedHash, ...] = ()
    problems: tuple[str, ...] = ()


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
        if length > _LONGEST_OF_FORMAT or prefix.startswith(_OTHER_FORMATS):
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
    _check_tokens(text)
    pairs = _strict_json(text)
    metadata: list[tuple[str, Any]] = []
    shapes: dict[str, tuple[int, ...]] = {}
    spans: list[tuple[int, int]] = []
    for raw_name, entry in pairs:
        name = _whole(raw_name)
        if name == "__metadata__":
            # The format's own reader takes null for no metadata.
            metadata += [] if entry is None else [(_whole(key), value) for key, value in _pairs(entry)]
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
    found = read_strings(metadata)
    trainer, hashes = trainer_of(metadata), claimed_hashes(metadata)
    return LoraHeader(found.texts, shapes, len(raw), trainer, found.pictures, hashes, found.problems)


def _strict_json(text: str) -> Pairs:
    """Parse keeping every duplicate, so that no value hides behind a later one."""

    def no_constant(name: str) -> float:
        raise _malformed(f"{name} is not JSON")

    try:
        pairs: Pairs = json.loads(text, object_pairs_hook=Pairs, parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        raise _malformed(f"the header is not JSON: {error}") from error
    return pairs


def _check_tokens(text: str) -> None:
    depth = 0
    for token in _TOKENS.finditer(text):
        char = text[token.start()]
        if char in "[{":
            depth += 1
            if depth > MAX_NESTING:
                raise _malformed(f"the header nests deeper than {MAX_NESTING}")
        elif char in "]}":
            depth -= 1
        elif char != '"':
            raise _malformed("a number of too many digits")


def _pairs(entry: Any) -> Pairs:
    if isinstance(entry, Pairs):
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


def _whole(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON's escapes can spell and no UTF-8 text or database can hold."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
