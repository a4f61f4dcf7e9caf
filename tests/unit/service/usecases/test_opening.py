"""Opening cases: which screenings a person has to see, and in what order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from indexer.model import Fame, Licence
from service.domain.case import Origin, in_sample
from service.domain.policy import policy_from
from service.domain.verdict import Outcome, Verdict
from service.ports import PublishedPolicy
from service.usecases.opening import SecondLooks, case_of, sets_found, to_open
from service.usecases.screening import Request
from tests.fakes import FixedClock
from tests.unit.service.domain.facts import context
from tests.unit.service.usecases.screening_bench import EXACT, OWL, bench_of, similar, upload_of

ALWAYS = SecondLooks(1.0, 1.0)
NOON = FixedClock().now()


def opened(matches: list[Any], fame: Fame = Fame.ORDINARY, **circumstances: Any) -> Any:
    bench = bench_of({"a.png": matches}, reference_set=replace(OWL, fame=fame), second_looks=ALWAYS)
    found = case_of(bench.screening.screen(upload_of("a.png", context=context(**circumstances))), NOON)
    assert found is not None
    return found


@pytest.mark.parametrize("looks", [SecondLooks(), ALWAYS])
def test_review_opens_a_case_and_shadow_none(looks: SecondLooks) -> None:
    review = Verdict(Outcome.REVIEW)
    found = to_open(review, looks, shadow=False)
    assert found is not None
    assert found.origin is Origin.REVIEW
    for verdict in (review, Verdict(Outcome.BLOCK), Verdict(Outcome.ALLOW)):
        assert to_open(verdict, looks, shadow=True) is None


@pytest.mark.parametrize("outcome", [Outcome.BLOCK, Outcome.ALLOW])
def test_a_share_of_automatic_verdicts_gets_a_second_look(outcome: Outcome) -> None:
    share = SecondLooks(blocks=0.2 if outcome is Outcome.BLOCK else 0, allows=0.2 if outcome is Outcome.ALLOW else 0)
    found = [to_open(Verdict(outcome), share, shadow=False) for _ in range(3000)]
    chosen = [item for item in found if item is not None]
    assert 400 < len(chosen) < 800
    assert all(item.origin is Origin.SECOND_LOOK and in_sample(item.id, 0.2) for item in chosen)
    other = Outcome.ALLOW if outcome is Outcome.BLOCK else Outcome.BLOCK
    assert not any(to_open(Verdict(other), share, shadow=False) for _ in range(300))


def test_the_platform_is_not_told_of_a_second_look() -> None:
    bench = bench_of({"a.png": [EXACT]}, second_looks=ALWAYS)
    answer = bench.screening.answer(upload_of("a.png"), Request("s"))
    left = bench.store.finished[answer["screening_id"]].case
    assert answer["case_id"] is None
    assert left is not None
    assert left.id not in str(answer)


def test_a_case_knows_what_its_grounds_speak_of() -> None:
    case = opened([similar(0.001)])
    assert (case.reference_sets, case.kinds) == (("owl",), ("character_similarity",))
    assert (case.platform, case.uploader, case.external_id, case.stage) == ("atelier", "u-1", "m-1", "publication")


@pytest.mark.parametrize(
    ("sooner", "later"),
    [
        (opened([similar(1e-06)]), opened([similar(0.01)])),
        (opened([similar(0.001)], Fame.FAMOUS), opened([similar(0.001)], Fame.KNOWN)),
        (opened([similar(0.001)], promoted=True), opened([similar(0.001)])),
        (opened([EXACT]), opened([])),
    ],
)
def test_the_weightier_case_comes_first(sooner: Any, later: Any) -> None:
    assert sooner.rank < later.rank


def test_what_was_found_of_a_set_is_what_its_ground_asked_for() -> None:
    licensed = replace(OWL, licences=(Licence("l-1", uploader="u-1"),))
    for reference_set, outcome in ((OWL, "block"), (licensed, "allow")):
        bench = bench_of({"a.png": [EXACT, similar(0.01)]}, reference_set=reference_set)
        (found,) = sets_found(bench.screening.screen(upload_of("a.png")))
        assert (found.reference_set, found.outcome, found.lowest_rate) == ("owl", outcome, 0.0)
        assert found.kinds == ("exact_copy",)


def test_a_set_that_no_ground_speaks_of_was_not_found() -> None:
    screened = bench_of({"a.png": [similar(0.4)]}).screening.screen(upload_of("a.png"))
    assert screened.facts.evidence
    assert sets_found(screened) == ()


def test_an_upload_that_could_not_be_screened_is_a_case_too() -> None:
    def fail() -> None:
        raise RuntimeError("gone")

    bench = bench_of(before=fail)
    for shadow in (False, True):
        waiting, _ = bench.screening.accept(upload_of("a.png", shadow=shadow), Request("s"))
        answer = bench.screening.complete(upload_of("a.png", shadow=shadow), waiting)
        left = bench.store.finished[waiting].case
        assert (answer["shadow"], answer["case_id"] is None, left is None) == (shadow, shadow, shadow)
        assert left is None or left.id == answer["case_id"]


def test_each_screening_takes_the_policy_that_is_in_force() -> None:
    bench = bench_of({"a.png": [similar(0.01)]})
    first = bench.screening.screen(upload_of("a.png"))
    laxer = {
        **bench.policies.content(),
        "version": "laxer",
        "stages": {
            stage: {"block_at_fpr": 0.0, "confirmed_at_fpr": 0.0, "review_at_fpr": 0.0}
            for stage in ("training", "publication", "generation")
        },
    }
    bench.policies.publish(PublishedPolicy(policy_from(laxer).version, laxer, "", NOON, "user:ad"))
    second = bench.screening.screen(upload_of("a.png"))
    assert (first.verdict.outcome, second.verdict.outcome) == (Outcome.REVIEW, Outcome.ALLOW)
    assert second.policy_version.startswith("laxer+")
