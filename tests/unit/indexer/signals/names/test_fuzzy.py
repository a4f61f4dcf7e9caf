"""Nearly spelled names: found by their pieces as if each alias were compared, at a cost that the text alone decides."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from indexer.signals.names.fuzzy import SHORTEST, FuzzyTable
from indexer.signals.names.pieces import Cut, Cuts, Filed, Letters

LETTERS = "abcdeмир"
NAMES = st.text(LETTERS, min_size=SHORTEST, max_size=14)
WORDS = st.lists(st.text(LETTERS, min_size=1, max_size=9), min_size=1, max_size=6)


def keys_of(table: FuzzyTable, *words: str) -> list[int]:
    return [hit.key for hit in table.find(words)]


@given(st.lists(NAMES, min_size=1, max_size=5, unique=True), st.data())
def test_a_name_with_one_letter_wrong_is_found(names: list[str], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(names) - 1))
    name = names[number]
    place = data.draw(st.integers(0, len(name) - 1))
    # An edit at the border of two halves harms both where the name is short.
    assume(len(name) >= 9 or place not in (len(name) // 2 - 1, len(name) // 2))
    written = name[:place] + data.draw(st.sampled_from(["", "z", name[place] * 2])) + name[place + 1 :]
    assume(OSA.distance(written, name) == 1)
    assert number in keys_of(FuzzyTable(names), written)


@given(WORDS, st.lists(NAMES, max_size=5))
def test_what_is_found_is_one_or_two_letters_off(words: list[str], names: list[str]) -> None:
    for hit in FuzzyTable(names).find(words):
        written = "".join(words[hit.first : hit.last + 1])
        assert OSA.distance(written, names[hit.key]) == hit.wrong
        assert 0 < hit.wrong <= (2 if len(names[hit.key]) >= 9 else 1)


@pytest.mark.parametrize(
    ("names", "words", "wanted"),
    [
        pytest.param(["moonmarten"], ["moonmarten"], [], id="the name itself is found elsewhere"),
        pytest.param(["moonmarten"], ["moon", "maten"], [0], id="over two words"),
        pytest.param(["moonmarten"], ["mo", "on", "maten"], [0], id="over three"),
        pytest.param(["moonmarten"], ["mo", "o", "n", "m", "aten"], [], id="over five"),
        pytest.param(["moonmarten", "moonmartes"], ["moonmartex"], [0, 1], id="two names are as near"),
        pytest.param(["moons"], ["moonz"], [], id="too short a name"),
        pytest.param(["moon2marten"], ["moon2martin"], [], id="a name with a digit"),
        pytest.param(["月" * 8], ["月" * 7 + "日"], [], id="a script without words"),
        pytest.param([], ["moonmartex"], [], id="no names"),
        pytest.param(["moonmarten"], [], [], id="no words"),
    ],
)
def test_words_that_nearly_spell_a_name(names: list[str], words: list[str], wanted: list[int]) -> None:
    assert keys_of(FuzzyTable(names), *words) == wanted


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 50)), min_size=1, max_size=30),
    st.lists(st.integers(0, 9), max_size=8),
    st.integers(1, 4),
)
def test_rows_are_found_under_their_hashes_in_the_order_given(
    filed: list[tuple[int, int]], asked: list[int], most: int
) -> None:
    # The highest bits choose the slot of the first table.
    def hashes(numbers: list[int]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
        return np.array([number << 61 | number for number in numbers], np.uint64)

    by_hash: dict[int, list[int]] = defaultdict(list)
    for number, row in filed:
        by_hash[number % 8].append(row)
    table = Filed(hashes([number % 8 for number, _ in filed]), np.array([row for _, row in filed]))
    which, rows = table.find(hashes([number % 8 for number in asked]), most)
    wanted = [(place, row) for place, number in enumerate(asked) for row in by_hash[number % 8][:most]]
    assert list(zip(which.tolist(), rows.tolist(), strict=True)) == wanted


@given(WORDS, WORDS)
def test_equal_pieces_have_equal_hashes_wherever_they_stand(before: list[str], words: list[str]) -> None:
    cuts = Cuts({length: [Cut(0, length, 7)] for length in range(10)})

    def hashes(text: list[str]) -> list[int]:
        ends = np.cumsum([len(word) for word in text])
        lengths = np.array([len(word) for word in text])
        return [int(value) for value in cuts.pieces("".join(text), ends - lengths, lengths)[1]]

    together = hashes([*before, *words])
    assert together == hashes(before) + hashes(words)
    assert len(set(together)) == len({*before, *words})


@given(st.text(LETTERS, min_size=1, max_size=30), st.data())
def test_a_letter_wrong_changes_two_letters_at_most(word: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(word) - 1))
    other = word[:place] + data.draw(st.sampled_from(["", "z", "bb"])) + word[place + 1 :]
    assume(other)

    def letters(text: str) -> Letters:
        return Letters(text, np.array([0]), np.array([len(text)]))

    row = np.array([0])
    assert letters(word).differing(row, letters(other), row) <= 2 * OSA.distance(word, other)
