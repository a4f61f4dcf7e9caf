"""What is taken of each package, and what each picture shows."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import resvg_py
from PIL import Image

from indexer.training.packages import run
from tests.accuracy import packages
from tests.accuracy.packages import PACKAGES

AVATARS = 700
AVATAR_STYLES = ("avataaars", "bottts", "fun-emoji", "thumbs", "animals")
HERE = Path(__file__).parent
POSES_KEPT = 12
_LEAST_SIDE = 20
_CLOTHES = {"hat", "santa_cap", "hardhat", "light", "kirby"}


@dataclass(frozen=True)
class Found:
    """One picture as its source has it; `pixelated` ones are enlarged without blur."""

    picture: Image.Image
    style: str
    identity: str
    character: str = ""
    family: str = ""
    use: str = ""
    pixelated: bool = False


def fetch(name: str, cache: Path) -> None:
    """Fetch the package behind a source, if it has one."""
    source = name.partition("-")[0]
    if source in PACKAGES:
        packages.fetch(PACKAGES[source], cache)
    elif name.rpartition("-")[0] in AVATAR_STYLES:
        packages.toolbox(cache)


def drawing(markup: str, side: int = 320) -> Image.Image:
    """Draw an SVG."""
    code = bytes(resvg_py.svg_to_bytes(svg_string=markup, width=side, height=side, skip_system_fonts=True))
    decoded = np.asarray(cv2.imdecode(np.frombuffer(code, np.uint8), cv2.IMREAD_UNCHANGED))
    return Image.fromarray(cv2.cvtColor(decoded, cv2.COLOR_BGRA2RGBA))


def emoji(source: str, cache: Path) -> Iterator[Found]:
    """Draw the emoji of one set: one skin tone of each, no flags, and no drawing twice."""
    catalogue = json.loads(next(PACKAGES[source].folder(cache).rglob("icons.json")).read_text(encoding="utf-8"))
    seen = set()
    for name, icon in catalogue["icons"].items():
        if re.search(r"skin-tone|^flag-|-flag$|^keycap|letter|^input-", name) or icon["body"] in seen:
            continue
        seen.add(icon["body"])
        size = [icon.get(key, catalogue.get(key, 16)) for key in ("width", "height")]
        markup = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}">{icon["body"]}</svg>'
        yield Found(drawing(markup), source, concept(name))


def concept(name: str) -> str:
    """Name what an emoji shows, the same for all sets and for its neutral, male and female forms."""
    plain = re.sub(r"^(man|woman|person|boy|girl)(-with|-in)?-|-(face|low|light|dark|\d+)$", "", name.lower())
    return "emoji:" + re.sub(r"[^a-z0-9]", "", plain or name)


def avatars(style: str, count: int) -> Callable[[Path], Iterator[Found]]:
    """Return what draws `count` avatars of a style."""
    return partial(_avatars, style, count)


def _avatars(style: str, count: int, cache: Path) -> Iterator[Found]:
    box = packages.toolbox(cache)
    script = box / "avatars.mjs"
    script.write_bytes((HERE / "avatars.mjs").read_bytes())
    count = count if style in {"avataaars", "bottts"} else min(count, AVATARS // 2)
    lines = run("node", str(script), style, str(count), cwd=box).splitlines()
    for number, line in enumerate(lines):
        yield Found(drawing(json.loads(line)), style, f"{style}:{number}")


def wesnoth_portraits(cache: Path) -> Iterator[Found]:
    """Painted portraits; several of one unit share an identity."""
    folder = _images(cache) / "portraits"
    for path in sorted(folder.rglob("*.png")):
        who = re.sub(r"(-\d+|\+.*|-transparent)$", "", path.stem)
        yield Found(_opened(path), "wesnoth-portraits", f"portrait:{path.parent.name}:{who}")


def wesnoth_units(cache: Path) -> Iterator[Found]:
    """Sprites of units in many poses. A unit's definition says which pictures show it; dying ones are left out."""
    images = _images(cache)
    users: dict[str, set[str]] = defaultdict(set)
    definitions = images.parent / "units"
    for path in sorted(definitions.rglob("*.cfg")):
        name = path.relative_to(definitions).with_suffix("").as_posix()
        text = path.read_text(encoding="utf-8", errors="replace")
        for reference in re.findall(r"units/[^\s\":~]*?(?:\[[^\]]*\][^\s\":~]*?)*\.png", text):
            for picture in expanded(reference):
                users[picture].add(name + "+female" * ("+female" in picture))
    units: dict[str, list[Path]] = defaultdict(list)
    for picture, names in sorted(users.items()):
        unfit = re.search(r"die|death-|dead|fade|halo|teleport", Path(picture).name)
        if len(names) == 1 and not unfit and (images / picture).is_file():
            units[next(iter(names))].append(images / picture)
    for unit, paths in sorted(units.items()):
        family = unit.partition("/")[0]
        if family == "boats" or "Corpse_" in unit:
            continue
        for path in _spread(paths):
            identity = f"unit:{unit.removesuffix('+female')}"
            yield Found(_opened(path), "wesnoth-sprites", identity, unit, family, path.stem, pixelated=True)


def expanded(reference: str) -> list[str]:
    """Write out a numbered series: `a[1~3].png` is a1.png, a2.png and a3.png."""
    match = re.fullmatch(r"(.*?)\[([^\]]*)\](.*)", reference)
    if match is None:
        return [reference]
    found = []
    for part in match[2].split(","):
        first, _, last = part.partition("*")[0].partition("~")
        numbers = [first]
        if first.isdigit() and last.isdigit():
            low, high = sorted((int(first), int(last)))
            numbers = [str(number).zfill(len(first)) for number in range(low, high + 1)]
        found += [name for number in numbers for name in expanded(match[1] + number + match[3])]
    return found


def wesnoth_things(cache: Path) -> Iterator[Found]:
    """Icons of attacks, items and scenery."""
    for kind in ("attacks", "items", "scenery"):
        for path in sorted((_images(cache) / kind).glob("*.png")):
            name = re.sub(r"[-\d]+$", "", path.stem)
            yield Found(_opened(path), "wesnoth-things", f"thing:{name}", pixelated=True)


def supertux(cache: Path) -> Iterator[Found]:
    """Sprites of a jump-and-run game, in many poses."""
    root = next(PACKAGES["supertux"].folder(cache).rglob("images/creatures"))
    for folder in sorted(path for path in root.rglob("*") if path.is_dir() and path.name not in _CLOTHES):
        paths = [path for path in sorted(folder.glob("*.png")) if "flat" not in path.stem and "squish" not in path.stem]
        name = folder.relative_to(root).as_posix()
        for path in _spread(paths):
            picture = _opened(path)
            if min(picture.size) >= _LEAST_SIDE:
                first = name.partition("/")[0]
                yield Found(picture, "supertux", f"supertux:{first}", f"supertux/{name}", "supertux", path.stem)


def tuxpaint(cache: Path) -> Iterator[Found]:
    """Photographs and drawings of animals, people, plants and things."""
    root = next(PACKAGES["tuxpaint"].folder(cache).rglob("stamps"))
    for path in sorted(root.rglob("*.png")):
        place = path.relative_to(root).as_posix()
        if "alphabets" in place or "math" in place or path.stem.endswith("_mirror"):
            continue
        style = "tuxpaint-drawn" if "cartoon" in place or "symbols" in place else "tuxpaint-photos"
        yield Found(_opened(path), style, f"tuxpaint:{re.sub(r'[_0-9]+$', '', path.stem)}")


def flare(cache: Path) -> Iterator[Found]:
    """Rendered figures seen from above, cut out of their sheets, in several directions; and painted portraits."""
    for mod in sorted(PACKAGES["flare"].folder(cache).rglob("mods")):
        for path in sorted(mod.rglob("images/portraits/*.png")):
            yield Found(_opened(path), "flare-portraits", f"flare-portrait:{path.stem}")
        for path in sorted(mod.glob("*/animations/enemies/*.txt")):
            text = path.read_text(encoding="utf-8")
            sheet = re.search(r"image=(.*\.png)", text)
            if sheet is None or not (path.parents[2] / sheet[1]).is_file():
                continue
            frames = re.findall(r"^frame=\d+,\d+,(\d+),(\d+),(\d+),(\d+)", text, re.MULTILINE)
            name = path.stem.partition("_")[0]
            picture = _opened(path.parents[2] / sheet[1])
            for number in np.linspace(0, len(frames) - 1, min(len(frames), 2 * POSES_KEPT)).astype(int).tolist():
                x, y, width, height = (int(value) for value in frames[number])
                if min(width, height) >= _LEAST_SIDE:
                    cut = picture.crop((x, y, x + width, y + height))
                    yield Found(cut, "flare-sprites", f"flare:{name}", f"flare/{path.stem}", name, pixelated=True)


def pokerth(cache: Path) -> Iterator[Found]:
    """Small avatars: photographs and drawings of people, animals and things."""
    root = next(PACKAGES["pokerth"].folder(cache).rglob("avatars/default"))
    for path in sorted(root.rglob("*.png")):
        yield Found(_opened(path), "pokerth-avatars", f"pokerth:{path.stem}")


def _images(cache: Path) -> Path:
    return next(PACKAGES["wesnoth"].folder(cache).rglob("data/core/images"))


def _spread(paths: list[Path]) -> list[Path]:
    """Keep some frames far from each other, the resting pose first: neighbours differ by a hair."""
    if not paths:
        return []
    resting = sorted(paths, key=lambda path: (len(path.stem), path.stem))
    first, rest = resting[0], sorted(resting[1:])
    numbers = np.linspace(0, len(rest) - 1, min(len(rest), POSES_KEPT - 1)).astype(int).tolist() if rest else []
    return [first, *(rest[number] for number in dict.fromkeys(numbers))]


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as opened:
        if max(opened.size) > 2 * 2048:
            opened.thumbnail((2048, 2048))
        return opened.convert("RGBA")


PACKS: dict[str, Callable[[Path], Iterator[Found]]] = {
    **{source: partial(emoji, source) for source in ("openmoji", "fxemoji", "emojione", "streamline")},
    "wesnoth-portraits": wesnoth_portraits,
    "wesnoth-units": wesnoth_units,
    "wesnoth-things": wesnoth_things,
    "supertux": supertux,
    "tuxpaint": tuxpaint,
    "flare": flare,
    "pokerth": pokerth,
}
