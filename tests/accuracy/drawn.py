"""Characters drawn by this project, in rendering styles that training never sees and from seeds of their own.

Each family is a character, which is registered, and its siblings, which differ in one or two traits and are not. They
are reported as a source of their own: training sees other characters of the same generator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from indexer.training.characters import Identity, draw, random_identity, random_pose
from indexer.training.characters.identity import POSES
from indexer.training.characters.scenes import SCENES
from indexer.training.families import HELD_OUT_STYLES, TRAINING_STYLES, family
from tests.accuracy.packs import Found

FAMILIES = 70
STRANGERS = 480
REFERENCES = 3
QUERIES = 4
_SIDE = 256
_SEED = 909_000_000


def families(part: int, cache: Path) -> Iterator[Found]:
    """Draw half of the families: references and other poses in one style, other styles, and the siblings."""
    del cache
    for number in range(part, FAMILIES, 2):
        rng = np.random.default_rng((_SEED, number))
        first, *siblings = family(rng)
        style = HELD_OUT_STYLES[number % len(HELD_OUT_STYLES)]
        others = [name for name in HELD_OUT_STYLES if name != style] + [TRAINING_STYLES[number % len(TRAINING_STYLES)]]
        yield _shown(first, style, rng, number, "reference", resting=True)
        for _ in range(REFERENCES - 1):
            yield _shown(first, style, rng, number, "reference")
        for _ in range(QUERIES):
            yield _shown(first, style, rng, number, "pose")
        for other in others:
            yield _shown(first, other, rng, number, "style")
        for sibling, who in enumerate(siblings):
            for _ in range(QUERIES if sibling == 0 else 1):
                yield _shown(who, style, rng, number, f"sibling {sibling}")


def strangers(part: int, cache: Path) -> Iterator[Found]:
    """Draw unrelated characters, one picture each, in all four styles."""
    del cache
    for number in range(part, STRANGERS, 2):
        rng = np.random.default_rng((_SEED, 1, number))
        style = HELD_OUT_STYLES[number % len(HELD_OUT_STYLES)]
        found = _shown(random_identity(rng), style, rng, number, "stranger")
        yield replace(found, identity=f"drawn-stranger:{number}", character="", family="")


def _shown(
    who: Identity, style: str, rng: np.random.Generator, number: int, use: str, *, resting: bool = False
) -> Found:
    pose = POSES["relaxed"] if resting else random_pose(rng)
    while pose.back:
        # A back shows another side of a character: what it can tell is another question.
        pose = random_pose(rng)
    framing = "full" if resting or rng.random() < 0.7 else "bust"
    scene = "plain" if resting else SCENES[int(rng.integers(len(SCENES)))]
    picture = draw(who, replace(pose, framing=framing), style, scene, _SIDE, rng)
    character = f"drawn/{number}" + ("" if "sibling" not in use else f"/{use[-1]}")
    return Found(picture, f"drawn-{style}", f"drawn:{number}", character, f"drawn/{number}", use)


PACKS: dict[str, Callable[[Path], Iterator[Found]]] = {
    **{f"drawn-families-{part}": partial(families, part) for part in (0, 1)},
    **{f"drawn-strangers-{part}": partial(strangers, part) for part in (0, 1)},
}
