"""Names: find registered aliases in texts.

A text and the aliases are folded in the same way (NFKC, case, accents, invisible marks, separators as one space), then
one Aho-Corasick automaton finds every alias in one pass, whatever their number. Offsets lead back into the original
text. Aliases in scripts with word borders must stand at them; Chinese, Japanese and Korean ones need not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, MatchKind

from indexer.model import Alias, AliasHit, ReferenceSet

RECIPE = "names-1"
MAX_TEXT = 200_000
"""Longest text that is searched, in code points; what lies beyond is reported by the caller."""

_TRADE_MARKS = frozenset("™℠")
"""Would fold to letters and hide the name before them."""

_INVISIBLE = frozenset({"Cf", "Cc", "Mn", "Me"})
_SEPARATORS = frozenset({"Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Zs", "Zl", "Zp", "Sk"})
_NEGATION = re.compile(r"(?:\bnot|\bno|\bwithout|\bisn['\u2019]t|非|不是)\s*$", re.IGNORECASE)
_FIRST_CJK = "\u2e80"
# Combining marks that change the letter rather than decorate it: the (han)dakuten of Japanese kana.
_KEPT_MARKS = frozenset("\u3099\u309a")


@dataclass(frozen=True, slots=True)
class FoldedText:
    """A folded text, and for each of its code points the offset in the original it came from."""

    text: str
    offsets: tuple[int, ...]


def fold(text: str) -> FoldedText:
    """Fold a text for comparison; linear in its length."""
    folded: list[str] = []
    offsets: list[int] = []
    for offset, original in enumerate(text):
        for char in unicodedata.normalize("NFKD", original).casefold():
            category = unicodedata.category(char)
            if category in _SEPARATORS or char.isspace() or original in _TRADE_MARKS:
                if folded and folded[-1] != " ":
                    folded.append(" ")
                    offsets.append(offset)
            elif category not in _INVISIBLE or char in _KEPT_MARKS:
                folded.append(char)
                offsets.append(offset)
    return FoldedText("".join(folded), tuple(offsets))


class AliasTable:
    """All aliases of an index, searchable in one pass over a text."""

    def __init__(self, sets: Iterable[ReferenceSet]) -> None:
        owners: dict[str, list[tuple[str, Alias]]] = {}
        for reference_set in sets:
            for alias in reference_set.aliases:
                key = fold(alias.text).text.strip()
                if key:
                    owners.setdefault(key, []).append((reference_set.slug, alias))
        self._owners: Sequence[list[tuple[str, Alias]]] = list(owners.values())
        self._keys = list(owners)
        self._automaton = AhoCorasick(self._keys, matchkind=MatchKind.Standard) if owners else None

    def __len__(self) -> int:
        """Count the distinct folded aliases."""
        return len(self._keys)

    def find(self, text: str) -> list[AliasHit]:
        """Return every alias in the first MAX_TEXT code points of a text, in order of place."""
        if self._automaton is None:
            return []
        folded = fold(text[:MAX_TEXT])
        hits: list[AliasHit] = []
        for number, start, end in self._automaton.find_matches_as_indexes(folded.text, overlapping=True):
            if not _stands_alone(folded.text, start, end):
                continue
            first, last = folded.offsets[start], folded.offsets[end - 1] + 1
            negated = bool(_NEGATION.search(text[max(0, first - 16) : first]))
            hits.extend(AliasHit(slug, alias, first, last, negated) for slug, alias in self._owners[number])
        return sorted(hits, key=lambda hit: (hit.start, hit.end))


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether a hit begins and ends at a word border, where its script has any."""
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (_joins(before, text[start]) or _joins(text[end - 1], after))


def _joins(left: str, right: str) -> bool:
    if right in _KEPT_MARKS or "\u1160" <= right <= "\u11ff":
        # A kana's voicing mark, a Korean syllable's vowel or last consonant: the middle of a letter as it is read.
        return True
    return _is_bordered(left) and _is_bordered(right) and left.isdigit() == right.isdigit()


def _is_bordered(char: str) -> bool:
    """Tell whether a letter or digit belongs to a script whose words stand apart: below CJK, and no Korean jamo."""
    return char.isalnum() and char < _FIRST_CJK and not "\u1100" <= char <= "\u11ff"
