"""The values of the project: licences, titles, rates of matches."""

from __future__ import annotations

from datetime import date

import pytest

from indexer.model import Licence, Match, MatchKind, Measure, Rate, ReferenceSet

TODAY = date(2027, 6, 15)


@pytest.mark.parametrize(
    ("licence", "covered"),
    [
        (Licence("a", platform="here"), True),
        (Licence("a", platform="elsewhere"), False),
        (Licence("a", uploader="ann"), True),
        (Licence("a", uploader="bob"), False),
        (Licence("a", platform="here", uploader="ann"), True),
        (Licence("a", platform="here", uploader="bob"), False),
        (Licence("a", platform="here", until=TODAY), True),
        (Licence("a", platform="here", until=date(2027, 6, 14)), False),
    ],
)
def test_a_licence_covers_whom_it_names_until_its_last_day(licence: Licence, covered: bool) -> None:  # noqa: FBT001 (a table's column)
    assert licence.covers("here", "ann", TODAY) is covered


def test_a_licence_for_an_uploader_does_not_cover_a_nameless_one() -> None:
    assert not Licence("a", uploader="ann").covers("here", None, TODAY)


@pytest.mark.parametrize(("language", "title"), [("zh", "月貂"), ("en", "Moon Marten"), ("fr", "Moon Marten")])
def test_a_title_falls_back_to_english(language: str, title: str) -> None:
    assert ReferenceSet("m", {"zh": "月貂", "en": "Moon Marten"}, ()).title_in(language) == title


def test_a_title_falls_back_to_any_language() -> None:
    assert ReferenceSet("m", {"zh": "月貂"}, ()).title_in("fr") == "月貂"


def test_characters_without_a_work_share_none() -> None:
    assert not ReferenceSet("a", {"en": "a"}, ()).same_work(ReferenceSet("b", {"en": "b"}, ()))
    first, second = (ReferenceSet(slug, {"en": slug}, (), work={"en": "Saga"}) for slug in "ab")
    assert first.same_work(second)


def test_an_identical_picture_has_a_rate_of_nought_and_any_other_its_measures() -> None:
    assert Match(MatchKind.EXACT_COPY, "a", "1").false_positive_rate == 0.0
    measure = Measure("cosine", 0.9, Rate(0.01, 0.001, 0.1))
    assert Match(MatchKind.CHARACTER_SIMILARITY, "a", "1", measure).false_positive_rate == 0.01
