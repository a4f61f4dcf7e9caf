"""Many texts at once give what one search of each gives."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.model import AliasHit
from indexer.signals.names.sieve import LONGEST_TOGETHER, find_all
from tests.accuracy.evasion import ordinary_texts, registered_names, trials
from tests.accuracy.names_cost import table

NAMES = ["Amber Owl", "Marquess Ferrolin", "蛇后美杜莎", "アンバーオウル", "Ferrolin", "Kai"]
TABLE = table(NAMES)
PIECES = [
    *("amber", "owl", "Amber Owl", "AMBER-OWL", "a.m.b.e.r", "o w l", "4mb3r 0wl", "ferrolin", "ferolin", "Marquess"),
    *("蛇后", "美杜莎", "アンバー", "オウル", "not", "no ", "style", "Kai", "x" * 150),
    *("<!--", "-->", "<b>", "&amp;", "\u200b", "\u0301", "\ud800", "", " ", "_"),
]


def one_by_one(texts: list[str]) -> list[list[AliasHit]]:
    return [TABLE.find(text) for text in texts]


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=4).map("".join) | st.text(max_size=12), max_size=40))
def test_texts_together_give_what_each_gives_alone(texts: list[str]) -> None:
    assert find_all(texts, TABLE.find) == one_by_one(texts)


def test_names_in_every_disguise_are_found_among_ordinary_tags() -> None:
    chance = random.Random(1)
    made = list(trials(random.Random(2), names=4, disguises=1))
    disguised = [item.text for item in made]
    texts = [*(text[:150] for text in ordinary_texts(chance, 300)), *disguised]
    chance.shuffle(texts)
    known = table(
        [
            *registered_names(random.Random(3), 50),
            *(item.name for item in trials(random.Random(2), names=4, disguises=1)),
        ]
    )
    together = find_all(texts, known.find)
    assert together == [known.find(text) for text in texts]
    assert sum(map(bool, together)) > len(disguised) // 2


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(["amber", "owl"], id="a name across two texts is none"),
        pytest.param(["<!--", "amber owl", "-->"], id="markup hides nothing that follows"),
        pytest.param(["not", "amber owl"], id="a denial is of its own text"),
        pytest.param(["amber owl", "style"], id="and so is a style"),
        pytest.param(["amber owl" * 40, "amber owl"], id="a long text"),
        pytest.param(["x" * 199] * 20 + ["amber owl"], id="more than one block"),
        pytest.param(["AMBER-OWLamber", "AMBER-OWLamber"], id="the same text twice"),
        pytest.param(["ferolin one", "two ferolin"], id="one near miss in two texts"),
        pytest.param([], id="none"),
        pytest.param([""], id="an empty one"),
    ],
)
def test_neighbours_change_nothing(texts: list[str]) -> None:
    assert find_all(texts, TABLE.find) == one_by_one(texts)


def test_texts_without_a_name_are_searched_a_few_times_alone() -> None:
    searched: list[str] = []

    def find(text: str) -> list[AliasHit]:
        searched.append(text)
        return TABLE.find(text)

    texts = [f"tag {number}" for number in range(1000)]
    find_all([*texts, "amber owl"], find)
    assert len(searched) < sum(len(text) + 1 for text in texts) / LONGEST_TOGETHER + 60
