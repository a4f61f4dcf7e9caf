"""The front matter of a Markdown file: YAML between two lines of `---`, read with bounds.

Built from the parser's events, one by one, and not by a loader: every value keeps the words that were written (no
dates, no numbers), depth and number are bounded as the text is read, and no reference is ever expanded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml
from yaml import CBaseLoader

from service.domain.errors import FieldFault, InvalidFields, MalformedRequest, TooLarge

MAX_CHARACTERS = 1024 * 1024
MAX_NESTING = 64
MAX_VALUES = 50_000
_OPENING = re.compile(r"\s*---[ \t]*+(?=\r\n|\r|\n)")
_CLOSING = re.compile(r"(?:\r\n|\r|\n)---[ \t]*+(?:\r\n|\r|\n|\Z)")
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_LONGEST_KEY = 80


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being read; `key` waits for its value."""

    content: Any
    path: str
    key: str | None = None


def split(text: str) -> tuple[str, str]:
    """Part a text into front matter and body; a text without a closed front matter is all body."""
    opening = _OPENING.match(text)
    closing = _CLOSING.search(text, opening.end()) if opening else None
    if opening is None or closing is None:
        return "", text
    return text[opening.end() : closing.start()], text[closing.end() :]


def read_front_matter(text: str) -> dict[str, Any]:
    """Read YAML into mappings, lists and strings; None where nothing was written.

    Raises TooLarge, InvalidFields for a key that stands twice, and MalformedRequest for what is not a YAML mapping, for
    references (`*name`), for keys that are no plain words, and for more than 64 levels or 50,000 values.
    """
    if len(text) > MAX_CHARACTERS:
        raise TooLarge(f"the front matter is longer than {MAX_CHARACTERS} characters")
    reader = _Reader()
    try:
        for event in yaml.parse(text, Loader=CBaseLoader):
            reader.take(event)
    except yaml.YAMLError as error:
        raise MalformedRequest(f"the front matter is not YAML: {_told(error)}") from error
    if reader.root is None:
        return {}
    if not isinstance(reader.root, dict):
        raise MalformedRequest("the front matter must be a YAML mapping")
    return reader.root


class _Reader:
    """Builds the value out of events."""

    def __init__(self) -> None:
        self.root: Any = None
        self._open: list[_Open] = []
        self._values = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Read one event."""
        if isinstance(event, yaml.ScalarEvent):
            # Written without quotes and without a tag, these words mean that there is nothing.
            nothing = event.implicit[0] and event.value in _NOTHING
            self._value(event, None if nothing else event.value)
        elif isinstance(event, yaml.MappingStartEvent):
            self._begin(event, {})
        elif isinstance(event, yaml.SequenceStartEvent):
            self._begin(event, [])
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
        elif isinstance(event, yaml.AliasEvent):
            _refuse(event, "write values out: references such as *name are not read")
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                _refuse(event, "there is a second document in it")

    def _begin(self, event: yaml.Event, content: Any) -> None:
        if len(self._open) == MAX_NESTING:
            _refuse(event, f"there are more than {MAX_NESTING} levels")
        self._open.append(_Open(content, self._value(event, content)))

    def _value(self, event: yaml.Event, value: Any) -> str:
        """Put a value where it belongs, and return its place."""
        self._values += 1
        if self._values > MAX_VALUES:
            _refuse(event, f"there are more than {MAX_VALUES} values")
        if not self._open:
            self.root = value
            return "upload"
        owner = self._open[-1]
        if isinstance(owner.content, list):
            owner.content.append(value)
            return f"{owner.path}[{len(owner.content) - 1}]"
        if owner.key is not None:
            path, owner.content[owner.key], owner.key = f"{owner.path}.{owner.key[:_LONGEST_KEY]}", value, None
            return path
        if not isinstance(event, yaml.ScalarEvent):
            _refuse(event, "a list or mapping stands where a key belongs")
        owner.key = event.value
        if owner.key in owner.content:
            raise InvalidFields([FieldFault(f"{owner.path}.{owner.key[:_LONGEST_KEY]}", "the key stands twice")])
        return owner.path


def _refuse(event: yaml.Event, reason: str) -> NoReturn:
    line = f" (line {event.start_mark.line + 1})" if event.start_mark else ""
    raise MalformedRequest(f"the front matter cannot be read: {reason}{line}")


def _told(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"{error.problem} (line {error.problem_mark.line + 1})"
    return str(error)
