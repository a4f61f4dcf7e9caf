"""Hashes of a LoRA's tensors, and what a claimed hash is worth.

The bytes of each tensor are hashed one after the other, so names, order and metadata do not matter: two files with the
same tensors have the same signature, and a file with tensors added still holds the known ones. A cast, a rank change or
a merge changes every hash; that is what `fingerprint` is for.

AutoV1, AutoV2 and AutoV3 are the short names under which platforms and web UIs write hashes into metadata (A1111
`modules/hashes.py`, kohya `train_util.py`, Civitai's files). Uploaders copy them freely: they link files, they prove
nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import prod
from typing import Any, BinaryIO

from indexer.errors import LoraError
from indexer.model import TensorHash
from indexer.signals.lora.adapter import MAX_DIMENSIONS
from indexer.signals.lora.header import SHA256_OF_NOTHING, LoraFile, LoraHeader, read_lora

# Bits of one number, as the format's own table has them (safetensors `tensor.rs`).
DTYPE_BITS = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "C64": 64,
    "F64": 64,
    "I64": 64,
    "U64": 64,
}
# Alphas, and biases of a few numbers, are the same in unrelated files; so are factors that training never moved from 0.
MIN_TELLING_BYTES = 256
AUTOV2_DIGITS = 10
AUTOV3_DIGITS = 12
_AUTOV1 = (0x100000, 0x10000)
_AUTOV1_DIGITS = 8
_SHA256_DIGITS = 64
_CHUNK = 1 << 20
_PREFIX = 8
# Bytes of the widest number: what repeats after so many repeats one number, or very few.
_WIDEST = 8
_HASHES_OF_NOTHING = (SHA256_OF_NOTHING, "0" * _SHA256_DIGITS)


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """Where a tensor stands: bytes `start` to `stop` of the file, not of its body."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many telling tensors two files share, as multisets.

    `jaccard` is shared / all, 0 to 1; `held` is the share of the known file's tensors found in the other, 0 to 1, which
    tensors added as decoys do not lower.
    """

    shared: int
    jaccard: float
    held: float


class HashWorth(StrEnum):
    """What an equal hash means: nothing, a link to look at, or the same bytes."""

    NOTHING = "nothing"
    LINK = "link"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class AutoHashes:
    """The hashes under the platforms' names, lower-case hexadecimal; None where the file has none."""

    autov1: str | None
    autov2: str | None
    autov3: str | None


def read_entries(stream: BinaryIO, size: int, header: LoraHeader | None = None) -> tuple[TensorEntry, ...]:
    """Return the tensors of a seekable file of `size` bytes in the order of their bytes.

    The header is read and judged by `read_lora`, here where it is not given; only types and offsets are taken from it.
    Raises LoraError as `read_lora` does, and `lora_malformed` where a tensor's shape and bytes disagree.
    """
    if header is None:
        stream.seek(0)
        header = read_lora(stream, size, header_only=True).header
    body = _PREFIX + header.header_bytes
    stream.seek(_PREFIX)
    # Strict reading found no duplicates and bounded numbers and nesting, so the plain reader sees the same.
    raw: dict[str, Any] = json.loads(stream.read(header.header_bytes))
    raw.pop("__metadata__", None)
    entries = []
    for name, entry in zip(header.shapes, raw.values(), strict=True):
        start, stop = entry["data_offsets"]
        if len(header.shapes[name]) > MAX_DIMENSIONS:
            raise _malformed(f"the tensor {name[:80]!r} has more than {MAX_DIMENSIONS} dimensions")
        dtype = str(entry.get("dtype"))[:16]
        bits = DTYPE_BITS.get(dtype)
        # A type of tomorrow is hashed as it stands.
        if bits is not None and prod(header.shapes[name]) * bits != (stop - start) * 8:
            raise _malformed(f"the tensor {name[:80]!r} of {dtype} {header.shapes[name]} has {stop - start} bytes")
        entries.append(TensorEntry(name, dtype, header.shapes[name], body + start, body + stop))
    entries.sort(key=lambda entry: (entry.start, entry.stop))
    end = entries[-1].stop if entries else body
    if end != size:
        raise _malformed(f"the tensors end at byte {end}, the file at {size}")
    return tuple(entries)


def hash_tensors(stream: BinaryIO, entries: Iterable[TensorEntry]) -> tuple[TensorHash, ...]:
    """Return the multiset signature: the hashes of all tensors, sorted, read a MiB at a time.

    Raises LoraError `lora_malformed` when the file ends before a tensor does.
    """
    return tuple(sorted(_hash(stream, entry) for entry in entries))


def signature(hashes: Iterable[TensorHash]) -> str:
    """Return one sha256 that stands for the multiset of telling tensors; that of nothing where there are none."""
    lines = sorted(f"{item.dtype} {item.shape} {item.sha256}\n" for item in hashes if item.telling)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def overlap(known: Iterable[TensorHash], other: Iterable[TensorHash]) -> Overlap:
    """Compare two multisets by their telling tensors; nothing in common where either has none."""
    one, two = (Counter(item for item in hashes if item.telling) for hashes in (known, other))
    shared, union = (one & two).total(), (one | two).total()
    return Overlap(shared, shared / union if union else 0.0, shared / one.total() if one else 0.0)


def auto_hashes(file: LoraFile, stream: BinaryIO, size: int) -> AutoHashes:
    """Return the platforms' hashes of a file that was read; a header without its body has none."""
    if file.sha256 is None or file.body_sha256 is None:
        return AutoHashes(None, None, None)
    return AutoHashes(_autov1(stream, size), file.sha256[:AUTOV2_DIGITS], file.body_sha256[:AUTOV3_DIGITS])


def hash_worth(claim: str) -> HashWorth:
    """Judge a hash found in metadata or sent along, before it is looked up.

    Eight to twelve digits collide at the size of a catalogue, so they link. The hash of nothing, which some trainers
    write, and its beginnings are worth nothing, as is what is no hash.
    """
    claim = claim.strip().lower().removeprefix("0x")
    if not _AUTOV1_DIGITS <= len(claim) <= _SHA256_DIGITS or set(claim) - set("0123456789abcdef"):
        return HashWorth.NOTHING
    if any(nothing.startswith(claim) for nothing in _HASHES_OF_NOTHING):
        return HashWorth.NOTHING
    return HashWorth.SAME if len(claim) == _SHA256_DIGITS else HashWorth.LINK


def by_name(entries: Iterable[TensorEntry]) -> Mapping[str, TensorEntry]:
    """Return the entries by the tensors' names, which the reader has found to be different."""
    return {entry.name: entry for entry in entries}


def _hash(stream: BinaryIO, entry: TensorEntry) -> TensorHash:
    stream.seek(entry.start)
    digest, left, constant, repeated = hashlib.sha256(), entry.stop - entry.start, True, b""
    telling = left >= MIN_TELLING_BYTES
    while left:
        chunk = stream.read(min(left, _CHUNK))
        if not chunk:
            raise _malformed(f"the file ends within the tensor {entry.name[:80]!r}")
        digest.update(chunk)
        repeated = repeated or chunk[:_WIDEST] * (_CHUNK // _WIDEST)
        constant = constant and chunk == repeated[: len(chunk)]
        left -= len(chunk)
    return TensorHash(entry.dtype, entry.shape, digest.hexdigest(), telling and not constant)


def _autov1(stream: BinaryIO, size: int) -> str | None:
    start, length = _AUTOV1
    if size < 2 * start:
        return None
    stream.seek(start)
    return hashlib.sha256(stream.read(length)).hexdigest()[:_AUTOV1_DIGITS]


def _malformed(reason: str) -> LoraError:
    return LoraError(reason, code="lora_malformed")
