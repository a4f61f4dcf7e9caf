"""A LoRA file as it is known again: its hashes, those of its tensors, and the fingerprint of its weights."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

from threadpoolctl import ThreadpoolController

from indexer.errors import LoraError
from indexer.fingerprints import pack
from indexer.model import LoraSignals
from indexer.signals.lora.fingerprint import CHANGES_NOTHING, Fingerprint, fingerprint
from indexer.signals.lora.header import LoraHeader
from indexer.signals.lora.tensor_hashes import hash_tensors, read_entries

_PREFIX = 8
_CHUNK = 1 << 20


class FileHasher:
    """Hashes a LoRA as it arrives, in pieces of any size: the whole, and what follows its header."""

    def __init__(self) -> None:
        self._whole, self._body = hashlib.sha256(), hashlib.sha256()
        self._head = b""
        self._before_body = _PREFIX

    def update(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        self._whole.update(data)
        if len(self._head) < _PREFIX:
            missing = _PREFIX - len(self._head)
            self._head, data = self._head + data[:missing], data[missing:]
            if len(self._head) == _PREFIX:
                self._before_body = int.from_bytes(self._head, "little")
        if len(self._head) == _PREFIX:
            skipped = min(self._before_body, len(data))
            self._before_body -= skipped
            self._body.update(memoryview(data)[skipped:])

    @property
    def sha256(self) -> str:
        """Of everything so far, lower-case hexadecimal."""
        return self._whole.hexdigest()

    @property
    def body_sha256(self) -> str:
        """Of everything so far that follows the header."""
        return self._body.hexdigest()

    @classmethod
    def of(cls, stream: BinaryIO) -> FileHasher:
        """Hash a file from its beginning, a MiB at a time."""
        found = cls()
        stream.seek(0)
        while chunk := stream.read(_CHUNK):
            found.update(chunk)
        return found


@dataclass(frozen=True, slots=True)
class ReadLora:
    """The signals of a file, and what of it has no fingerprint and why: `code: message`, None where all has one."""

    signals: LoraSignals
    problem: str | None


def read_signals(
    name: str, stream: BinaryIO, size: int, hashed: FileHasher | None = None, header: LoraHeader | None = None
) -> ReadLora:
    """Read the signals of a seekable safetensors file of `size` bytes, never holding more than a layer of it.

    `hashed` saves a pass where the file was hashed as it arrived, `header` another where it was read. Raises LoraError
    as `read_entries` does.
    """
    _one_thread_for_numpy()
    entries = read_entries(stream, size, header)
    tensors = hash_tensors(stream, entries)
    hashes = hashed or FileHasher.of(stream)
    packed, problem = None, None
    try:
        found = fingerprint(stream, size, entries)
        packed, problem = pack(found), _left_out(found)
    except LoraError as error:
        problem = f"{error.code}: {error}"
    return ReadLora(LoraSignals(name, hashes.sha256, hashes.body_sha256, tensors, packed), problem)


@cache
def _one_thread_for_numpy() -> None:
    """Give numpy's matrix products one thread, for good: FAISS and the embedding runtime bring libraries of their own.

    The products of a layer are so small that threads wait for each other most of the time; on a busy machine that took
    ten times as long as one thread.
    """
    ThreadpoolController().select(prefix="libscipy_openblas").limit(limits=1)


def _left_out(found: Fingerprint) -> str | None:
    """Say which layers are not in a fingerprint, but for those that change nothing: something may hide there."""
    reasons = [item.reason for item in found.left_out if item.reason != CHANGES_NOTHING]
    if not reasons:
        return None
    told = "; ".join(sorted(set(reasons))[:3])
    return f"layers_left_out: {len(reasons)} layers were not compared with blocked LoRAs: {told}"


def can_be_known_again(read: ReadLora) -> bool:
    """Tell whether anything in a file tells it from others: files that were never trained have equal tensors."""
    untrained = read.problem is not None and read.problem.startswith("lora_without_weights")
    return not untrained and any(item.telling for item in read.signals.tensors)
