"""Views: the several ways in which one text is read when names are looked for.

    plain   as written: NFKD, case, accents, invisible marks, separators as one space
    looks   as it looks and is shown: without markup, look-alikes, simplified Chinese and hiragana unified
    split   looks, with spaces before the Capitals of CamelCase and between letters and digits
    joined  looks, without separators
    leet    joined, with digits and signs decoded to letters

Every view keeps, for each of its letters, the place in the original, and where words begin and end. All is done on
arrays of code points, with the fold of each distinct letter computed once: time is linear in the text's length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Lock

import numpy as np
import numpy.typing as npt

from indexer.signals.names import letters
from indexer.signals.names.markup import shown

Codes = npt.NDArray[np.uint32]
Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Kinds = npt.NDArray[np.uint8]

_SPACE = ord(" ")
_LEET_CLASSES = letters.LEET_DIGITS | {"l": "i"}
_DIGITS = [ord(char) for char in letters.LEET_DIGITS]
_SIGNS = [ord(char) for char in letters.LEET_SIGNS]
_CAPITAL_I = [ord(char) for char in "IΙІＩ"]


class Reading(StrEnum):
    """The views of a text, as the module describes them."""

    PLAIN = "plain"
    LOOKS = "looks"
    SPLIT = "split"
    JOINED = "joined"
    LEET = "leet"


@dataclass(frozen=True, slots=True)
class View:
    """A reading of a text: letter i comes from the original's code points `starts[i]` up to `ends[i]`.

    A word may begin at letter i where `opens[i]`, end before it where `closes[i]`. `gaps[i]` counts the separators
    removed before letter i or earlier. `literal[i]` is the letter before leet was decoded, 0 where it was decoded.
    """

    reading: Reading
    codes: Codes
    starts: Places
    ends: Places
    opens: Flags
    closes: Flags
    gaps: Places | None = None
    literal: Codes | None = None

    @property
    def text(self) -> str:
        """The view's letters."""
        return decoded(self.codes)


@dataclass(frozen=True, slots=True)
class Folded:
    """Letters after a folding, and the index of the letter before it that each came from."""

    codes: Codes
    sources: Places


def encoded(text: str) -> Codes:
    """Return the code points of a text, lone surrogates among them."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def decoded(codes: Codes) -> str:
    """Return the text of code points."""
    return codes.tobytes().decode("utf-32-le", "replace")


def views(text: str) -> list[View]:
    """Return the distinct views of a text, strongest first; a view that would repeat another is left out."""
    raw = encoded(text)
    places = np.arange(len(raw), dtype=np.int64)
    plain = _view(Reading.PLAIN, fold_plain(raw), places, places + 1)
    visible = shown(text)
    if visible is not None:
        raw = encoded(visible.text)
        places = np.frombuffer(visible.starts, np.int64)
        ends = np.frombuffer(visible.ends, np.int64)
    else:
        ends = places + 1
    looks = _view(Reading.LOOKS, fold_looks(raw), places, ends)
    same = visible is None and np.array_equal(plain.codes, looks.codes)
    found = [plain] if same else [plain, looks]
    split = fold_split(raw)
    if len(split.codes) != len(looks.codes):
        found.append(_view(Reading.SPLIT, split, places, ends))
    if (looks.codes == _SPACE).any():
        found.append(_joined(Reading.JOINED, looks))
    leet = _leet_view(raw, places, ends)
    if leet is not None:
        found.append(_joined(Reading.LEET, leet))
    return found


def fold_plain(codes: Codes) -> Folded:
    """Fold code points as the plain view reads them."""
    return _one_space(_plain(codes))


def fold_looks(codes: Codes) -> Folded:
    """Fold code points as they look."""
    return _one_space(_looks(codes))


def fold_split(codes: Codes) -> Folded:
    """Fold code points as they look, with CamelCase and digits split from what precedes them."""
    kinds = _kinds(codes)
    upper, lower, digit, letter = ((kinds & bit) > 0 for bit in (_UPPER, _LOWER, _DIGIT, _LETTER))
    begins = np.zeros(len(codes), np.bool_)
    begins[1:] = (upper[1:] & lower[:-1]) | (digit[1:] & letter[:-1]) | (letter[1:] & digit[:-1])
    begins[1:-1] |= upper[:-2] & upper[1:-1] & lower[2:]
    at = np.flatnonzero(begins)
    with_spaces = np.insert(codes, at, np.uint32(_SPACE))
    sources = np.insert(np.arange(len(codes), dtype=np.int64), at, at)
    folded = _one_space(_looks(with_spaces))
    return Folded(folded.codes, sources[folded.sources])


def fold_leet(codes: Codes) -> Folded:
    """Fold code points as they look, with leet decoded."""
    folded = _fold_signs(codes)
    return Folded(_translated(folded.codes, _LEET_CLASSES), folded.sources)


def _fold_signs(codes: Codes) -> Folded:
    """Fold code points as they look, with the signs of leet as letters."""
    return _one_space(_looks(_translated(codes, letters.LEET_SIGNS)))


def _leet_view(raw: Codes, starts: Places, ends: Places) -> View | None:
    """Build the leet view, if any letter may be leet.

    A word may end beside what might be leet but is outside it: `m00n5` is m00n and 5, `m00n!` is m00n.
    """
    folded = _fold_signs(raw)
    original = raw[folded.sources]
    sign = np.isin(original, _SIGNS)
    hidden = np.isin(folded.codes, _DIGITS) | sign
    # A capital I may be an l; no other letter may be another.
    either = hidden | np.isin(original, _CAPITAL_I)
    if not either.any():
        return None
    leet = Folded(_translated(folded.codes, _LEET_CLASSES), folded.sources)
    view = _view(Reading.LEET, leet, starts, ends)
    hidden_before, hidden_here = np.insert(hidden, 0, values=False), np.append(hidden, values=False)
    return replace(
        view,
        opens=view.opens | (hidden_before & ~hidden_here) | np.insert(sign, 0, values=False),
        closes=view.closes | (hidden_here & ~hidden_before) | np.append(sign, values=False) | _versions(folded.codes),
        literal=np.where(either, np.uint32(0), folded.codes),
    )


def _view(reading: Reading, folded: Folded, starts: Places, ends: Places) -> View:
    borders = _borders(folded.codes)
    closes = borders | _versions(folded.codes)
    return View(reading, folded.codes, starts[folded.sources], ends[folded.sources], borders, closes)


def _joined(reading: Reading, view: View) -> View:
    """Remove the separators of a view, remembering where they were."""
    kept = view.codes != _SPACE
    spaces = np.cumsum(~kept)
    at_end = np.append(kept, values=True)
    codes = view.codes[kept]
    # Before letter i stood a separator where the count of spaces rises to it.
    gaps = np.append(spaces[kept], spaces[-1] if len(spaces) else 0)
    closes = view.closes[:-1][kept]
    closes = np.append(closes, values=True)
    closes[1:] |= gaps[1:] > gaps[:-1]
    return View(
        reading,
        codes,
        view.starts[kept],
        view.ends[kept],
        view.opens[at_end],
        closes,
        gaps,
        None if view.literal is None else view.literal[kept],
    )


def _borders(codes: Codes) -> Flags:
    """Tell for each place before, between and after the letters whether a word may begin or end there."""
    kinds = _kinds(codes)
    bordered = (kinds & _BORDERED) > 0
    digit = (kinds & _DIGIT) > 0
    borders = np.ones(len(codes) + 1, np.bool_)
    borders[1:-1] = ~(bordered[:-1] & bordered[1:] & (digit[:-1] == digit[1:]))
    borders[:-1] &= (kinds & _PART) == 0
    return borders


def _shifted(flags: Flags, by: int) -> Flags:
    """Move flags by one letter to the right (1) or the left (-1)."""
    moved = np.roll(flags, by)
    if len(moved):
        moved[0 if by > 0 else -1] = False
    return moved


def _versions(codes: Codes) -> Flags:
    """Tell where a version begins, which ends a name though it is written onto it: `moonmartenv2`."""
    begins = np.zeros(len(codes) + 1, np.bool_)
    begins[: len(codes)] = (codes == ord("v")) & _shifted((_kinds(codes) & _DIGIT) > 0, -1)
    return begins


def _one_space(folded: Folded) -> Folded:
    """Reduce each run of spaces to its first, and drop those at the beginning."""
    space = folded.codes == _SPACE
    kept = ~(space & np.insert(space[:-1], 0, values=True)) if len(space) else ~space
    return Folded(folded.codes[kept], folded.sources[kept])


class _Folding:
    """A folding of single letters, each computed once in the life of the process: 14 MB if every letter occurs."""

    def __init__(self, fold: Callable[[str], str]) -> None:
        self._fold = fold
        self._lengths = np.full(_CODE_POINTS, -1, np.int8)
        self._firsts = np.zeros(_CODE_POINTS, np.int32)
        self._pool = np.empty(0, np.uint32)
        self._growing = Lock()

    def __call__(self, codes: Codes) -> Folded:
        """Replace every code point by its fold."""
        lengths = self._lengths[codes]
        if (lengths < 0).any():
            self._learn(np.unique(codes[lengths < 0]))
            lengths = self._lengths[codes]
        if (lengths == 1).all():
            return Folded(self._pool[self._firsts[codes]], np.arange(len(codes), dtype=np.int64))
        sources = np.repeat(np.arange(len(codes), dtype=np.int64), lengths)
        counts = lengths.astype(np.int64)
        within = np.arange(len(sources)) - np.repeat(np.cumsum(counts) - counts, counts)
        return Folded(self._pool[self._firsts[codes][sources] + within], sources)

    def _learn(self, codes: Codes) -> None:
        with self._growing:
            # Another thread may have learnt some meanwhile; what a reader already knows must not move.
            codes = codes[self._lengths[codes] < 0]
            folds = [self._fold(chr(code)) for code in codes.tolist()]
            lengths = np.array([len(fold) for fold in folds], np.int64)
            firsts = len(self._pool) + np.cumsum(lengths) - lengths
            # A reader who sees a length must find the letters: they come first.
            self._pool = np.concatenate([self._pool, encoded("".join(folds))])
            self._firsts[codes] = firsts
            self._lengths[codes] = lengths


_UPPER, _LOWER, _DIGIT, _LETTER, _BORDERED, _PART, _KNOWN = (1 << bit for bit in range(7))
_CODE_POINTS = 0x110000

_plain = _Folding(letters.plain)
_looks = _Folding(letters.looks)
_known_kinds = np.zeros(_CODE_POINTS, np.uint8)


def _kind(char: str) -> int:
    """Return the properties of one letter, as a sum of the bits above."""
    letter, digit = char.isalpha(), char.isdigit()
    has = (
        (_UPPER, letter and char.isupper()),
        (_LOWER, letter and char.islower()),
        (_DIGIT, digit),
        (_LETTER, letter),
        (_BORDERED, (letter or digit or char.isalnum()) and letters.is_bordered(char)),
        (_PART, letters.is_part(char)),
    )
    return _KNOWN + sum(bit for bit, present in has if present)


def _kinds(codes: Codes) -> Kinds:
    kinds = _known_kinds[codes]
    if not kinds.all():
        fresh = np.unique(codes[kinds == 0])
        _known_kinds[fresh] = [_kind(chr(code)) for code in fresh.tolist()]
        kinds = _known_kinds[codes]
    return kinds


def _translated(codes: Codes, table: dict[str, str]) -> Codes:
    """Replace single letters."""
    translated = codes.copy()
    for char, letter in table.items():
        translated[codes == ord(char)] = ord(letter)
    return translated
