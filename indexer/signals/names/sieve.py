"""Many short texts at once: tags come by the thousand, and nearly all name nobody.

Short texts are laid side by side and searched as one. Only where that shows anything is a text searched by itself, so
the result is the same as of one search each. What could reach beyond its own text stays out of it: markup, which may
hide what follows, and more words than a search reads.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from indexer.model import AliasHit

LONGEST_TOGETHER = 1_500
"""Code points that are searched as one: so few words that no bound on the work of a search is reached."""

_LONGEST = 200
_MARKUP = frozenset("<&")
_BETWEEN = "\n"

Find = Callable[[str], list[AliasHit]]


def find_all(texts: Sequence[str], find: Find) -> list[list[AliasHit]]:
    """Return what `find` finds in each text, in order."""
    found: list[list[AliasHit]] = [[] for _ in texts]
    for block in _blocks(texts):
        for number in block if len(block) == 1 else _touched(texts, block, find):
            found[number] = find(texts[number])
    return found


def _blocks(texts: Sequence[str]) -> Iterator[list[int]]:
    """Yield numbers of texts to be searched as one; long ones and those with markup alone."""
    block: list[int] = []
    length = 0
    for number, text in enumerate(texts):
        if len(text) > _LONGEST or not _MARKUP.isdisjoint(text):
            yield [number]
            continue
        if length + len(text) > LONGEST_TOGETHER:
            yield block
            block, length = [], 0
        block.append(number)
        length += len(text) + len(_BETWEEN)
    if block:
        yield block


def _touched(texts: Sequence[str], block: list[int], find: Find) -> Iterator[int]:
    """Yield the numbers of those texts of a block in which any hit lies, if only with a part of it."""
    starts = list(accumulate((len(texts[number]) + len(_BETWEEN) for number in block[:-1]), initial=0))
    touched: set[int] = set()
    for hit in find(_BETWEEN.join(texts[number] for number in block)):
        touched.update(range(bisect_right(starts, hit.start) - 1, bisect_right(starts, max(hit.start, hit.end - 1))))
    yield from (block[place] for place in sorted(touched))
