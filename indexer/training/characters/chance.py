"""Random characters and poses, drawn in the same manner as the cast."""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: PLR2004

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from indexer.training.characters.faces import EXPRESSIONS
from indexer.training.characters.hair_shapes import BACKS, FRINGES
from indexer.training.characters.identity import POSES, Identity, Outfit, Pose
from indexer.training.characters.props import PROPS

TOPS = (
    "tunic",
    "jacket",
    "robe",
    "armour",
    "sweater",
    "wrap",
    "vest",
    "coat",
    "overalls",
    "dress",
    "gown",
    "raincoat",
    "poncho",
    "apron",
    "pinafore",
)
BOTTOMS = ("trousers", "slacks", "baggy", "shorts", "skirt", "frills", "longskirt", "stockings")
SHOES = ("boots", "high", "shoes", "slippers", "sandals")
SLEEVES = ("long", "long", "short", "wide", "puff", "elbow", "none")
COLLARS = ("none", "none", "scarf", "ruff", "bow", "bowtie", "necklace", "hood", "bandana", "wide", "high")
CAPES = ("none", "none", "none", "long", "short", "tattered", "capelet", "swallow")
HATS = (
    "none",
    "none",
    "none",
    "none",
    "witch",
    "top",
    "beret",
    "cap",
    "sou",
    "crown",
    "tiara",
    "mooncrown",
    "straw",
    "feather",
    "mushroom",
    "chef",
    "goggles",
    "headband",
    "flowers",
    "helmet",
    "hood",
    "bowler",
    "bow",
)
PATTERNS = ("none", "none", "none", "stripes", "columns", "dots", "stars", "diamonds", "moons", "checks", "scales")
SHOULDERS = ("none", "none", "none", "pads", "fur", "caps")
HAIRS = (
    *BACKS,
    "ponytail",
    "sidetail",
    "twintails",
    "buns",
    "topknot",
    "braids",
    "crest",
    "mohawk",
    "snakes",
    "leaves",
    "petals",
    "crystals",
    "tentacles",
    "none",
)
EYES = ("big", "big", "tall", "dot", "sharp", "sleepy", "slit", "glow")
MARKS = (
    "freckles",
    "stars",
    "stripes",
    "band",
    "teardrops",
    "spots",
    "patch",
    "scar",
    "gem",
    "eyepatch",
    "glasses",
    "monocle",
    "moustache",
    "beard",
    "blush",
    "fangs",
    "streak",
)
SKINS = ("#fbe0cf", "#f2c7a5", "#e3ae84", "#c98d62", "#a56b48", "#7d4e36", "#59382c")
# Species: ears, horns, muzzle and tail choices that belong together.
KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "human": {"ears": ("human",), "head": ("round", "heart", "oval", "square", "long", "pear")},
    "elf": {"ears": ("elf", "long"), "head": ("heart", "oval", "long")},
    "feline": {
        "ears": ("cat",),
        "muzzle": ("cat", "none"),
        "tail": ("cat", "lion"),
        "head": ("round", "fluff", "wide"),
    },
    "vulpine": {"ears": ("fox",), "muzzle": ("snout",), "tail": ("fox",), "head": ("fluff",)},
    "canine": {
        "ears": ("dog", "fox"),
        "muzzle": ("snout", "cat"),
        "tail": ("bushy", "cat"),
        "head": ("fluff", "round"),
    },
    "rabbit": {"ears": ("rabbit", "lop"), "muzzle": ("cat",), "tail": ("puff",), "head": ("round", "egg")},
    "rodent": {
        "ears": ("mouse", "bear"),
        "muzzle": ("cat",),
        "tail": ("cat", "bushy"),
        "head": ("round", "pear", "fluff"),
    },
    "bear": {"ears": ("bear",), "muzzle": ("cat", "bovine"), "tail": ("puff",), "head": ("wide", "round")},
    "bovine": {
        "ears": ("goat",),
        "horns": ("bull", "ram", "goat", "antlers"),
        "muzzle": ("bovine", "none"),
        "tail": ("lion", "puff"),
        "head": ("oval", "square", "long"),
    },
    "bird": {
        "ears": ("none", "tuft"),
        "muzzle": ("beak",),
        "tail": ("none",),
        "wings": ("feather", "none"),
        "head": ("round", "egg", "pear"),
    },
    "reptile": {
        "ears": ("none", "fin"),
        "horns": ("none", "devil", "goat"),
        "muzzle": ("frog", "none"),
        "tail": ("lizard",),
        "head": ("wide", "oval"),
    },
    "frog": {"ears": ("none",), "muzzle": ("frog",), "head": ("wide",)},
    "aquatic": {"ears": ("fin",), "muzzle": ("none", "frog"), "tail": ("fish",), "head": ("round", "egg")},
    "imp": {
        "ears": ("elf", "bat"),
        "horns": ("devil", "ram", "bull", "unicorn"),
        "tail": ("devil",),
        "wings": ("bat", "none"),
        "head": ("heart", "round"),
    },
    "insect": {
        "ears": ("none",),
        "horns": ("antennae", "feelers"),
        "wings": ("moth", "butterfly", "fairy"),
        "head": ("round", "heart", "egg"),
    },
    "plant": {
        "ears": ("elf", "none"),
        "horns": ("sprout",),
        "wings": ("leaf", "none"),
        "head": ("round", "pear", "egg"),
    },
    "robot": {
        "ears": ("disc",),
        "horns": ("none", "antennae"),
        "muzzle": ("screen",),
        "head": ("box", "square", "round"),
    },
}
FUR = {"feline", "vulpine", "canine", "rabbit", "rodent", "bear", "bovine", "bird"}


def colour(
    rng: np.random.Generator,
    hue: float | None = None,
    sat: tuple[float, float] = (0.25, 0.85),
    val: tuple[float, float] = (0.3, 0.95),
) -> str:
    """Return a random ``#rrggbb``; ``hue`` is 0-1, None for any."""
    h = float(rng.random()) if hue is None else hue % 1
    r, g, b = colorsys.hsv_to_rgb(h, float(rng.uniform(*sat)), float(rng.uniform(*val)))
    return f"#{round(r * 255):02x}{round(g * 255):02x}{round(b * 255):02x}"


def pick(rng: np.random.Generator, options: Sequence[str]) -> str:
    """Return one of the options."""
    return options[int(rng.integers(len(options)))]


def random_outfit(rng: np.random.Generator) -> Outfit:
    """Return random clothes built round two related hues and one accent."""
    base = float(rng.random())
    second = base + float(rng.choice([0.08, -0.08, 0.33, 0.5, 0.58]))
    accent = colour(rng, base + float(rng.choice([0.5, 0.42, 0.15])), (0.5, 0.85), (0.75, 1.0))
    neutral = pick(rng, ("#f4efe3", "#fff6dc", "#e8e4ee", "#3d3848", "#d9d2c0", "#2f3b4a"))
    return Outfit(
        top=pick(rng, TOPS),
        top_colour=colour(rng, base),
        inner=neutral if rng.random() < 0.7 else colour(rng, second, (0.1, 0.5), (0.6, 1)),
        trim=accent,
        sleeves=pick(rng, SLEEVES),
        sleeve_colour="" if rng.random() < 0.7 else colour(rng, second),
        bottom=pick(rng, BOTTOMS),
        bottom_colour=colour(rng, second, (0.1, 0.7), (0.2, 0.8)),
        shoes=pick(rng, SHOES),
        shoe_colour=colour(rng, second, (0.2, 0.7), (0.2, 0.7)),
        gloves="" if rng.random() < 0.65 else colour(rng, base, (0.1, 0.8), (0.3, 1.0)),
        belt="" if rng.random() < 0.35 else colour(rng, 0.07, (0.2, 0.7), (0.25, 0.6)),
        collar=pick(rng, COLLARS),
        collar_colour=colour(rng, base + 0.5, (0.4, 0.9), (0.5, 1.0)),
        cape=pick(rng, CAPES),
        cape_colour=colour(rng, second),
        lining=colour(rng, base + 0.4, (0.2, 0.7), (0.5, 1.0)),
        hat=pick(rng, HATS),
        hat_colour=colour(rng, pick_hue(rng, base, second)),
        hat_trim=accent,
        prop="none" if rng.random() < 0.45 else pick(rng, PROPS),
        prop_colour=colour(rng, 0.08 if rng.random() < 0.6 else None, (0.2, 0.6), (0.35, 0.75)),
        prop_accent=colour(rng, None, (0.4, 0.8), (0.75, 1.0)),
        pattern=pick(rng, PATTERNS),
        shoulders=pick(rng, SHOULDERS),
    )


def pick_hue(rng: np.random.Generator, first: float, second: float) -> float:
    """Return one of two hues."""
    return first if rng.random() < 0.5 else second


def random_identity(rng: np.random.Generator) -> Identity:
    """Return a random character with two random spare outfits."""
    kind = pick(rng, tuple(KINDS))
    traits = KINDS[kind]
    hair = pick(rng, HAIRS)
    if kind in FUR and rng.random() < 0.45:
        hair = "none"
    if kind == "robot" and rng.random() < 0.75:
        hair = "none"
    if kind in ("human", "elf"):
        skin = pick(rng, SKINS) if rng.random() < 0.85 else colour(rng, None, (0.15, 0.45), (0.7, 0.95))
    elif kind in FUR:
        skin = (
            colour(rng, float(rng.normal(0.08, 0.05)), (0.05, 0.75), (0.3, 0.98))
            if rng.random() < 0.75
            else colour(rng, None, (0.1, 0.5), (0.5, 0.95))
        )
    else:
        skin = colour(rng, None, (0.1, 0.65), (0.45, 0.95))
    marks = tuple(m for m in MARKS if rng.random() < 0.07)
    lower = "serpent" if rng.random() < 0.03 else "legs"
    heads_tall = float(rng.choice([2.7, 3.2, 3.6, 4.0, 4.4, 4.9, 5.5])) + float(rng.uniform(-0.15, 0.15))
    tip = colour(rng, None, (0.0, 0.5), (0.7, 1.0)) if rng.random() < 0.7 else ""
    return Identity(
        slug=f"random-{int(rng.integers(1 << 40)):010x}",
        heads=heads_tall,
        bulk=float(rng.uniform(0.78, 1.45)),
        shoulder=float(rng.uniform(0.85, 1.2)),
        hip=float(rng.uniform(0.85, 1.2)),
        leg=float(rng.uniform(0.42, 0.6)),
        head_shape=pick(rng, traits["head"]),
        head_size=float(rng.uniform(0.9, 1.1)),
        skin=skin,
        belly=colour(rng, 0.1, (0.0, 0.3), (0.85, 1.0)) if kind not in ("human", "elf") and rng.random() < 0.5 else "",
        ears=pick(rng, traits["ears"]),
        ear_inner=colour(rng, float(rng.choice([0.02, 0.95, 0.1, 0.5])), (0.2, 0.5), (0.7, 0.95)),
        horns=pick(rng, traits.get("horns", ("none",))),
        horn_colour=colour(rng, None, (0.1, 0.7), (0.4, 0.95)),
        muzzle=pick(rng, traits.get("muzzle", ("none",))),
        muzzle_colour=colour(rng, float(rng.choice([0.1, 0.08, 0.13])), (0.05, 0.7), (0.85, 1.0))
        if kind != "robot"
        else colour(rng, None, (0.2, 0.6), (0.15, 0.35)),
        tail=pick(rng, traits.get("tail", ("none",))),
        tail_tip=tip,
        wings=pick(rng, traits.get("wings", ("none",))),
        wing_colour=colour(rng),
        hair=hair,
        bangs=pick(rng, tuple(FRINGES)),
        hair_colour=colour(rng, None, (0.0, 0.8), (0.15, 1.0)),
        hair_accent=colour(rng) if rng.random() < 0.4 else "",
        hair_length=float(rng.uniform(0.75, 1.25)),
        eyes="glow" if kind == "robot" else pick(rng, EYES),
        eye_colour=colour(rng, None, (0.4, 0.8), (0.5, 0.95)),
        eye_size=float(rng.uniform(0.85, 1.15)),
        lashes=bool(rng.random() < 0.4),
        brow=float(rng.uniform(0.7, 1.6)),
        marks=marks,
        mark_colour=colour(rng, None, (0.5, 0.9), (0.4, 0.9)),
        lower=lower,
        outfit=random_outfit(rng),
        spare=(random_outfit(rng), random_outfit(rng)),
    )


def random_pose(rng: np.random.Generator) -> Pose:
    """Return a named pose with its angles, turn, face and framing varied."""
    pose = POSES[pick(rng, tuple(POSES))]

    def jitter(pair: tuple[float, float], reach: float) -> tuple[float, float]:
        return pair[0] + float(rng.uniform(-reach, reach)), pair[1] + float(rng.uniform(-reach, reach))

    framing = "full" if rng.random() < 0.62 else pick(rng, ("three_quarter", "bust"))
    return replace(
        pose,
        arm_l=jitter(pose.arm_l, 10),
        arm_r=jitter(pose.arm_r, 10),
        leg_l=jitter(pose.leg_l, 4),
        leg_r=jitter(pose.leg_r, 4),
        lean=pose.lean + float(rng.uniform(-3, 3)),
        tilt=pose.tilt + float(rng.uniform(-5, 5)),
        turn=float(np.clip(pose.turn + rng.uniform(-0.25, 0.25), -1, 1)),
        face=pose.face if rng.random() < 0.5 else pick(rng, tuple(EXPRESSIONS)),
        framing=framing,
        look=float(rng.uniform(-1, 1)),
    )
