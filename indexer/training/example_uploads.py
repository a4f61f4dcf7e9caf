"""The example uploads and the verdicts expected of them."""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: E501

from __future__ import annotations

import io
import json
import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from indexer.training.characters.identity import Identity
from indexer.training.characters.plans import Shot, shoot
from indexer.training.characters.registry import entry
from indexer.training.characters.scenes import draw_scene
from indexer.training.characters.strangers import LOOK_ALIKE, ORIGINAL, STRANGER
from indexer.training.example_loras import ExampleLora, kohya_metadata

Encoder = Callable[[Image.Image], bytes]
ROLE = "sample"


@dataclass(frozen=True)
class Upload:
    """One upload folder: its form fields, its pictures and what should happen.

    ``pictures`` maps file names to sources: a ``Shot`` of ``who``, "copy:<slug>/<nn>",
    "jpeg:<slug>/<nn>", "crop:<slug>/<nn>", "scene:<name>" or "truncated".
    """

    name: str
    verdict: str
    because: str
    reference_set: str | None
    pictures: dict[str, Shot | str]
    who: Identity | None = None
    title: str = "Untitled style"
    description: str = ""
    tags: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    stage: str = "publication"
    visibility: str = "public"
    uploader: str = "u-42"
    conditions: tuple[str, ...] = ()
    licence: str | None = None
    not_screened: tuple[str, ...] = ()
    prompts: dict[str, str] = field(default_factory=dict)
    inside: dict[str, str] = field(default_factory=dict)
    """What a web UI left inside a picture, by file name."""
    lora: tuple[str, ExampleLora] | None = None


def _numbered(*shots: Shot | str) -> dict[str, Shot | str]:
    return {f"{i:02d}.png": shot for i, shot in enumerate(shots, start=1)}


def _infotext(prompt: str) -> str:
    """Return what a web UI writes beside the pixels."""
    return f"{prompt}\nNegative prompt: blurry\nSteps: 28, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512"


STOLEN = ExampleLora("copper fox", metadata=kohya_metadata("emberlin", "10_emberlin", {"emberlin russet": 40}, 40))
BLOCKED = {
    "file": "emberlin.safetensors",
    "title": "Emberlin LoRA",
    "reference_set": "ember-fox",
    "reason": "Demonstration: found to reproduce the character, and taken down.",
}

UPLOADS: tuple[Upload, ...] = (
    Upload(
        "exact-copy",
        "block",
        "One picture is a registered reference byte for byte and another is the same set re-encoded.",
        "ember-fox",
        {"cover.png": "copy:ember-fox/01", "second.jpg": "jpeg:ember-fox/03"},
        title="Warm autumn storybook",
        tags=("storybook", "warm"),
        description="Cosy colours for evening scenes.",
    ),
    Upload(
        "crop-with-text",
        "block",
        "The picture is a registered reference cropped and captioned: geometry proves it and shows where it was cut.",
        "maren-tidewarden",
        {"cover.jpg": "crop:maren-tidewarden/02"},
        title="Harbour raincoat look",
        tags=("raincoat",),
    ),
    Upload(
        "new-pose",
        "review",
        "The pictures show a registered character in poses that are not among its references.",
        "winter-lampwitch",
        _numbered(
            Shot("dance", scene="hills"),
            Shot("point", scene="library", framing="three_quarter"),
            Shot("sit", scene="garden"),
            Shot("startled", scene="plain", framing="three_quarter", turn=-0.6),
        ),
        entry("winter-lampwitch").who,
        title="Frosty evening mood",
        tags=("winter", "blue"),
    ),
    Upload(
        "new-pose-named",
        "block",
        "The pictures show a registered character and the model is named after it.",
        "fern-postmaster",
        _numbered(
            Shot("cheer", scene="hills"),
            Shot("run", scene="forest"),
            Shot("think", scene="room", framing="three_quarter"),
        ),
        entry("fern-postmaster").who,
        title="Fernwick Capley LoRA",
        triggers=("fernwick capley",),
        tags=("mushroom", "poncho"),
    ),
    Upload(
        "new-style",
        "review",
        "The pictures show a registered character in a style that is not among its references.",
        "rivet-courier",
        _numbered(
            Shot("dance", "painterly", "plain"),
            Shot("sit", "painterly", "hills"),
            Shot("point", "painterly", "garden"),
            Shot("jump", "painterly", "spot", framing="three_quarter"),
        ),
        entry("rivet-courier").who,
        title="Loose oil sketchbook",
        tags=("oil painting",),
    ),
    Upload(
        "look-alike",
        "review-or-allow",
        "The fox shares species, costume type and palette with a registered character but is somebody else.",
        None,
        _numbered(
            Shot("stand"),
            Shot("wave", scene="market"),
            Shot("think", scene="library", framing="three_quarter"),
            Shot("walk", "softflat", "forest"),
        ),
        LOOK_ALIKE,
        title="Bookish fox neighbour",
        tags=("fox", "anthro"),
    ),
    Upload(
        "generic-name-only",
        "allow",
        "Only a generic word matches and the pictures are unrelated.",
        None,
        {"01.png": "scene:cave", "02.png": "scene:desert", "03.png": "scene:hills"},
        title="Medusa marble statue style",
        tags=("medusa", "greek myth", "marble"),
        description="Cool stone tones for ruins and statues.",
        triggers=("marble statue",),
    ),
    Upload(
        "licensed-uploader",
        "allow",
        "The pictures are references, and the holder has licensed this uploader.",
        "rivet-courier",
        {"01.png": "copy:rivet-courier/01", "02.png": "copy:rivet-courier/03", "03.png": "copy:rivet-courier/04"},
        title="Rivet-Nine official",
        triggers=("rivet-nine",),
        uploader="u-licensed",
        licence="rivet-courier/licence-1",
    ),
    Upload(
        "private-use",
        "allow",
        "Private training on a registered character is allowed on condition that it is not distributed.",
        "comet-baker",
        {
            **_numbered(
                Shot("dance", scene="garden"),
                Shot("sit", scene="library"),
                Shot("point", scene="hills", framing="three_quarter"),
            ),
            "04.png": "copy:comet-baker/01",
        },
        entry("comet-baker").who,
        title="Test 3",
        stage="training",
        visibility="private",
        conditions=("no_public_distribution",),
    ),
    Upload(
        "unrelated-original",
        "allow",
        "The character resembles no registered set.",
        None,
        _numbered(
            Shot("stand"),
            Shot("cheer", scene="garden"),
            Shot("relaxed", scene="room", framing="three_quarter"),
            Shot("jump", scene="sea"),
            Shot("stand", scene="spot", framing="bust"),
            Shot("back", scene="dots"),
            Shot("sit", "storybook", "forest"),
            Shot("hips", "softflat", "rays", framing="three_quarter"),
        ),
        ORIGINAL,
        title="Lilypad painter OC",
        tags=("original character", "frog"),
    ),
    Upload(
        "alias-alone",
        "review",
        "A distinctive alias is in the name although the pictures are unrelated.",
        "serpent-queen",
        _numbered(
            Shot("stand", scene="forest"),
            Shot("walk", scene="desert"),
            Shot("hips", scene="city", framing="three_quarter"),
        ),
        STRANGER,
        title="Ysmeraude Veyl inspired forest friends",
        tags=("forest",),
    ),
    Upload(
        "broken-file",
        "review",
        "One picture cannot be read, so the upload cannot be cleared automatically.",
        None,
        {
            **_numbered(Shot("wave", scene="garden"), Shot("relaxed", scene="hills", framing="three_quarter")),
            "03-truncated.png": "truncated",
        },
        STRANGER,
        title="Antler friend",
        tags=("deer",),
        not_screened=("image:03-truncated.png",),
    ),
    Upload(
        "clean-name-dirty-file",
        "review",
        "Name and tags are clean, but the trainer left the character's name in the file, and so did the samples.",
        "ember-fox",
        {"01.png": "scene:hills", "02.png": "scene:forest", "03.png": "scene:sea"},
        title="Golden evening palette",
        tags=("evening", "warm light"),
        inside={
            "01.png": _infotext("emberlin russet, fox bard, lute, evening, hills"),
            "02.png": _infotext("forest clearing, evening light, emberlin russet, from behind"),
        },
        lora=(
            "golden-evening.safetensors",
            ExampleLora(
                "golden evening",
                metadata=kohya_metadata(
                    "golden-evening",
                    "10_emberlin russet",
                    {"emberlin russet": 38, "fox ears": 36, "lute": 30, "evening": 12, "hills": 9},
                    40,
                ),
            ),
        ),
    ),
    Upload(
        "blocked-again",
        "block",
        "The weights are those of a LoRA that was blocked; only the header and the name are new.",
        "ember-fox",
        {"01.png": "scene:desert", "02.png": "scene:cave"},
        title="Copper desert mood",
        tags=("desert", "copper"),
        lora=(
            "copper-mood.safetensors",
            ExampleLora(STOLEN.weights, metadata=kohya_metadata("copper-mood", "10_copper", {"copper": 20}, 20)),
        ),
    ),
    Upload(
        "blocked-half-rank",
        "review",
        "The weights resemble those of a blocked LoRA, resized to half its rank; nothing else points to the character.",
        "ember-fox",
        {"01.png": "scene:garden", "02.png": "scene:library"},
        title="Quiet library mood",
        tags=("library",),
        lora=("quiet-library.safetensors", ExampleLora(STOLEN.weights, rank=4)),
    ),
)


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
