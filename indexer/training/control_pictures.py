"""Collect the control pictures: several thousand drawings of no protected character, from pinned packages.

1. Every package is fetched by its ordinary client (npm, apt-get), compared with its recorded digest and unpacked.
2. The emoji of three vendors and the pictures of the clip-art package are chosen, evenly and without chance.
3. The avatars are drawn by `dicebear.mjs`, which also sees to it that no character is drawn twice.

What is already in the cache is not fetched, unpacked or drawn again. The pictures stay in the cache, in their native
size: making embeddings and hashes of them is left to the building of the control set, and only those are shipped.
"""

from __future__ import annotations

import json
import re
import shutil
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, TypeVar

import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from indexer.training import packages
from indexer.training.packages import Package, PackageError

T = TypeVar("T")
DEFAULT_CACHE: Final = Path.home() / ".cache" / "lora-screening" / "control"
HERE: Final = Path(__file__).parent
EMOJI_PER_VENDOR: Final = 600
CLIPART_LIMIT: Final = 4_500
CLIPART_MIN_SIDE: Final = 128
# Seventeen pictures are larger, the largest by far: 623 megapixels, 2.5 GB when decoded.
CLIPART_MAX_PIXELS: Final = 16_000_000
# Arcade figures, trade marks and a television mascot are not unrelated; the last four names show a broken link.
CLIPART_EXCLUDED: Final = re.compile(
    r"/(games|logos)/[^/]*$|/(chomper|domo_kun|duck_yellow_ii|tux_didier|stylized_yoga|creation_day_7)_[^/]*$"
)

AVATARS_PER_STYLE: Final = 120
DICEBEAR_VERSION: Final = "9.4.3"
RESVG_VERSION: Final = "2.6.2"
# Styles whose designs state a Creative Commons licence; avataaars and bottts do not spell out modification.
AVATAR_STYLES: Final = (
    *("adventurer", "big-ears", "big-smile", "croodles", "dylan", "lorelei", "micah", "miniavs", "notionists"),
    *("open-peeps", "personas", "pixel-art", "toon-head"),
)


@dataclass(frozen=True)
class ControlPicture:
    """One picture in the cache.

    `style` groups pictures drawn alike (a vendor, a clip-art folder, an avatar style). Two pictures of one `identity`
    may show the same thing and are no evidence of a false positive against each other.
    """

    path: Path
    source: str
    style: str
    identity: str


# fmt: off
EMOJI: Final = (
    Package(
        "noto-emoji", "emoji-datasource-google", "16.0.0",
        "fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438", "package/img/google/64/{}.png"),
    Package(
        "twemoji", "emoji-datasource-twitter", "16.0.0",
        "f64a530c63bca463bd8317fdc4615ce63a53a0c65018e4ce2d848aaba7a28877", "package/img/twitter/64/{}.png"),
    Package(
        "fluent-emoji-3d", "@lobehub/fluent-emoji-3d", "1.1.0",
        "c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58", "package/assets/{}.webp"),
)
OPENCLIPART: Final = Package(
    "openclipart", "openclipart-png", "1:0.18+dfsg-19",
    "f07f1545a2970c2cf3fa339bc2405da1a95cf2b1827bfa05bf73eb1c20291c02", debian=True)
# fmt: on
EMOJI_DOCUMENTS: Final = ("package/LICENSE", "package/README.md", "package/package.json", "package/emoji.json")


def collect(cache: Path) -> list[ControlPicture]:
    """Fetch what `cache` lacks and return every picture, always in the same order; raise PackageError."""
    cache = cache.expanduser().resolve()
    with Progress(console=Console(stderr=True)) as progress:
        for package in progress.track((*EMOJI, OPENCLIPART), description="packages"):
            fetch(package, cache)
        order = _emoji_order(EMOJI[0].folder(cache) / "package" / "emoji.json", HERE / "emoji_concepts.txt")
        pictures: list[ControlPicture] = []
        for number, vendor in enumerate(EMOJI):
            # Sampling starts elsewhere for each vendor, so that together they show more concepts.
            pictures += _emoji(vendor, cache, order, (number + 0.5) / len(EMOJI))
        pictures += _clipart(OPENCLIPART.folder(cache) / "usr" / "share" / "openclipart" / "png", progress)
        return pictures + _avatars(cache, progress)


def fetch(package: Package, cache: Path) -> None:
    """Fetch one package; of emoji the pictures and documents alone are unpacked. Raises PackageError."""
    keep = (*EMOJI_DOCUMENTS, package.file.partition("{}")[0])
    packages.fetch(package, cache, lambda name: package.debian or name.startswith(keep))


def _emoji_order(catalogue: Path, listed: Path) -> tuple[list[str], list[str]]:
    """Return the listed concepts in catalogue order: people, animals, creatures and faces; then all others."""
    lines = (line.strip() for line in listed.read_text("utf-8").splitlines())
    allowed = {line for line in lines if line and not line.startswith("#")}
    figures: list[str] = []
    others: list[str] = []
    for entry in sorted(json.loads(catalogue.read_text("utf-8")), key=lambda entry: int(entry["sort_order"])):
        if entry["unified"] in allowed:
            kind = str(entry["subcategory"])
            is_figure = kind.startswith(("person", "animal-", "face-")) or kind.endswith("-face")
            (figures if is_figure else others).append(str(entry["unified"]).lower())
    return figures, others


def _emoji(vendor: Package, cache: Path, order: tuple[list[str], list[str]], phase: float) -> list[ControlPicture]:
    """Choose one vendor's emoji: figures as far as there is room, the rest evenly from the other concepts."""
    folder = vendor.folder(cache)
    seen: set[bytes] = set()
    chosen: list[str] = []
    for group in order:
        own: list[str] = []
        for concept in group:
            file = folder / vendor.file.format(concept)
            # A vendor may use one drawing for several concepts, or lack a concept.
            if file.is_file() and (drawing := file.read_bytes()) not in seen:
                seen.add(drawing)
                own.append(concept)
        chosen += evenly(own, EMOJI_PER_VENDOR - len(chosen), phase)
    return [
        ControlPicture(folder / vendor.file.format(concept), vendor.source, vendor.source, emoji_identity(concept))
        for concept in chosen
    ]


def emoji_identity(concept: str) -> str:
    """Name what an emoji shows, the same for its neutral, male and female forms: vendors draw these nearly alike."""
    neutral = re.sub(r"-200d-26(40|42)(-fe0f)?", "", concept)
    return "emoji:" + re.sub(r"^1f46[89](?=-200d)", "1f9d1", neutral).replace("-fe0f", "")


def _clipart(root: Path, progress: Progress) -> list[ControlPicture]:
    """Choose the clip art evenly among the files (not the links: they repeat a drawing) that are fit for comparison."""
    files = sorted(path for path in root.rglob("*.png") if not path.is_symlink())
    kept = [path for path in files if not CLIPART_EXCLUDED.search(path.as_posix())]
    fit = [path for path in progress.track(kept, description="clip art") if _is_fit(path)]
    return [
        ControlPicture(path, "openclipart", f"openclipart:{path.relative_to(root).parts[0]}", _clipart_identity(path))
        for path in evenly(fit, CLIPART_LIMIT, 0.5)
    ]


def _clipart_identity(path: Path) -> str:
    """Name what a drawing shows by its file name without the running number: one author's series counts as one."""
    return f"openclipart:{re.sub(r'[_0-9]+$', '', path.stem) or path.stem}"


def _is_fit(path: Path) -> bool:
    """Tell whether a PNG file is neither small, nor huge, nor nearly empty on white."""
    with path.open("rb") as file:
        header = file.read(24)
    # Read before Pillow opens the file, because Pillow warns of the huge ones or refuses them.
    width, height = struct.unpack(">II", header[16:24])
    if min(width, height) < CLIPART_MIN_SIDE or width * height > CLIPART_MAX_PIXELS:
        return False
    with Image.open(path) as opened:
        small = opened.convert("RGBA").resize((64, 64), Image.Resampling.BOX)
    on_white = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small).convert("RGB")
    pixels = np.asarray(on_white, dtype=np.int16).reshape(-1, 3)
    # Against the median and not against white: a sheet of one plain colour shows nothing either.
    marked = np.abs(pixels - np.median(pixels, axis=0)).max(axis=1) > 24  # noqa: PLR2004 (steps of 8 bits)
    return bool(marked.mean() >= 0.02)  # noqa: PLR2004 (share of the picture)


def _avatars(cache: Path, progress: Progress) -> list[ControlPicture]:
    """Draw the avatars that are missing and return all, style by style."""
    folder = cache / f"dicebear-{DICEBEAR_VERSION}"
    paths = [folder / style / f"{index:03}.png" for style in AVATAR_STYLES for index in range(AVATARS_PER_STYLE)]
    if not all(path.is_file() for path in paths):
        toolbox = _toolbox(cache)
        # The script goes beside the packages, because Node looks for them upwards from there.
        script = shutil.copy(HERE / "dicebear.mjs", toolbox / "dicebear.mjs")
        task = progress.add_task("avatars", total=len(paths))
        command = ["node", str(script), str(folder), str(AVATARS_PER_STYLE), *AVATAR_STYLES]
        packages.run(*command, cwd=toolbox, on_line=lambda: progress.advance(task))
    return [
        ControlPicture(path, "dicebear", f"dicebear:{path.parent.name}", f"dicebear:{path.parent.name}:{path.stem}")
        for path in paths
    ]


def _toolbox(cache: Path) -> Path:
    """Install the avatar styles and the SVG renderer, unless they are there, and return their folder."""
    wanted = [f"@dicebear/{name}@{DICEBEAR_VERSION}" for name in ("core", *AVATAR_STYLES)]
    folder = cache / "packages" / f"dicebear-{DICEBEAR_VERSION}-resvg-{RESVG_VERSION}"
    return packages.install(folder, [*wanted, f"@resvg/resvg-js@{RESVG_VERSION}"])


def evenly(items: Sequence[T], count: int, phase: float = 0.5) -> list[T]:
    """Take `count` items at equal distances, the first `phase` (0 to 1) of a distance in; all if there are no more."""
    if len(items) <= count:
        return list(items)
    return [items[int((number + phase) * len(items) / count)] for number in range(count)]


def main(cache: Annotated[Path, typer.Option(help="Folder for packages and pictures.")] = DEFAULT_CACHE) -> None:
    """Collect the control pictures and print how many there are of each source."""
    try:
        pictures = collect(cache)
    except PackageError as error:
        raise typer.BadParameter(str(error)) from error
    table = Table("source", "styles", "identities", "pictures", title="Control pictures")
    for source in [*dict.fromkeys(picture.source for picture in pictures), "total"]:
        own = [picture for picture in pictures if source in (picture.source, "total")]
        styles, identities = ({picture.style for picture in own}, {picture.identity for picture in own})
        table.add_row(source, str(len(styles)), str(len(identities)), str(len(own)))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
