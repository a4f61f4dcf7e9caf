"""Foldings: whole texts, as arrays of code points, by the rules that `letters` gives for one letter.

What a letter folds to, and of what kind it is, is computed once in the life of the process and kept in tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from indexer.signals.names import letters

Codes = npt.NDArray[np.uint32]
Places = npt.NDArray[np.int64]
Kinds = npt.NDArray[np.uint16]

_CODE_POINTS = 0x110000

_UNKNOWN, _NOT_ONE = 0, 1
"""Instead of the one letter that a letter folds to; neither occurs, since control characters are dropped."""


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


class _Folding:
    """A folding of single letters, each computed once: 14 MB if every letter occurs."""

    def __init__(self, fold: Callable[[str], str]) -> None:
        self._fold = fold
        self._singles = np.zeros(_CODE_POINTS, np.uint32)
        self._lengths = np.zeros(_CODE_POINTS, np.int8)
        self._firsts = np.zeros(_CODE_POINTS, np.int32)
        self._pool = np.empty(0, np.uint32)
        self._growing = Lock()

    def __call__(self, codes: Codes) -> Folded:
        """Replace every code point by its fold."""
        singles = self._singles[codes]
        least = int(singles.min(initial=_CODE_POINTS))
        if least == _UNKNOWN:
            self._learn(np.unique(codes[singles == _UNKNOWN]))
            singles = self._singles[codes]
            least = int(singles.min())
        if least > _NOT_ONE:
            return Folded(singles, np.arange(len(codes), dtype=np.int64))
        counts = self._lengths[codes].astype(np.int64)
        sources = np.repeat(np.arange(len(codes), dtype=np.int64), counts)
        within = np.arange(len(sources)) - np.repeat(np.cumsum(counts) - counts, counts)
        return Folded(self._pool[self._firsts[codes][sources] + within], sources)

    def _learn(self, codes: Codes) -> None:
        with self._growing:
            # Another thread may have learnt some meanwhile; what a reader already knows must not move.
            codes = codes[self._singles[codes] == _UNKNOWN]
            folds = [self._fold(chr(code)) for code in codes.tolist()]
            lengths = np.array([len(fold) for fold in folds], np.int64)
            firsts = len(self._pool) + np.cumsum(lengths) - lengths
            self._pool = np.concatenate([self._pool, encoded("".join(folds))])
            self._firsts[codes] = firsts
            self._lengths[codes] = lengths
            # A reader who sees that a letter is known must find its fold: this comes last.
            self._singles[codes] = [ord(fold) if len(fold) == 1 else _NOT_ONE for fold in folds]


PLAIN = _Folding(letters.plain)
LOOKS = _Folding(letters.looks)

UPPER, LOWER, DIGIT, LETTER, BORDERED, PART, LEET_DIGIT, LEET_SIGN, CAPITAL_I = (1 << bit for bit in range(9))
MAY_BE_LEET, LOOKS_OTHERWISE, _KNOWN = (1 << bit for bit in range(9, 12))
"""What a letter is, as bits. A capital I may be read as an l; what looks otherwise has two folds."""

_LIKE_CAPITAL_I = "IΙІＩ"
_kinds = np.zeros(_CODE_POINTS, np.uint16)


def kinds_of(codes: Codes) -> Kinds:
    """Return the kind of every code point, a sum of the bits above."""
    kinds = _kinds[codes]
    if not kinds.all():
        fresh = np.unique(codes[kinds == 0])
        _kinds[fresh] = [_kind(chr(code)) for code in fresh.tolist()]
        kinds = _kinds[codes]
    return kinds


def _kind(char: str) -> int:
    letter, digit = char.isalpha(), char.isdigit()
    fold = letters.looks(char)
    leet = char in letters.LEET_SIGNS or char in _LIKE_CAPITAL_I or not letters.LEET_DIGITS.keys().isdisjoint(fold)
    has = (
        (UPPER, letter and char.isupper()),
        (LOWER, letter and char.islower()),
        (DIGIT, digit),
        (LETTER, letter),
        (BORDERED, (letter or digit or char.isalnum()) and letters.is_bordered(char)),
        (PART, letters.is_part(char)),
        (LEET_DIGIT, char in letters.LEET_DIGITS),
        (LEET_SIGN, char in letters.LEET_SIGNS),
        (CAPITAL_I, char in _LIKE_CAPITAL_I),
        (MAY_BE_LEET, leet),
        (LOOKS_OTHERWISE, fold != letters.plain(char)),
    )
    return _KNOWN + sum(bit for bit, present in has if present)
