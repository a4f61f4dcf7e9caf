"""What ScreenedPictures do: files of one's own, and Milvus, give the same answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from service.adapters.screened import open_screened
from service.ports import ScreenedPictures, StoreState
from tests.screened import MODEL, OTHER, brute_force, pictures, query, searched

Open = Callable[[], ScreenedPictures]


@pytest.fixture(params=["segments", "milvus"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    where = tmp_path / ("screened" if request.param == "segments" else "screened.db")
    return lambda: open_screened(str(where))


@pytest.fixture
def store(reopen: Open) -> ScreenedPictures:
    return reopen()


def test_an_empty_store_has_followed_nothing_and_finds_nothing(store: ScreenedPictures) -> None:
    assert store.state() == StoreState()
    assert searched(store, query()) == set()


def test_every_picture_that_is_near_is_found(store: ScreenedPictures) -> None:
    held = pictures(400)
    store.apply(5, MODEL, held)
    assert searched(store, query()) == brute_force(held, query())
    assert len(searched(store, query(least=-1.0))) == 400


def test_no_limit_loses_a_hit(store: ScreenedPictures) -> None:
    held = pictures(600)
    store.apply(5, MODEL, held)
    assert len(searched(store, query(least=-1.0, most=256))) == 600


def test_vectors_of_another_model_are_never_compared_but_hashes_are(store: ScreenedPictures) -> None:
    held = [*pictures(30), *pictures(30, 1, model=OTHER)]
    store.apply(5, MODEL, held)
    assert searched(store, query(least=-1.0)) == brute_force(held, query(least=-1.0))
    assert store.state().pictures == {MODEL: 30, OTHER: 30}


def test_what_is_added_again_is_there_once(store: ScreenedPictures) -> None:
    held = pictures(30)
    store.apply(5, MODEL, held)
    store.apply(5, MODEL, held[:6])
    assert store.state() == StoreState(5, MODEL, {MODEL: 30})
    assert searched(store, query(least=-1.0)) == brute_force(held, query(least=-1.0))


def test_what_is_added_replaces_what_was_known_of_its_screening(store: ScreenedPictures) -> None:
    store.apply(5, OTHER, pictures(6, model=OTHER))
    store.apply(6, MODEL, [replace(item, model=MODEL) for item in pictures(6)])
    assert store.state() == StoreState(6, MODEL, {MODEL: 6})


def test_what_is_removed_is_found_no_more(store: ScreenedPictures) -> None:
    held = pictures(30)
    store.apply(5, MODEL, held)
    gone = {held[0].screening_id, held[29].screening_id}
    store.apply(6, MODEL, removed=[*gone, "scr_never_there"])
    left = [item for item in held if item.screening_id not in gone]
    assert searched(store, query(least=-1.0)) == brute_force(left, query(least=-1.0))
    assert store.state() == StoreState(6, MODEL, {MODEL: 24})


def test_what_was_kept_is_there_when_it_is_opened_again(store: ScreenedPictures, reopen: Open) -> None:
    held = pictures(30)
    store.apply(5, MODEL, held)
    again = reopen()
    assert again.state() == StoreState(5, MODEL, {MODEL: 30})
    assert searched(again, query()) == brute_force(held, query())


def test_a_cleared_store_is_empty(store: ScreenedPictures) -> None:
    store.apply(5, MODEL, pictures(30))
    store.clear()
    assert store.state().place == 0
    assert searched(store, query(least=-1.0)) == set()
    store.apply(3, MODEL, pictures(3))
    assert store.state() == StoreState(3, MODEL, {MODEL: 3})
