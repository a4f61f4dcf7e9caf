"""decide(): what holds of any evidence in any circumstances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from indexer.model import AliasKind, Fame
from service.domain.evidence import Evidence, EvidenceKind
from service.domain.upload import Trust
from service.domain.verdict import Facts, Outcome, decide
from tests.unit.service.domain.facts import (
    POLICY,
    STAGES,
    STRICTNESS,
    UNREADABLE,
    VISIBILITIES,
    codes,
    context,
    identical,
    judge,
    measured,
    named,
    owl,
)

names = st.builds(
    named,
    st.sampled_from(AliasKind),
    source=st.sampled_from(["model.name", "model.tags[0]", "images[0].prompt", "lora:ss_tag_frequency"]),
    trust=st.sampled_from([Trust.RESIDUE, Trust.DECLARED, Trust.CLAIMED]),
    weightless=st.booleans(),
    slug=st.sampled_from(["owl", "fox"]),
)


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
FAMES = [Fame.ORDINARY, Fame.KNOWN, Fame.FAMOUS]
circumstances = st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), st.integers(0, 1), st.integers(0, 1))


def _judge_in(
    found: list[Evidence], places: tuple[int, ...], pictures: int, works: Mapping[str, str] | None = None
) -> Outcome:
    stage, visibility, fame, monetised, promoted = places
    return judge(
        found,
        fame=FAMES[fame],
        stage=STAGES[stage],
        visibility=VISIBILITIES[visibility],
        monetised=bool(monetised),
        promoted=bool(promoted),
        pictures=pictures,
        works=works,
    ).outcome


@given(st.lists(names, max_size=30))
def test_names_alone_never_block_however_many(found: list[Evidence]) -> None:
    assert judge(found, fame=Fame.FAMOUS, monetised=True, promoted=True).outcome is not Outcome.BLOCK


@given(st.lists(names.filter(lambda item: item.alias_kind is AliasKind.GENERIC), max_size=30))
def test_a_generic_alias_alone_never_blocks_nor_queues(found: list[Evidence]) -> None:
    """Row 8: a generic name is nobody's."""
    verdict = judge(found, fame=Fame.FAMOUS, monetised=True, promoted=True)
    assert (verdict.outcome, verdict.grounds) == (Outcome.ALLOW, ())


@given(st.lists(anything, max_size=8), circumstances, circumstances, st.integers(1, 12))
def test_stricter_circumstances_never_give_a_laxer_verdict(
    found: list[Evidence], one: tuple[int, ...], other: tuple[int, ...], pictures: int
) -> None:
    """Rows 4 and 5: fame, profit, promotion, visibility and stage only ever add to the duty of care."""
    laxer = tuple(min(pair) for pair in zip(one, other, strict=True))
    stricter = tuple(max(pair) for pair in zip(one, other, strict=True))
    assert STRICTNESS[_judge_in(found, stricter, pictures)] >= STRICTNESS[_judge_in(found, laxer, pictures)]


@given(st.lists(anything, max_size=8), st.lists(anything, max_size=4), circumstances, st.integers(1, 12))
def test_more_evidence_never_gives_a_laxer_verdict_within_one_work(
    found: list[Evidence], more: list[Evidence], places: tuple[int, ...], pictures: int
) -> None:
    works = {"owl": "One saga", "fox": "One saga"}
    before, after = (_judge_in(items, places, pictures, works) for items in (found, found + more))
    assert STRICTNESS[after] >= STRICTNESS[before]


@given(st.lists(anything, max_size=8), st.lists(anything, max_size=4), circumstances, st.integers(1, 12))
def test_more_evidence_of_other_works_turns_a_block_into_a_review_at_most(
    found: list[Evidence], more: list[Evidence], places: tuple[int, ...], pictures: int
) -> None:
    """An agreement may turn out to be contested; nothing else is weakened."""
    before, after = (_judge_in(items, places, pictures) for items in (found, found + more))
    assert STRICTNESS[after] >= min(STRICTNESS[before], STRICTNESS[Outcome.REVIEW])
    if not any(item.kind is EvidenceKind.SAMPLE_AGREEMENT for item in found):
        assert STRICTNESS[after] >= STRICTNESS[before]


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
