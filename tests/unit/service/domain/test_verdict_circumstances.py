"""decide(): the same evidence in other circumstances: duty of care, private use, licences, what was not screened."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from indexer.model import AliasKind, Fame, Licence
from service.domain.evidence import Evidence
from service.domain.upload import Stage, Visibility
from service.domain.verdict import Facts, Outcome, decide
from tests.unit.service.domain.facts import (
    BLOCK,
    POLICY,
    STAGES,
    TODAY,
    UNREADABLE,
    VISIBILITIES,
    agreed,
    alike,
    codes,
    context,
    identical,
    judge,
    named,
    owl,
)


@pytest.mark.parametrize(
    ("changes", "fame", "laxer"),
    [
        pytest.param({"monetised": True}, Fame.ORDINARY, {}, id="row 4: monetised"),
        pytest.param({"promoted": True}, Fame.ORDINARY, {}, id="row 4: promoted"),
        pytest.param({}, Fame.KNOWN, {}, id="row 4: known"),
        pytest.param({}, Fame.FAMOUS, {}, id="row 4: famous"),
        pytest.param({}, Fame.ORDINARY, {"visibility": Visibility.UNLISTED}, id="row 4: public and not unlisted"),
        pytest.param({}, Fame.ORDINARY, {"stage": Stage.TRAINING}, id="row 5: publication and not training"),
        pytest.param(
            {"stage": Stage.GENERATION},
            Fame.ORDINARY,
            {"stage": Stage.TRAINING},
            id="row 5: generation and not training",
        ),
    ],
)
def test_the_duty_of_care_moves_every_rate(changes: dict[str, object], fame: Fame, laxer: dict[str, object]) -> None:
    strict = POLICY.rates(context(**changes), fame)
    lax = POLICY.rates(context(**laxer), Fame.ORDINARY)
    assert strict.block > lax.block
    assert strict.review > lax.review
    assert strict.confirmed > lax.confirmed


def test_one_likeness_is_enough_for_a_famous_work_and_not_for_an_ordinary_one() -> None:
    """Row 4: the same picture, judged by the fame of the work."""
    found = [agreed(BLOCK * 1.4)]
    assert judge(found).outcome is Outcome.REVIEW
    assert judge(found, fame=Fame.FAMOUS).outcome is Outcome.BLOCK


@pytest.mark.parametrize(
    ("stage", "outcome"),
    [(Stage.TRAINING, Outcome.REVIEW), (Stage.PUBLICATION, Outcome.BLOCK), (Stage.GENERATION, Outcome.BLOCK)],
)
def test_training_is_judged_more_leniently_than_publication_and_generation(stage: Stage, outcome: Outcome) -> None:
    """Row 5."""
    assert judge([agreed(BLOCK * 0.5)], stage=stage).outcome is outcome


def test_factors_never_exceed_the_caps() -> None:
    rates = POLICY.rates(context(monetised=True, promoted=True), Fame.FAMOUS)
    assert rates.block <= POLICY.max_block
    assert rates.review == POLICY.max_review


@pytest.mark.parametrize("found", [identical(), agreed(1e-9)])
def test_training_on_copies_is_stopped_before_the_model_exists(found: Evidence) -> None:
    """Row 17: prevention over remedy."""
    assert judge([found], stage=Stage.TRAINING).outcome is Outcome.BLOCK


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    "found", [[identical()], [agreed(1e-9)], [alike(1e-9), named()], [alike(BLOCK)], [named()]], ids=str
)
def test_private_use_is_allowed_and_told_that_publication_would_not_be(found: list[Evidence], stage: Stage) -> None:
    """Row 6."""
    verdict = judge(found, visibility=Visibility.PRIVATE, stage=stage)
    assert verdict.outcome is Outcome.ALLOW
    assert verdict.conditions == ("no_public_distribution",)
    assert codes(verdict) == ["private_use"]
    assert verdict.notice_to_uploader is not None


def test_private_use_of_what_resembles_nothing_has_no_condition() -> None:
    verdict = judge([alike(0.04)], visibility=Visibility.PRIVATE)
    assert (verdict.outcome, verdict.conditions, verdict.notice_to_uploader) == (Outcome.ALLOW, (), None)


@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize("found", [[], [named(AliasKind.GENERIC)], [alike(0.04)]], ids=["nothing", "generic", "unlike"])
def test_what_could_not_be_screened_is_at_least_review(found: list[Evidence], visibility: Visibility) -> None:
    verdict = judge(found, not_screened=(UNREADABLE,), visibility=visibility)
    assert verdict.outcome is Outcome.REVIEW
    assert codes(verdict) == ["not_screened"]


def test_what_could_not_be_screened_does_not_soften_a_block() -> None:
    verdict = judge([identical()], not_screened=(UNREADABLE,))
    assert codes(verdict) == ["character_copy", "not_screened"]
    assert verdict.outcome is Outcome.BLOCK


@pytest.mark.parametrize(
    ("licence", "covers"),
    [
        pytest.param(Licence("l-1"), True, id="anybody anywhere"),
        pytest.param(Licence("l-1", platform="atelier"), True, id="this platform"),
        pytest.param(Licence("l-1", platform="bazaar"), False, id="another platform"),
        pytest.param(Licence("l-1", uploader="u-1"), True, id="this uploader"),
        pytest.param(Licence("l-1", uploader="u-2"), False, id="another uploader"),
        pytest.param(Licence("l-1", platform="bazaar", uploader="u-1"), False, id="this uploader elsewhere"),
        pytest.param(Licence("l-1", until=TODAY), True, id="on its last day"),
        pytest.param(Licence("l-1", until=TODAY - timedelta(days=1)), False, id="a day after its end"),
        pytest.param(Licence("l-1", "atelier", "u-1", date(2099, 12, 31)), True, id="all three hold"),
    ],
)
def test_a_licence_turns_a_match_into_a_recorded_allow(licence: Licence, *, covers: bool) -> None:
    """Row 7: by platform, uploader and date."""
    verdict = judge([identical()], licences=(licence,))
    expected = (Outcome.ALLOW, "l-1", ["licensed"]) if covers else (Outcome.BLOCK, None, ["character_copy"])
    assert (verdict.outcome, verdict.licence, codes(verdict)) == expected


def test_a_licence_for_an_uploader_covers_nobody_unnamed() -> None:
    verdict = judge([identical()], licences=(Licence("l-1", uploader="u-1"),), uploader=None)
    assert verdict.outcome is Outcome.BLOCK


def test_a_licence_for_one_character_covers_no_other() -> None:
    sets = {"owl": owl(licences=(Licence("l-1"),)), "fox": owl("fox")}
    verdict = decide(Facts((identical(), identical("fox")), (), sets), context(), POLICY)
    assert verdict.outcome is Outcome.BLOCK
    assert [(ground.code, ground.reference_set) for ground in verdict.grounds] == [
        ("character_copy", "fox"),
        ("licensed", "owl"),
    ]


def test_a_licence_does_not_cover_what_could_not_be_screened() -> None:
    verdict = judge([identical()], licences=(Licence("l-1"),), not_screened=(UNREADABLE,))
    assert (verdict.outcome, verdict.licence) == (Outcome.REVIEW, "l-1")


def test_a_notice_names_every_character_it_is_about() -> None:
    notice = judge([identical("owl"), identical("fox")]).notice_to_uploader
    assert notice is not None
    assert "Amber owl" in notice.en
    assert "Amber fox" in notice.en
