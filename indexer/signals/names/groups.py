"""Groups: rows filed by a text, a hundred thousand of them, in arrays rather than in as many small lists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class Groups:
    """The rows of each text; rows are numbered in the order in which their texts were given.

    `texts` are the distinct texts in order: an automaton is built of neighbours in half the time.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        order = sorted(range(len(texts)), key=texts.__getitem__)
        self.texts: list[str] = []
        firsts: list[int] = []
        before = None
        for place, row in enumerate(order):
            text = texts[row]
            if text != before:
                self.texts.append(text)
                firsts.append(place)
                before = text
        self._order = np.array(order, np.int64)
        self._borders = np.array([*firsts, len(order)], np.int64)

    def rows(self, number: int) -> list[int]:
        """Return the rows of the text of a number."""
        rows: list[int] = self._order[self._borders[number] : self._borders[number + 1]].tolist()
        return rows
