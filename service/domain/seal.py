"""Seals: signatures over stretches of the audit log, so that a log that was hashed anew as a whole is found, too.

A seal signs the hash of the last entry of its stretch and the root of a Merkle tree over the hashes of all of them
(RFC 6962, section 2.1). So one entry can be proven to be in the log without showing any other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from service.domain.audit import Entry, Fault

FORMAT = "lora-screening-seal-1"


@dataclass(frozen=True, slots=True)
class Seal:
    """One signed stretch of the log: the entries `first` to `last`, both included.

    `number` counts from 1. `sha256` is the hash of the entry `last`, `root` that of the tree, both hexadecimal;
    `public_key` and `signature` (Ed25519) are hexadecimal, too. `stamp` is an RFC 3161 time stamp of the signed text.
    """

    number: int
    first: int
    last: int
    sha256: str
    root: str
    at: datetime
    public_key: str
    signature: str
    stamp: bytes | None = None

    def signed_text(self) -> bytes:
        """Return what the signature is over."""
        return signed_text(self.number, self.first, self.last, self.sha256, self.root, self.at)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a proof, from an entry up to the root: the hash beside, and whether it stands to the left."""

    sha256: str
    left: bool


def signed_text(number: int, first: int, last: int, sha256: str, root: str, at: datetime) -> bytes:  # noqa: PLR0917 (the parts in their order)
    """Write what a seal signs, so that equal seals are equal bytes."""
    parts = [FORMAT, number, first, last, sha256, root, at.astimezone(UTC).isoformat()]
    return json.dumps(parts, separators=(",", ":")).encode()


def is_due(waiting: int, oldest: datetime | None, now: datetime, *, entries: int, hours: float) -> bool:
    """Tell whether it is time for a seal: when so many entries wait for one, or the oldest has waited so long."""
    return waiting >= entries or (oldest is not None and now - oldest >= timedelta(hours=hours))


def root_of(hashes: Sequence[str]) -> str:
    """Return the root of the tree over the hashes (hexadecimal) of at least one entry."""
    return _root([_leaf(item) for item in hashes]).hex()


def proof_of(hashes: Sequence[str], place: int) -> list[Step]:
    """Return the steps from the entry at a place, counted from 0, to the root."""
    level, steps = [_leaf(item) for item in hashes], []
    while len(level) > 1:
        beside = place ^ 1
        if beside < len(level):
            steps.append(Step(level[beside].hex(), left=beside < place))
        level, place = _above(level), place // 2
    return steps


def root_by(sha256: str, steps: Iterable[Step]) -> str:
    """Return the root to which the steps of a proof lead. Raises ValueError where a hash is not hexadecimal."""
    here = _leaf(sha256)
    for step in steps:
        beside = bytes.fromhex(step.sha256)
        here = _node(beside, here) if step.left else _node(here, beside)
    return here.hex()


class SealWatch:
    """Compares seals with the entries of a log as they pass by, in order; keeps the hashes of one stretch at a time."""

    def __init__(self, seals: Sequence[Seal], is_ours: Callable[[Seal], bool]) -> None:
        """`is_ours` tells whether a seal's signature is one of this service's keys."""
        self._seals = list(seals)
        self._is_ours = is_ours
        self._next = 0
        self._hashes: list[str] = []
        self.fault: Fault | None = None
        before = 0
        for place, seal in enumerate(self._seals, 1):
            if seal.number != place or seal.first != before + 1 or seal.last < seal.first:
                self.fault = Fault(seal.first, f"is where seal {seal.number} begins: a seal is missing or out of order")
                return
            before = seal.last

    def see(self, entry: Entry) -> None:
        """Let the next entry pass."""
        if self.fault is not None or self._next == len(self._seals):
            return
        seal = self._seals[self._next]
        self._hashes.append(entry.sha256)
        if entry.number < seal.last:
            return
        if entry.sha256 != seal.sha256 or root_of(self._hashes) != seal.root:
            what = "the log was written anew before this entry"
            self.fault = Fault(entry.number, f"does not fit seal {seal.number}, which was signed over it: {what}")
        elif not self._is_ours(seal):
            self.fault = Fault(entry.number, f"carries seal {seal.number}, which no known key has signed")
        self._next += 1
        self._hashes.clear()

    def end(self) -> Fault | None:
        """Return the first fault, when all entries have passed."""
        if self.fault is None and self._next < len(self._seals):
            seal = self._seals[self._next]
            self.fault = Fault(
                seal.last, f"was sealed (seal {seal.number}), and is not in the log: entries are missing"
            )
        return self.fault


def _leaf(sha256: str) -> bytes:
    return hashlib.sha256(b"\x00" + bytes.fromhex(sha256)).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _above(level: Sequence[bytes]) -> list[bytes]:
    """Pair the hashes of a level; one without a partner goes up as it is, as in RFC 6962."""
    return [
        _node(level[place], level[place + 1]) if place + 1 < len(level) else level[place]
        for place in range(0, len(level), 2)
    ]


def _root(level: list[bytes]) -> bytes:
    while len(level) > 1:
        level = _above(level)
    return level[0]
