"""Taking fields out of a payload whose types may be wrong anywhere: what fits is taken, what does not stays in it.

The payload itself is never changed: each level is copied before something is taken out of it, and the copies are linked
into the copy above. So what is left in the end is the payload without what was taken, with everything in its old place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Fields = dict[str, Any]
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_COMMAS = re.compile("[,，、]")
_ID = re.compile(r"[0-9A-Za-z_-]{1,128}")


@dataclass(slots=True)
class Reading:
    """What a platform's reader understood: the id, None where there is none, `model`, and what is `left`."""

    external_id: str | None
    model: Model
    left: Fields


@dataclass(slots=True)
class Model:
    """The native `model` while it is filled; see the contract of the upload document."""

    name: str = ""
    type: str = ""
    description: str = ""
    base_model: str = ""
    alt_names: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    trigger_words: list[str] = field(default_factory=list)
    versions: list[Fields] = field(default_factory=list)
    files: list[Fields] = field(default_factory=list)

    def add_version(self, version_id: Any, name: str, description: str, base_model: str) -> None:
        """Note a version; its id stands only beside something that it tells."""
        self.base_model = self.base_model or base_model
        told = held({"description": description, "base_model": base_model if base_model != self.base_model else ""})
        if name:
            self.alt_names.append(name)
        if told:
            self.versions.append(held({"id": version_id, **told}))

    def document(self) -> Fields:
        """Write the native fields that hold something; a name or word that stands in several versions stands once."""
        fields = {name: getattr(self, name) for name in Model.__slots__}
        for name in ("alt_names", "trigger_words"):
            fields[name] = list(dict.fromkeys(fields[name]))
        return held(fields)


def held(fields: Mapping[str, Any]) -> Fields:
    """Keep the fields that hold something."""
    return {key: value for key, value in fields.items() if value not in (None, "", [], {})}


def inner(owner: Fields, key: str) -> Fields:
    """Open the mapping under a key: a copy, put in its place. Where there is none, an empty one that is not linked."""
    value = owner.get(key)
    if not isinstance(value, Mapping):
        return {}
    owner[key] = copy = dict(value)
    return copy


def entries(owner: Fields, key: str, word: str) -> list[Fields]:
    """Open the mappings of a list, as `inner` does; a bare string counts as `{word: string}`, one entry as a list."""
    value = owner.get(key)
    if isinstance(value, (str, Mapping)):
        value = [value]
    if not isinstance(value, list):
        return []
    opened = [
        dict(item) if isinstance(item, Mapping) else {word: item} if isinstance(item, str) else item for item in value
    ]
    owner[key] = opened
    return [item for item in opened if isinstance(item, dict)]


def take_text(owner: Fields, key: str) -> str:
    """Take a string; empty where there is none."""
    value = owner.get(key)
    return owner.pop(key) if isinstance(value, str) and value.strip() else ""


def take_texts(owner: Fields, key: str, word: str = "name") -> list[str]:
    """Take the strings of a list, and those that stand under `word` in its mappings. One string counts as a list."""
    taken = [take_text(item, word) for item in entries(owner, key, word)]
    if isinstance(owner.get(key), list) and not any(owner[key]):
        owner.pop(key)
    return [text for text in taken if text]


def parted(texts: Iterable[str]) -> list[str]:
    """Part what was written with commas."""
    return [part.strip() for text in texts for part in _COMMAS.split(text) if part.strip()]


def take_sha256(owner: Fields, key: str) -> str:
    """Take 64 hexadecimal digits, in lower case; empty where there are none."""
    value = owner.get(key)
    return owner.pop(key).lower() if isinstance(value, str) and _SHA256.fullmatch(value) else ""


def id_text(value: Any) -> str | None:
    """Write a number or a word that is an id; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63:
        return str(value)
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def joined_id(platform: str, *ids: Any) -> str | None:
    """Write `platform:model/version` as far as the ids go; None without the first."""
    known = [id_text(value) for value in ids]
    if known[0] is None:
        return None
    return f"{platform}:" + "/".join(text for text in known if text is not None)
