"""What a picture's metadata tells, within the bounds of a request: strings to search for names, and what is unread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from indexer.model import PictureText
from indexer.signals.metadata.prompts import inspect_picture
from indexer.signals.pixels.images import PictureLimits

MAX_CHARACTERS: Final = 200_000
"""Of all strings of one picture together; what is beyond is reported and not searched."""

_ALPHA_COLOURS: Final = (4, 6)
# Said of the pixels when they are decoded, or no loss of text.
_NO_LOSS: Final = frozenset({"empty_file", "file_too_large", "not_a_picture", "pixels_unreadable", "data_after_end"})


@dataclass(frozen=True, slots=True)
class Told:
    """The strings of a picture's metadata, and remarks that begin with a code and a colon."""

    texts: tuple[PictureText, ...]
    remarks: tuple[str, ...]


def read_told(data: bytes, limits: PictureLimits) -> Told:
    """Read the strings of a picture file, at most MAX_CHARACTERS; never raises.

    Text hidden in pixels is looked for where a PNG has an alpha channel, as its usual writer makes them: elsewhere
    every upload would be decoded twice.
    """
    found = inspect_picture(data, limits, hidden=_has_alpha(data))
    remarks = [
        f"{item.code}: the metadata at {item.source} was not wholly read"
        for item in found.problems
        if item.code not in _NO_LOSS
    ]
    texts: list[PictureText] = []
    left = MAX_CHARACTERS
    for string in found.strings:
        texts.append(PictureText(string.source, string.text[:left], string.role == "negative_prompt"))
        left -= len(string.text)
        if left < 0:
            remarks.append(f"text_too_long: only the first {MAX_CHARACTERS} characters of the metadata were searched")
            break
    return Told(tuple(texts), tuple(remarks))


def _has_alpha(data: bytes) -> bool:
    """Tell whether a file is a PNG with an alpha channel: the colour type is byte 25."""
    return data.startswith(b"\x89PNG") and data[25:26] != b"" and data[25] in _ALPHA_COLOURS
