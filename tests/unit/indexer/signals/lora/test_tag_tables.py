"""Tag tables: the share of the training pictures that carry a tag, whatever shape the counts have."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.signals.lora.strings import read_strings
from indexer.signals.lora.tag_tables import MAX_COUNT, count_of, folder_words
from indexer.signals.lora.texts import LoraText

COUNTS = st.none() | st.integers(-5, 60) | st.floats() | st.text(max_size=4) | st.lists(st.integers(), max_size=2)


def tags(table: Any, sizes: dict[str, Any] | None = None, **more: Any) -> dict[str, float | None]:
    """Return the share of each tag, by its place below the table."""
    metadata = {"ss_tag_frequency": table, "ss_dataset_dirs": sizes or {}, **more}
    texts = read_strings([(key, json.dumps(value)) for key, value in metadata.items()]).texts
    start = "ss_tag_frequency."
    return {item.path.removeprefix(start): item.share for item in texts if item.role in ("tag", "trigger")}


def sized(**counts: Any) -> dict[str, Any]:
    return {folder: {"n_repeats": 10, "img_count": count} for folder, count in counts.items()}


def test_a_share_is_the_count_by_the_pictures_of_the_folder() -> None:
    found = tags({"10_x": {"moon marten": 40, "1girl": 10}}, {"10_x": {"n_repeats": 10, "img_count": 40}})
    assert found == {"10_x.moon marten": 1.0, "10_x.1girl": 0.25}


def test_a_tag_of_several_folders_is_told_for_each_with_its_share_of_them_all() -> None:
    found = tags({"a": {"owl": 10, "one": 5}, "b": {"owl": 5, "two": 30}}, sized(a=10, b=30))
    assert found == {"a.owl": 15 / 40, "a.one": 0.5, "b.owl": 15 / 40, "b.two": 1.0}


def test_a_folder_without_the_tag_does_not_make_it_rarer() -> None:
    table = {"face": {"owl": 20}, "body": {"owl": 20}, "junk": {"tree": 900}}
    assert tags(table, sized(face=20, body=20, junk=900))["face.owl"] == 1.0


def test_without_sizes_the_largest_count_stands_for_the_pictures() -> None:
    assert tags({"10_x": {"owl": 20, "tree": 5}}) == {"10_x.owl": 1.0, "10_x.tree": 0.25}


def test_sizes_are_found_with_regularisation_folders_and_in_datasets() -> None:
    reg = {"1_bird": {"img_count": 50}}
    datasets = [{"subsets": [{"image_dir": "5_y", "img_count": 8}, {"image_dir": "1_bird", "img_count": 2}, 3]}, "x"]
    table = {"1_bird": {"wing": 25, "sky": 5}, "5_y": {"owl": 2, "tree": 1}}
    found = tags(table, ss_reg_dataset_dirs=reg, ss_datasets=datasets)
    assert found == {"1_bird.wing": 0.5, "1_bird.sky": 0.1, "5_y.owl": 0.25, "5_y.tree": 0.125}


def test_a_flat_table_counts_over_all_folders() -> None:
    assert tags({"owl": 30, "tree": 10}, sized(a=30, b=10)) == {"owl": 0.75, "tree": 0.25}
    assert tags({"owl": 30, "tree": 10}) == {"owl": 1.0, "tree": 10 / 30}


def test_the_only_tag_of_a_folder_of_its_name_is_the_trigger() -> None:
    texts = read_strings([("ss_tag_frequency", '{"1_moon marten":{"moon marten":1}}')]).texts
    assert LoraText("ss_tag_frequency.1_moon marten.moon marten", "moon marten", "trigger", 1.0) in texts
    assert LoraText("ss_tag_frequency.1_moon marten", "moon marten", "folder") in texts


def test_the_tags_of_one_folder_in_two_tables_are_told_once() -> None:
    table = {"10_x": {"owl": 4, "tree": 2}}
    texts = read_strings(
        [("ss_tag_frequency", json.dumps(table)), ("ss_datasets", json.dumps([{"tag_frequency": table}]))]
    ).texts
    assert [item.text for item in texts if item.role == "tag"] == ["owl", "tree"]


def test_a_table_left_in_the_datasets_alone_is_read() -> None:
    datasets = [{"tag_frequency": {"10_x": {"owl": 4, "tree": 2}}, "subsets": [{"image_dir": "10_x", "img_count": 8}]}]
    texts = read_strings([("ss_datasets", json.dumps(datasets))]).texts
    assert LoraText("ss_datasets[0].tag_frequency.10_x.owl", "owl", "tag", 0.5) in texts


def test_of_duplicates_the_larger_count_holds() -> None:
    table = '{"10_x":{"owl":1,"owl":9,"owl":2},"10_x":{"tree":10}}'
    texts = read_strings([("ss_tag_frequency", table)]).texts
    assert {item.text: item.share for item in texts if item.role == "tag"} == {"owl": 0.9, "tree": 1.0}


@pytest.mark.parametrize(
    ("count", "size", "share"),
    [
        (5, 10, 0.5),
        ("5", "10", 0.5),
        (" 5 ", 10, 0.5),
        (5.0, 10.0, 0.5),
        (20, 10, 1.0),
        (5, 0, 1.0),
        (5, -3, 1.0),
        (5, "many", 1.0),
        (5, None, 1.0),
        (5, MAX_COUNT + 1, 1.0),
        (0, 10, None),
        (-5, 10, None),
        (float("nan"), 10, None),
        (float("inf"), 10, None),
        ("nan", 10, None),
        (True, 10, None),
        (None, 10, None),
        ("5" * 5000, 10, None),
        (10**30, 10, None),
        (MAX_COUNT + 1, 10, None),
        ([5], 10, None),
        ({"n": 5}, 10, None),
    ],
)
def test_a_share_is_known_where_the_counts_are(count: Any, size: Any, share: float | None) -> None:
    assert tags({"10_x": {"owl": count}}, {"10_x": {"img_count": size}})["10_x.owl"] == share


@pytest.mark.parametrize(
    ("table", "texts"),
    [
        ("None", set()),
        (["owl", "tree"], {"owl", "tree"}),
        ([["owl", 3]], {"owl"}),
        ({"10_x": ["owl"]}, {"owl"}),
        ({"10_x": "owl"}, {"10_x", "owl"}),
        ({"10_x": {"tree": {"deep": "owl"}}}, {"tree", "owl"}),
        ({"10_x": {"tree": "owl"}}, {"tree", "owl"}),
        ([{"10_x": {"owl": 3}}], {"owl"}),
        ("owl, tree", {"owl, tree"}),
        (7, {"7"}),
    ],
)
def test_junk_in_a_table_is_harvested(table: Any, texts: set[str]) -> None:
    value = table if isinstance(table, str) else json.dumps(table)
    found = read_strings([("ss_tag_frequency", value)]).texts
    assert {item.text for item in found if item.role == "tag"} == texts


@pytest.mark.parametrize(
    ("folder", "words"),
    [("10_moon marten", "moon marten"), ("100_a_b", "a_b"), ("owl", "owl"), ("10", "10"), ("1_", ""), ("_owl", "_owl")],
)
def test_the_repeats_before_a_folder_are_no_word_of_it(folder: str, words: str) -> None:
    assert folder_words(folder) == words


@given(st.dictionaries(st.text(max_size=4), st.dictionaries(st.text(max_size=4), COUNTS, max_size=5), max_size=4))
def test_every_share_is_a_share(table: dict[str, Any]) -> None:
    assert all(share is None or 0 < share <= 1 for share in tags(table, sized(**dict.fromkeys(table, 7))).values())


@given(COUNTS)
def test_a_count_is_a_number_of_pictures_or_unknown(value: Any) -> None:
    count = count_of(value)
    assert count is None or 1 <= count <= MAX_COUNT
