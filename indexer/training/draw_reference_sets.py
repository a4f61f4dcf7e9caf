"""Redraw the demonstration reference sets and example uploads.

Run ``python -m indexer.training.draw_reference_sets --out .``; the files come out
byte for byte the same each time with the same library versions.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import zlib
from collections.abc import Iterable
from pathlib import Path

from PIL import Image
from rich.progress import Progress

from indexer.training import example_table, example_uploads
from indexer.training.characters.plans import reference_shots, shoot
from indexer.training.characters.registry import ENTRIES, Entry


def png_bytes(image: Image.Image) -> bytes:
    """Return a compact PNG: a 256-colour palette chosen for this picture."""
    small = image.quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    out = io.BytesIO()
    small.save(out, "PNG", optimize=True)
    return out.getvalue()


def seed_of(*parts: object) -> int:
    """Return a stable seed for a name."""
    return zlib.crc32("/".join(str(p) for p in parts).encode())


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def manifest_text(item: Entry, references: Iterable[tuple[str, str]]) -> str:
    """Return the manifest.toml of a set; ``references`` are (file, sha256)."""
    en, zh, ja = item.title
    lines = [
        f"title = {{en = {_text(en)}, zh = {_text(zh)}, ja = {_text(ja)}}}",
        f"work = {{en = {_text(item.work.en)}, zh = {_text(item.work.zh)}}}",
        f"fame = {_text(item.fame)}",
        "",
        "[rights]",
        f"holder = {_text(item.work.holder)}",
        f"evidence = {_text(item.work.evidence)}",
    ]
    for text, language, kind in item.aliases:
        lines += ["", "[[alias]]", f"text = {_text(text)}", f"language = {_text(language)}", f"kind = {_text(kind)}"]
    if item.licensed:
        lines += ["", "[[licence]]", 'platform = "demo"', 'uploader = "u-licensed"', "until = 2099-12-31"]
    for file, digest in references:
        lines += ["", "[[reference]]", f"file = {_text(file)}", f"sha256 = {_text(digest)}"]
    return "\n".join(lines) + "\n"


def write_set(item: Entry, root: Path) -> list[Path]:
    """Draw one reference set below ``root`` and return its picture files."""
    folder = root / "reference_sets" / item.who.slug
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for old in (folder / "images").glob("*.png"):
        old.unlink()
    files: list[Path] = []
    references: list[tuple[str, str]] = []
    for number, shot in enumerate(reference_shots(item.who.slug), start=1):
        data = png_bytes(shoot(item.who, shot, seed_of(item.who.slug, number)))
        name = f"images/{number:02d}.png"
        (folder / name).write_bytes(data)
        files.append(folder / name)
        references.append((name, hashlib.sha256(data).hexdigest()))
    (folder / "manifest.toml").write_text(manifest_text(item, references), encoding="utf-8")
    return files


def contact_sheet(rows: list[list[Path]], cell: int = 200) -> Image.Image:
    """Return all pictures in a grid, one row per folder."""
    wide = max(len(row) for row in rows)
    sheet = Image.new("RGB", (wide * cell, len(rows) * cell), "#ffffff")
    for y, row in enumerate(rows):
        for x, file in enumerate(row):
            with Image.open(file) as opened:
                tile = opened.convert("RGB")
            tile.thumbnail((cell - 4, cell - 4), Image.Resampling.LANCZOS)
            sheet.paste(tile, (x * cell + (cell - tile.width) // 2, y * cell + (cell - tile.height) // 2))
    return sheet


def main(arguments: list[str] | None = None) -> None:
    """Draw everything and optionally write contact sheets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(), help="repository root to write below")
    parser.add_argument(
        "--sheet", type=Path, help="write a contact sheet of the sets here, and of the uploads beside it"
    )
    options = parser.parse_args(arguments)
    out: Path = options.out
    rows: list[list[Path]] = []
    with Progress() as progress:
        task = progress.add_task("Reference sets", total=len(ENTRIES))
        for item in ENTRIES:
            rows.append(write_set(item, out))
            progress.advance(task)
        example_uploads.write_blocked(out)
        jobs = example_table.UPLOADS
        task = progress.add_task("Example uploads", total=len(jobs))
        uploads: list[list[Path]] = []
        for upload in jobs:
            uploads.append(example_uploads.write_upload(upload, out, png_bytes))
            progress.advance(task)
    if options.sheet:
        sheet: Path = options.sheet
        sheet.parent.mkdir(parents=True, exist_ok=True)
        contact_sheet(rows).save(sheet)
        good = [[f for f in row if "truncated" not in f.name] for row in uploads]
        contact_sheet(good).save(sheet.with_name(f"{sheet.stem}-uploads.png"))


if __name__ == "__main__":
    main()
