"""Likeness: a set's own cosine, less what resembles everything, less what rivals of other works reach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.likeness import (
    CROWDING,
    MARGIN,
    RIVALS,
    SetLikeness,
    crowding,
    index_rows,
    likenesses,
    query_rows,
    works_of,
)
from indexer.model import ReferenceSet
from indexer.ports import FloatArray

STRANGERS = np.arange(12)
"""Twelve sets, each of a work of its own."""


def unit(count: int, dim: int, seed: int) -> FloatArray:
    rows = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def alike(found: list[float], owners: list[int], works: np.ndarray = STRANGERS, top: int = 12) -> list[SetLikeness]:
    return likenesses(np.asarray(found, np.float32), np.asarray(owners, np.int64), works, top)


def named(slug: str, **work: str) -> ReferenceSet:
    return ReferenceSet(slug, {"en": slug}, (), work=work)


@pytest.mark.parametrize(
    ("sets", "numbers"),
    [
        pytest.param([], [], id="no set"),
        pytest.param([named("a", en="Saga"), named("b", en="Saga")], [0, 0], id="one work"),
        pytest.param([named("a", en="Saga"), named("b", en="Fable")], [0, 1], id="two works"),
        pytest.param([named("a"), named("b")], [0, 1], id="no stated work is nobody else's"),
        pytest.param(
            [named("a", en="Saga"), named("b"), named("c", en="Saga"), named("d")], [0, 1, 0, 2], id="in any order"
        ),
        pytest.param(
            [named("a", en="Saga", zh="传说"), named("b", zh="传说", en="Saga")], [0, 0], id="languages in any order"
        ),
        pytest.param([named("a", en="Saga"), named("b", en="Saga", zh="传说")], [0, 1], id="as same_work() has it"),
        pytest.param([named("Saga"), named("b", en="Saga")], [0, 1], id="a slug is no work"),
    ],
)
def test_sets_of_one_work_have_one_number(sets: list[ReferenceSet], numbers: list[int]) -> None:
    assert works_of(sets).tolist() == numbers
    for one, own in zip(sets, numbers, strict=True):
        assert [item.same_work(one) or item is one for item in sets] == [number == own for number in numbers]


def test_crowding_is_the_mean_of_the_nearest_twenty_of_a_crowd() -> None:
    vectors, crowd = unit(5, 16, 1)[:, None], unit(300, 16, 2)
    nearest = np.sort(vectors[:, 0] @ crowd.T, axis=1)[:, -20:]
    assert crowding(vectors, crowd) == pytest.approx(nearest.mean(axis=1), abs=1e-6)


def test_of_a_crowd_of_few_all_count() -> None:
    vectors, crowd = unit(2, 8, 1)[:, None], unit(3, 8, 2)
    assert crowding(vectors, crowd) == pytest.approx((vectors[:, 0] @ crowd.T).mean(axis=1), abs=1e-6)


def test_of_several_views_the_one_that_each_picture_resembles_most_counts() -> None:
    views, crowd = np.eye(3, dtype=np.float32)[None, :2], np.eye(3, dtype=np.float32)
    assert crowding(views, crowd) == pytest.approx([2 / 3])


def test_a_reference_that_resembles_everything_is_more_crowded_than_one_that_resembles_nothing() -> None:
    common = unit(1, 16, 1)
    crowd = common + 0.1 * unit(100, 16, 2)
    crowd /= np.linalg.norm(crowd, axis=1, keepdims=True)
    everybody, nobody = crowding(np.stack([common, -common]), crowd)
    assert everybody > 0.9
    assert nobody < -0.9


@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 5), st.integers(0, 10_000))
def test_a_product_of_rows_is_the_cosine_less_the_crowding(
    references: int, views: int, queries: int, seed: int
) -> None:
    vectors = unit(references * views, 8, seed).reshape(references, views, 8)
    asked = unit(queries, 8, seed + 1)
    crowded = np.random.default_rng(seed).uniform(-1, 1, references).astype(np.float32)
    rows = index_rows(vectors, crowded)
    assert rows.shape == (references * views, 9)
    assert rows.dtype == np.float32
    cosines = np.einsum("qd,rvd->qrv", asked, vectors)
    wanted = cosines - CROWDING * crowded[None, :, None]
    assert query_rows(asked) @ rows.T == pytest.approx(wanted.reshape(queries, -1), abs=1e-5)


def test_a_set_is_as_alike_as_its_nearest_row_less_the_mean_of_three_rivals() -> None:
    found = alike([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3], [4, 4, 1, 1, 2, 3, 5])
    assert found[0].owner == 4
    assert found[0].likeness == pytest.approx(0.9 - MARGIN * (0.7 + 0.5 + 0.4) / 3)
    assert {item.owner: item.place for item in found} == {4: 0, 1: 2, 2: 4, 3: 5, 5: 6}
    by_owner = {item.owner: item.likeness for item in found}
    assert by_owner[2] == pytest.approx(0.5 - MARGIN * (0.9 + 0.7 + 0.4) / 3)


def test_sets_of_the_same_work_are_no_rivals() -> None:
    found, owners = [0.9, 0.88, 0.5, 0.4, 0.3], [0, 1, 2, 3, 4]
    cousins = np.asarray([0, 0, 2, 3, 4])
    apart, together = alike(found, owners, STRANGERS[:5])[0], alike(found, owners, cousins)[0]
    assert apart.likeness == pytest.approx(0.9 - MARGIN * (0.88 + 0.5 + 0.4) / 3)
    assert together.likeness == pytest.approx(0.9 - MARGIN * (0.5 + 0.4 + 0.3) / 3)


@pytest.mark.parametrize(
    ("works", "mean"),
    [
        pytest.param([0], 0.0, id="an only set has no rival"),
        pytest.param([0, 0, 0], 0.0, id="an only work has no rival"),
        pytest.param([0, 1], 0.5, id="one rival"),
        pytest.param([0, 1, 2], (0.5 + 0.2) / 2, id="a rival not seen is as near as the last row"),
        pytest.param([0, 1, 2, 3, 4], (0.5 + 0.2 + 0.2) / 3, id="three rivals at most"),
        pytest.param([0, 1, 0, 2], (0.5 + 0.2) / 2, id="unseen sets of the same work are no rivals"),
    ],
)
def test_where_fewer_than_three_rivals_were_seen_the_last_row_stands_for_the_others(
    works: list[int], mean: float
) -> None:
    rows = [(0.9, 0), (0.5, 1), (0.2, 0)] if len(set(works)) > 1 else [(0.9, 0), (0.2, 0)]
    best = alike([value for value, _ in rows], [owner for _, owner in rows], np.asarray(works))[0]
    assert best.owner == 0
    assert best.likeness == pytest.approx(0.9 - MARGIN * mean)


@pytest.mark.parametrize("top", [0, 1, 3, 12])
def test_no_more_sets_than_asked_for_are_given(top: int) -> None:
    assert len(alike([0.9, 0.8, 0.7, 0.6, 0.5], [0, 1, 2, 3, 4], top=top)) == min(top, 5)


def test_a_search_without_results_is_like_nothing() -> None:
    assert alike([], []) == []


searches = st.lists(st.tuples(st.floats(-1, 1, width=32), st.integers(0, 11)), min_size=1, max_size=40)
works = st.lists(st.integers(0, 11), min_size=12, max_size=12).map(np.asarray)


@given(searches, works, st.integers(1, 12))
def test_likenesses_come_strongest_first_and_name_each_set_once(
    rows: list[tuple[float, int]], works: np.ndarray, top: int
) -> None:
    ordered = sorted(rows, reverse=True)
    owners = [owner for _, owner in ordered]
    found = alike([value for value, _ in ordered], owners, works, top)
    assert [item.likeness for item in found] == sorted((item.likeness for item in found), reverse=True)
    assert len({item.owner for item in found}) == len(found) == min(top, len(set(owners)))
    assert all(item.place == owners.index(item.owner) for item in found)


@given(searches, works, st.floats(0, 1, width=32))
def test_a_set_nearer_by_itself_is_never_less_alike(
    rows: list[tuple[float, int]], works: np.ndarray, nearer: float
) -> None:
    def likeness_of(owner: int, rows: list[tuple[float, int]]) -> float:
        ordered = sorted(rows, reverse=True)
        found = alike([value for value, _ in ordered], [owner for _, owner in ordered], works)
        return next(item.likeness for item in found if item.owner == owner)

    value, owner = max(rows)
    raised = [(value + nearer, owner), *rows]
    assert likeness_of(owner, raised) >= likeness_of(owner, rows) - 1e-6


@given(searches)
def test_a_nearer_rival_makes_the_others_no_more_alike(rows: list[tuple[float, int]]) -> None:
    ordered = sorted(rows, reverse=True)
    values, owners = [value for value, _ in ordered], [owner for _, owner in ordered]
    before = {item.owner: item.likeness for item in alike(values, owners)}
    after = alike([values[0] + 1.0, *values], [owners[-1], *owners])
    assert all(item.likeness <= before[item.owner] + 1e-6 for item in after if item.owner != owners[-1])


def test_no_more_rivals_count_than_are_promised() -> None:
    assert RIVALS == 3
    far = alike([0.9, 0.5, 0.5, 0.5, 0.4, 0.3], [0, 1, 2, 3, 4, 5])[0]
    near = alike([0.9, 0.5, 0.5, 0.5, 0.5, 0.5], [0, 1, 2, 3, 4, 5])[0]
    assert replace(far, place=0) == near
