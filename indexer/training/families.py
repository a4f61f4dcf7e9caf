"""Families of drawn characters: siblings that differ in one or two traits, and what may never be trained on.

A family is a random character with three siblings. They share costume, proportions and everything else but the one or
two traits named in `TRAITS`, so that telling them apart needs the very trait and not a colour statistic. Styles and
species named here as held out are for validation alone.
"""

# Shares and bounds are the recipe: each stands where it is used.
# ruff: noqa: PLR2004

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from indexer.training.characters import Identity, Outfit, random_identity
from indexer.training.characters.chance import HAIRS, MARKS, SKINS, colour, pick
from indexer.training.characters.hair_shapes import FRINGES

SIBLINGS: Final = 4
HELD_OUT_STYLES: Final = ("pixel", "pencil", "painterly", "poster")
# Plain fills are drawn three times as fast as shaded ones, hence their share: more pictures in the same time.
STYLE_WEIGHTS: Final = {
    "flat": 0.25,
    "bold": 0.2,
    "cel": 0.14,
    "chibi": 0.11,
    "softflat": 0.1,
    "storybook": 0.08,
    "ink": 0.06,
    "watercolour": 0.06,
}
TRAINING_STYLES: Final = tuple(STYLE_WEIGHTS)
# Hats that leave too little of the hair to tell two heads apart by it.
COVERING: Final = ("hood", "helmet", "mushroom", "sou", "witch", "chef")
# Garments that a character may lack in one picture and still be itself.
OPTIONAL: Final = ("hat", "prop", "cape", "collar", "gloves", "belt", "shoulders", "pattern")


def species_is_held_out(who: Identity) -> bool:
    """Tell whether a character is a rabbit, a plant or an insect: kinds that training never sees."""
    return who.ears in {"rabbit", "lop"} or who.horns == "sprout" or who.wings in {"moth", "butterfly", "fairy"}


def someone(rng: np.random.Generator, *, held_out_species: bool = False) -> Identity:
    """Return a random character whose species is held out from training, or is not."""
    while True:
        who = random_identity(rng)
        if species_is_held_out(who) == held_out_species:
            return who


def family(rng: np.random.Generator, *, held_out_species: bool = False) -> list[Identity]:
    """Return a character and its siblings, `SIBLINGS` in all; no two of them are alike in the traits changed."""
    first = someone(rng, held_out_species=held_out_species)
    members = [first]
    names = list(TRAITS)
    while len(members) < SIBLINGS:
        # A trait is used once a family: two siblings that both changed it could come out alike.
        count = min(len(names), 1 if rng.random() < 0.6 else 2)
        chosen = [names.pop(int(rng.integers(len(names)))) for _ in range(count)]
        who = first
        for name in chosen:
            who = TRAITS[name](who, rng)
        members.append(replace(who, slug=f"{first.slug}-{len(members)}"))
    return members


def dressed(who: Identity, rng: np.random.Generator) -> Identity:
    """Return a character as one picture shows it: mostly as usual, at times less a garment or two, or in others."""
    chance = rng.random()
    if chance < 0.1 and who.spare:
        return who.wearing(1 + int(rng.integers(len(who.spare))))
    if chance > 0.4:
        return who
    outfit = who.outfit
    for _ in range(1 if chance < 0.3 else 2):
        part = pick(rng, OPTIONAL)
        without = "" if part in {"gloves", "belt"} else "none"
        outfit = replace(outfit, **{part: without})
    return replace(who, outfit=outfit)


def training_style(rng: np.random.Generator) -> str:
    """Return one of the styles that may be trained on."""
    return str(rng.choice(TRAINING_STYLES, p=np.array(list(STYLE_WEIGHTS.values()))))


def _other_hair(who: Identity, rng: np.random.Generator) -> Identity:
    shapes = [name for name in HAIRS if name not in {who.hair, "none"}]
    fringes = [name for name in FRINGES if name != who.bangs]
    shown = _bareheaded(who)
    if who.hair == "none":
        shown = replace(shown, hair_colour=_far(who.skin, rng))
    return replace(shown, hair=pick(rng, shapes), bangs=pick(rng, fringes))


def _other_hair_colour(who: Identity, rng: np.random.Generator) -> Identity:
    if who.hair == "none":
        return _other_skin(who, rng)
    accent = "" if who.hair_accent else colour(rng)
    return replace(_bareheaded(who), hair_colour=_far(who.hair_colour, rng), hair_accent=accent)


def _other_skin(who: Identity, rng: np.random.Generator) -> Identity:
    skin = _far(who.skin, rng)
    if who.skin in SKINS:
        skin = pick(rng, [tone for tone in SKINS if abs(SKINS.index(tone) - SKINS.index(who.skin)) > 1])
    return replace(who, skin=skin)


def _other_head(who: Identity, rng: np.random.Generator) -> Identity:
    """Another species in the same costume: ears, horns, muzzle, head and tail of someone else."""
    while True:
        other = someone(rng)
        if (other.ears, other.muzzle) != (who.ears, who.muzzle):
            break
    return replace(
        who,
        head_shape=other.head_shape,
        ears=other.ears,
        horns=other.horns,
        muzzle=other.muzzle,
        muzzle_colour=other.muzzle_colour,
        tail=other.tail,
        skin=other.skin,
        belly=other.belly,
    )


def _other_face(who: Identity, rng: np.random.Generator) -> Identity:
    eyes = pick(rng, [name for name in ("big", "tall", "dot", "sharp", "sleepy", "slit") if name != who.eyes])
    marks = tuple(pick(rng, [name for name in MARKS if name not in who.marks]) for _ in range(2))
    return replace(
        who, eyes=eyes, eye_colour=_far(who.eye_colour, rng), marks=marks, mark_colour=_far(who.mark_colour, rng)
    )


def _other_palette(who: Identity, rng: np.random.Generator) -> Identity:
    """The same face and the same cut of clothes, in other colours."""
    painted = random_identity(rng)
    clothes = {name: value for name, value in vars(painted.outfit).items() if name.endswith("_colour")}
    clothes |= {"inner": painted.outfit.inner, "trim": painted.outfit.trim, "lining": painted.outfit.lining}
    clothes["top_colour"] = _far(who.outfit.top_colour, rng)
    outfit: Outfit = replace(who.outfit, **clothes)
    return replace(who, outfit=outfit, hair_colour=_far(who.hair_colour, rng), wing_colour=painted.wing_colour)


def _other_build(who: Identity, rng: np.random.Generator) -> Identity:
    """Taller or shorter, heavier or slighter, and the hair longer or shorter."""
    heads = who.heads + (1.3 if who.heads < 4.0 else -1.3)
    bulk = who.bulk * (1.35 if who.bulk < 1.05 else 0.7)
    return replace(who, heads=heads, bulk=bulk, hair_length=float(rng.choice([0.7, 1.35])))


def _bareheaded(who: Identity) -> Identity:
    return replace(who, outfit=replace(who.outfit, hat="none")) if who.outfit.hat in COVERING else who


def _far(old: str, rng: np.random.Generator) -> str:
    """Return a colour at least a third of the range away from `old` in one of its channels."""
    before = np.array([int(old[at : at + 2], 16) for at in (1, 3, 5)])
    while True:
        new = colour(rng, None, (0.05, 0.85), (0.2, 1.0))
        if np.abs(np.array([int(new[at : at + 2], 16) for at in (1, 3, 5)]) - before).max() > 85:
            return new


TRAITS: Final[dict[str, Callable[[Identity, np.random.Generator], Identity]]] = {
    "hair": _other_hair,
    "hair colour": _other_hair_colour,
    "skin": _other_skin,
    "head": _other_head,
    "face": _other_face,
    "palette": _other_palette,
    "build": _other_build,
}
