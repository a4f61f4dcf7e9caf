"""Fuzzy: names with a letter or two wrong, which say enough to look at and never enough to block.

A word with k wrong letters still has one of k + 1 parts of the alias unharmed at (about) its place. So aliases are
filed by their parts, a text's words are looked up by theirs, and few pairs are left to measure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rapidfuzz.distance import OSA

from indexer.signals.names.groups import Groups
from indexer.signals.names.letters import is_bordered

SHORTEST = 6
_SHORTEST_FOR_TWO = 9
_LONGEST = 40
_MOST_WORDS = 2_000
_MOST_TOGETHER = 3
_MOST_CANDIDATES = 64
"""Aliases measured per filed part of a word; with _MOST_WORDS the bound of the work for one text."""

_MOST_MEASURED = 50_000


class Nearly(NamedTuple):
    """Words from `first` to `last` that spell the key of a number with some letters wrong."""

    wrong: int
    first: int
    last: int
    key: int


class FuzzyTable:
    """Aliases filed by their parts."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys: list[str] = []
        self._numbers: list[int] = []
        self._owners: list[int] = []
        for number, key in enumerate(keys):
            if SHORTEST <= len(key) <= _LONGEST and key.isalpha() and is_bordered(key[0]) and is_bordered(key[-1]):
                self._keys.append(key)
                self._numbers.append(number)
        self._filed = Groups(self._parts())

    def _parts(self) -> Iterator[str]:
        for entry, key in enumerate(self._keys):
            for part in _parts(key):
                self._owners.append(entry)
                yield part

    def find(self, words: Sequence[str]) -> list[Nearly]:
        """Return the keys that words nearly spell; of overlapping runs of words the one nearest to a key.

        Of a long text the first _MOST_WORDS are read, each spelling once.
        """
        taken: set[tuple[int, int]] = set()
        kept: list[Nearly] = []
        for hit in sorted(self._measured(words[:_MOST_WORDS])):
            covered = {(hit.key, place) for place in range(hit.first, hit.last + 1)}
            if taken.isdisjoint(covered):
                taken |= covered
                kept.append(hit)
        return kept

    def _measured(self, words: Sequence[str]) -> Iterator[Nearly]:
        left = _MOST_MEASURED
        for spelling, first, last in _together(words) if self._keys else ():
            for entry in self._candidates(spelling):
                left -= 1
                if left < 0:
                    return
                key = self._keys[entry]
                most = _most_wrong(len(key))
                wrong = OSA.distance(spelling, key, score_cutoff=most)
                if 0 < wrong <= most:
                    yield Nearly(wrong, first, last, self._numbers[entry])

    def _candidates(self, word: str) -> set[int]:
        found: set[int] = set()
        for length in range(max(SHORTEST, len(word) - 2), len(word) + 3):
            if abs(length - len(word)) <= _most_wrong(length):
                for part in _parts_at(word, length):
                    found.update(self._owners[row] for row in self._filed.rows_of(part, _MOST_CANDIDATES))
        return found


def _most_wrong(length: int) -> int:
    return 2 if length >= _SHORTEST_FOR_TWO else 1


def _together(words: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Yield each run of up to _MOST_TOGETHER words as one, once per spelling, where its length can match."""
    seen: set[str] = set()
    for first in range(len(words)):
        together = ""
        for last, word in enumerate(words[first : first + _MOST_TOGETHER], first):
            together += word
            if len(together) > _LONGEST + 2:
                break
            if len(together) >= SHORTEST - 1 and together not in seen:
                seen.add(together)
                yield together, first, last


def _parts(key: str) -> Iterator[str]:
    """Cut an alias into one part more than it may have letters wrong."""
    length = len(key)
    count = _most_wrong(length) + 1
    size = length // count
    for number in range(count):
        last = number == count - 1
        yield _filed_as(length, number, key[number * size : None if last else (number + 1) * size])


def _parts_at(word: str, length: int) -> Iterator[str]:
    """Cut a word as an alias of some length is cut: the first part from its start, the last from its end."""
    count = _most_wrong(length) + 1
    size = length // count
    yield _filed_as(length, 0, word[:size])
    yield _filed_as(length, count - 1, word[-(length - size * (count - 1)) :])
    if count > 2:  # noqa: PLR2004 (a part in the middle, one letter further left or right after an edit before it)
        for shift in (-1, 0, 1):
            yield _filed_as(length, 1, word[size + shift : 2 * size + shift])


def _filed_as(length: int, number: int, part: str) -> str:
    """Name a part by the length of its alias, its number, and its letters."""
    return f"{length} {number} {part}"
