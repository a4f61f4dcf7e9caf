"""JSON as generators write it: read with bounds, every string with the role its keys give it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from indexer.signals.metadata.findings import Role

MAX_NESTING = 64
MAX_VALUES = 200_000
_MAX_DIGITS = 19
_LEAD = re.compile(r"\s{0,20}(?:[A-Za-z_]{1,20}\s?:)?\s{0,20}(?=[\[{])")
# Strings are stepped over whole; possessive, so that an open quote is not tried again from every letter.
_TOKENS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)
_TYPE_KEYS = ("type", "modeltype", "param", "resourcetype")
_NAME_KEYS = ("name", "modelname", "label", "modelfilename", "model", "lora", "loraname")
_PROMPT_WORDS = ("prompt", "caption", "提示词")
_NEGATIVE_WORDS = ("negative", "negcond", "negprompt", "负面", "负向", "反向")
_MODEL_WORDS = ("model", "checkpoint", "ckpt", "unet", "diffusion")


class JsonRefused(Exception):
    """Raised for JSON that is too deep or has too many values; its message is the problem's code."""


class Pairs(list[tuple[str, Any]]):
    """A JSON object that keeps duplicate keys, so that no value hides behind a later one."""

    def get(self, key: str) -> Any:
        """Return the first value of a key, or None."""
        return next((value for name, value in self if name == key), None)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A string in JSON: where it stood, the last key above it, its role, and the name beside it (for hashes)."""

    path: str
    key: str
    text: str
    role: Role
    name: str


class JsonLoader:
    """Parses the JSON of one picture, at most 200,000 values and separators in all."""

    def __init__(self) -> None:
        self._values_left = MAX_VALUES

    def load(self, text: str) -> Any:
        """Parse a JSON object or list, also behind a short `Word:`; None for anything else, NaN is tolerated.

        Raises JsonRefused with `json_too_deep` (64) or `json_too_long`.
        """
        lead = _LEAD.match(text)
        if lead is None:
            return None
        body = text[lead.end() :]
        self._values_left -= _count(body, self._values_left)
        try:
            return json.loads(body, object_pairs_hook=Pairs, parse_int=_bounded_int, strict=False)
        except (ValueError, RecursionError):
            # A prompt may begin with a brace; text that only looks like JSON counts as it stands.
            return None


def _bounded_int(digits: str) -> int:
    return int(digits) if len(digits) <= _MAX_DIGITS else 0


def _count(text: str, most: int) -> int:
    depth = values = 0
    for token in _TOKENS.finditer(text):
        char = text[token.start()]
        if char in "[{":
            depth += 1
            if depth > MAX_NESTING:
                raise JsonRefused("json_too_deep")
        elif char in "]}":
            depth -= 1
        if char != '"':
            values += 1
            if values > most:
                raise JsonRefused("json_too_long")
    return values


def plain(key: str) -> str:
    """Reduce a key to the form in which keys are compared: `Positive Prompt` and `positive_prompt` are one."""
    return key[:80].casefold().replace("_", "").replace("-", "").replace(" ", "")


def role_of_key(key: str, inherited: Role) -> Role:
    """Tell the role of what stands under a key, given the role of the object it belongs to."""
    word = plain(key)
    if inherited == "negative_prompt" or word == "uc" or any(part in word for part in _NEGATIVE_WORDS):
        return "negative_prompt"
    if "lora" in word or "lycoris" in word:
        return "lora" if "version" not in word else "other"
    if "version" in word:
        inherited = "other"
    elif inherited == "other":
        if any(part in word for part in _PROMPT_WORDS):
            return "prompt"
        if word in ("note", "notes", "memo", "comment"):
            return "note"
        if any(part in word for part in _MODEL_WORDS):
            return "model"
    return inherited


def leaves(value: Any, role: Role = "other") -> Iterator[Leaf]:
    """Yield every string of a JSON value in the order they stand, with path, key and role; keys come from `keys`."""
    stack: list[tuple[Any, str, str, Role, str]] = [(value, "", "", role, "")]
    while stack:
        item, path, key, context, name = stack.pop()
        if isinstance(item, str):
            yield Leaf(path, key, item, context if _may_name(key, context) else "other", name)
        elif isinstance(item, Pairs):
            children = _children(item, path, key, context)
            stack.extend(reversed(children))
        elif isinstance(item, list):
            stack.extend((child, path, key, context, name) for child in reversed(item))


def _may_name(key: str, context: Role) -> bool:
    """Tell whether a string in a model's or LoRA's object may be its name: its kind, base and number are not."""
    word = plain(key)
    if word in _TYPE_KEYS:
        return False
    if context not in ("lora", "model"):
        return True
    return word in _NAME_KEYS or "hash" in word or "lora" in word or any(part in word for part in _MODEL_WORDS)


def _children(item: Pairs, path: str, key: str, context: Role) -> list[tuple[Any, str, str, Role, str]]:
    beside = ""
    for child, inner in item:
        if isinstance(inner, str):
            word = plain(child)
            if word in _TYPE_KEYS and "lora" in inner[:40].casefold() and context != "negative_prompt":
                context = "lora"
            if word in _NAME_KEYS and not beside:
                beside = inner[:512]
    by_key = plain(key).endswith("hashes")
    return [
        (
            inner,
            f"{path}.{child[:60]}"[-120:].removeprefix("."),
            "hash" if by_key else child,
            role_of_key(child, context),
            child[:512] if by_key else beside,
        )
        for child, inner in item
    ]


def keys(value: Any) -> list[str]:
    """Return the distinct keys of all objects, in the order they are met."""
    found: dict[str, None] = {}
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, Pairs):
            found.update((key, None) for key, _ in item)
            stack.extend(inner for _, inner in reversed(item) if isinstance(inner, list))
        elif isinstance(item, list):
            stack.extend(inner for inner in reversed(item) if isinstance(inner, list))
    return list(found)
