"""decide() about LoRAs that were blocked before: known by their bytes, their tensors, their weights, or by hearsay."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from indexer.model import AliasKind, Licence, Measure, Rate
from service.domain.evidence import Evidence, EvidenceKind
from service.domain.upload import Trust, Visibility
from service.domain.verdict import Facts, Outcome, Verdict, decide
from service.domain.wording import Wording
from tests.unit.service.domain.facts import ABOVE, BELOW, NOTHING, POLICY, REVIEW, alike, codes, context, judge, named

FILE, TENSORS, WEIGHTS = EvidenceKind.BLOCKED_FILE, EvidenceKind.BLOCKED_TENSORS, EvidenceKind.WEIGHT_FINGERPRINT
SOME = Measure("tensors_held", 0.4, Rate(0.0, 0.0, 1.0, calibrated=False))


def known(
    kind: EvidenceKind,
    measure: Measure | None = None,
    *,
    slug: str | None = "owl",
    blocked: str = "blk_1",
    trust: Trust = Trust.COMPUTED,
    weightless: bool = False,
) -> Evidence:
    """Make evidence that a blocked LoRA came again."""
    return Evidence(
        kind,
        "lora:file",
        slug,
        trust,
        NOTHING,
        measure=measure,
        text="Stolen Owl",
        blocked_lora=blocked,
        weightless=weightless,
    )


def weights(rate: float, slug: str | None = "owl") -> Evidence:
    """Make a likeness of weights; its rate is never calibrated."""
    return known(WEIGHTS, Measure("weight_cosine", 0.9, Rate(rate, 0.0, 1.0, calibrated=False)), slug=slug)


def alone(*evidence: Evidence, **circumstances: Any) -> Verdict:
    """Decide where no reference set is spoken of."""
    return decide(Facts(evidence, (), {}), context(**circumstances), POLICY)


@pytest.mark.parametrize(
    ("evidence", "outcome", "code"),
    [
        pytest.param([known(FILE)], "block", "blocked_lora", id="row 14: the same file, or its bytes"),
        pytest.param([known(TENSORS)], "block", "blocked_lora", id="row 14: all of its tensors"),
        pytest.param([known(TENSORS, SOME)], "review", "blocked_lora_suspected", id="some of its tensors"),
        pytest.param([known(FILE, trust=Trust.CLAIMED)], "review", "blocked_lora_suspected", id="its hash, claimed"),
        pytest.param(
            [known(FILE, trust=Trust.CLAIMED, weightless=True)], "allow", None, id="the beginning of its hash, claimed"
        ),
        pytest.param([weights(REVIEW * BELOW)], "review", "blocked_lora_suspected", id="weights alone reach review"),
        pytest.param([weights(0.0)], "review", "blocked_lora_suspected", id="however alike, weights alone do"),
        pytest.param([weights(REVIEW * ABOVE)], "allow", None, id="weights that resemble any"),
        pytest.param(
            [weights(REVIEW * BELOW), alike(REVIEW * BELOW)], "block", "blocked_lora_confirmed", id="weights, pictures"
        ),
        pytest.param(
            [weights(REVIEW * BELOW), named(AliasKind.DISTINCTIVE)],
            "block",
            "blocked_lora_confirmed",
            id="weights and a name",
        ),
        pytest.param(
            [weights(REVIEW * BELOW), named(AliasKind.GENERIC)],
            "review",
            "blocked_lora_suspected",
            id="weights and a generic name",
        ),
        pytest.param(
            [weights(REVIEW * BELOW), named(AliasKind.DISTINCTIVE, weightless=True)],
            "review",
            "blocked_lora_suspected",
            id="weights and a denied name",
        ),
        pytest.param(
            [weights(REVIEW * BELOW), alike(REVIEW * BELOW, slug="fox")],
            "review",
            "blocked_lora_suspected",
            id="pictures of another character confirm nothing",
        ),
        pytest.param(
            [known(FILE, trust=Trust.CLAIMED), named(AliasKind.DISTINCTIVE)],
            "review",
            "blocked_lora_suspected",
            id="two claims are no fact of ours",
        ),
    ],
)
def test_what_is_known_of_blocked_loras_counts_by_how_it_is_known(
    evidence: list[Evidence], outcome: str, code: str | None
) -> None:
    verdict = judge(evidence)
    assert verdict.outcome == outcome
    assert codes(verdict)[:1] == ([code] if code else [])


def test_a_lora_blocked_without_a_set_is_blocked_by_its_own_title() -> None:
    verdict = alone(known(FILE, slug=None))
    assert (verdict.outcome, codes(verdict)) == (Outcome.BLOCK, ["blocked_lora"])
    assert verdict.grounds[0].reference_set is None
    assert "Stolen Owl" in verdict.grounds[0].explanation.en
    assert verdict.notice_to_uploader is not None
    assert "Stolen Owl" in verdict.notice_to_uploader.en


def test_two_blocked_loras_are_judged_apart() -> None:
    verdict = alone(known(FILE, slug=None, blocked="blk_1"), known(TENSORS, SOME, slug=None, blocked="blk_2"))
    assert codes(verdict) == ["blocked_lora", "blocked_lora_suspected"]
    assert [item.evidence for item in verdict.grounds] == [(0,), (1,)]


def test_a_licence_of_the_set_covers_its_blocked_lora() -> None:
    licence = Licence("l-1", uploader="u-1", until=date(2027, 1, 1))
    verdict = judge([known(FILE)], licences=(licence,))
    assert (verdict.outcome, codes(verdict), verdict.licence) == (Outcome.ALLOW, ["licensed"], "l-1")


@pytest.mark.parametrize("slug", ["owl", None])
def test_private_use_of_a_blocked_lora_is_allowed_with_a_condition(slug: str | None) -> None:
    given = [known(FILE, slug=slug)]
    verdict = judge(given, visibility=Visibility.PRIVATE) if slug else alone(*given, visibility=Visibility.PRIVATE)
    assert (verdict.outcome, codes(verdict)) == (Outcome.ALLOW, ["private_use"])
    assert verdict.conditions == ("no_public_distribution",)


def test_what_does_not_fit_together_is_told_and_judges_nobody() -> None:
    told = Evidence(
        EvidenceKind.CONSISTENCY, "images", None, Trust.CLAIMED, Wording("x", "x"), text="declared_hash_differs"
    )
    assert alone(told).outcome is Outcome.ALLOW


def test_many_pictures_do_not_make_known_weights_commoner() -> None:
    """One picture of many has many chances to look alike; a LoRA has its weights once."""
    assert judge([weights(REVIEW * BELOW)], pictures=64).outcome is Outcome.REVIEW
