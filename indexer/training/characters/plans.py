"""Which pictures make up each reference set."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from indexer.training.characters.figure import draw
from indexer.training.characters.identity import POSES, Identity, Pose


@dataclass(frozen=True)
class Shot:
    """One picture: a named pose, with face, framing, turn and outfit overrides."""

    pose: str
    style: str = "cel"
    scene: str = "plain"
    outfit: int = 0
    framing: str = "full"
    face: str = ""
    turn: float | None = None
    size: tuple[int, int] = (512, 512)

    def posed(self) -> Pose:
        """Return the pose with the overrides applied."""
        pose = replace(POSES[self.pose], framing=self.framing)
        if self.face:
            pose = replace(pose, face=self.face)
        if self.turn is not None:
            pose = replace(pose, turn=self.turn)
        return pose


def shoot(who: Identity, shot: Shot, seed: int) -> Image.Image:
    """Draw one shot; the seed decides scene details."""
    return draw(who.wearing(shot.outfit), shot.posed(), shot.style, shot.scene, shot.size, np.random.default_rng(seed))


# Per character: two actions, a calm pose, three styles besides cel, three scenes.
_FLAVOUR: dict[str, tuple[tuple[str, str, str], tuple[str, str, str], tuple[str, str, str]]] = {
    "maren-tidewarden": (("raise", "run", "hips"), ("softflat", "watercolour", "chibi"), ("sea", "city", "dots")),
    "umbra-maren": (("guard", "crouch", "relaxed"), ("softflat", "ink", "chibi"), ("night", "sea", "split")),
    "pip-clockhare": (("cheer", "walk", "wave"), ("storybook", "flat", "chibi"), ("room", "garden", "rays")),
    "pop-clockhare": (("wave", "jump", "think"), ("storybook", "flat", "bold"), ("library", "garden", "dots")),
    "serpent-queen": (("raise", "dance", "hips"), ("softflat", "ink", "watercolour"), ("cave", "desert", "rays")),
    "reed-knight": (("guard", "walk_left", "relaxed"), ("flat", "watercolour", "bold"), ("hills", "forest", "split")),
    "comet-baker": (("cheer", "walk", "shrug"), ("softflat", "chibi", "storybook"), ("night", "room", "dots")),
    "rivet-courier": (("run", "wave", "startled"), ("flat", "bold", "ink"), ("city", "market", "split")),
    "fern-postmaster": (("walk", "sit", "shy"), ("storybook", "watercolour", "chibi"), ("forest", "garden", "spot")),
    "ember-fox": (("dance", "jump", "hips"), ("softflat", "watercolour", "bold"), ("market", "forest", "rays")),
    "winter-lampwitch": (("raise", "walk_left", "think"), ("softflat", "ink", "storybook"), ("snow", "night", "dots")),
    "ox-smith": (("guard", "raise", "hips"), ("flat", "bold", "ink"), ("cave", "desert", "split")),
}


def reference_shots(slug: str) -> tuple[Shot, ...]:
    """Return the eight or nine shots of a reference set."""
    (first, second, calm), (one, two, three), (near, far, motif) = _FLAVOUR[slug]
    number = list(_FLAVOUR).index(slug)
    shots = [
        Shot("stand"),
        Shot("relaxed", scene=near, framing="three_quarter", turn=0.55 if number % 2 else -0.5),
        Shot(first, scene=motif),
        Shot(
            "stand",
            scene="spot",
            framing="bust",
            face=("smile", "grin", "wink", "smug")[number % 4],
            turn=(0.0, 0.4, -0.35)[number % 3],
        ),
        Shot(second, style=one, scene=far, size=(768, 512) if number % 3 == 0 else (512, 512)),
        Shot("back", scene="spot" if number % 2 else "plain"),
        Shot(calm, outfit=1, scene=near, size=(512, 768) if number % 3 == 1 else (512, 512)),
        Shot("relaxed" if calm == "hips" else "hips", style=two, framing="three_quarter", turn=-0.3, scene="plain"),
    ]
    if number % 2 == 0:
        shots.append(Shot("wave", style=three, outfit=0, scene="spot", face="joy"))
    return tuple(shots)
