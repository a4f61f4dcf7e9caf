"""Markup: what a reader of an HTML description sees, with the place of each letter in the source.

Only known tags are markup: `<lora:moon_marten:1>` is the very place where a name stands. One scan, no recursion, and
each search for an end is remembered when it fails, so that a million open tags take no longer than a million letters.
"""

from __future__ import annotations

import html
from array import array
from dataclasses import dataclass

_INLINE = frozenset(
    """
    a abbr b big bdi bdo cite code del em font i ins kbd mark q s small span strike strong sub sup tt u wbr
    """.split()  # noqa: SIM905 (a list of a line each would fill the page)
)
_BLOCK = frozenset(
    """
    article aside blockquote body br center dd details div dl dt figure footer h1 h2 h3 h4 h5 h6 head header hr html
    img li main nav ol p pre section script style summary table tbody td tfoot th thead title tr ul video
    """.split()  # noqa: SIM905 (likewise)
)
_LONGEST_ENTITY = 32


@dataclass(frozen=True, slots=True)
class Shown:
    """The text shown; letter i comes from the original's code points `starts[i]` up to `ends[i]`."""

    text: str
    starts: array[int]
    ends: array[int]


def shown(text: str) -> Shown | None:
    """Strip tags and comments and decode entities; None where the text has neither."""
    if "<" not in text and "&" not in text:
        return None
    parts: list[str] = []
    starts = array("q")
    ends = array("q")
    scan = _Scan(text)
    place = 0
    while place < len(text):
        mark = scan.next_mark(place)
        parts.append(text[place:mark])
        starts.extend(range(place, mark))
        ends.extend(range(place + 1, mark + 1))
        if mark == len(text):
            break
        replaced, place = scan.markup(mark)
        parts.append(replaced)
        starts.extend([mark] * len(replaced))
        ends.extend([place] * len(replaced))
    result = "".join(parts)
    return None if result == text else Shown(result, starts, ends)


class _Scan:
    """A scan of one text from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._next: dict[str, int] = {}

    def _find(self, sign: str, place: int) -> int:
        """Find a sign at or after a place, len(text) for none; each letter is passed once, as places only grow."""
        known = self._next.get(sign, -1)
        if known < place:
            found = self._text.find(sign, place)
            known = self._next[sign] = len(self._text) if found < 0 else found
        return known

    def next_mark(self, place: int) -> int:
        return min(self._find("<", place), self._find("&", place))

    def markup(self, place: int) -> tuple[str, int]:
        """Return what is shown for the mark at a place, and the place after it."""
        text = self._text
        if text[place] == "&":
            end = text.find(";", place, place + _LONGEST_ENTITY) + 1
            return (html.unescape(text[place:end]), end) if end else ("&", place + 1)
        if text.startswith("<!--", place):
            end = self._find("-->", place + 4)
            return ("", end + 3) if end < len(text) else ("<", place + 1)
        name = self._tag_name(place)
        end = self._find(">", place) if name else len(text)
        if end == len(text) or not (name in _INLINE or name in _BLOCK):
            return "<", place + 1
        return ("" if name in _INLINE else " "), end + 1

    def _tag_name(self, place: int) -> str:
        place += 2 if self._text.startswith("/", place + 1) else 1
        end = place
        while end < place + 12 and self._text[end : end + 1].isascii() and self._text[end : end + 1].isalnum():
            end += 1
        closed = self._text[end : end + 1] in (">", "/", " ", "\n", "\t", "\r")
        return self._text[place:end].lower() if closed else ""
