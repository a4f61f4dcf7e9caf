"""The text that A1111 and its descendants write: prompt, `Negative prompt:`, then `Steps: …, Model: …`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NEGATIVE = "Negative prompt:"
MAX_SETTINGS = 1_000
_FEWEST_SETTINGS = 3
"""With fewer, a line that begins with `Steps:` is one of the prompt's own."""
_MARKS = re.compile(r'["\\,\[\]{}]')


@dataclass(frozen=True, slots=True)
class Infotext:
    """The three parts; `settings` in the order written, values without their quotes, duplicates kept."""

    prompt: str
    negative_prompt: str
    settings_text: str
    settings: tuple[tuple[str, str], ...]


def parse_infotext(text: str) -> Infotext | None:
    """Split a text in its parts; None where neither settings nor a negative prompt mark it as such."""
    lines = text.split("\n")
    first = next((i for i in reversed(range(len(lines))) if lines[i].lstrip().startswith("Steps:")), len(lines))
    settings = split_settings("\n".join(lines[first:]).strip())
    if len(settings) < _FEWEST_SETTINGS:
        first, settings = len(lines), []
    negative = next((i for i in range(first) if lines[i].lstrip().startswith(_NEGATIVE)), first)
    if negative == first == len(lines):
        return None
    return Infotext(
        "\n".join(lines[:negative]).strip(),
        "\n".join(lines[negative:first]).strip().removeprefix(_NEGATIVE).strip(),
        "\n".join(lines[first:]).strip(),
        tuple(settings),
    )


def split_settings(text: str) -> list[tuple[str, str]]:
    """Split `Key: value, Key: "quoted, value", Key: {…}` at the commas outside quotes and brackets, 1,000 at most."""
    settings: list[tuple[str, str]] = []
    start = depth = 0
    quoted, escaped_at = False, -1
    for mark in _MARKS.finditer(text):
        char, at = mark[0], mark.start()
        if at == escaped_at:
            continue
        if char == "\\":
            escaped_at = at + 1
        elif char == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif char in "[{":
            depth += 1
        elif char in "]}":
            depth = max(0, depth - 1)
        elif not depth:
            if len(settings) >= MAX_SETTINGS:
                return settings
            settings.append(_setting(text[start:at]))
            start = at + 1
    settings.append(_setting(text[start:]))
    return settings


def _setting(piece: str) -> tuple[str, str]:
    key, _, value = piece.partition(":")
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
    return key.strip(), value
