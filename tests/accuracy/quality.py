# ruff: noqa: T201 (it prints figures)
"""The figures that the thresholds of the quality report rest on, on pictures that nothing was tuned on.

Run ``python -m tests.accuracy.quality``; it takes some ten minutes of one core, and prints

1. per style, how many pictures are falsely said to be text-heavy or to hold no figure;
2. of characters drawn or animated: near duplicates among other poses, odd ones among their own and others' pictures;
3. how much is found with how many references.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from indexer.backends import embedded
from indexer.backends.runtime import open_runtime
from indexer.model import ModelSpec
from indexer.ports import EmbeddingBackend, FloatArray
from indexer.quality import compare, coverage
from indexer.quality.comparison import ALIKE, ODD, mean_cosine, oddness
from indexer.quality.lettering import lettering
from indexer.quality.pictures import LEAST_FOREGROUND, LEAST_POINTS, MUCH_LETTERING, foreground
from indexer.reference_signals import ReferenceSignals, measure
from indexer.signals.pixels.features import local_features
from indexer.signals.pixels.images import decode
from indexer.signals.pixels.views import WHOLE, pixels
from tests.accuracy import sources
from tests.accuracy.sources import Art

A_STYLE = 40
SPRITES = 60
SPRITES_EACH = 6
OTHERS = 6
CROWD = 3_000
NUMBERS = (1, 2, 4, 6, 8, 10)
TRIALS = 6


def main() -> None:
    """Measure and print."""
    art = sources.collect(sources.DEFAULT_CACHE)
    rng = np.random.default_rng(0)
    _pictures(art, rng)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vision.onnx"
        spec = embedded.export(path)
        backend = open_runtime(path, spec, "onnxruntime")
        drawn = _characters(art, "drawn-families", ("reference", "pose", "style"))
        poses = _characters(art, "drawn-families", ("reference", "pose"))
        sprites = {
            name: [own[n] for n in rng.permutation(len(own))[:SPRITES_EACH]]
            for name, own in list(_characters(art, "wesnoth-units").items())[::3]
            if len(own) >= SPRITES_EACH
        }
        signals = _measured(
            [item for own in (*drawn.values(), *list(sprites.values())[:SPRITES]) for item in own], spec, backend
        )
        _sets("drawn, one style", poses, signals, rng)
        _sets("drawn, mixed styles", drawn, signals, rng)
        _sets("sprites", dict(list(sprites.items())[:SPRITES]), signals, rng)
        crowd = [item for item in art if "drawn-families" not in str(item.path) and not item.character]
        chosen = [crowd[n] for n in rng.permutation(len(crowd))[:CROWD]]
        _numbers(drawn, signals, _whole(chosen, spec, backend), rng)


def _pictures(art: Sequence[Art], rng: np.random.Generator) -> None:
    styles: dict[str, list[Art]] = defaultdict(list)
    for item in art:
        styles[item.style].append(item)
    heavy = empty = total = 0
    for own in styles.values():
        for n in rng.permutation(len(own))[:A_STYLE]:
            picture = decode(own[n].path.name, own[n].path.read_bytes())
            heavy += lettering(picture) >= MUCH_LETTERING
            points = len(local_features(picture).points)
            empty += points < LEAST_POINTS or foreground(picture) < LEAST_FOREGROUND
            total += 1
    print(f"{total} pictures of {len(styles)} styles: text_heavy {heavy}, no_character_found {empty}", flush=True)


def _characters(art: Sequence[Art], source: str, uses: Sequence[str] = ()) -> dict[str, list[Art]]:
    found: dict[str, list[Art]] = defaultdict(list)
    for item in art:
        if source in item.path.parts[-2] and item.character and (not uses or item.use in uses):
            found[item.character].append(item)
    return found


def _measured(art: Sequence[Art], spec: ModelSpec, backend: EmbeddingBackend) -> dict[Path, ReferenceSignals]:
    paths = dict.fromkeys(item.path for item in art)
    return {path: measure(path.name, path.read_bytes(), spec, backend) for path in paths}


def _whole(art: Sequence[Art], spec: ModelSpec, backend: EmbeddingBackend) -> FloatArray:
    rows = [pixels(decode(item.path.name, item.path.read_bytes()), WHOLE, spec)[None] for item in art]
    return np.concatenate([backend.embed(row) for row in rows])


def _sets(
    name: str,
    characters: Mapping[str, Sequence[Art]],
    signals: Mapping[Path, ReferenceSignals],
    rng: np.random.Generator,
) -> None:
    known = {who: [signals[item.path] for item in own] for who, own in characters.items()}
    pairs = [pair for own in known.values() for pair in combinations(own, 2)]
    near = [bool(compare(one, {"other": other})) for one, other in pairs]
    own_odd, found = [], []
    for who, own in known.items():
        strangers = [item for other, items in known.items() if other != who for item in items]
        order = rng.permutation(len(own))
        others = [own[n] for n in order[1 : OTHERS + 1]]
        own_odd.append(_is_odd(own[order[0]], others))
        found += [_is_odd(strangers[n], others) for n in rng.integers(0, len(strangers), 10)]
    alike = [mean_cosine(own) >= ALIKE for own in known.values()]
    close = ["no_close_up" in {item.code for item in coverage(own)} for own in known.values()]
    print(
        f"{name}: near duplicates {np.mean(near):.4f} of {len(pairs)} pairs; odd {np.mean(own_odd):.3f} of own, "
        f"{np.mean(found):.2f} of others'; all alike {np.mean(alike):.2f}, no close-up {np.mean(close):.2f} "
        f"of {len(known)} sets",
        flush=True,
    )


def _is_odd(new: ReferenceSignals, others: Sequence[ReferenceSignals]) -> bool:
    share = oddness(new, others)
    return share is not None and share < ODD


def _numbers(
    characters: Mapping[str, Sequence[Art]],
    signals: Mapping[Path, ReferenceSignals],
    crowd: FloatArray,
    rng: np.random.Generator,
) -> None:
    """Find a new picture of each character among all, beyond what 1 % of unrelated pictures reach, by whole views."""
    whole = [np.stack([signals[item.path].vectors[0] for item in own]) for own in characters.values()]
    for number in NUMBERS:
        found = []
        for _ in range(TRIALS):
            orders = [rng.permutation(len(own)) for own in whole]
            known = np.stack([own[order[:number]] for own, order in zip(whole, orders, strict=True)])
            asked = np.stack([own[order[number]] for own, order in zip(whole, orders, strict=True)])
            least = np.quantile((crowd @ known.reshape(-1, known.shape[2]).T).max(axis=1), 0.99)
            best = np.einsum("qd,snd->qsn", asked, known).max(axis=2)
            found.append((best.argmax(axis=1) == np.arange(len(whole))) & (best.max(axis=1) >= least))
        print(f"{number} references: {np.mean(found):.2f} found", flush=True)


if __name__ == "__main__":
    main()
