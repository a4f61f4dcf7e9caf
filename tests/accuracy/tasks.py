"""The tasks: which characters are registered, which pictures should find them, and which should not.

    copies    one picture a set; eighteen edits of each
    vendors   one picture a set, an emoji; the same figure as other vendors draw it
    sprites   three pictures a set; the same figure in other poses; look-alikes of the same race and costume
    drawn     three pictures a set; other poses and other rendering styles; look-alikes differ in one or two traits

Every set belongs to a work of its own, as if its owner were alone: the others are then strangers to it. Pictures of
what is registered, and of what shares its identity, are taken out of the unrelated ones.
"""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from indexer.training.control_pictures import evenly
from tests.accuracy.drawn import REFERENCES
from tests.accuracy.edits import EDITS, Edit, Pixels
from tests.accuracy.sources import Art, shuffled

UPLOAD = 8
SPRITE_STYLES = ("wesnoth-sprites", "supertux", "flare-sprites")
COPIED = {
    "wesnoth-portraits": 50,
    "flare-portraits": 12,
    "openmoji": 16,
    "fxemoji": 14,
    "emojione": 14,
    "streamline": 12,
    "tuxpaint-photos": 16,
    "tuxpaint-drawn": 12,
    "supertux": 14,
    "flare-sprites": 6,
    "pokerth-avatars": 8,
}
"""Styles of the copied pictures, and how many of each. Avatars put together from a few parts are none of them: two of
one template share most of their lines, and are no strangers."""

_EMOJI = frozenset({"openmoji", "fxemoji", "emojione", "streamline"})
_FIGURES = re.compile(
    "ninja|mage|fairy|vampire|zombie|genie|elf|merm|superhero|villain|robot|alien|ghost|dragon|unicorn|fox|panda|tiger"
    "|lion|koala|penguin|owl|frog|turtle|octopus|dinosaur|rex|rabbit|wolf|bat|duck|parrot|peacock|santa|guard|detective"
    "|astronaut|farmer|cook|singer|artist|firefighter|prince|clown|ogre|goblin|snowman|hedgehog|snail|crab|whale|dolphin"
    "|elephant|giraffe|camel|kangaroo|dancer|surfer|wrestler|scientist|judge|teacher|bride|angel"
)
"""Of emoji, people, animals and beings are registered: signs, boxes and smileys are drawn alike by nature."""

_MIN_DETAIL = 0.035
_VENDOR_SETS = 120
_SPRITE_QUERIES = 8


@dataclass(frozen=True)
class Query:
    """A picture that shows a registered character: its file, the edit to apply, and the set it should find."""

    path: Path
    wanted: str
    kind: str
    edit: Edit | None = None

    def read(self) -> bytes:
        """Return the picture as it is uploaded."""
        return self.path.read_bytes() if self.edit is None else edited(self.path, self.edit)


@dataclass(frozen=True)
class Task:
    """One evaluation. `sets` maps slugs to pictures; look-alikes and unrelated pictures come as uploads of one style.

    `positives` are uploads of one character's pictures, as numbers of `queries`, with the set they should find.
    """

    name: str
    sets: Mapping[str, Sequence[Path]]
    queries: Sequence[Query]
    unrelated: Sequence[tuple[str, Sequence[Path]]]
    look_alikes: Sequence[tuple[str, Sequence[Path]]] = ()
    in_style: frozenset[str] = frozenset()
    notes: Sequence[str] = field(default=())


def edited(path: Path, edit: Edit) -> bytes:
    """Apply an edit to a picture file; the result is a PNG, so that nothing else is lost."""
    with Image.open(path) as opened:
        picture: Pixels = np.asarray(opened.convert("RGB"), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(edit(picture)).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def copies(art: Sequence[Art], *, share: float, crowd: int) -> Task:
    """Build the task of edited copies; `share` of the references are taken, and `crowd` unrelated pictures."""
    sets: dict[str, list[Path]] = {}
    queries: list[Query] = []
    taken: set[str] = set()
    for style, count in COPIED.items():
        own = [a for a in art if a.style == style and (style not in _EMOJI or _FIGURES.search(a.identity))]
        fit = [item for item in shuffled(own, 5) if item.identity not in taken]
        chosen: dict[str, Art] = {}
        for item in fit:
            if len(chosen) < max(2, round(count * share)) and item.identity not in chosen and is_detailed(item.path):
                chosen[item.identity] = item
        taken |= chosen.keys()
        for item in chosen.values():
            slug = f"set-{len(sets):04}"
            sets[slug] = [item.path]
            queries += [Query(item.path, slug, name, edit) for name, edit in EDITS.items()]
    return Task("copies", sets, queries, uploads(_others(art, taken), crowd))


def sprites(art: Sequence[Art], *, share: float, crowd: int) -> Task:
    """Build the task of figures in other poses: every other unit of a race is registered, the rest are look-alikes."""
    by_character: dict[str, list[Art]] = defaultdict(list)
    for item in art:
        if item.style in {"wesnoth-sprites", "supertux"}:
            by_character[item.character].append(item)
    whole = {name: items for name, items in by_character.items() if len(items) >= 6 and len(divided(items)[1]) >= 3}
    by_family: dict[str, list[str]] = defaultdict(list)
    for name, items in sorted(whole.items()):
        by_family[items[0].family].append(name)
    registered: list[str] = []
    for names in by_family.values():
        # A man and a woman of one unit wear the same: only one of the two is registered.
        alone = [name for name in names if "+female" not in name]
        registered += evenly(alone[::2], max(1, round(len(alone[::2]) * share)))
    sets: dict[str, list[Path]] = {}
    queries: list[Query] = []
    for name in registered:
        slug = f"set-{len(sets):04}"
        items = whole[name]
        references, rest = divided(items)
        sets[slug] = [item.path for item in references]
        queries += [Query(item.path, slug, "other pose") for item in evenly(rest, _SPRITE_QUERIES)]
    families = {whole[name][0].family for name in registered}
    alike = {
        name: [item.path for item in items]
        for name, items in by_character.items()
        if name not in registered and items[0].family in families
    }
    shown = {item.identity for name in (*registered, *alike) for item in by_character[name]}
    return Task(
        "sprites",
        sets,
        queries,
        uploads(_others(art, shown), crowd),
        [(name, paths[:UPLOAD]) for name, paths in alike.items()],
        frozenset(SPRITE_STYLES),
    )


def divided(items: Sequence[Art]) -> tuple[list[Art], list[Art]]:
    """Divide a figure's pictures into references and queries: no action is in both.

    References are the resting pose and the first pictures of the actions that come first by name; of the actions that
    are left, two pictures each are asked.
    """
    actions: dict[str, list[Art]] = defaultdict(list)
    for item in items:
        actions[re.sub(r"[-_]?\d+$", "", item.use)].append(item)
    known, asked = list(actions.values())[:REFERENCES], list(actions.values())[REFERENCES:]
    return [found[0] for found in known], [item for found in asked for item in evenly(found, 2)]


def vendors(art: Sequence[Art], *, share: float, crowd: int) -> Task:
    """Build the task of one figure in other hands: an emoji registered as one vendor draws it, asked as others do."""
    by_figure: dict[str, list[Art]] = defaultdict(list)
    for item in art:
        if item.style in _EMOJI and _FIGURES.search(item.identity):
            by_figure[item.identity].append(item)
    drawn_by_several = [name for name, items in sorted(by_figure.items()) if len({item.style for item in items}) > 1]
    registered = evenly(drawn_by_several, round(_VENDOR_SETS * share))
    sets: dict[str, list[Path]] = {}
    queries: list[Query] = []
    for number, name in enumerate(registered):
        slug = f"set-{number:04}"
        by_vendor = {item.style: item for item in reversed(by_figure[name])}
        known = sorted(by_vendor)[number % len(by_vendor)]
        sets[slug] = [by_vendor[known].path]
        queries += [Query(item.path, slug, "other vendor") for vendor, item in by_vendor.items() if vendor != known]
    return Task("vendors", sets, queries, uploads(_others(art, set(registered)), crowd), (), _EMOJI)


def drawn(art: Sequence[Art], *, share: float, crowd: int) -> Task:
    """Build the task of this project's own characters, in other poses and in other styles."""
    by_character: dict[str, list[Art]] = defaultdict(list)
    for item in art:
        if item.family.startswith("drawn/"):
            by_character[item.character].append(item)
    names = [name for name in by_character if name.count("/") == 1]
    registered = evenly(names, round(len(names) * share))
    sets: dict[str, list[Path]] = {}
    queries: list[Query] = []
    alike: list[tuple[str, Sequence[Path]]] = []
    for name in registered:
        slug = f"set-{len(sets):04}"
        items = by_character[name]
        sets[slug] = [item.path for item in items[:REFERENCES]]
        queries += [
            Query(item.path, slug, f"other {item.use}") for item in items[REFERENCES:] if item.use in {"pose", "style"}
        ]
        alike += [
            (other, [item.path for item in found])
            for other, found in by_character.items()
            if other.startswith(f"{name}/")
        ]
    shown = {item.identity for items in by_character.values() for item in items}
    styles = frozenset(item.style for item in art if item.style.startswith("drawn-"))
    return Task("drawn", sets, queries, uploads(_others(art, shown), crowd), alike, styles)


def uploads(art: Sequence[Art], count: int) -> list[tuple[str, Sequence[Path]]]:
    """Group some pictures, as evenly over all as can be, into uploads of one style each."""
    by_style: dict[str, list[Path]] = defaultdict(list)
    for item in evenly(shuffled(few_each(art), 3), count):
        by_style[item.style].append(item.path)
    return [
        (style, paths[start : start + UPLOAD])
        for style, paths in sorted(by_style.items())
        for start in range(0, len(paths), UPLOAD)
    ]


def few_each(art: Sequence[Art]) -> list[Art]:
    """Keep at most four pictures of one character: many frames of one figure are hardly more than one picture."""
    kept: dict[str, int] = defaultdict(int)
    found = []
    for item in shuffled(art, 9):
        kept[item.character] += 1
        if not item.character or kept[item.character] <= 4:
            found.append(item)
    return sorted(found, key=lambda item: (item.style, item.path))


def is_detailed(path: Path) -> bool:
    """Tell whether a picture shows enough to be worth copying: neither tiny nor nearly empty."""
    with Image.open(path) as opened:
        picture = np.asarray(opened.convert("L"), np.uint8)
    if min(picture.shape) < 96:
        return False
    edges = cv2.Canny(cv2.resize(picture, (256, 256), interpolation=cv2.INTER_AREA), 60, 140)
    return float((edges > 0).mean()) >= _MIN_DETAIL


def _others(art: Sequence[Art], shown: set[str]) -> list[Art]:
    return [item for item in art if item.identity not in shown]
