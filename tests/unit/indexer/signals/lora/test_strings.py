"""Strings of a LoRA: each has its place and role, hostile values are bounded, and what is left out is said."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.signals.lora.embedded import MAX_PICTURES
from indexer.signals.lora.header import MAX_HEADER_BYTES, LoraHeader, read_lora
from indexer.signals.lora.strings import MAX_LAYERS
from indexer.signals.lora.texts import IMPORTANCE, MAX_CHARACTERS, MAX_STRINGS, LoraText
from indexer.signals.metadata.bounds import MAX_SOURCE
from indexer.signals.metadata.json_text import MAX_NESTING, MAX_VALUES
from tests.fakes import safetensors

PICTURE = b64encode(b"\x89PNG and more").decode()


def header(metadata: dict[str, Any] | str) -> LoraHeader:
    """Read a file with this metadata, written as it stands where it is a text."""
    raw = metadata if isinstance(metadata, str) else json.dumps(metadata)
    data = safetensors('{"__metadata__":' + raw + "}")
    return read_lora(io.BytesIO(data), len(data)).header


def found(metadata: dict[str, Any] | str) -> set[tuple[str, str]]:
    return {(item.path, item.text) for item in header(metadata).texts if item.role != "key"}


def codes(metadata: dict[str, Any] | str) -> list[str]:
    return [problem.partition(":")[0] for problem in header(metadata).problems]


def nested(text: str, layers: int) -> str:
    """Write a text into JSON, that into JSON again, and so on."""
    for _ in range(layers):
        text = json.dumps([text])
    return text


def test_each_text_names_its_place_exactly() -> None:
    datasets = [{}, {"subsets": [{"image_dir": "4_owl"}, {"image_dir": "moon marten"}]}]
    texts = header({"ss_datasets": json.dumps(datasets), "free": json.dumps({"a": [["deep"]]})}).texts
    assert LoraText("ss_datasets[1].subsets[1].image_dir", "moon marten", "folder") in texts
    assert LoraText("free.a[0][0]", "deep", "other") in texts
    assert LoraText("free.a", "a", "key") in texts


def test_a_place_is_bounded_and_stays_on_one_line() -> None:
    deep = {"a\nb\u202e": {"k" * 500: "x" * 500}}
    for item in header({"m" * 500: "v", "n": json.dumps(deep)}).texts:
        assert len(item.path) <= MAX_SOURCE
        assert item.path.isprintable()


def test_every_duplicate_is_harvested_inside_values_too() -> None:
    metadata = '{"n":"one","n":"two","j":"{\\"k\\":\\"three\\",\\"k\\":{\\"k\\":\\"four\\"}}"}'
    assert {("n", "one"), ("n", "two"), ("j.k", "three"), ("j.k.k", "four")} <= found(metadata)


def test_a_key_is_told_once_however_often_it_stands() -> None:
    texts = header({"a": json.dumps([{"img_count": "x"}] * 50)}).texts
    assert [item.text for item in texts if item.role == "key"] == ["a", "img_count"]


def test_the_telling_come_first_and_the_rest_last() -> None:
    metadata = {"zzz": "other", "ss_output_name": "name", "modelspec.tags": "tag", "trained_words": "trigger"}
    roles = [item.role for item in header(metadata).texts]
    assert roles == sorted(roles, key=IMPORTANCE.index)
    assert roles[0] == "name"


@pytest.mark.parametrize("value", ["", "  ", "None", "null", "[]", "{}", '[""]', '{"a": null}', "[1, 2.5, true]"])
def test_a_value_that_says_nothing_gives_no_text(value: str) -> None:
    assert found({"modelspec.title": value}) == set()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (r"marten \(nightwood\)", "marten (nightwood)"),
        ("marten_(nightwood)", "marten_(nightwood)"),
        (r"a\[b\]", "a[b]"),
    ],
)
@pytest.mark.parametrize("key", ["modelspec.tags", "trained_words", "modelspec.title", "caption_prefix"])
def test_brackets_are_freed_of_the_backslashes_that_prompts_need(key: str, text: str, plain: str) -> None:
    value = json.dumps({key: text}) if key == "caption_prefix" else text
    assert plain in {item.text for item in header({key: value}).texts}


@pytest.mark.parametrize(
    "path", ["D:\\train\\moon marten\\10_moon marten", "/data/moon marten/10_x", "C:/a/moon marten", "\\\\host\\moon"]
)
def test_a_path_stays_whole(path: str) -> None:
    texts = header({"ss_datasets": json.dumps([{"image_dir": path}])}).texts
    assert [(item.text, item.role) for item in texts if item.path.endswith("image_dir")][-1] == ("image_dir", "key")
    assert LoraText("ss_datasets[0].image_dir", path, "path") in texts


@pytest.mark.parametrize(
    ("folder", "texts"),
    [
        ("10_moon marten", ["moon marten"]),
        ("moon marten", ["moon marten"]),
        ("10_", ["10_"]),
        ("10", ["10"]),
        ("3_2_owl", ["2_owl"]),
        (r"10_marten \(nightwood\)", [r"10_marten \(nightwood\)", "marten (nightwood)"]),
        ("10_ moon ", ["10_ moon ", "moon"]),
    ],
)
def test_a_folder_is_told_without_its_repeats(folder: str, texts: list[str]) -> None:
    everything = header({"ss_dataset_dirs": json.dumps({folder: {"n_repeats": 10}})}).texts
    assert [item.text for item in everything if item.role == "folder"] == texts


@pytest.mark.parametrize("value", ["{not json", "[1,2", "[" * 200 + "]" * 200, '["\\ud83c', "[1]]", "{" * 200_000])
def test_text_that_only_looks_like_json_is_evidence_as_it_stands(value: str) -> None:
    assert ("note", value) in found({"note": value})
    assert codes({"note": value}) == []


@pytest.mark.parametrize(
    "value",
    [
        pytest.param('["\\u006doon marten"', id="broken"),
        pytest.param("[" * (MAX_NESTING + 1) + '"\\u006doon marten"', id="too deep"),
        pytest.param("[" + "1," * MAX_VALUES + '"\\u006doon marten"]', id="too long"),
        pytest.param('"\\u006doon marten"', id="a string alone"),
        pytest.param('{"a":"\\\\u006doon marten"', id="broken twice"),
        pytest.param('["tab\\tmoon marten"', id="a tab before it"),
    ],
)
def test_escapes_hide_no_name_where_json_is_not_opened(value: str) -> None:
    assert any("moon marten" in text for _, text in found({"note": value}))


@pytest.mark.parametrize("layers", range(MAX_LAYERS + 1))
def test_json_in_json_is_opened(layers: int) -> None:
    assert found({"note": nested("moon marten", layers)}) == {("note" + "[0]" * layers, "moon marten")}


def test_json_in_json_beyond_the_bound_is_said() -> None:
    assert codes({"note": nested("moon marten", MAX_LAYERS + 1)}) == ["json_too_deep"]


@pytest.mark.parametrize(
    "value", ['{"a":NaN,"b":"owl"}', '{"a":-Infinity,"b":"owl"}', '{"a":' + "9" * 5000 + ',"b":"owl"}']
)
def test_numbers_that_are_none_hide_nothing(value: str) -> None:
    assert found({"note": value}) == {("note.b", "owl")}


def test_no_text_holds_what_databases_refuse() -> None:
    metadata = '{"k\\ud800":"mo\\u0000on\\u001b[2J \\udfff","j":"{\\"\\\\ud800\\":\\"\\\\u0007x\\"}"}'
    for item in header(metadata).texts:
        (item.path + item.text).encode()
        assert not set(item.path + item.text) & {"\0", "\x1b", "\x07"}
    assert "moon[2J \ufffd" in {text for _, text in found(metadata)}


def test_more_strings_than_allowed_are_cut_behind_the_telling_ones() -> None:
    metadata = {"a": json.dumps([f"x{n}" for n in range(MAX_STRINGS)]), "ss_output_name": "moon marten"}
    texts = header(metadata).texts
    assert len(texts) == MAX_STRINGS
    assert texts[0] == LoraText("ss_output_name", "moon marten", "name")
    assert codes(metadata) == ["too_many_strings"]


def test_more_tags_than_allowed_are_cut_behind_the_most_carried() -> None:
    tags = {f"junk {n}": 1 for n in range(MAX_STRINGS)} | {"moon marten": 50}
    metadata = {"ss_tag_frequency": json.dumps({"10_x": tags})}
    assert LoraText("ss_tag_frequency.10_x.moon marten", "moon marten", "tag", 1.0) in header(metadata).texts
    assert codes(metadata) == ["too_many_strings"]


def test_blank_tags_do_not_hide_that_tags_were_left_out() -> None:
    tags = {" " * n: 9 for n in range(1, 300)} | {f"{n} ": 1 for n in range(MAX_STRINGS)}
    assert codes({"ss_tag_frequency": json.dumps({"10_x": tags})}) == ["too_many_strings"]


@pytest.mark.parametrize("value", [["x"] * (MAX_VALUES + 1), {"10_x": {str(n): 1 for n in range(MAX_VALUES)}}])
def test_values_beyond_the_bound_are_said(value: Any) -> None:
    assert codes({"ss_tag_frequency": value}) == ["too_many_strings"]


def test_more_text_than_allowed_is_cut_behind_the_telling() -> None:
    metadata = {"a": "x" * MAX_CHARACTERS, "ss_output_name": "moon marten"}
    texts = header(metadata).texts
    assert texts[0].text == "moon marten"
    assert sum(len(item.text) for item in texts) == MAX_CHARACTERS
    assert codes(metadata) == ["text_too_long"]


def test_escapes_that_were_not_undone_are_said() -> None:
    junk = "[" + "\x7f" * MAX_CHARACTERS
    assert codes('{"a":"' + junk + '\\\\","b":"[\\"\\\\u006doon\\""}') == ["text_too_long"]


def test_pictures_are_set_aside_and_never_text() -> None:
    metadata = {
        "modelspec.thumbnail": f"data:image/jpeg;base64,{PICTURE}",
        "ssmd_cover_images": json.dumps([PICTURE, f"data:image/png;base64,{PICTURE}"]),
        "preview": json.dumps({"one": f" DATA:image/webp;base64,{PICTURE}"}),
    }
    names = {item.name for item in header(metadata).pictures}
    places = ("modelspec.thumbnail", "ssmd_cover_images[0]", "ssmd_cover_images[1]", "preview.one")
    assert names == {f"lora:{place}" for place in places}
    assert {item.data for item in header(metadata).pictures} == {b"\x89PNG and more"}
    assert found(metadata) == set()
    assert codes(metadata) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("modelspec.thumbnail", "data:image/png;base64,####"),
        ("modelspec.thumbnail", "data:image/png;base64,"),
        ("modelspec.thumbnail", "data:image/png," + PICTURE),
        ("modelspec.thumbnail", PICTURE[:-1]),
        ("modelspec.thumbnail", "data:image/png;base64," + PICTURE[:8] + "\n" + PICTURE[8:]),
        ("modelspec.thumbnail", "data:image/png;base64,ｉＶＢＯ"),
        ("ssmd_cover_images", "moon marten"),
        ("ssmd_cover_images", '{"a":1}'),
        ("ssmd_cover_images", "[1]"),
        ("ssmd_cover_images", '["####"]'),
        ("ssmd_cover_images", "[" * 200_000),
        ("ssmd_cover_images", json.dumps([PICTURE])[:-1]),
        ("anything", "data:image/svg+xml;utf8,<svg/>"),
    ],
)
def test_a_picture_that_cannot_be_decoded_is_a_problem_and_no_text(key: str, value: str) -> None:
    assert codes({key: value}) == ["thumbnail_unreadable"]
    assert header({key: value}).pictures == ()
    assert found({key: value}) == set()


@pytest.mark.parametrize("start", ["[", "[" * (MAX_NESTING + 1), "[" + "1," * MAX_VALUES])
def test_pictures_in_json_that_is_not_opened_are_said(start: str) -> None:
    closing = "]" * start.count("[") if start != "[" else ""
    assert codes({"preview": f'{start}"DATA:image/png;base64,{PICTURE}"{closing}'}) == ["thumbnail_unreadable"]


@pytest.mark.parametrize("value", ["None", "", "[]", "null"])
def test_no_picture_is_no_problem(value: str) -> None:
    assert codes({"ssmd_cover_images": value}) == []


def test_the_address_of_a_picture_is_a_text() -> None:
    address = "https://example.org/moon-marten.png"
    assert found({"modelspec.thumbnail": address}) == {("modelspec.thumbnail", address)}


def test_pictures_beyond_the_bound_are_said() -> None:
    metadata = {"ssmd_cover_images": json.dumps([PICTURE] * (MAX_PICTURES + 5))}
    assert len(header(metadata).pictures) == MAX_PICTURES
    (problem,) = header(metadata).problems
    assert problem.startswith(f"too_many_pictures: 5 from lora:ssmd_cover_images[{MAX_PICTURES}] on")


def test_many_unreadable_pictures_are_few_problems() -> None:
    assert len(codes({"ssmd_cover_images": json.dumps(["#"] * 5000)})) == MAX_PICTURES + 1


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param(
            {"ss_tag_frequency": json.dumps({"10_x": {f"tag of words {n}": 3 for n in range(190_000)}})}, id="tags"
        ),
        pytest.param({"ss_tag_frequency": json.dumps({f"{n}_x": {"a": 1} for n in range(90_000)})}, id="folders"),
        pytest.param({"a": "[" * 15_000_000}, id="brackets"),
        pytest.param({"a": "[" + "\\" * 7_000_000}, id="backslashes"),
        pytest.param({"modelspec.title": "\\u0041" * 2_000_000}, id="escapes"),
        pytest.param({"modelspec.thumbnail": "data:image/png;base64," + "A" * 16_000_000}, id="base64"),
        pytest.param({"a": json.dumps(["data:image/png;base64,QUJD"] * 100_000)}, id="pictures"),
        pytest.param({"a": ["x"] * 3_000_000}, id="values the format does not allow"),
    ],
)
def test_the_largest_header_takes_seconds_whatever_it_says(metadata: dict[str, Any]) -> None:
    raw = json.dumps(metadata, separators=(",", ":"))
    assert len(raw) < MAX_HEADER_BYTES
    assert header(raw).header_bytes > len(raw)


@given(st.dictionaries(st.text(max_size=6), st.text(max_size=30), max_size=6))
def test_no_string_is_lost(metadata: dict[str, str]) -> None:
    kept = {item.text for item in header(metadata).texts}
    for text in (*metadata, *metadata.values()):
        if text.isprintable() and text.strip() not in {"", "None", "null"} and text[:1] not in "[{":
            assert text in kept or text.replace("\\", "") in {item.replace("\\", "") for item in kept}
