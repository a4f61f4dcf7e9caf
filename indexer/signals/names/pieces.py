"""Pieces: the pieces of many words at once, and the rows filed under each, by hashes of 64 bits rather than as strings.

A piece's hash comes from two places of a running sum over all letters, so a piece costs the same however long it is.
Equal pieces always have equal hashes. Others have them by accident, or because somebody took the trouble: what is found
has to be compared letter by letter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.signals.names.foldings import encoded

Hashes = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]

_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_ONE, _LAST_BIT = np.uint64(1), np.uint32(63)
_ROOM = 16
"""Slots of the first table for each hash: one lookup in sixteen at most goes on to the second for nothing."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A piece of a word, its letters from `start` up to `end`, and the drawer it is filed in or looked for in."""

    start: int
    end: int
    drawer: int


class Cuts:
    """How a word of each length is cut."""

    def __init__(self, by_length: Mapping[int, Sequence[Cut]]) -> None:
        cuts = [cut for length in sorted(by_length) for cut in by_length[length]]
        self._starts = np.array([cut.start for cut in cuts], np.int64)
        self._ends = np.array([cut.end for cut in cuts], np.int64)
        self._drawers = np.array([cut.drawer for cut in cuts], np.uint64) * _MIX
        self._counts = np.zeros(max(by_length) + 1, np.int64)
        for length, own in by_length.items():
            self._counts[length] = len(own)
        self._firsts = np.cumsum(self._counts) - self._counts

    def pieces(self, text: str, starts: Rows, lengths: Rows) -> tuple[Rows, Hashes]:
        """Cut the words that begin at `starts` of a text; return of each piece its word's row, and its hash."""
        rows, within = ragged(self._counts[lengths])
        cuts = self._firsts[lengths][rows] + within
        first = starts[rows]
        return rows, _hashes(text, first + self._starts[cuts], first + self._ends[cuts], self._drawers[cuts])


def ragged(counts: Rows) -> tuple[Rows, Rows]:
    """Number the items of rows that hold `counts` of them: the row of each, and its place within."""
    rows = np.arange(len(counts)).repeat(counts)
    return rows, np.arange(len(rows)) - (counts.cumsum() - counts)[rows]


class Letters:
    """Which letters occur in each of some words, and which an odd number of times.

    As 64 bits each; different letters may share one, so words may seem more alike than they are, never less.
    """

    def __init__(self, text: str, starts: Rows, lengths: Rows) -> None:
        bits = np.zeros(len(text) + 1, np.uint64)
        bits[:-1] = _ONE << (encoded(text) & _LAST_BIT)
        # Of each pair of borders the first gives the word, the second what lies before the next.
        borders = np.empty(2 * len(starts), np.int64)
        borders[::2], borders[1::2] = starts, starts + lengths
        self._occurring = np.bitwise_or.reduceat(bits, borders)[::2]
        self._odd = np.bitwise_xor.reduceat(bits, borders)[::2]

    def differing(self, rows: Rows, other: Letters, others: Rows) -> npt.NDArray[np.uint8]:
        """Count the letters in which words differ from words of another text: at least, not exactly."""
        occurring = np.bitwise_count(self._occurring[rows] ^ other._occurring[others])
        odd = np.bitwise_count(self._odd[rows] ^ other._odd[others])
        return np.maximum(occurring, odd)


def _hashes(text: str, starts: Rows, ends: Rows, drawers: Hashes) -> Hashes:
    """Hash pieces of a text: the sum of letter times power of its place, brought back to where the piece begins."""
    powers, back = _powers(len(text))
    sums = np.zeros(len(text) + 1, np.uint64)
    (encoded(text) * powers).cumsum(out=sums[1:])
    return ((sums[ends] - sums[starts]) * back[starts] + drawers) * _MIX


def _powers(count: int) -> tuple[Hashes, Hashes]:
    """Return powers of the base and of its inverse."""
    if count <= _MOST_KEPT:
        return _KEPT[0][:count], _KEPT[1][:count]
    return _power(_BASE, count), _power(_INVERSE, count)


def _power(base: int, count: int) -> Hashes:
    powers = np.full(count, base, np.uint64)
    powers[:1] = 1
    return np.multiply.accumulate(powers)


_MOST_KEPT = 4_096
_KEPT = _power(_BASE, _MOST_KEPT), _power(_INVERSE, _MOST_KEPT)


class Filed:
    """Rows under hashes; those of one hash come out in the order they were given."""

    def __init__(self, hashes: Hashes, rows: Rows) -> None:
        order = np.argsort(hashes, kind="stable")
        self._rows = rows[order]
        self._hashes, self._firsts = np.unique(hashes[order], return_index=True)
        self._counts = np.diff(np.append(self._firsts, len(hashes)))
        # Nearly all that is looked for is not there, and one look in a small table says so.
        bits = max(8, (_ROOM * len(hashes)).bit_length())
        self._shift = np.uint64(64 - bits)
        self._may_be_there = np.zeros(1 << bits, np.bool_)
        self._may_be_there[self._hashes >> self._shift] = True

    def find(self, hashes: Hashes, most: int) -> tuple[Rows, Rows]:
        """Return pairs: the index of a hash, and a row filed under it, at most `most` for each."""
        likely = np.flatnonzero(self._may_be_there[hashes >> self._shift])
        at = np.searchsorted(self._hashes, hashes[likely])
        # A hash beyond the last is compared with the first, which is another.
        at[at == len(self._hashes)] = 0
        there = self._hashes[at] == hashes[likely]
        likely, at = likely[there], at[there]
        which, within = ragged(np.minimum(self._counts[at], most))
        return likely[which], self._rows[self._firsts[at][which] + within]
