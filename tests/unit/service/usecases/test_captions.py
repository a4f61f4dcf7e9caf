"""Captions: every text beside the pictures is found, and each folder carries its share of the set."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.usecases.captions import (
    MAX_LINES,
    CaptionFile,
    CaptionTexts,
    decode_caption,
    folder_texts,
    is_text,
    read_captions,
)

PICTURES = {path: path for path in ("set/a.png", "set/b.png", "set/c.png", "set/d.png")}


def read(files: dict[str, str | bytes], pictures: dict[str, str] | None = None) -> CaptionTexts:
    given_files = [
        CaptionFile(path, path, data if isinstance(data, bytes) else data.encode()) for path, data in files.items()
    ]
    return read_captions(given_files, PICTURES if pictures is None else pictures)


def lines(*records: object) -> str:
    return "\n".join(json.dumps(record) for record in records)


def test_captions_are_kept_whole_beside_their_pictures() -> None:
    told = read(
        {"set/a.txt": "one, two", "set/b.png.txt": "three", "set/README.md": "four", "b.txt": "five", "set/c.txt": " "}
    )
    assert told.captions == ("one, two", "three")
    assert [text.text for text in told.texts] == ["four", "five"]


def test_what_stands_beside_one_picture_is_one_caption() -> None:
    told = read(
        {"set/a.txt": "one", "set/a.caption": "two", "set/metadata.jsonl": lines({"file_name": "a.png", "text": "x"})}
    )
    assert told.captions == ("one\ntwo\nx",)


def test_brackets_that_taggers_escape_are_brackets() -> None:
    assert read({"set/a.txt": r"medusa \(gorgon queen\), 1girl"}).captions == ("medusa (gorgon queen), 1girl",)


def test_a_picture_is_called_by_the_name_it_was_given() -> None:
    assert read({"A.txt": "owl"}, {"a.png": "a.png", "A.png": "A.png#2"}).captions == ("owl",)


def test_text_without_a_picture_is_text_without_a_share() -> None:
    told = read({"set/README.txt": "Medusa, by me", "set/a.txt": "owl"})
    assert [(text.source, text.text, text.share) for text in told.texts] == [
        ("pack:set/README.txt", "Medusa, by me", None),
    ]
    assert told.captions == ("owl",)


def test_every_string_of_a_record_is_a_caption_of_its_picture() -> None:
    told = read(
        {
            "set/metadata.jsonl": lines(
                {"file_name": "a.png", "text": "owl, moon", "tags": ["owl", {"deep": "star"}], "width": 512},
                {"file_name": "./b.png", "prompt": "owl"},
                {"file_name": "x/../c.png", "text": ""},
                {"file_name": "..\\set\\d.png", "text": "fox"},
            )
        }
    )
    assert told.captions == ("owl, moon\nowl\nstar", "owl", "fox")


@pytest.mark.parametrize(
    "record",
    [
        {"text": "owl"},
        {"file_name": "missing.png", "text": "owl"},
        {"file_name": "/set/a.png", "text": "owl"},
        {"file_name": "../../../etc/passwd", "text": "owl"},
        {"file_name": 7, "text": "owl"},
        {"file_name": ["a.png"], "text": "owl"},
    ],
)
def test_a_record_of_no_picture_is_text_all_the_same(record: dict[str, object]) -> None:
    told = read({"set/metadata.jsonl": lines(record)})
    (found,) = told.texts
    assert (found.source, told.captions) == ("pack:set/metadata.jsonl", ())
    assert "owl" in found.text.split("\n")


def test_no_value_hides_behind_a_later_one_of_its_key() -> None:
    told = read({"set/metadata.jsonl": '{"file_name": "a.png", "text": "owl", "text": "fox"}'})
    assert told.captions == ("owl\nfox",)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"text": "owl"', "jsonl_malformed"),
        ("owl", "jsonl_malformed"),
        ("[1]", "jsonl_malformed"),
        ('{"a": ' * 70 + "1" + "}" * 70, "json_too_deep"),
        ("[" * 100_000, "json_too_deep"),
        ('{"a": [' + "1," * 400_000 + "1]}", "json_too_long"),
    ],
)
def test_a_line_that_is_no_record_is_listed_by_its_number(line: str, code: str) -> None:
    told = read({"metadata.jsonl": lines({"text": "before"}) + f"\n\n{line}\n"})
    (problem,) = told.not_screened
    assert problem.source == "image_pack:metadata.jsonl:3"
    assert problem.reason.startswith(f"{code}:")
    assert [text.text for text in told.texts] == ["before"]


@pytest.mark.parametrize("value", ["9" * 100_000, "1e999", "NaN", "-Infinity", "0." + "1" * 100_000])
def test_numbers_of_any_length_do_no_harm(value: str) -> None:
    told = read({"metadata.jsonl": '{"n": ' + value + ', "text": "owl"}'})
    assert [text.text for text in told.texts] == ["owl"]


def test_halves_of_characters_are_replaced() -> None:
    (found,) = read({"metadata.jsonl": r'{"text": "a\ud800b"}'}).texts
    assert found.text.encode().decode() == "a\ufffdb"


@pytest.mark.parametrize("count", [MAX_LINES, MAX_LINES + 1])
def test_lines_are_read_up_to_their_limit_and_the_rest_listed(count: int) -> None:
    told = read({"metadata.jsonl": "\n".join(['{"t":"x"}'] * count)})
    assert len(told.texts[0].text.split("\n")) == MAX_LINES
    assert [item.reason.partition(":")[0] for item in told.not_screened] == ["too_many_lines"] * (count - MAX_LINES)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("owl".encode("utf-8-sig"), "owl"),
        ("猫头鹰".encode(), "猫头鹰"),
        ("猫头鹰".encode("utf-16"), "猫头鹰"),
        (b"\xfe\xff" + "猫头鹰".encode("utf-16-be"), "猫头鹰"),
        ("美杜莎女王".encode("gbk"), "美杜莎女王"),
        ("猫头鹰𠮷".encode("gb18030"), "猫头鹰𠮷"),
        (b"owl \xff\xff", "owl \ufffd\ufffd"),
        (b"\xff\xfeo\0w\0l", "ow\ufffd"),
        (b"", ""),
    ],
)
def test_captions_are_decoded_whatever_wrote_them(data: bytes, text: str) -> None:
    assert decode_caption(data) == text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        *(("a.txt", True), ("a.TXT", True), ("x/a.caption", True), ("README.md", True), ("x/Metadata.JSONL", True)),
        *(("a.json", False), ("captions.jsonl", False), ("a.png", False), ("txt", False), ("a.txt/b", False)),
    ],
)
def test_texts_are_known_by_their_names(path: str, *, text: bool) -> None:
    assert is_text(path) is text


def test_a_folder_carries_the_share_of_its_pictures() -> None:
    found = folder_texts(["set/10_Medusa/a.png", "set/medusa/b.png", "set/1_fox/c.png", "d.png", "set/10_/e.png"])
    assert [(text.source, text.text, text.share) for text in found] == [
        ("pack:folders:set", "set", 4 / 5),
        ("pack:folders:Medusa", "Medusa", 2 / 5),
        ("pack:folders:fox", "fox", 1 / 5),
    ]
    assert folder_texts([]) == []


def test_a_folder_inside_one_of_its_name_counts_once() -> None:
    assert [(text.text, text.share) for text in folder_texts(["owl/1_owl/a.png"])] == [("owl", 1.0)]


@given(st.dictionaries(st.sampled_from([f"set/{stem}.txt" for stem in "abcdx"]), st.binary(max_size=60)))
def test_no_bytes_of_captions_do_harm_and_shares_are_shares(files: dict[str, bytes]) -> None:
    told = read(dict(files))
    for text in told.texts:
        assert text.text
        assert text.text.encode()
        assert text.share is None or 0 < text.share <= 1


@given(st.binary(max_size=200) | st.text(max_size=60).map(str.encode))
def test_no_bytes_of_records_do_harm(data: bytes) -> None:
    for prefix in (b"", b'{"file_name": "a.png", "text": '):
        read({"set/metadata.jsonl": prefix + data})
