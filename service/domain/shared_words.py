"""Words that several uploads share and others hardly have: perhaps names of the character that they reproduce."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

LEAST_UPLOADS = 2
MOST_ELSEWHERE = 0.02
"""In how many uploads a word has to be, and in what share of others it may be at most."""

_PIECE = re.compile(r"[^\W\d_][\w'’-]*", re.UNICODE)
_SHORTEST = 3
_SHORTEST_WIDE = 2
_LONGEST = 64
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class SharedWord:
    """A word as it is mostly written, in how many of the uploads it is, and in what share of others (0 to 1)."""

    text: str
    uploads: int
    elsewhere: float


def shared_words(
    uploads: Sequence[Iterable[str]], others: Sequence[Iterable[str]], known: Collection[str], most: int = 20
) -> list[SharedWord]:
    """Return words shared by several uploads and rare in others, the most telling first; each upload is its texts.

    Names of two words count beside single ones. What is `known` is left out, however it is written.
    """
    found: Counter[str] = Counter()
    written: dict[str, Counter[str]] = {}
    for texts in uploads:
        words = _words(texts)
        for key, forms in words.items():
            found[key] += 1
            written.setdefault(key, Counter()).update(forms)
    elsewhere: Counter[str] = Counter()
    for texts in others:
        elsewhere.update(found.keys() & _words(texts).keys())
    left_out = {item.casefold() for item in known}
    count = max(1, len(others))
    shared = [
        SharedWord(written[key].most_common(1)[0][0], number, elsewhere[key] / count)
        for key, number in found.items()
        if number >= LEAST_UPLOADS and key not in left_out and elsewhere[key] / count <= MOST_ELSEWHERE
    ]
    return sorted(shared, key=lambda item: (-item.uploads, item.elsewhere, -len(item.text), item.text))[:most]


def _words(texts: Iterable[str]) -> dict[str, list[str]]:
    """Return the words of one upload by their case-folded form, with how each is written."""
    words: dict[str, list[str]] = {}
    for text in texts:
        pieces = [piece for piece in _PIECE.findall(text.replace("_", " ")) if _counts(piece)]
        pairs = [f"{first} {second}" for first, second in itertools.pairwise(pieces)]
        for piece in (*pieces, *(pair for pair in pairs if pair in text.replace("_", " "))):
            words.setdefault(piece.casefold(), []).append(piece)
    return words


def _counts(piece: str) -> bool:
    return (_SHORTEST_WIDE if _WIDE.search(piece) else _SHORTEST) <= len(piece) <= _LONGEST
