"""What a picture's metadata tells, within the bounds of a request: strings to search for names, and what is unread."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from indexer.model import PictureMaking, PictureText
from indexer.signals.metadata.c2pa_manifest import ManifestReader
from indexer.signals.metadata.findings import MAX_NAME, PromptString
from indexer.signals.metadata.prompts import PicturePrompts, inspect_picture
from indexer.signals.pixels.images import PictureLimits

MAX_CHARACTERS: Final = 200_000
"""Of all strings of one picture together; what is beyond is reported and not searched."""

MAX_UPLOAD_CHARACTERS: Final = 2_000_000
"""The same of all pictures of one upload: compressed, a few bytes hold any number of characters."""

_ALPHA_COLOURS: Final = (4, 6)
# Said of the pixels when they are decoded, or no loss of text.
_NO_LOSS: Final = frozenset({"empty_file", "file_too_large", "not_a_picture", "pixels_unreadable", "data_after_end"})
# Where not all may be kept, what was asked for comes before what stands in every file of a tool.
_FIRST: Final = ("prompt", "lora", "negative_prompt", "note", "model")
_ENDINGS: Final = ("safetensors", "ckpt", "pt", "sft", "gguf")
_NO_NAME: Final = re.compile(r"|none|null|true|false|on|off|[-+]?[\d.]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Told:
    """The strings of a picture's metadata, remarks that begin with a code and a colon, and how it was made."""

    texts: tuple[PictureText, ...]
    remarks: tuple[str, ...]
    making: PictureMaking


def read_told(
    data: bytes,
    limits: PictureLimits,
    max_characters: int = MAX_CHARACTERS,
    manifests: ManifestReader | None = None,
) -> Told:
    """Read the strings of a picture file, at most `max_characters`, prompts first; never raises.

    `making` holds what was kept: distinct positive prompts, and the names of LoRAs without folder and file ending. Text
    hidden in pixels is looked for where a PNG has an alpha channel, as its usual writer makes them: elsewhere every
    upload would be decoded twice.
    """
    found = inspect_picture(data, limits, hidden=_has_alpha(data), manifests=manifests)
    remarks = [
        f"{item.code}: the metadata at {item.source} was not wholly read"
        for item in found.problems
        if item.code not in _NO_LOSS
    ]
    kept: list[PromptString] = []
    left = max_characters
    for string in sorted(found.strings, key=_rank):
        if len(string.text) > left:
            remarks.append(f"text_too_long: only the first {max_characters} characters of the metadata were searched")
            if left > 0:
                kept.append(PromptString(string.text[:left], string.source, string.role))
            break
        kept.append(string)
        left -= len(string.text)
    texts = tuple(PictureText(item.source, item.text, item.role == "negative_prompt") for item in kept)
    return Told(texts, tuple(remarks), _making(found, kept))


def _rank(string: PromptString) -> int:
    return _FIRST.index(string.role) if string.role in _FIRST else len(_FIRST)


def _making(found: PicturePrompts, kept: list[PromptString]) -> PictureMaking:
    called = [call.name for call in found.calls if not call.negative]
    # In a negative prompt a call is dead text.
    dead = {call.name for call in found.calls if call.negative}
    named = [item.text for item in kept if item.role == "lora" and item.text not in dead]
    named += [item.name.removeprefix("lora:") for item in found.hashes if item.of == "lora"]
    # Fields of LoRAs hold weights and switches as well.
    called += [name for name in named if len(name) <= MAX_NAME and not _NO_NAME.fullmatch(name.strip())]
    return PictureMaking(
        tool=found.tool,
        prompts=tuple(dict.fromkeys(item.text for item in kept if item.role == "prompt")),
        loras=tuple(dict.fromkeys(_base_name(name) for name in called)),
        hashes=tuple(dict.fromkeys(item.value for item in found.hashes if item.of == "lora")),
        labels=tuple(dict.fromkeys((item.kind, item.value) for item in found.labels)),
    )


def _base_name(name: str) -> str:
    base = name.replace("\\", "/").rpartition("/")[2].strip()
    stem, _, ending = base.rpartition(".")
    return stem if stem and ending.casefold() in _ENDINGS else base


def _has_alpha(data: bytes) -> bool:
    """Tell whether a file is a PNG with an alpha channel: the colour type is byte 25."""
    return data.startswith(b"\x89PNG") and data[25:26] != b"" and data[25] in _ALPHA_COLOURS
