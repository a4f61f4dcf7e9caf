"""decide(): the rules of verdict.py one by one, and the rows of the courts' table that it carries."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.model import AliasKind, Fame, Licence
from service.domain.evidence import Evidence, EvidenceKind
from service.domain.upload import Stage, Trust, Visibility
from service.domain.verdict import Facts, Outcome, decide
from tests.unit.service.domain.facts import (
    POLICY,
    STRICTNESS,
    TODAY,
    UNREADABLE,
    agreed,
    alike,
    codes,
    context,
    hashed,
    identical,
    judge,
    measured,
    named,
    owl,
    placed,
)

BLOCK, REVIEW, CONFIRMED = 0.0001, 0.02, 0.001
"""The shipped rates of a public publication of an ordinary work; the first test holds them to the policy."""
BELOW, ABOVE = 0.999, 1.001

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


names = st.builds(
    named,
    st.sampled_from(AliasKind),
    source=st.sampled_from(["model.name", "model.tags[0]", "images[0].prompt", "lora:ss_tag_frequency"]),
    trust=st.sampled_from([Trust.RESIDUE, Trust.DECLARED, Trust.CLAIMED]),
    weightless=st.booleans(),
    slug=st.sampled_from(["owl", "fox"]),
)


@given(st.lists(names, max_size=30))
def test_names_alone_never_block_however_many(found: list[Evidence]) -> None:
    assert judge(found, fame=Fame.FAMOUS, monetised=True, promoted=True).outcome is not Outcome.BLOCK


@given(st.lists(names.filter(lambda item: item.alias_kind is GENERIC_NAME), max_size=30))
def test_a_generic_alias_alone_never_blocks_nor_queues(found: list[Evidence]) -> None:
    """Row 8: a generic name is nobody's."""
    verdict = judge(found, fame=Fame.FAMOUS, monetised=True, promoted=True)
    assert (verdict.outcome, verdict.grounds) == (Outcome.ALLOW, ())


slugs = st.sampled_from(["owl", "fox"])
sources = st.sampled_from(["image:a.png", "image:b.png"])
rates = st.one_of(st.just(0.0), st.floats(-7, -1).map(lambda power: 10.0**power))
measures = st.builds(
    measured,
    st.sampled_from(
        [
            EvidenceKind.CHARACTER_SIMILARITY,
            EvidenceKind.PERCEPTUAL_COPY,
            EvidenceKind.GEOMETRIC_COPY,
            EvidenceKind.SAMPLE_AGREEMENT,
        ]
    ),
    rates,
    source=sources,
    slug=slugs,
    calibrated=st.booleans(),
    high=st.one_of(st.none(), rates),
)
anything = st.one_of(measures, names, st.builds(identical, slugs))
STAGES = [Stage.TRAINING, Stage.PUBLICATION, Stage.GENERATION]
VISIBILITIES = [Visibility.PRIVATE, Visibility.UNLISTED, Visibility.PUBLIC]
FAMES = [Fame.ORDINARY, Fame.KNOWN, Fame.FAMOUS]
circumstances = st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), st.integers(0, 1), st.integers(0, 1))


def _judge_in(found: list[Evidence], places: tuple[int, ...], pictures: int) -> Outcome:
    stage, visibility, fame, monetised, promoted = places
    return judge(
        found,
        fame=FAMES[fame],
        stage=STAGES[stage],
        visibility=VISIBILITIES[visibility],
        monetised=bool(monetised),
        promoted=bool(promoted),
        pictures=pictures,
    ).outcome


@given(st.lists(anything, max_size=8), circumstances, circumstances, st.integers(1, 12))
def test_stricter_circumstances_never_give_a_laxer_verdict(
    found: list[Evidence], one: tuple[int, ...], other: tuple[int, ...], pictures: int
) -> None:
    """Rows 4 and 5: fame, profit, promotion, visibility and stage only ever add to the duty of care."""
    laxer = tuple(min(pair) for pair in zip(one, other, strict=True))
    stricter = tuple(max(pair) for pair in zip(one, other, strict=True))
    assert STRICTNESS[_judge_in(found, stricter, pictures)] >= STRICTNESS[_judge_in(found, laxer, pictures)]


@given(st.lists(anything, max_size=8), st.lists(anything, max_size=4), circumstances, st.integers(1, 12))
def test_more_evidence_never_gives_a_laxer_verdict(
    found: list[Evidence], more: list[Evidence], places: tuple[int, ...], pictures: int
) -> None:
    assert STRICTNESS[_judge_in(found + more, places, pictures)] >= STRICTNESS[_judge_in(found, places, pictures)]


@given(st.lists(anything, max_size=8), circumstances)
def test_the_same_arguments_give_the_same_verdict(found: list[Evidence], places: tuple[int, ...]) -> None:
    facts = Facts(tuple(found), (UNREADABLE,), {"owl": owl(), "fox": owl("fox")})
    about = context(stage=STAGES[places[0]], visibility=VISIBILITIES[places[1]])
    assert decide(facts, about, POLICY) == decide(facts, about, POLICY)


@given(st.lists(anything, max_size=8), circumstances)
def test_the_strictest_ground_gives_the_verdict_and_each_rests_on_evidence_of_its_own_set(
    found: list[Evidence], places: tuple[int, ...]
) -> None:
    facts = Facts(tuple(found), (), {"owl": owl(), "fox": owl("fox")})
    verdict = decide(facts, context(stage=STAGES[places[0]], visibility=VISIBILITIES[places[1]]), POLICY)
    strictness = [STRICTNESS[ground.outcome] for ground in verdict.grounds]
    assert strictness == sorted(strictness, reverse=True)
    assert STRICTNESS[verdict.outcome] == max(strictness, default=0)
    for ground in verdict.grounds:
        assert ground.evidence
        assert len(set(ground.evidence)) == len(ground.evidence)
        assert {found[number].reference_set for number in ground.evidence} == {ground.reference_set}


@given(st.lists(anything.filter(lambda item: item.kind is not EvidenceKind.EXACT_COPY), max_size=8), circumstances)
def test_what_is_uncalibrated_never_blocks(found: list[Evidence], places: tuple[int, ...]) -> None:
    uncalibrated = [
        replace(item, measure=replace(item.measure, rate=replace(item.measure.rate, calibrated=False)))
        if item.measure
        else item
        for item in found
    ]
    assert _judge_in(uncalibrated, places, 1) is not Outcome.BLOCK


def test_an_uncalibrated_likeness_still_reaches_review() -> None:
    assert codes(judge([alike(REVIEW * BELOW, calibrated=False)])) == ["character_likeness"]


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
@pytest.mark.parametrize("found", [[], [named(GENERIC_NAME)], [alike(0.04)]], ids=["nothing", "generic", "unlike"])
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


@given(st.lists(anything, max_size=8), st.booleans(), circumstances)
def test_every_answer_but_allow_carries_a_notice_in_both_languages(
    found: list[Evidence],
    unreadable: bool,  # noqa: FBT001 (hypothesis passes what it draws by position)
    places: tuple[int, ...],
) -> None:
    """Row 16: the uploader is told that source material needs a licence."""
    verdict = judge(
        found,
        not_screened=(UNREADABLE,) if unreadable else (),
        stage=STAGES[places[0]],
        visibility=VISIBILITIES[places[1]],
    )
    if verdict.outcome is Outcome.ALLOW and "private_use" not in codes(verdict):
        assert verdict.notice_to_uploader is None
        return
    notice = verdict.notice_to_uploader
    assert notice is not None
    assert "licence" in notice.en
    assert "许可" in notice.zh


def test_a_notice_names_every_character_it_is_about() -> None:
    notice = judge([identical("owl"), identical("fox")]).notice_to_uploader
    assert notice is not None
    assert "Amber owl" in notice.en
    assert "Amber fox" in notice.en


def test_each_reference_set_gives_one_ground_at_most() -> None:
    verdict = judge([identical(), agreed(1e-9), named(), identical("fox"), alike(0.01, slug="fox")])
    assert sorted(ground.reference_set or "" for ground in verdict.grounds) == ["fox", "owl"]
