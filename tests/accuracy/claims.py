"""Claimed against measured: how many pictures that calibration never saw reach a rate that should be rare.

Indexes of growing size are made of unrelated pictures, one a set. The crowd is everything of another identity. Some
styles are kept out of the indexes: for them the index has no impostors of their own style.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.model import MatchKind
from indexer.training.control_pictures import evenly
from tests.accuracy import metrics
from tests.accuracy.bench import Asked, Model, built
from tests.accuracy.measure import Tick
from tests.accuracy.metrics import Interval
from tests.accuracy.sources import Art, shuffled
from tests.accuracy.tasks import few_each, uploads

LEAST = 20
"""Fewer pictures of a style say nothing about it."""

CLAIMED = (0.05, 0.01, 0.001)
TEMPLATES = frozenset({"animals", "fun-emoji", "thumbs", "avataaars", "bottts"})
"""Avatars put together from few parts: two of them often share most of their lines, so none is a set of its own."""

LEFT_OUT = frozenset({"tuxpaint-photos", "flare-sprites", "drawn-painterly", "pokerth-avatars"}) | TEMPLATES
COVERED = "all styles of the index"
UNCOVERED = "styles not in the index"
KINDS = {kind: f"{kind.value.replace('_', ' ')} alone" for kind in MatchKind if kind is not MatchKind.EXACT_COPY}


@dataclass(frozen=True)
class Claim:
    """One crowd against one index: the measured share at each claimed rate."""

    index: str
    sets: int
    style: str
    covered: bool
    pictures: int
    measured: tuple[Interval, ...]
    calibrated: float


def check(art: Sequence[Art], size: int, crowd: int, model: Model, tick: Tick) -> list[Claim]:
    """Build an index of `size` sets, and run a crowd against it that it has never seen."""
    chosen = members(art, size)
    shown = {item.identity for item in chosen}
    sets = {f"set-{number:05}": (f"work-{number}", [item.path]) for number, item in enumerate(chosen)}
    others = uploads([item for item in art if item.identity not in shown], crowd)
    answers: list[tuple[str, Asked]] = []
    with built(f"{size} sets", sets, model) as bench:
        for style, paths in others:
            found = bench.screen([Path(path).read_bytes() for path in paths])
            answers += [(style, picture) for picture in found.pictures]
            tick(len(paths))
    return rows(f"{len(chosen):,} sets", len(chosen), {item.style for item in chosen}, answers)


def members(art: Sequence[Art], size: int) -> list[Art]:
    """Choose pictures of different identities, as evenly over the styles as these allow."""
    by_style: dict[str, list[Art]] = defaultdict(list)
    seen: set[str] = set()
    for item in shuffled(few_each(art), 21):
        if item.style not in LEFT_OUT and item.identity not in seen:
            seen.add(item.identity)
            by_style[item.style].append(item)
    # A quarter of each style stays outside, so that every style keeps a crowd that has not been seen.
    room = {style: items[: max(1, len(items) * 3 // 4)] for style, items in sorted(by_style.items())}
    chosen: list[Art] = []
    depth = 0
    while len(chosen) < size and any(depth < len(items) for items in room.values()):
        chosen += [items[depth] for items in room.values() if depth < len(items)]
        depth += 1
    return evenly(chosen, size) if len(chosen) > size else chosen


def rows(index: str, sets: int, styles: set[str], answers: Sequence[tuple[str, Asked]]) -> list[Claim]:
    """Measure each style of a crowd, and the covered and uncovered styles together."""
    by_style: dict[str, list[Asked]] = defaultdict(list)
    for style, answer in answers:
        by_style[style].append(answer)
        by_style[COVERED if style in styles else UNCOVERED].append(answer)
    order = [COVERED, UNCOVERED, *sorted(by_style.keys() - {COVERED, UNCOVERED})]
    found = []
    for style in order:
        answers_of = by_style.get(style, [])
        if len(answers_of) >= LEAST:
            rates = [answer.rate for answer in answers_of]
            found.append(_claim(index, sets, style, answers_of, rates, covered=style in styles or style == COVERED))
        if style == COVERED and answers_of:
            for kind, words in KINDS.items():
                rates = [answer.rates.get(kind, 1.0) for answer in answers_of]
                found.append(_claim(index, sets, f"{style}, {words}", answers_of, rates, covered=True))
    return found


def _claim(
    index: str, sets: int, style: str, answers: Sequence[Asked], reported: Sequence[float], *, covered: bool
) -> Claim:
    rates = np.asarray(reported)
    measured = tuple(metrics.share(int((rates <= claimed).sum()), len(rates)) for claimed in CLAIMED)
    calibrated = float(np.mean([answer.calibrated for answer in answers]))
    return Claim(index, sets, style, covered, len(rates), measured, calibrated)
