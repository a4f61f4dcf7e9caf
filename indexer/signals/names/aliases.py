"""Names: find registered aliases in texts, however they are written.

1. A text is read in several views (`views`): as written, as it looks, with CamelCase split, without separators,
   with leet decoded. Offsets lead back into the original.
2. The aliases are folded in the same ways, and spelled in pinyin and romaji (`keys`, `spellings`).
3. One Aho-Corasick automaton over all keys finds every alias in one pass over each view, whatever their number.
4. A hit has to stand as a word where its script has borders, and in the weaker views to be no mere accident.
5. What is found by a weaker view, or by words that nearly spell an alias (`fuzzy`), is marked as indirect.
6. Each alias is reported once for a place, from its strongest view, with what stands about it (`context`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from ahocorasick_rs import AhoCorasick, MatchKind

from indexer.model import Alias, AliasHit, AliasKind, ReferenceSet
from indexer.signals.names.context import is_negated, names_a_style, needs_series
from indexer.signals.names.foldings import decoded, encoded
from indexer.signals.names.fuzzy import FuzzyTable
from indexer.signals.names.keys import COMPACT, LEET, LOOKS, PLAIN, SPLIT, Keys, Use, is_cjk, letters
from indexer.signals.names.spellings import Spelling
from indexer.signals.names.views import Reading, View, fold_plain, views

RECIPE = "names-2"
MAX_TEXT = 200_000
"""Longest text that is searched, in code points; what lies beyond is reported by the caller."""

MOST_HITS = 50_000
"""Most hits reported for one text: every word of the longest text, and no more."""

_MOST_MATCHES = 200_000
"""Most matches of the automaton per view; only aliases within aliases come to so many."""

_MOST_WEIGHED = {Reading.PLAIN: 50_000}
_MOST_WEIGHED_ELSE = 10_000
"""Most aliases weighed per view. Each view has its own, so that a flood of weak hits hides no strong one."""

_PIECE = 4_096
"""Code points searched at a time, so that the matches in memory stay bounded."""

_LEAST_COMPACT = 6
"""Fewest letters of a name of several words that counts when they are written as one."""

_LEAST_JOINED = 6
_LEAST_JOINED_CJK = 4
_LEAST_SPELLED_OUT = 4
"""Fewest letters of a name across separators: any, or with a separator after every letter."""

_LEAST_LEET = 4


_MOST_READ_FOR_FUZZY = 100_000


class Strength(IntEnum):
    """How a name was found, strongest first; from JOINED on it is indirect."""

    PLAIN = 0
    LOOKS = 1
    SPLIT = 2
    COMPACT = 3
    JOINED = 4
    LEET = 5
    PINYIN = 6
    ROMAJI = 7
    FUZZY = 8


@dataclass(frozen=True, slots=True)
class FoldedText:
    """A folded text, and for each of its code points the offset in the original it came from."""

    text: str
    offsets: tuple[int, ...]


class _Found(NamedTuple):
    """An alias by number at a place of the original."""

    strength: Strength
    start: int
    end: int
    alias: int


def fold(text: str) -> FoldedText:
    """Fold a text as the plain view does; linear in its length."""
    folded = fold_plain(encoded(text))
    return FoldedText(decoded(folded.codes), tuple(folded.sources.tolist()))


class AliasTable:
    """All aliases of an index, searchable in one pass over a text."""

    def __init__(self, sets: Iterable[ReferenceSet]) -> None:
        # Two lists: a hundred thousand pairs would be as many objects for the garbage collector to visit.
        self._slugs: list[str] = []
        self._aliases: list[Alias] = []
        for item in sets:
            self._slugs += [item.slug] * len(item.aliases)
            self._aliases += item.aliases
        self._keys = Keys([alias.text for alias in self._aliases])
        texts = self._keys.texts
        self._longest = max(map(len, texts), default=0)
        self._automaton = AhoCorasick(texts, matchkind=MatchKind.Standard) if texts else None
        self._fuzzy = FuzzyTable(self._keys.compact)

    def __len__(self) -> int:
        """Count the distinct folded aliases."""
        return self._keys.distinct

    def find(self, text: str) -> list[AliasHit]:
        """Return every alias in the first MAX_TEXT code points of a text, in order of place.

        An alias is reported once for a place, from the strongest view that has it; at most MOST_HITS in all.
        """
        if self._automaton is None:
            return []
        text = text[:MAX_TEXT]
        read = views(text)
        found = _strongest([hit for view in read for hit in self._in_view(view)])
        found = _strongest([*found, *self._nearly(read)])
        hits = self._told(text, found)
        return sorted(hits, key=lambda hit: (hit.start, hit.end))

    def _told(self, text: str, found: list[_Found]) -> list[AliasHit]:
        """Say of each place what stands about it, and of which sets the series is named in this text."""
        indirect = Strength.JOINED
        series = {
            self._slugs[hit.alias]
            for hit in found
            if hit.strength < indirect and self._aliases[hit.alias].kind is AliasKind.SERIES
        }
        weak: dict[int, bool] = {}
        about: dict[tuple[int, int], tuple[bool, bool]] = {}
        hits: list[AliasHit] = []
        for hit in found[:MOST_HITS]:
            slug, alias = self._slugs[hit.alias], self._aliases[hit.alias]
            place = (hit.start, hit.end)
            if place not in about:
                about[place] = is_negated(text, hit.start), names_a_style(text, hit.end)
            negated, style = about[place]
            if hit.alias not in weak:
                weak[hit.alias] = slug not in series and needs_series(alias, self._keys.compact[hit.alias])
            hits.append(
                AliasHit(
                    slug,
                    alias,
                    hit.start,
                    hit.end,
                    negated,
                    view=hit.strength.name.lower(),
                    indirect=hit.strength >= indirect or style,
                    needs_series=weak[hit.alias],
                )
            )
        return hits

    def _in_view(self, view: View) -> Iterator[_Found]:
        """Yield the aliases that one view shows."""
        accepted = _ACCEPTED[view.reading]
        left = _MOST_WEIGHED.get(view.reading, _MOST_WEIGHED_ELSE)
        for key, start, end in self._matches(view):
            for use in self._keys.uses(key):
                if not use.families & accepted:
                    continue
                left -= 1
                if left < 0:
                    return
                strength = _weigh(view, self._keys.texts[key], use, start, end)
                if strength is not None:
                    yield _Found(strength, *view.place(start, end), use.alias)

    def _matches(self, view: View) -> Iterator[tuple[int, int, int]]:
        """Yield the automaton's matches that begin and end where words may, as key, start and end."""
        if self._automaton is None:
            return
        piece = max(_PIECE, 4 * self._longest)
        left = _MOST_MATCHES
        for base in range(0, len(view.text), piece):
            text = view.text[base : base + piece + self._longest]
            found = self._automaton.find_matches_as_indexes(text, overlapping=True)
            if not found:
                continue
            matches = np.array(found, np.int64)
            # What begins in the next piece is found there again.
            matches = matches[matches[:, 1] < piece]
            left -= len(matches)
            matches[:, 1:] += base
            standing = matches[view.opens[matches[:, 1]] & view.closes[matches[:, 2]]]
            yield from map(tuple, standing[:MOST_HITS].tolist())
            if left < 0:
                return

    def _nearly(self, read: list[View]) -> Iterator[_Found]:
        """Yield the aliases that words nearly spell, in the view that best tells words apart."""
        by_reading = {view.reading: view for view in read}
        view = by_reading.get(Reading.SPLIT) or by_reading.get(Reading.LOOKS) or by_reading[Reading.PLAIN]
        words = view.text[:_MOST_READ_FOR_FUZZY].split(" ")
        read_at = [number for number, word in enumerate(words) if word.isalpha()]
        hits = self._fuzzy.find([words[number] for number in read_at])
        ends = list(accumulate(len(word) + 1 for word in words)) if hits else []
        for hit in hits:
            first, last = read_at[hit.first], read_at[hit.last]
            yield _Found(Strength.FUZZY, *view.place(ends[first] - len(words[first]) - 1, ends[last] - 1), hit.key)


_ACCEPTED = {
    Reading.PLAIN: PLAIN | LOOKS | SPLIT | COMPACT,
    Reading.LOOKS: LOOKS | SPLIT | COMPACT,
    Reading.SPLIT: LOOKS | SPLIT | COMPACT,
    Reading.JOINED: COMPACT,
    Reading.LEET: LEET,
}

_OWN_STRENGTH = {
    Reading.PLAIN: Strength.PLAIN,
    Reading.LOOKS: Strength.LOOKS,
    Reading.SPLIT: Strength.SPLIT,
    Reading.JOINED: Strength.JOINED,
    Reading.LEET: Strength.LEET,
}

_UNJOINED = (Reading.PLAIN, Reading.LOOKS, Reading.SPLIT)

_SPELLED_STRENGTH = {Spelling.PINYIN: Strength.PINYIN, Spelling.ROMAJI: Strength.ROMAJI}


def _weigh(view: View, key: str, use: Use, start: int, end: int) -> Strength | None:
    """Tell how strong a match is; None for an accident."""
    if view.gaps is not None and not _spans_separators(
        view.gaps, key, start, end, within_words=view.reading is Reading.LEET
    ):
        return None
    if view.literal is not None and not _is_leet(view.literal[start:end], use.exact):
        return None
    if use.spelling is not Spelling.OWN:
        return _SPELLED_STRENGTH[use.spelling]
    if view.reading in _UNJOINED and not use.families & (PLAIN | LOOKS | SPLIT):
        return _weigh_compact(key)
    return max(_OWN_STRENGTH[view.reading], _key_strength(use.families))


def _key_strength(families: int) -> Strength:
    """Tell by the best fold of an alias that made this key how strong a match of it can be."""
    if families & PLAIN:
        return Strength.PLAIN
    return Strength.LOOKS if families & LOOKS or not families & SPLIT else Strength.SPLIT


def _weigh_compact(key: str) -> Strength | None:
    """Weigh a name of several words that is written as one."""
    count = letters(key)
    if is_cjk(key) or count >= _LEAST_COMPACT:
        return Strength.COMPACT
    return Strength.JOINED if count >= _LEAST_SPELLED_OUT else None


def _spans_separators(gaps: npt.NDArray[np.int64], key: str, start: int, end: int, *, within_words: bool) -> bool:
    """Tell whether a name was written with separators in it, rather than arose where words meet."""
    inside = int(gaps[end - 1] - gaps[start])
    if not inside:
        return within_words
    count = letters(key)
    spelled_out = inside >= count - 1
    if not is_cjk(key):
        return count >= (_LEAST_SPELLED_OUT if spelled_out else _LEAST_JOINED)
    if count >= _LEAST_JOINED_CJK:
        return True
    alone_before = start == 0 or gaps[start] > gaps[start - 1]
    alone_after = end == len(gaps) - 1 or gaps[end] > gaps[end - 1]
    return bool(alone_before and alone_after)


def _is_leet(literal: npt.NDArray[np.uint32], exact: str) -> bool:
    """Tell whether a match has decoded letters among enough real ones, and an l for an i nowhere but there."""
    decoded_here = int((literal == 0).sum())
    if not decoded_here or len(literal) < _LEAST_LEET or 4 * decoded_here > 3 * len(literal):
        return False
    wanted = encoded(exact)
    return len(wanted) != len(literal) or bool(((literal == wanted) | (literal == 0)).all())


def _strongest(found: Iterable[_Found]) -> list[_Found]:
    """Keep of each alias, where hits of several strengths overlap, those of the strongest."""
    kept: list[_Found] = []
    taken: dict[int, list[tuple[int, int]]] = {}
    fresh: dict[int, list[tuple[int, int]]] = {}
    strength: Strength | None = None
    for hit in sorted(set(found)):
        if hit.strength is not strength:
            for alias, places in fresh.items():
                taken[alias] = _merged([*taken.get(alias, ()), *places])
            fresh = {}
            strength = hit.strength
        if not _overlaps(taken.get(hit.alias), hit):
            fresh.setdefault(hit.alias, []).append((hit.start, hit.end))
            kept.append(hit)
    return kept


def _merged(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Unite overlapping places; they come out in order."""
    united: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if united and start < united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return united


def _overlaps(places: list[tuple[int, int]] | None, hit: _Found) -> bool:
    if not places:
        return False
    after = bisect_left(places, (hit.end,))
    return after > 0 and places[after - 1][1] > hit.start
