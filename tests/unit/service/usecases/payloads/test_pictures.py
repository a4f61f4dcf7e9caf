"""Pictures of a payload: an address finds its part under every name a platform gives it, and each part once."""

from __future__ import annotations

import pytest

from service.usecases.payloads.pictures import MAX_ADDRESS, MAX_NOT_SENT, Pictures


@pytest.mark.parametrize(
    ("address", "part", "left"),
    [
        ("https://h/x/a.png", "a.png", "https://h/x/"),
        ("https://h/x/a.png?w=450&name=b.png#c", "a.png", "https://h/x/?w=450&name=b.png#c"),
        ("https://h/x/night%20owl.png", "night owl.png", "https://h/x/"),
        ("https://h/x/night%20owl.png", "night%20owl.png", "https://h/x/"),
        ("https://h/%E7%8C%AB.png", "猫.png", "https://h/"),
        ("images/a.png", "images/a.png", ""),
        ("./images/a.png", "images/a.png", "./"),
        ("images/a.png", "a.png", "images/"),
        ("owl #1?.png", "owl #1?.png", ""),
        ("a.png", "a.png", ""),
    ],
)
def test_an_address_finds_its_part_and_keeps_what_else_it_says(address: str, part: str, left: str) -> None:
    pictures, entry = Pictures([part, "other.png"]), {"url": address}
    assert pictures.match(entry, "url") == part
    assert entry == {"url": left}
    assert pictures.not_sent == ()


@pytest.mark.parametrize(
    "address", ["https://h/b.png", "https://h/a.png/", "https://h/?f=a.png", "a.PNG", "https://a.png/b"]
)
def test_an_address_without_a_part_is_noted_and_kept(address: str) -> None:
    pictures, entry = Pictures(["a.png"]), {"url": address}
    assert pictures.match(entry, "url") is None
    assert entry == {"url": address}
    assert pictures.not_sent == (address.partition("?")[0],)


@pytest.mark.parametrize("entry", [{}, {"url": None}, {"url": " "}, {"url": 7}, {"url": ["a.png"]}])
def test_an_entry_without_an_address_is_no_picture(entry: dict[str, object]) -> None:
    pictures = Pictures(["a.png"])
    assert pictures.match(dict(entry), "url") is None
    assert pictures.not_sent == ()


def test_the_file_name_beside_an_address_finds_the_part_too() -> None:
    pictures, entry = Pictures(["roof.png"]), {"url": "https://h/77aa.png", "originalName": "roof.png"}
    assert pictures.match(entry, "url", "originalName") == "roof.png"
    assert entry == {"url": "https://h/77aa.png", "originalName": ""}


def test_each_part_is_matched_once_and_parts_of_one_name_in_their_order() -> None:
    pictures = Pictures(["1.png", "1.png#2"])
    found = [pictures.match({"url": f"{folder}/1.png"}, "url") for folder in ("a", "b", "c")]
    assert found == ["1.png", "1.png#2", None]
    assert pictures.not_sent == ("c/1.png",)


def test_an_address_that_comes_again_is_the_same_picture() -> None:
    pictures, again = Pictures(["a.png"]), {"url": "https://h/a.png?w=200"}
    assert pictures.match({"url": "https://h/a.png?w=450"}, "url") == "a.png"
    assert pictures.match(again, "url") is None
    assert again == {"url": "https://h/?w=200"}
    assert pictures.not_sent == ()


def test_paths_that_differ_behind_a_number_sign_are_two_pictures() -> None:
    pictures = Pictures([])
    for number in (1, 2, 2):
        pictures.match({"url": f"owl #{number}.png"}, "url")
    assert pictures.not_sent == ("owl #1.png", "owl #2.png")


def test_the_list_of_what_was_not_sent_is_bounded() -> None:
    pictures = Pictures([])
    for number in range(MAX_NOT_SENT + 41):
        pictures.match({"url": f"{number}/" + "x" * 1000}, "url")
    assert len(pictures.not_sent) == MAX_NOT_SENT + 1
    assert pictures.not_sent[-1] == "and 41 more"
    assert max(map(len, pictures.not_sent)) == MAX_ADDRESS
