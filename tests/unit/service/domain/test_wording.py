"""Wording: both languages, the character named, and no placeholder left."""

from __future__ import annotations

import pytest

from indexer.model import AliasKind, Match, MatchKind, Measure, Rate
from service.domain import verdict
from service.domain.wording import (
    GROUNDS,
    NOTICES,
    Title,
    Wording,
    agreement,
    alias_found,
    ground,
    how_often,
    notice,
    picture_match,
)

TITLE = Title("Serpent Queen", "蛇后")


def _whole(wording: Wording) -> bool:
    chinese = any("\u4e00" <= char <= "\u9fff" for char in wording.zh)
    return chinese and bool(wording.en) and not set("{}") & set(wording.en + wording.zh)


def test_every_ground_that_can_be_given_is_worded_and_no_other() -> None:
    given = {code for code, _, _ in verdict._RULES} | {"licensed", "private_use", "not_screened"}
    assert set(GROUNDS) == given
    assert set(NOTICES) == set(verdict.Outcome)


@pytest.mark.parametrize("code", sorted(GROUNDS))
def test_a_ground_is_worded_in_both_languages_and_names_the_character(code: str) -> None:
    worded = ground(code, None if code == "not_screened" else TITLE)
    assert _whole(worded)
    assert code == "not_screened" or (TITLE.en in worded.en and TITLE.zh in worded.zh)


@pytest.mark.parametrize("outcome", sorted(NOTICES))
@pytest.mark.parametrize("titles", [[TITLE], [TITLE, Title("Ember Fox", "余烬狐")]])
def test_a_notice_is_worded_in_both_languages_and_names_each_character(outcome: str, titles: list[Title]) -> None:
    worded = notice(outcome, titles)
    assert _whole(worded)
    assert all(title.en in worded.en and title.zh in worded.zh for title in titles)


def test_a_notice_about_no_character_names_none() -> None:
    worded = notice("review", [])
    assert _whole(worded)
    assert "“" not in worded.en


def test_a_title_in_braces_is_text_and_no_placeholder() -> None:
    assert "{zh}" in ground("character_copy", Title("{zh}", "{en}")).en
    assert "{0}" in notice("block", [Title("{0}", "{0}")]).en


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (0.0, "never seen"),
        (0.5, "most unrelated"),
        (1.0, "most unrelated"),
        (0.02, "1 in 50 "),
        (1 / 1234, "1 in 1,200 "),
        (1e-6, "1 in 1,000,000 "),
        (0.3, "1 in 3 "),
    ],
)
def test_a_rate_is_said_as_one_in_so_many_and_no_finer_than_it_is_known(rate: float, said: str) -> None:
    worded = how_often(rate)
    assert said in worded.en
    assert _whole(worded)


@pytest.mark.parametrize("kind", MatchKind)
@pytest.mark.parametrize("calibrated", [True, False])
def test_a_match_is_explained_by_picture_reference_and_title(kind: MatchKind, *, calibrated: bool) -> None:
    measure = None if kind is MatchKind.EXACT_COPY else Measure("cosine", 0.9, Rate(0.01, 0.005, 0.02, calibrated))
    worded = picture_match(Match(kind, "serpent-queen", "images/07.png", measure), "image:a.png", TITLE)
    assert _whole(worded)
    for text, title in ((worded.en, TITLE.en), (worded.zh, TITLE.zh)):
        assert title in text
        assert "a.png" in text
        assert "images/07.png" in text
    if kind is MatchKind.CHARACTER_SIMILARITY:
        assert ("uncalibrated" in worded.en) is not calibrated


@pytest.mark.parametrize("kind", AliasKind)
@pytest.mark.parametrize("weightless", [True, False])
def test_a_name_is_explained_by_its_place_and_kind(kind: AliasKind, *, weightless: bool) -> None:
    worded = alias_found("Serpent Queen", "model.tags[3]", kind.value, TITLE, weightless=weightless)
    assert _whole(worded)
    assert "model.tags[3]" in worded.en
    assert kind.value in worded.en
    assert ("weighs nothing" in worded.en) is weightless


@pytest.mark.parametrize("rate", [0.0, 1e-7, 0.01])
def test_an_agreement_says_how_many_of_how_many(rate: float) -> None:
    worded = agreement(5, 8, rate, TITLE)
    assert worded.en.startswith("5 of 8 pictures")
    assert _whole(worded)
