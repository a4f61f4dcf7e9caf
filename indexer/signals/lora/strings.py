"""The strings of a LoRA's metadata: each with the place it stood in, its role, and how many pictures carry it.

1. Keys known to be telling come first (`trainers`), so that no bound is used up before them.
2. JSON inside strings is opened, again inside its own strings; what cannot be opened counts as it stands.
3. Tag tables give each tag with its share of the training pictures (`tag_tables`).
4. Pictures in base64 are set aside (`embedded`), never searched as text.
5. What is beyond the bounds is cut, the least telling first (`texts`), and said in `problems`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from indexer.model import PictureFile
from indexer.signals.lora.embedded import EmbeddedPictures, holds_picture, is_picture
from indexer.signals.lora.tag_tables import folder_sizes, folder_words, leftovers, read_tags
from indexer.signals.lora.texts import MAX_STRINGS, LoraText, Texts, is_like_json, is_nothing, readable
from indexer.signals.lora.trainers import (
    DATASETS,
    FOLDER_TABLES,
    KEY_ROLES,
    PICTURE_KEYS,
    TAG_TABLES,
    Role,
    inner_role,
    role_of,
)
from indexer.signals.metadata.bounds import MAX_SOURCE
from indexer.signals.metadata.json_text import MAX_VALUES, JsonLoader, JsonRefused, Pairs

MAX_LAYERS = 4
"""How often JSON may stand in a string of JSON, and be opened."""

_WORDS = frozenset({"name", "trigger", "tag", "caption", "prompt", "description"})
_SEPARATOR = re.compile(r"/|\\(?![()\[\]{}])")
_SCHEME = 20


@dataclass(frozen=True, slots=True)
class LoraStrings:
    """Texts, the most telling first; pictures; and problems that begin with a code and a colon.

    Codes: `too_many_strings`, `text_too_long`, `json_too_deep`, `thumbnail_unreadable`, `too_many_pictures`.
    """

    texts: tuple[LoraText, ...]
    pictures: tuple[PictureFile, ...]
    problems: tuple[str, ...]


class _Node(NamedTuple):
    """A value on the way: its place, the key above it, the role it has from there, how many strings it was inside."""

    path: str
    value: Any
    under: str
    role: Role
    layer: int = 0


def read_strings(entries: Sequence[tuple[str, Any]]) -> LoraStrings:
    """Read keys and values of metadata, duplicates and nested values among them; never raises."""
    reader = _Reader(_sizes(entries))
    for key, value in sorted(entries, key=lambda entry: entry[0].casefold() not in KEY_ROLES):
        reader.read(key, value)
    return reader.result()


def _sizes(entries: Sequence[tuple[str, Any]]) -> dict[str, int]:
    """Read ahead how many pictures each folder holds: shares need it, wherever it stands."""
    loader = JsonLoader()
    found: dict[str, list[Any]] = {key: [] for key in (*FOLDER_TABLES, DATASETS)}
    for key, value in entries:
        if key.casefold() in found:
            found[key.casefold()].append(_loaded(value, loader) if isinstance(value, str) else value)
    return folder_sizes([table for key in FOLDER_TABLES for table in found[key]], found[DATASETS])


class _Reader:
    def __init__(self, sizes: dict[str, int]) -> None:
        self._sizes = sizes
        self._texts = Texts()
        self._pictures = EmbeddedPictures()
        self._loader = JsonLoader()
        self._values_left = MAX_VALUES
        self._too_deep = ""

    def read(self, key: str, value: Any) -> None:
        """Read one entry."""
        place = _place(key)
        self._texts.add(place, key, "key", once="")
        if key.casefold() in PICTURE_KEYS and self._covers(place, value):
            return
        stack = [iter((_Node(place, value, key.casefold(), role_of(key)),))]
        while stack and self._values_left >= 0:
            node = next(stack[-1], None)
            children = self._open(node) if node else None
            if children is not None:
                stack.append(children)
            elif node is None:
                stack.pop()

    def result(self) -> LoraStrings:
        """Cut to the bounds and tell what was cut."""
        texts, problems = self._texts.result(whole=self._values_left >= 0)
        if self._too_deep:
            problems.append(f"json_too_deep: at lora:{self._too_deep} JSON stands in JSON {MAX_LAYERS} times")
        return LoraStrings(texts, tuple(self._pictures.pictures), (*problems, *self._pictures.problems))

    def _covers(self, place: str, value: Any) -> bool:
        """Take a picture, or a list of them; False where the value is an address instead."""
        covers = value
        if isinstance(value, str):
            if is_nothing(value):
                return True
            if not is_like_json(value):
                is_address = "://" in value[:_SCHEME]
                if not is_address:
                    self._pictures.add(place, value)
                return not is_address
            covers = _loaded(value, self._loader)
        if not isinstance(covers, list):
            self._pictures.refuse(place)
            return True
        for number, cover in enumerate(covers):
            if isinstance(cover, str):
                self._pictures.add(f"{place}[{number}]", cover)
            else:
                self._pictures.refuse(f"{place}[{number}]")
        return True

    def _open(self, node: _Node) -> Iterator[_Node] | None:
        """Keep a string, or return what stands in a value."""
        self._values_left -= 1
        value, layer = node.value, node.layer
        if isinstance(value, str):
            value = self._inner(node)
            layer += 1
            if value is None:
                self._text(node)
        if isinstance(value, Pairs):
            return self._tags(node, value, layer) if node.under in TAG_TABLES else self._members(node, value, layer)
        if isinstance(value, list):
            return (
                _Node(_line(f"{node.path}[{number}]"), item, node.under, node.role, layer)
                for number, item in enumerate(value)
                if isinstance(item, (str, list))
            )
        return None

    def _inner(self, node: _Node) -> Any:
        """Open the JSON in a string; what is refused or malformed counts as it stands."""
        if not is_like_json(node.value):
            return None
        if node.layer < MAX_LAYERS:
            return _loaded(node.value, self._loader)
        self._too_deep = self._too_deep or node.path
        return None

    def _members(self, node: _Node, members: Pairs, layer: int) -> Iterator[_Node]:
        for key, value in members:
            place = _place(node.path, key)
            if node.under in FOLDER_TABLES:
                self._folder(place, key)
            else:
                self._texts.add(place, key, "key", once="")
            if isinstance(value, (str, list)):
                yield _Node(place, value, key.casefold(), inner_role(node.under, key, node.role), layer)

    def _tags(self, node: _Node, table: Pairs, layer: int) -> Iterator[_Node]:
        self._values_left -= sum(len(inner) for _, inner in table if isinstance(inner, list)) + len(table)
        if self._values_left < 0:
            return
        sole = set[str]()
        for folder, inner in table:
            if isinstance(inner, Pairs):
                self._folder(_place(node.path, folder), folder)
                # ai-toolkit writes the trigger word as the only tag of a folder of that name.
                if len(inner) == 1 and inner[0][0] == folder_words(folder):
                    sole.add(folder)
        tags = read_tags(table, self._sizes)
        for tag in tags[:MAX_STRINGS]:
            role: Role = "trigger" if tag.folder in sole else "tag"
            place = _place(node.path, tag.folder, tag.text)
            self._texts.add(place, readable(tag.text), role, tag.share, once=tag.folder)
        self._texts.leave_out(len(tags) - MAX_STRINGS)
        for folder, key, value in leftovers(table):
            yield _Node(_place(node.path, folder, key), value, "", "tag", layer)

    def _text(self, node: _Node) -> None:
        if is_picture(node.value):
            self._pictures.add(node.path, node.value)
        elif node.role == "folder":
            self._folder(node.path, node.value)
        else:
            text = readable(node.value) if node.role in _WORDS else node.value
            self._texts.add(node.path, text, node.role)
            self._texts.add_unescaped(node.path, node.value, node.role)
            if is_like_json(node.value) and holds_picture(node.value):
                # JSON that is malformed or out of bounds: its words are read as they stand, its pictures cannot be.
                self._pictures.refuse(node.path)

    def _folder(self, place: str, folder: str) -> None:
        """Keep a folder's name without its repeats; the raw one only where it differs in more than these."""
        if _SEPARATOR.search(folder):
            self._texts.add(place, folder, "path")
            return
        words = folder_words(folder)
        plain = readable(words).strip()
        if plain != words or not plain:
            self._texts.add(place, folder, "folder", once="")
        self._texts.add(place, plain, "folder", once="")


def _loaded(text: str, loader: JsonLoader) -> Any:
    try:
        return loader.load(text)
    except JsonRefused:
        return None


def _place(*parts: str) -> str:
    """Join the parts of a place, at most 200 characters of one line."""
    return _line(".".join(part[:MAX_SOURCE] for part in parts if part))


def _line(place: str) -> str:
    place = place[:MAX_SOURCE]
    if place.isprintable():
        return place
    # Signs that turn the direction of writing would make one place look like another.
    return " ".join("".join(char if char.isprintable() else " " for char in place).split())
