"""Groups: rows filed by a text, a hundred thousand of them, in arrays rather than in as many small lists."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


class Groups:
    """The rows of each text; rows are numbered in the order in which their texts were given."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._numbers: dict[str, int] = {}
        numbers = np.array([self._numbers.setdefault(text, len(self._numbers)) for text in texts], np.int64)
        self._order = np.argsort(numbers, kind="stable")
        self._ends = np.cumsum(np.bincount(numbers, minlength=len(self._numbers)))

    def texts(self) -> list[str]:
        """Return the distinct texts, numbered as they first came."""
        return list(self._numbers)

    def rows(self, number: int) -> list[int]:
        """Return the rows of the text of a number."""
        first = self._ends[number - 1] if number else 0
        return [int(row) for row in self._order[first : self._ends[number]]]

    def rows_of(self, text: str, most: int) -> list[int]:
        """Return the first rows of a text; none where it is unknown."""
        number = self._numbers.get(text)
        return [] if number is None else self.rows(number)[:most]
