"""What a LoRA's metadata embeds beside words: sample pictures in base64, and hashes that it claims.

Pictures are decoded from base64 and no further; the hashes are claims, which link at most.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from indexer.model import PictureFile
from indexer.signals.lora.trainers import HASH_KEYS

MAX_PICTURES = 16
MAX_PICTURE_BYTES = 20 * 1024 * 1024
DATA_URI = "data:image/"
_BASE64 = ";base64"
_HASH = re.compile(r"(?:0x)?([0-9a-f]{8,128})")
_LONGEST_HASH = 200


@dataclass(frozen=True, slots=True)
class ClaimedHash:
    """A hash that stands in the metadata under the key `name`: lower-case hexadecimal, 8 to 128 digits."""

    name: str
    value: str
    of: Literal["lora", "base"]


def claimed_hashes(entries: Iterable[tuple[str, Any]]) -> tuple[ClaimedHash, ...]:
    """Return the hashes that metadata claims, each once."""
    found: dict[ClaimedHash, None] = {}
    for key, value in entries:
        of = HASH_KEYS.get(key.casefold())
        if of is None or not isinstance(value, str):
            continue
        match = _HASH.fullmatch(value[:_LONGEST_HASH].strip().lower())
        if match:
            found[ClaimedHash(key, match[1], of)] = None
    return tuple(found)


class EmbeddedPictures:
    """Collects at most 16 pictures of together 20 MiB; `problems` says which were not readable or too many."""

    def __init__(self) -> None:
        self.pictures: list[PictureFile] = []
        self._unreadable: list[str] = []
        self._more_unreadable = 0
        self._first_left_out = ""
        self._left_out = 0
        self._bytes_left = MAX_PICTURE_BYTES

    @property
    def problems(self) -> tuple[str, ...]:
        """What was not decoded, 16 places by name."""
        found = [f"thumbnail_unreadable: lora:{place} is no picture in base64" for place in self._unreadable]
        if self._more_unreadable:
            found.append(f"thumbnail_unreadable: {self._more_unreadable} more are no pictures in base64")
        if self._left_out:
            found.append(
                f"too_many_pictures: {self._left_out} from lora:{self._first_left_out} on were not read, "
                f"at most {MAX_PICTURES} pictures of together {MAX_PICTURE_BYTES} bytes are"
            )
        return tuple(found)

    def add(self, place: str, text: str) -> None:
        """Decode a data URI, or bare base64, strictly."""
        head, comma, body = text.strip().partition(",")
        if not comma:
            head, body = _BASE64, head
        if len(self.pictures) >= MAX_PICTURES or len(body) // 4 * 3 > self._bytes_left:
            self._first_left_out = self._first_left_out or place
            self._left_out += 1
            return
        try:
            data = b64decode(body, validate=True) if head[-len(_BASE64) :].lower() == _BASE64 else b""
        except ValueError:
            data = b""
        if not data:
            self.refuse(place)
            return
        self._bytes_left -= len(data)
        self.pictures.append(PictureFile(f"lora:{place}", data))

    def refuse(self, place: str) -> None:
        """Note what should be a picture and is not."""
        if len(self._unreadable) < MAX_PICTURES:
            self._unreadable.append(place)
        else:
            self._more_unreadable += 1


def is_picture(text: str) -> bool:
    """Tell whether a string is a picture's data URI, wherever it stands."""
    return text[: 2 * len(DATA_URI)].lstrip().lower().startswith(DATA_URI)


def holds_picture(text: str) -> bool:
    """Tell whether a picture's data URI stands anywhere in a text."""
    return DATA_URI in text.lower()
