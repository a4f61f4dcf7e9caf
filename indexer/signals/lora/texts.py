"""Texts of a LoRA: cleaned, in order of importance, and within bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from indexer.signals.lora.trainers import Role

MAX_STRINGS = 20_000
MAX_CHARACTERS = 4 * 1024 * 1024
IMPORTANCE: tuple[Role, ...] = (
    *("name", "trigger", "folder", "description", "caption", "prompt", "path", "comment", "author", "base_model"),
    *("tag", "key", "other"),
)
"""The order of the texts, and what is kept first: tags can be thousands, so they follow what is written by hand."""

_MAX_ESCAPES = 4
_NOTHING = frozenset({"", "None", "null"})
_BRACKET = re.compile(r"\\([()\[\]{}])")
_SPELLED = re.compile(r"\\u[0-9a-fA-F]{4}")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": " ", "f": " "}
# Databases refuse NUL and terminals obey the others; the letters on both sides of one are read as one word.
_CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if not chr(code).isspace()}


@dataclass(frozen=True, slots=True)
class LoraText:
    """A string found in a file, the place it stood in, such as `ss_datasets[0].subsets[1].image_dir`, and its role.

    `path` has at most 200 characters. `share` (0 to 1) of the training pictures carry a tag, as far as that is known.
    """

    path: str
    text: str
    role: Role = "other"
    share: float | None = None


class Texts:
    """Collects the texts of one header: at most 20,000 of them, and 4 MiB of characters, the most telling first."""

    def __init__(self) -> None:
        self._kept: dict[Role, list[LoraText]] = {role: [] for role in IMPORTANCE}
        self._met: set[tuple[str, str, str]] = set()
        self._count = 0
        self._left_out = False
        self._unescaped_left = MAX_CHARACTERS
        self._too_long = ""

    def add(self, path: str, raw: str, role: Role, share: float | None = None, *, once: str | None = None) -> None:
        """Keep a text; with `once` only where it was not met before in this role and with this word."""
        text = _clean(raw)
        if is_nothing(text):
            return
        if once is not None:
            if (role, once, text) in self._met:
                return
            self._met.add((role, once, text))
        self._count += 1
        if len(self._kept[role]) < MAX_STRINGS:
            self._kept[role].append(LoraText(path, text, role, share))

    def leave_out(self, count: int) -> None:
        """Count texts that are less telling than 20,000 of their role; nothing where `count` is below 1."""
        self._count += max(count, 0)
        self._left_out = self._left_out or count > 0

    def add_unescaped(self, path: str, text: str, role: Role) -> None:
        """Keep text with JSON's escapes, which spell letters and would hide a name, also without them."""
        if ("\\" in text and is_like_json(text)) or _SPELLED.search(text):
            self._unescaped_left -= len(text)
            if self._unescaped_left >= 0:
                self.add(path, _unescaped(text), role)
            else:
                self._too_long = self._too_long or path

    def result(self, *, whole: bool = True) -> tuple[tuple[LoraText, ...], list[str]]:
        """Return what is within the bounds, and problems; not `whole` where not all strings were added.

        Codes: `too_many_strings`, `text_too_long`.
        """
        found = [text for role in IMPORTANCE for text in self._kept[role]]
        problems = []
        if self._count > MAX_STRINGS or self._left_out or not whole:
            found = found[:MAX_STRINGS]
            more = "" if whole else " and more"
            problems.append(f"too_many_strings: only {len(found)} of {self._count}{more} in the metadata are searched")
        texts: list[LoraText] = []
        left, too_long = MAX_CHARACTERS, self._too_long
        for item in found:
            texts.append(replace(item, text=item.text[:left]) if len(item.text) > left else item)
            left -= len(item.text)
            if left < 0:
                too_long = item.path
                break
        if too_long:
            count = sum(len(text.text) for text in found)
            problems.append(
                f"text_too_long: at lora:{too_long} only the first {MAX_CHARACTERS} of {count} characters are searched"
            )
        return tuple(text for text in texts if text.text), problems


def is_nothing(text: str) -> bool:
    """Tell whether a value says nothing: trainers in Python write `None` for what is not set."""
    return text.strip() in _NOTHING


def is_like_json(text: str) -> bool:
    """Tell whether a text begins as a JSON object or list does."""
    return text.lstrip()[:1] in ("[", "{")


def readable(text: str) -> str:
    r"""Remove the backslashes that prompts need before brackets: `moon marten \(nightwood\)`."""
    return _BRACKET.sub(r"\1", text)


def _unescaped(text: str) -> str:
    for _ in range(_MAX_ESCAPES):
        before, text = text, _ESCAPE.sub(_letter, text)
        if text == before:
            break
    return text


def _letter(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else _ESCAPED.get(escape[2], escape[2])


def _clean(text: str) -> str:
    """Replace halves of surrogate pairs, which no database can hold, and drop control characters but white space."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text if text.isprintable() else text.translate(_CONTROLS)
