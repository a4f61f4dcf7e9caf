"""The example uploads, drawn and written as `example_table` describes them."""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: E501

from __future__ import annotations

import io
import json
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from indexer.training.characters.plans import Shot, shoot
from indexer.training.characters.scenes import draw_scene
from indexer.training.example_table import BLOCKED, STOLEN, Upload

Encoder = Callable[[Image.Image], bytes]
ROLE = "sample"


def _reference(root: Path, source: str) -> Path:
    slug, number = source.split("/")
    return root / "reference_sets" / slug / "images" / f"{number}.png"


def captioned_crop(image: Image.Image) -> Image.Image:
    """Cut about 12 % from every side and add a banner and a watermark."""
    w, h = image.size
    cut = (
        image.convert("RGB")
        .crop((round(w * 0.12), round(h * 0.12), round(w * 0.88), round(h * 0.88)))
        .resize((w, h), Image.Resampling.LANCZOS)
    )
    pen = ImageDraw.Draw(cut, "RGBA")
    pen.rectangle((0, h - 58, w, h), fill=(25, 22, 40, 215))
    pen.text(
        (w // 2, h - 29),
        "COSY RAINCOAT  ·  v1.2 OUT NOW",
        fill=(255, 240, 210),
        font=ImageFont.load_default(24),
        anchor="mm",
    )
    pen.text((w - 12, 12), "@demo-gallery", fill=(255, 255, 255, 150), font=ImageFont.load_default(19), anchor="ra")
    return cut


def scenery(name: str, seed: int) -> Image.Image:
    """Return an unpeopled scene with a column and an urn of stone."""
    stone = (
        '<g stroke="#8d93a3" stroke-width="6" fill="#e6e8ee"><path d="M300 860V380h120V860z"/><path d="M270 380h180l-20-44h-140z"/><path d="M260 900v-40h200v40z"/>'
        '<path d="M620 890q-70-30-84-130q-10-110 60-150v-40h-24v-34h180v34h-24v40q70 40 60 150q-14 100-84 130z"/></g>'
        '<path d="M330 400V850M360 400V850M390 400V850M560 720q100 40 204 0" stroke="#b9bfcc" stroke-width="8" fill="none"/>'
    )
    scene = draw_scene(name, 1000.0, np.random.default_rng(seed))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1000" width="512" height="512">{scene}{stone}</svg>'
    )
    return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)))).convert("RGB")


def _expected(upload: Upload) -> dict[str, object]:
    expected: dict[str, object] = {
        "verdict": upload.verdict,
        "because": upload.because,
        "reference_set": upload.reference_set,
    }
    if upload.conditions:
        expected["conditions"] = list(upload.conditions)
    if upload.licence:
        expected["licence"] = upload.licence
    if upload.not_screened:
        expected["not_screened"] = list(upload.not_screened)
    return expected


def write_upload(upload: Upload, root: Path, encode: Encoder) -> list[Path]:
    """Write one upload folder (the reference sets must exist) and return its pictures."""
    folder = root / "examples" / upload.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files: list[Path] = []
    for file, source in upload.pictures.items():
        target = folder / file
        seed = zlib.crc32(f"{upload.name}/{file}".encode())
        if isinstance(source, Shot):
            if upload.who is None:
                raise ValueError(f"{upload.name}: a shot needs a character")
            target.write_bytes(encode(shoot(upload.who, source, seed)))
        elif source == "truncated":
            if upload.who is None:
                raise ValueError(f"{upload.name}: a shot needs a character")
            data = encode(shoot(upload.who, Shot("stand"), seed))
            target.write_bytes(data[: len(data) // 3])
        else:
            kind, _, rest = source.partition(":")
            if kind == "copy":
                target.write_bytes(_reference(root, rest).read_bytes())
            elif kind == "scene":
                target.write_bytes(encode(scenery(rest, seed)))
            else:
                with Image.open(_reference(root, rest)) as opened:
                    image = opened.convert("RGB")
                (captioned_crop(image) if kind == "crop" else image).save(target, "JPEG", quality=80)
        files.append(target)
        if file in upload.inside:
            target.write_bytes(_with_text(target.read_bytes(), upload.inside[file]))
    if upload.lora is not None:
        name, lora = upload.lora
        (folder / name).write_bytes(lora.write())
    _write_json(folder / "upload.json", _form(upload))
    _write_json(folder / "expected.json", _expected(upload))
    return files


def write_blocked(root: Path) -> None:
    """Write the LoRA that the demonstration blocks before it screens the uploads."""
    folder = root / "examples" / "blocked"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / BLOCKED["file"]).write_bytes(STOLEN.write())
    _write_json(folder / "blocked.json", dict(BLOCKED))


def _with_text(png: bytes, text: str) -> bytes:
    """Put a text chunk into a PNG, as web UIs do."""
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", text)
    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.save(out, "PNG", optimize=True, pnginfo=info)
    return out.getvalue()


def _form(upload: Upload) -> dict[str, object]:
    role = "training" if upload.stage == "training" else ROLE
    images = [
        {
            "file": file,
            "role": "cover" if i == 0 and role == ROLE else role,
            "prompt": upload.prompts.get(file, ""),
            "negative_prompt": "",
        }
        for i, file in enumerate(upload.pictures)
    ]
    return {
        "external_id": f"demo-{upload.name}",
        "stage": upload.stage,
        "visibility": upload.visibility,
        "commercial": {"monetised": False, "promoted": False},
        "uploader": {"id": upload.uploader},
        "model": {
            "name": upload.title,
            "alt_names": [],
            "type": "LORA",
            "description": upload.description,
            "tags": list(upload.tags),
            "trigger_words": list(upload.triggers),
            "base_model": "demo-base-1.0",
        },
        "images": images,
    }


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
