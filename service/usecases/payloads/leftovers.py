"""What is left of a payload, written so that every string of it is searched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.usecases.payloads.fields import Fields

# In a native document these are filled in by the platform and not searched. In a payload they are anybody's words.
_NATIVE = frozenset({"external_id", "stage", "visibility", "uploader", "options", "type", "role", "file"})


def searchable(left: Mapping[str, Any]) -> Fields:
    """Return `payload`, and `payload_keys` where keys say more than a field name does; nothing if no string is left.

    A key that the native document keeps out of the search gets an underscore. Keys with other signs than a field name
    has, such as `lora:owl`, were made out of somebody's words and are searched as well. Works without recursion.
    """
    root: Fields = {}
    words: dict[str, None] = {}
    told = False
    stack: list[tuple[Any, Any, Any]] = [(root, "payload", left)]
    while stack:
        owner, key, value = stack.pop()
        if isinstance(value, Mapping):
            words.update((name, None) for name in value if not (name.isascii() and name.isidentifier()))
            copy: Fields = {}
            owner[key] = copy
            stack.extend((copy, _searched(name, value), value[name]) for name in reversed(list(value)))
        elif isinstance(value, list):
            places: list[Any] = [None] * len(value)
            owner[key] = places
            stack.extend((places, number, value[number]) for number in reversed(range(len(value))))
        else:
            owner[key] = value
            told = told or (isinstance(value, str) and bool(value.strip()))
    if words:
        root["payload_keys"] = list(words)
    return root if told or words else {}


def _searched(name: str, siblings: Mapping[str, Any]) -> str:
    if name in _NATIVE:
        while name in siblings:
            name += "_"
    return name
