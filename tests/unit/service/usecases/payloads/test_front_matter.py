"""Front matter: what was written stays as it was written, and hostile YAML is refused before it costs anything."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest

from service.domain.errors import InvalidFields, MalformedRequest, ServiceError, TooLarge
from service.usecases.payloads.front_matter import MAX_CHARACTERS, MAX_NESTING, MAX_VALUES, read_front_matter, split

LAUGHS = "a: &a [ha, ha]\n" + "\n".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]" for n in range(20)
)
MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("text", "front", "body"),
    [
        ("---\na: b\n---\n# Owl", "\na: b", "# Owl"),
        ("---\r\na: b\r\n---\r\n# Owl", "\r\na: b", "# Owl"),
        ("\n\n--- \na: b\n---  \n# Owl", "\na: b", "# Owl"),
        ("---\na: b\n---", "\na: b", ""),
        ("---\n---\n# Owl\n---\n", "", "# Owl\n---\n"),
        ("# Owl\n---\na: b\n---\n", "", "# Owl\n---\na: b\n---\n"),
        ("---\na: b\n# Owl", "", "---\na: b\n# Owl"),
        ("----\na: b\n---\n", "", "----\na: b\n---\n"),
        ("", "", ""),
    ],
)
def test_a_card_is_parted_at_its_two_lines(text: str, front: str, body: str) -> None:
    assert split(text) == (front, body)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("# only a comment", {}),
        ("~", {}),
        ("a: 2026-03-02", {"a": "2026-03-02"}),
        ("a: 007\nb: 1_000\nc: 0x1F\nd: on\ne: .inf", {"a": "007", "b": "1_000", "c": "0x1F", "d": "on", "e": ".inf"}),
        ("a: null\nb:\nc: ~\nd: 'null'\ne: ''", {"a": None, "b": None, "c": None, "d": "null", "e": ""}),
        ("a: [b, {c: d}]\ne:\n- f\n- - g", {"a": ["b", {"c": "d"}], "e": ["f", ["g"]]}),
        ("a: !!python/object/apply:os.system [echo]", {"a": ["echo"]}),
        ("a: !!binary b3ds", {"a": "b3ds"}),
        ("a: &anchor b", {"a": "b"}),
        ("<<: {a: b}", {"<<": {"a": "b"}}),
        ("2: a\nnull: b", {"2": "a", "null": "b"}),
    ],
)
def test_every_value_keeps_the_words_that_were_written(text: str, value: dict[str, Any]) -> None:
    assert read_front_matter(text) == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- a\n- b", "must be a YAML mapping"),
        ("just words", "must be a YAML mapping"),
        ("a: [b", "not YAML"),
        ("a: b\nc: 'd", "not YAML"),
        ("a: \x07", "not YAML"),
        ("a: &b c\nd: *b", "references such as *name are not read (line 2)"),
        (LAUGHS, "references such as *name are not read"),
        ("? [a, b]\n: c", "where a key belongs (line 1)"),
        ("a: b\n...\n---\nc: d", "second document"),
        (f"a: {'[' * MAX_NESTING}{']' * MAX_NESTING}", f"more than {MAX_NESTING} levels"),
        (f"a: [{'b,' * MAX_VALUES}]", f"more than {MAX_VALUES} values"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(MalformedRequest) as caught:
        read_front_matter(text)
    assert told in str(caught.value)


def test_a_key_that_stands_twice_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidFields) as caught:
        read_front_matter("tags: [a]\nwidget:\n- text: a\n- text: b\n  text: Owl")
    assert [fault.location for fault in caught.value.faults] == ["upload.widget[1].text"]


def test_nesting_up_to_the_limit_is_read() -> None:
    levels = MAX_NESTING - 1
    value = read_front_matter(f"a: {'[' * levels}Owl{']' * levels}")["a"]
    for _ in range(levels):
        (value,) = value
    assert value == "Owl"


def test_front_matter_of_more_than_a_mebibyte_is_too_large() -> None:
    with pytest.raises(TooLarge):
        read_front_matter("a: " + "b" * MAX_CHARACTERS)


@pytest.mark.parametrize(
    "text",
    [
        "[" * (MIB - 1),
        "[a: " * (MIB // 4 - 1),
        "{? " * (MIB // 3 - 1),
        "- " * (MIB // 2 - 1),
        "? " * (MIB // 2 - 1),
        "a: b\n" * (MIB // 5 - 1),
        "a: [" + "b," * (MIB // 2 - 3) + "]",
        "&a " * (MIB // 3 - 1),
        "\n#" * (MIB // 2 - 1),
        "'" * (MIB - 1),
    ],
    ids=lambda text: text[:6].strip(),
)
def test_a_hostile_mebibyte_costs_less_than_two_seconds(text: str) -> None:
    started = time.process_time()
    with suppress(ServiceError):
        read_front_matter(text)
    assert time.process_time() - started < 2
