"""What names cost: how long a table takes to build, a request's texts to search, and the texts of an attacker.

Times are of the processor, in the best of several runs: other work on the machine counts for little. The figures are
printed by `evasion`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from indexer.model import Alias, AliasKind, ReferenceSet
from indexer.signals.names.aliases import MAX_TEXT, AliasTable
from indexer.signals.names.letters import looks
from indexer.signals.names.sieve import find_all

RUNS = 5


@dataclass(frozen=True)
class Hostile:
    """Seconds that a hostile text took, and the first half of it."""

    name: str
    half: float
    whole: float


def table(names: Sequence[str]) -> AliasTable:
    """Register names, each for a set of its own."""
    return AliasTable(
        ReferenceSet(str(number), {"en": name}, (), aliases=(Alias(name, "und", AliasKind.DISTINCTIVE),))
        for number, name in enumerate(names)
    )


def seconds(work: Callable[[], object], runs: int = RUNS) -> float:
    """Return the processor's time for some work, in the best of several runs."""
    best = float("inf")
    for _ in range(runs):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best


def build_seconds(names: Sequence[str]) -> float:
    """Return how long a table of names takes to build."""
    return seconds(lambda: table(names), 3)


def request_milliseconds(index: AliasTable, texts: Sequence[str]) -> float:
    """Return how long the texts of one request take to search."""
    return 1000 * seconds(lambda: find_all(texts, index.find))


def request_texts(chance: random.Random, words: Sequence[str], prose: Sequence[str]) -> list[str]:
    """Make the texts of one request: 8 prompts of 300 characters, a name, a description of 2,000, and 60 tags."""
    prompts = [", ".join(chance.choices(words, k=80))[:300] for _ in range(8)]
    description = " ".join(chance.choices(prose, k=60))[:2_000]
    tags = ["_".join(chance.choices(words, k=2)) for _ in range(60)]
    return [*prompts, " ".join(chance.choices(words, k=4)), description, *tags]


def hostile_texts(names: Sequence[str]) -> dict[str, str]:
    """Make texts of MAX_TEXT code points that are the worst of their kind for a table of these names."""
    latin = [name for name in names if name.isascii()]
    single = [name for name in latin if " " not in name]
    confusable = "".join(char for char in map(chr, range(0x80, 0x20000)) if _is_confusable(char))
    made = {
        "every name": " ".join(names),
        "one name": f"{latin[0]} ",
        "one name denied": f"not {latin[0]} ",
        "names spelled out": " ".join("-".join(name) for name in latin),
        "names in leet": " ".join(latin).translate(str.maketrans("oieas", "01345")),
        "names with zero-width letters": "\u200b".join(" ".join(latin)),
        "names with combining marks": "\u0335".join(" ".join(latin)),
        "names in CamelCase": "".join(latin),
        "names in markup": "".join(f"<b>{name}</b><i>" for name in latin),
        "names in one endless word": "".join(latin).lower(),
        "names of Chinese and kana": "".join(name for name in names if not name.isascii()),
        "near misses": " ".join(f"{name[:3]}q{name[4:]}" for name in single),
        "one near miss": f"{single[0][:3]}q{single[0][4:]} ",
        "deep nesting of markup": "<b>",
        "markup without an end": "<p <!--&",
        "lone surrogates": "\ud83d\udc00\udc00",
        "control characters": "\0a\1b\2",
        "leet digits": "13370",
        "capital I": "sIi",
        "one letter": "a",
        "every confusable": confusable,
        "every letter": "".join(char for char in map(chr, range(1, 0x110000)) if not "\ud800" <= char <= "\udfff"),
        "the longest expansion": "\ufdfa",
    }
    return {name: (text * (MAX_TEXT // len(text) + 1))[:MAX_TEXT] for name, text in made.items()}


def hostile(index: AliasTable, texts: dict[str, str]) -> list[Hostile]:
    """Time hostile texts and their halves; the slowest come first."""
    found: list[Hostile] = []
    for name, text in texts.items():
        half = text[: len(text) // 2]
        # Letters that were never met are learnt once in the life of a process.
        index.find(text)
        timed = (seconds(lambda part=part: index.find(part), 3) for part in (half, text))  # type: ignore[misc]
        found.append(Hostile(name, *timed))
    return sorted(found, key=lambda item: -item.whole)


def _is_confusable(char: str) -> bool:
    return char.isalpha() and looks(char).isascii()
