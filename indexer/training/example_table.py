"""The table of example uploads, and the verdicts expected of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from indexer.training.characters.identity import Identity
from indexer.training.characters.plans import Shot
from indexer.training.characters.registry import entry
from indexer.training.characters.strangers import LOOK_ALIKE, ORIGINAL, STRANGER
from indexer.training.example_loras import ExampleLora, kohya_metadata


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
