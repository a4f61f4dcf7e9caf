"""Keys: every string by which an alias can be found, and in which views of a text it may be found by it.

All aliases are folded in one go, as one text with a sign between them that no fold changes: an index may hold a
hundred thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from indexer.signals.names.foldings import Codes, decoded, encoded
from indexer.signals.names.groups import Groups
from indexer.signals.names.letters import is_kana_or_han, is_part
from indexer.signals.names.spellings import Spelling, spellings
from indexer.signals.names.views import fold_leet, fold_looks, fold_plain, fold_split

_BETWEEN = "\uffff"
"""A noncharacter, which stands in no text that is exchanged."""

_MOST_REMEMBERED = 65_536

LEAST_LATIN = {Spelling.PINYIN: 6, Spelling.ROMAJI: 5}
"""Fewest letters of a name spelled in another script: shorter ones are words of many languages."""


PLAIN, LOOKS, SPLIT, COMPACT, LEET = (1 << bit for bit in range(5))
"""What was done to an alias to make a key of it; COMPACT took the separators out, and LEET too."""

EVERY_FAMILY = PLAIN | LOOKS | SPLIT | COMPACT | LEET


class Use(NamedTuple):
    """One alias that a key stands for; `exact` is its compact form before leet was decoded."""

    alias: int
    families: int
    spelling: Spelling
    exact: str


class Keys:
    """The keys of all aliases, which are numbered in the order given.

    `texts` are the distinct keys, `compact` is each alias's own spelling without separators, `distinct` counts the
    aliases that differ in the plain fold.
    """

    def __init__(self, aliases: Sequence[str]) -> None:
        self._aliases: list[int] = []
        self._spellings: list[Spelling] = []
        spelled: list[str] = []
        for number, alias in enumerate(aliases):
            for spelling, text in spellings(alias):
                self._aliases.append(number)
                self._spellings.append(spelling)
                spelled.append(text)
        self.compact = [""] * len(aliases)
        # Of each use: which spelling it is of, and how its key was made.
        self._uses_of: list[int] = []
        self._families: list[int] = []
        self._groups = Groups(self._made(spelled))
        self.texts = self._groups.texts

    def uses(self, number: int) -> Iterator[Use]:
        """Yield the aliases that the key of a number stands for."""
        for row in self._groups.rows(number):
            spelled = self._uses_of[row]
            yield Use(self._aliases[spelled], self._families[row], self._spellings[spelled], self._exact[spelled])

    def _made(self, spelled: Sequence[str]) -> list[str]:
        """Return a key per use."""
        whole = encoded("".join(f"{text.replace(_BETWEEN, ' ')}{_BETWEEN}" for text in spelled))
        foldings = (fold_plain, fold_looks, fold_split, fold_leet)
        plain, looks, split, leet = (_parts(fold(whole).codes) for fold in foldings)
        self._exact = [key.replace(" ", "") for key in looks]
        own = [spelling is Spelling.OWN for spelling in self._spellings]
        self.distinct = len({key for key, is_own in zip(plain, own, strict=True) if is_own} - {""})
        keys: list[str] = []
        for row, exact in enumerate(self._exact):
            if own[row]:
                self.compact[self._aliases[row]] = exact
            elif len(exact) < LEAST_LATIN[self._spellings[row]]:
                continue
            made = _families(plain[row], looks[row], split[row], exact, leet[row].replace(" ", ""))
            keys += made
            self._families += made.values()
            self._uses_of += [row] * len(made)
        return keys


def _families(plain: str, looks: str, split: str, compact: str, leet: str) -> dict[str, int]:
    """Return the distinct keys of one spelling, and all ways in which each was made."""
    if plain == looks == split == compact == leet:
        return {plain: EVERY_FAMILY} if plain else {}
    keys = {plain: PLAIN}
    for key, family in ((looks, LOOKS), (split, SPLIT), (compact, COMPACT), (leet, LEET)):
        keys[key] = keys.get(key, 0) | family
    keys.pop("", None)
    return keys


@lru_cache(_MOST_REMEMBERED)
def letters(key: str) -> int:
    """Count the letters of a key as they are read."""
    return sum(1 for char in key if char != " " and not is_part(char))


@lru_cache(_MOST_REMEMBERED)
def is_cjk(key: str) -> bool:
    """Tell whether a key is of a script without borders between words."""
    return any(is_kana_or_han(char) or "\u1100" <= char <= "\u11ff" for char in key)


def _parts(codes: Codes) -> list[str]:
    return [part.strip() for part in decoded(codes).split(_BETWEEN)[:-1]]
