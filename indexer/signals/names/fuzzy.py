"""Fuzzy: names with a letter or two wrong, which say enough to look at and never enough to block.

A word with k wrong letters still has one of k + 1 pieces of the alias unharmed at (about) its place. So aliases are
filed by their pieces, a text's words are looked up by theirs, all at once, and few pairs are left to measure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import OSA

from indexer.signals.names.letters import is_bordered
from indexer.signals.names.pieces import Cut, Cuts, Filed, Letters

SHORTEST = 6
_SHORTEST_FOR_TWO = 9
_LONGEST = 40
_MOST_WRONG = 2
_MOST_WORDS = 2_000
_MOST_TOGETHER = 3
_MOST_CANDIDATES = 64
"""Aliases measured per filed piece of a word; with _MOST_WORDS the bound of the work for one text."""

_MOST_MEASURED = 50_000
_MOST_TOLD = 50_000


class Nearly(NamedTuple):
    """Words from `first` to `last` that spell the key of a number with some letters wrong."""

    wrong: int
    first: int
    last: int
    key: int


class FuzzyTable:
    """Aliases filed by their pieces."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._numbers = [number for number, key in enumerate(keys) if _is_filed(key)]
        self._keys = [keys[number] for number in self._numbers]
        if not self._keys:
            return
        text = "".join(self._keys)
        lengths = np.array([len(key) for key in self._keys], np.int64)
        starts = np.cumsum(lengths) - lengths
        entries, hashes = _ALIAS_CUTS.pieces(text, starts, lengths)
        self._filed = Filed(hashes, entries)
        self._letters = Letters(text, starts, lengths)
        # A wrong letter is one letter more, one less, or both.
        self._room = 2 * np.where(lengths >= _SHORTEST_FOR_TWO, _MOST_WRONG, 1)

    def find(self, words: Sequence[str]) -> list[Nearly]:
        """Return the keys that words nearly spell; of overlapping runs of words the one nearest to a key.

        Of a long text the first _MOST_WORDS are read; each spelling is measured once, and told wherever it stands.
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
        text = "".join(words)
        borders = [0, *accumulate(map(len, words))]
        runs = _runs(borders) if self._keys else []
        if not runs:
            return
        read = [text[borders[first] : borders[last + 1]] for first, last in runs]
        # Each spelling is measured once.
        together = dict(zip(read, runs, strict=True))
        spellings = list(together)
        starts = np.array([borders[first] for first, _ in together.values()])
        lengths = np.array(list(map(len, spellings)))
        pieces, hashes = _WORD_CUTS.pieces(text, starts, lengths)
        found, entries = self._filed.find(hashes, _MOST_CANDIDATES)
        if not len(found):
            return
        which = pieces[found]
        alike = self._letters.differing(entries, Letters(text, starts, lengths), which) <= self._room[entries]
        # Several pieces of one word may lead to one alias.
        pairs = sorted(set(zip(which[alike].tolist(), entries[alike].tolist(), strict=True)))
        spelled: dict[str, list[tuple[int, int]]] = {}
        for number, entry in pairs[:_MOST_MEASURED]:
            spelling, key = spellings[number], self._keys[entry]
            most = _most_wrong(len(key))
            wrong = OSA.distance(spelling, key, score_cutoff=most)
            if 0 < wrong <= most:
                spelled.setdefault(spelling, []).append((wrong, self._numbers[entry]))
        if spelled:
            everywhere = (
                Nearly(wrong, *run, key)
                for spelling, run in zip(read, runs, strict=True)
                if spelling in spelled
                for wrong, key in spelled[spelling]
            )
            yield from islice(everywhere, _MOST_TOLD)


def _is_filed(key: str) -> bool:
    if not SHORTEST <= len(key) <= _LONGEST or not key.isalpha():
        return False
    return key.isascii() or (is_bordered(key[0]) and is_bordered(key[-1]))


def _most_wrong(length: int) -> int:
    return _MOST_WRONG if length >= _SHORTEST_FOR_TWO else 1


def _runs(borders: Sequence[int]) -> list[tuple[int, int]]:
    """Return first and last word of each run of up to _MOST_TOGETHER words whose length can match.

    `borders` are the places in the text of all words where these begin, and its end.
    """
    places = np.array(borders)
    runs = []
    for more in range(1, min(_MOST_TOGETHER, len(places) - 1) + 1):
        lengths = places[more:] - places[:-more]
        firsts = np.flatnonzero((lengths >= SHORTEST - 1) & (lengths <= _LONGEST + _MOST_WRONG)).tolist()
        runs += [(first, first + more - 1) for first in firsts]
    return runs


def _cut_alias(length: int) -> list[Cut]:
    """Cut an alias into one piece more than it may have letters wrong."""
    count = _most_wrong(length) + 1
    size = length // count
    ends = [*range(size, size * count, size), length]
    return [Cut(number * size, end, _drawer(length, number)) for number, end in enumerate(ends)]


def _cut_word(word: int) -> list[Cut]:
    """Cut a word as every alias it may be is cut: the first piece from its start, the last from its end."""
    cuts: list[Cut] = []
    for length in range(max(SHORTEST, word - _MOST_WRONG), min(_LONGEST, word + _MOST_WRONG) + 1):
        if abs(length - word) > _most_wrong(length):
            continue
        first, *middle, last = _cut_alias(length)
        cuts += [first, Cut(word - (last.end - last.start), word, last.drawer)]
        # In the middle one letter further left or right, after an edit before it.
        cuts += [Cut(piece.start + shift, piece.end + shift, piece.drawer) for piece in middle for shift in (-1, 0, 1)]
    return cuts


def _drawer(length: int, number: int) -> int:
    """Number the drawer for one piece of all aliases of a length."""
    return length * (_MOST_WRONG + 1) + number


_ALIAS_CUTS = Cuts({length: _cut_alias(length) for length in range(SHORTEST, _LONGEST + 1)})
_WORD_CUTS = Cuts({length: _cut_word(length) for length in range(SHORTEST - 1, _LONGEST + _MOST_WRONG + 1)})
