"""The store of everything screened in files: as brute force, whatever happens to it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.adapters.segments import SegmentPictures
from service.ports import ScreenedPicture, StoreState
from tests.screened import MODEL, OTHER, brute_force, pictures, query, searched

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 5), st.integers(1, 60), st.sampled_from([MODEL, OTHER])),
        st.tuples(st.just("remove"), st.integers(0, 5), st.integers(0, 20), st.just(MODEL)),
    ),
    max_size=8,
)


@settings(max_examples=40)
@given(steps=STEPS, seed=st.integers(0, 5), least=st.floats(-1, 1), most=st.integers(0, 256))
def test_whatever_was_added_and_removed_it_answers_as_brute_force(
    steps: list[tuple[str, int, int, str]], seed: int, least: float, most: int
) -> None:
    held: dict[str, list[ScreenedPicture]] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = SegmentPictures(Path(folder), most_rows=64)
        for place, (what, number, count, model) in enumerate(steps, 1):
            if what == "add":
                added = pictures(count, number, model=model)
                for item in added:
                    held[item.screening_id] = []
                for item in added:
                    held[item.screening_id].append(item)
                store.apply(place, MODEL, added)
            else:
                name = f"scr_{number}_{count:05}"
                held.pop(name, None)
                store.apply(place, MODEL, removed=[name])
        every = [item for some in held.values() for item in some]
        asked = query(seed=seed, least=least, most=most)
        assert searched(store, asked) == brute_force(every, asked)
        assert searched(SegmentPictures(Path(folder)), asked) == brute_force(every, asked)


def test_small_segments_are_merged_and_large_ones_are_not(tmp_path: Path) -> None:
    store = SegmentPictures(tmp_path, most_rows=50)
    for number in range(40):
        store.apply(number + 1, MODEL, pictures(5, number))
    folders = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert 4 <= len(folders) <= 10
    assert store.state().pictures == {MODEL: 200}


def test_what_is_forgotten_is_on_the_disk_no_more(tmp_path: Path) -> None:
    store = SegmentPictures(tmp_path)
    held = pictures(30)
    store.apply(1, MODEL, held)
    store.apply(2, MODEL, removed=[held[0].screening_id])
    name = held[0].screening_id.encode()
    assert not [path for path in tmp_path.rglob("*.npy") if name in path.read_bytes()]


@pytest.mark.parametrize("kind", ["vectors", "hashes", "hashed", "names", "numbers"])
@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_a_damaged_store_is_empty_and_begins_again(tmp_path: Path, kind: str, damage: str) -> None:
    SegmentPictures(tmp_path).apply(7, MODEL, pictures(30))
    path = next(tmp_path.glob(f"*/{kind}.npy"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.unlink()
    if damage != "gone":
        path.write_bytes(data if damage == "flipped" else data[:-1])
    store = SegmentPictures(tmp_path)
    assert store.state() == StoreState()
    store.apply(1, MODEL, pictures(6))
    assert SegmentPictures(tmp_path).state() == StoreState(1, MODEL, {MODEL: 6})


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format": 9}', '{"format": 1, "segments": [{"name": "../x"}]}']
)
def test_a_manifest_that_cannot_be_read_is_no_manifest(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    store = SegmentPictures(tmp_path)
    assert store.state() == StoreState()
    store.apply(1, MODEL, pictures(6))
    assert store.state().place == 1


def test_what_a_killed_writer_left_behind_is_not_seen_and_removed(tmp_path: Path) -> None:
    store = SegmentPictures(tmp_path)
    store.apply(1, MODEL, pictures(6))
    (tmp_path / "000099").mkdir()
    (tmp_path / "000099" / "vectors.npy").write_bytes(b"half")
    assert SegmentPictures(tmp_path).state() == StoreState(1, MODEL, {MODEL: 6})
    store.apply(2, MODEL, pictures(6, 1))
    assert not (tmp_path / "000099").exists()


def test_another_process_sees_what_was_added(tmp_path: Path) -> None:
    first, second = SegmentPictures(tmp_path), SegmentPictures(tmp_path)
    assert second.state() == StoreState()
    first.apply(1, MODEL, pictures(6))
    assert second.state().place == 1
    second.apply(2, MODEL, pictures(6, 1))
    assert first.state() == StoreState(2, MODEL, {MODEL: 12})
