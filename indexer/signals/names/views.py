"""Views: the several ways in which one text is read when names are looked for.

    plain   as written: NFKD, case, accents, invisible marks, separators as one space
    looks   as it looks and is shown: without markup, look-alikes, simplified Chinese and hiragana unified
    split   looks, with spaces before the Capitals of CamelCase and between letters and digits
    joined  looks, without separators
    leet    joined, with digits and signs decoded to letters

Every view keeps, for each of its letters, the place in the original, and tells where words begin and end. All is done
on arrays of code points by the tables of `foldings`: time is linear in the text's length. Most texts hold no name, so
what only a match needs is computed when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from indexer.signals.names import letters
from indexer.signals.names.foldings import (
    BORDERED,
    CAPITAL_I,
    DIGIT,
    LEET_DIGIT,
    LEET_SIGN,
    LETTER,
    LOOKS,
    LOOKS_OTHERWISE,
    LOWER,
    MAY_BE_LEET,
    PART,
    PLAIN,
    UPPER,
    Codes,
    Folded,
    Kinds,
    Places,
    decoded,
    encoded,
    kinds_of,
)
from indexer.signals.names.markup import Shown, shown

Flags = npt.NDArray[np.bool_]

_SPACE = ord(" ")
_LEET_CLASSES = letters.LEET_DIGITS | {"l": "i"}


class Reading(StrEnum):
    """The views of a text, as the module describes them."""

    PLAIN = "plain"
    LOOKS = "looks"
    SPLIT = "split"
    JOINED = "joined"
    LEET = "leet"


@dataclass(frozen=True)
class View:
    """A reading of a text; letter i comes from the code point `sources[i]` of the text, or of what of it is `shown`.

    `gaps[i]` counts the separators removed before letter i or earlier. `literal[i]` is the letter before leet was
    decoded, 0 where it was decoded. `borders` computes `opens` and `closes`.
    """

    reading: Reading
    codes: Codes
    sources: Places
    shown: Shown | None
    borders: Callable[[], tuple[Flags, Flags]]
    gaps: Places | None = None
    literal: Codes | None = None

    @cached_property
    def text(self) -> str:
        """The view's letters."""
        return decoded(self.codes)

    @cached_property
    def _borders(self) -> tuple[Flags, Flags]:
        return self.borders()

    @property
    def opens(self) -> Flags:
        """Whether a word may begin at letter i; one more than there are letters."""
        return self._borders[0]

    @property
    def closes(self) -> Flags:
        """Whether a word may end before letter i; one more than there are letters."""
        return self._borders[1]

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the original the letters from `start` up to `end` stand."""
        first, last = int(self.sources[start]), int(self.sources[end - 1])
        return (first, last + 1) if self.shown is None else (self.shown.starts[first], self.shown.ends[last])


def views(text: str) -> list[View]:
    """Return the distinct views of a text, strongest first; a view that would repeat another is left out."""
    raw = encoded(text)
    folded = fold_plain(raw)
    found = [_view(Reading.PLAIN, folded, None)]
    visible = shown(text)
    if visible is not None:
        raw = encoded(visible.text)
    kinds = kinds_of(raw)
    occurring = int(np.bitwise_or.reduce(kinds, initial=0))
    looks = found[0]
    if visible is not None or occurring & LOOKS_OTHERWISE:
        folded = fold_looks(raw)
        looks = _view(Reading.LOOKS, folded, visible)
        if visible is not None or looks.text != found[0].text:
            found.append(looks)
    split = _split(raw, kinds) if occurring & (UPPER | DIGIT) else None
    if split is not None and len(split.codes) != len(looks.codes):
        found.append(_view(Reading.SPLIT, split, visible))
    if " " in looks.text:
        found.append(_joined(Reading.JOINED, looks))
    if occurring & MAY_BE_LEET:
        leet = _leet_view(_fold_signs(raw) if occurring & LEET_SIGN else folded, kinds, visible)
        found.append(_joined(Reading.LEET, leet))
    return found


def fold_plain(codes: Codes) -> Folded:
    """Fold code points as the plain view reads them."""
    return _one_space(PLAIN(codes))


def fold_looks(codes: Codes) -> Folded:
    """Fold code points as they look."""
    return _one_space(LOOKS(codes))


def fold_split(codes: Codes) -> Folded:
    """Fold code points as they look, with CamelCase and digits split from what precedes them."""
    return _split(codes, kinds_of(codes)) or fold_looks(codes)


def fold_leet(codes: Codes) -> Folded:
    """Fold code points as they look, with leet decoded."""
    folded = _fold_signs(codes)
    return Folded(_translated(folded.codes, _LEET_CLASSES), folded.sources)


def _split(codes: Codes, kinds: Kinds) -> Folded | None:
    """Fold code points with spaces between the parts of words; None where none has several."""
    upper, lower, digit, letter = ((kinds & bit) > 0 for bit in (UPPER, LOWER, DIGIT, LETTER))
    begins = np.zeros(len(codes), np.bool_)
    begins[1:] = (upper[1:] & lower[:-1]) | (digit[1:] & letter[:-1]) | (letter[1:] & digit[:-1])
    begins[1:-1] |= upper[:-2] & upper[1:-1] & lower[2:]
    at = np.flatnonzero(begins)
    if not len(at):
        return None
    sources = np.arange(len(codes), dtype=np.int64).repeat(1 + begins)
    with_spaces = codes[sources]
    with_spaces[at + np.arange(len(at))] = _SPACE
    folded = fold_looks(with_spaces)
    return Folded(folded.codes, sources[folded.sources])


def _fold_signs(codes: Codes) -> Folded:
    """Fold code points as they look, with the signs of leet as letters."""
    return fold_looks(_translated(codes, letters.LEET_SIGNS))


def _leet_view(folded: Folded, kinds: Kinds, visible: Shown | None) -> View:
    """Build the leet view of a text folded with signs as letters, whose own letters are of some kinds.

    A word may end beside what might be leet but is outside it: `m00n5` is m00n and 5, `m00n!` is m00n.
    """
    original = kinds[folded.sources]
    sign = (original & LEET_SIGN) > 0
    hidden = sign | ((kinds_of(folded.codes) & LEET_DIGIT) > 0)
    # A capital I may be an l; no other letter may be another.
    either = hidden | ((original & CAPITAL_I) > 0)
    codes = _translated(folded.codes, _LEET_CLASSES)

    def borders() -> tuple[Flags, Flags]:
        stand = _borders(codes)
        before, here = np.insert(hidden, 0, values=False), np.append(hidden, values=False)
        opens = stand | (before & ~here) | np.insert(sign, 0, values=False)
        closes = stand | (here & ~before) | np.append(sign, values=False) | _versions(codes) | _versions(folded.codes)
        return opens, closes

    literal = np.where(either, np.uint32(0), folded.codes)
    return View(Reading.LEET, codes, folded.sources, visible, borders, literal=literal)


def _view(reading: Reading, folded: Folded, visible: Shown | None) -> View:
    def borders() -> tuple[Flags, Flags]:
        stand = _borders(folded.codes)
        return stand, stand | _versions(folded.codes)

    return View(reading, folded.codes, folded.sources, visible, borders)


def _joined(reading: Reading, view: View) -> View:
    """Remove the separators of a view, remembering where they were."""
    kept = np.flatnonzero(view.codes != _SPACE)
    at = np.append(kept, len(view.codes))
    # Before letter i stood a separator where the count of those removed rises to it.
    gaps = at - np.arange(len(at))

    def borders() -> tuple[Flags, Flags]:
        closes = view.closes[at]
        closes[-1] = True
        closes[1:] |= gaps[1:] > gaps[:-1]
        return view.opens[at], closes

    literal = None if view.literal is None else view.literal[kept]
    return View(reading, view.codes[kept], view.sources[kept], view.shown, borders, gaps, literal)


def _borders(codes: Codes) -> Flags:
    """Tell for each place before, between and after the letters whether a word may begin or end there."""
    kinds = kinds_of(codes)
    bordered = (kinds & BORDERED) > 0
    digit = (kinds & DIGIT) > 0
    borders = np.ones(len(codes) + 1, np.bool_)
    borders[1:-1] = ~(bordered[:-1] & bordered[1:] & (digit[:-1] == digit[1:]))
    borders[:-1] &= (kinds & PART) == 0
    return borders


def _versions(codes: Codes) -> Flags:
    """Tell where a version begins, which ends a name though it is written onto it: `moonmartenv2`."""
    begins = np.zeros(len(codes) + 1, np.bool_)
    begins[:-2] = (codes[:-1] == ord("v")) & ((kinds_of(codes[1:]) & DIGIT) > 0)
    return begins


def _one_space(folded: Folded) -> Folded:
    """Reduce each run of spaces to its first, and drop those at the beginning."""
    space = folded.codes == _SPACE
    again = space.copy()
    again[1:] &= space[:-1]
    if not again.any():
        return folded
    return Folded(folded.codes[~again], folded.sources[~again])


def _translated(codes: Codes, table: dict[str, str]) -> Codes:
    """Replace single letters."""
    translated = codes.copy()
    for char, letter in table.items():
        translated[codes == ord(char)] = ord(letter)
    return translated
