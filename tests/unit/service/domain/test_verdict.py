"""decide(): the rules of verdict.py one by one, and the rows of the courts' table that they carry."""

from __future__ import annotations

import pytest

from indexer.model import AliasKind, Fame
from service.domain.evidence import Evidence
from service.domain.upload import Trust
from service.domain.verdict import Outcome
from tests.unit.service.domain.facts import (
    ABOVE,
    BELOW,
    BLOCK,
    CONFIRMED,
    POLICY,
    REVIEW,
    agreed,
    alike,
    codes,
    context,
    hashed,
    identical,
    judge,
    named,
    placed,
)

DISTINCTIVE, GENERIC_NAME, SERIES = AliasKind.DISTINCTIVE, AliasKind.GENERIC, AliasKind.SERIES


def test_the_rates_of_these_tables_are_those_of_the_shipped_policy() -> None:
    rates = POLICY.rates(context(), Fame.ORDINARY)
    assert (rates.block, rates.review, rates.confirmed) == (BLOCK, REVIEW, CONFIRMED)


@pytest.mark.parametrize(
    ("evidence", "outcome", "code"),
    [
        pytest.param([identical()], "block", "character_copy", id="row 2: an identical picture"),
        pytest.param(
            [hashed(CONFIRMED * BELOW), alike(REVIEW * BELOW)], "block", "character_copy", id="row 2: an edited copy"
        ),
        pytest.param(
            [hashed(CONFIRMED * ABOVE), alike(REVIEW * BELOW)],
            "review",
            "character_copy_suspected",
            id="a hash just too common for a copy",
        ),
        pytest.param(
            [hashed(CONFIRMED * BELOW), alike(REVIEW * ABOVE)],
            "review",
            "character_copy_suspected",
            id="a likeness just too common to confirm a hash",
        ),
        pytest.param(
            [hashed(CONFIRMED * BELOW), alike(REVIEW * BELOW, source="image:b.png")],
            "review",
            "character_copy_suspected",
            id="a hash is not confirmed by another picture",
        ),
        pytest.param(
            [placed(CONFIRMED * BELOW), alike(REVIEW * BELOW)],
            "block",
            "character_copy",
            id="row 2: points, and a likeness of the same picture",
        ),
        pytest.param(
            [placed(CONFIRMED * BELOW), hashed(REVIEW * BELOW)],
            "block",
            "character_copy",
            id="row 2: points, and a hash of the same picture",
        ),
        pytest.param(
            [hashed(CONFIRMED * BELOW), placed(REVIEW * BELOW)],
            "block",
            "character_copy",
            id="row 2: a hash, and weaker points of the same picture",
        ),
        pytest.param([placed(CONFIRMED * BELOW)], "review", "character_copy_suspected", id="points alone reach review"),
        pytest.param(
            [placed(0.0), placed(0.0)], "review", "character_copy_suspected", id="points do not confirm themselves"
        ),
        pytest.param(
            [placed(0.0), placed(0.0, source="image:b.png")],
            "review",
            "character_copy_suspected",
            id="points of two pictures are one kind of measurement",
        ),
        pytest.param(
            [placed(CONFIRMED * BELOW), alike(REVIEW * BELOW, source="image:b.png")],
            "review",
            "character_copy_suspected",
            id="points are not confirmed by another picture's likeness",
        ),
        pytest.param(
            [placed(CONFIRMED * BELOW), hashed(REVIEW * BELOW, source="image:b.png")],
            "review",
            "character_copy_suspected",
            id="points are not confirmed by another picture's hash",
        ),
        pytest.param(
            [placed(CONFIRMED * BELOW), alike(REVIEW * BELOW, slug="fox")],
            "review",
            "character_copy_suspected",
            id="points are not confirmed by likeness to another character",
        ),
        pytest.param(
            [placed(CONFIRMED * ABOVE), alike(REVIEW * BELOW)],
            "review",
            "character_copy_suspected",
            id="points just too common for a copy",
        ),
        pytest.param(
            [placed(CONFIRMED * BELOW, high=CONFIRMED * ABOVE), alike(REVIEW * BELOW)],
            "review",
            "character_copy_suspected",
            id="points perhaps too common for a copy",
        ),
        pytest.param(
            [placed(CONFIRMED * BELOW), alike(REVIEW * ABOVE)],
            "review",
            "character_copy_suspected",
            id="a likeness just too common to confirm points",
        ),
        pytest.param([placed(REVIEW * ABOVE)], "allow", None, id="points too common"),
        pytest.param(
            [placed(REVIEW * BELOW), named(DISTINCTIVE)], "block", "character_named", id="row 1: points and a name"
        ),
        pytest.param([agreed(BLOCK * BELOW)], "block", "character_agreement", id="row 3: pictures agree"),
        pytest.param([agreed(BLOCK * ABOVE)], "review", "character_likeness", id="row 3: pictures agree a little less"),
        pytest.param([agreed(REVIEW * ABOVE)], "allow", None, id="pictures hardly agree"),
        pytest.param(
            [alike(REVIEW * BELOW), named(DISTINCTIVE)], "block", "character_named", id="row 1: likeness and name"
        ),
        pytest.param(
            [hashed(REVIEW * BELOW), named(DISTINCTIVE)], "block", "character_named", id="row 1: a hash and a name"
        ),
        pytest.param(
            [agreed(REVIEW * BELOW), named(DISTINCTIVE)], "block", "character_named", id="row 1: agreement and name"
        ),
        pytest.param(
            [alike(REVIEW * BELOW), named(DISTINCTIVE, trust=Trust.RESIDUE, source="lora:ss_output_name")],
            "block",
            "character_named",
            id="row 1: likeness and a name left in the file",
        ),
        pytest.param(
            [alike(REVIEW * ABOVE), named(DISTINCTIVE)],
            "review",
            "name_alone",
            id="a likeness too common beside a name",
        ),
        pytest.param(
            [alike(CONFIRMED * BELOW), named(GENERIC_NAME)],
            "block",
            "character_named",
            id="row 8: a generic name beside strong likeness",
        ),
        pytest.param(
            [alike(CONFIRMED * ABOVE), named(GENERIC_NAME)],
            "review",
            "character_likeness",
            id="row 8: a generic name beside weaker likeness adds nothing",
        ),
        pytest.param(
            [alike(BLOCK * BELOW), named(DISTINCTIVE, weightless=True)],
            "review",
            "character_likeness",
            id="a denied name confirms nothing",
        ),
        pytest.param(
            [alike(BLOCK * BELOW), named(SERIES)],
            "review",
            "character_likeness",
            id="a work's title confirms no character",
        ),
        pytest.param(
            [alike(BLOCK * BELOW), named(DISTINCTIVE, slug="fox")],
            "review",
            "character_likeness",
            id="one character's name does not confirm another's likeness",
        ),
        pytest.param([hashed(REVIEW * BELOW)], "review", "character_copy_suspected", id="a hash alone"),
        pytest.param([hashed(REVIEW * ABOVE)], "allow", None, id="a hash too common"),
        pytest.param([alike(REVIEW * BELOW)], "review", "character_likeness", id="a likeness alone"),
        pytest.param([alike(REVIEW * ABOVE)], "allow", None, id="a likeness too common"),
        pytest.param([named(DISTINCTIVE)], "review", "name_alone", id="row 1: a distinctive name alone"),
        pytest.param([named(DISTINCTIVE, weightless=True)], "allow", None, id="a denied name alone"),
        pytest.param(
            [named(GENERIC_NAME), named(SERIES)],
            "review",
            "name_and_series",
            id="a generic name beside its work's title",
        ),
        pytest.param([named(GENERIC_NAME)], "allow", None, id="row 8: a generic name alone"),
        pytest.param([named(SERIES)], "allow", None, id="a work's title alone"),
        pytest.param(
            [named(GENERIC_NAME), named(SERIES, weightless=True)],
            "allow",
            None,
            id="a generic name beside a denied title",
        ),
        pytest.param([], "allow", None, id="nothing found"),
    ],
)
def test_each_rule_holds_up_to_its_rate_and_no_further(
    evidence: list[Evidence], outcome: str, code: str | None
) -> None:
    verdict = judge(evidence)
    assert verdict.outcome == outcome
    assert codes(verdict)[:1] == ([code] if code else [])


@pytest.mark.parametrize(
    ("sure", "unsure"),
    [
        pytest.param([agreed(BLOCK / 2, high=BLOCK)], [agreed(BLOCK / 2, high=BLOCK * ABOVE)], id="agreement"),
        pytest.param(
            [hashed(CONFIRMED / 2, high=CONFIRMED), alike(0.01)],
            [hashed(CONFIRMED / 2, high=CONFIRMED * ABOVE), alike(0.01)],
            id="edited copy",
        ),
        pytest.param(
            [alike(REVIEW / 2, high=REVIEW), named(DISTINCTIVE)],
            [alike(REVIEW / 2, high=REVIEW * ABOVE), named(DISTINCTIVE)],
            id="likeness and name",
        ),
        pytest.param(
            [alike(CONFIRMED / 2, high=CONFIRMED), named(GENERIC_NAME)],
            [alike(CONFIRMED / 2, high=CONFIRMED * ABOVE), named(GENERIC_NAME)],
            id="likeness and generic name",
        ),
    ],
)
def test_to_block_the_upper_end_of_a_rate_counts_and_to_review_its_best_estimate(
    sure: list[Evidence], unsure: list[Evidence]
) -> None:
    assert judge(sure).outcome is Outcome.BLOCK
    assert judge(unsure).outcome is Outcome.REVIEW


@pytest.mark.parametrize("pictures", [2, 8, 64])
def test_one_of_many_pictures_must_be_rarer_than_an_only_one(pictures: int) -> None:
    rate = REVIEW / pictures
    assert judge([alike(rate * BELOW)], pictures=pictures).outcome is Outcome.REVIEW
    assert judge([alike(REVIEW * BELOW)], pictures=pictures).outcome is Outcome.ALLOW


def test_an_agreement_speaks_of_all_pictures_already() -> None:
    assert judge([agreed(BLOCK * BELOW)], pictures=64).outcome is Outcome.BLOCK


@pytest.mark.parametrize("rate", [0.0, 1e-12, BLOCK, REVIEW])
def test_one_look_alike_by_embedding_alone_reaches_review_and_no_further(rate: float) -> None:
    assert judge([alike(rate)]).outcome is Outcome.REVIEW


OTHER_WORK: dict[str, str] = {}
SAME_WORK = {"owl": "One saga", "fox": "One saga"}
ABOUT_AS_MUCH = 3.0
"""By how much two rates may differ that are not told apart."""


@pytest.mark.parametrize(
    ("rival", "works", "code"),
    [
        pytest.param(agreed(BLOCK / 2, slug="fox"), OTHER_WORK, "character_contested", id="just as much"),
        pytest.param(agreed(BLOCK / 200, slug="fox"), OTHER_WORK, "character_contested", id="far more"),
        pytest.param(
            agreed(BLOCK / 2 * ABOUT_AS_MUCH * BELOW, slug="fox"), OTHER_WORK, "character_contested", id="a little less"
        ),
        pytest.param(
            agreed(BLOCK / 2 * ABOUT_AS_MUCH * ABOVE, slug="fox"), OTHER_WORK, "character_agreement", id="less"
        ),
        pytest.param(agreed(REVIEW, slug="fox"), OTHER_WORK, "character_agreement", id="much less"),
        pytest.param(alike(BLOCK / 2, slug="fox"), OTHER_WORK, "character_contested", id="by one picture"),
        pytest.param(
            alike(BLOCK / 2, slug="fox", calibrated=False),
            OTHER_WORK,
            "character_agreement",
            id="uncalibrated contests none",
        ),
        pytest.param(agreed(BLOCK / 200, slug="fox"), SAME_WORK, "character_agreement", id="of the same work"),
        pytest.param(
            agreed(BLOCK / 2, slug="fox"),
            {"owl": "One saga", "fox": "Another"},
            "character_contested",
            id="of another stated work",
        ),
        pytest.param(hashed(0.0, slug="fox"), OTHER_WORK, "character_agreement", id="a hash contests no likeness"),
        pytest.param(placed(0.0, slug="fox"), OTHER_WORK, "character_agreement", id="points contest no likeness"),
        pytest.param(named(slug="fox"), OTHER_WORK, "character_agreement", id="a name contests no likeness"),
        pytest.param(identical("fox"), OTHER_WORK, "character_agreement", id="an identical picture contests none"),
    ],
)
def test_an_agreement_blocks_unless_a_set_of_another_work_is_resembled_about_as_much(
    rival: Evidence, works: dict[str, str], code: str
) -> None:
    """Where likeness cannot tell which character is shown, a person has to."""
    grounds = judge([agreed(BLOCK / 2), rival], works=works).grounds
    (found,) = (ground for ground in grounds if ground.reference_set == "owl")
    assert (found.code, found.outcome) == (
        code,
        Outcome.REVIEW if code == "character_contested" else Outcome.BLOCK,
    )
    assert found.evidence == (0,)


def test_of_two_works_resembled_alike_each_is_contested() -> None:
    verdict = judge([agreed(BLOCK / 2), agreed(BLOCK / 2, slug="fox")])
    assert (verdict.outcome, codes(verdict)) == (Outcome.REVIEW, ["character_contested"] * 2)


@pytest.mark.parametrize(
    ("found", "outcome", "code"),
    [
        pytest.param([identical()], "block", "character_copy", id="an identical picture"),
        pytest.param([hashed(CONFIRMED / 2), alike(REVIEW / 2)], "block", "character_copy", id="an edited copy"),
        pytest.param([alike(REVIEW / 2), named()], "block", "character_named", id="a name beside a likeness"),
        pytest.param([hashed(REVIEW / 2)], "review", "character_copy_suspected", id="a hash"),
        pytest.param([alike(REVIEW / 2)], "review", "character_contested", id="a likeness"),
        pytest.param([agreed(BLOCK / 2)], "review", "character_contested", id="an agreement"),
        pytest.param([alike(REVIEW * ABOVE)], None, None, id="a likeness too common"),
        pytest.param([named()], "review", "name_alone", id="a name alone"),
    ],
)
def test_copies_and_names_stand_though_the_likeness_is_contested(
    found: list[Evidence], outcome: str | None, code: str | None
) -> None:
    grounds = judge([*found, agreed(BLOCK / 2, slug="fox")]).grounds
    own = [(ground.outcome, ground.code) for ground in grounds if ground.reference_set == "owl"]
    assert own == ([(outcome, code)] if code else [])


def test_an_uncalibrated_likeness_still_reaches_review() -> None:
    assert codes(judge([alike(REVIEW * BELOW, calibrated=False)])) == ["character_likeness"]


def test_each_reference_set_gives_one_ground_at_most() -> None:
    verdict = judge([identical(), agreed(1e-9), named(), identical("fox"), alike(0.01, slug="fox")])
    assert sorted(ground.reference_set or "" for ground in verdict.grounds) == ["fox", "owl"]
