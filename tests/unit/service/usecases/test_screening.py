"""Screening: from an upload to its verdict, against a scripted index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from indexer.model import (
    AliasKind,
    Licence,
    Match,
    PictureFindings,
    PictureText,
)
from service.domain.errors import (
    NothingToScreen,
    NotReady,
    UnsupportedContent,
)
from service.domain.evidence import EvidenceKind
from service.domain.upload import NotScreened, Trust, UploadedLora, UploadText, Visibility
from service.domain.verdict import Outcome
from service.usecases.collectors import COLLECTORS
from service.usecases.collectors.names import MAX_HITS
from service.usecases.screening import Request
from tests.unit.service.domain.facts import context
from tests.unit.service.usecases.screening_bench import EXACT, OWL, bench_of, broken, similar, upload_of


def test_an_identical_picture_blocks_and_the_evidence_names_it() -> None:
    screened = bench_of({"a.png": [EXACT]}).screening.screen(upload_of("a.png"))
    assert screened.verdict.outcome is Outcome.BLOCK
    (found,) = screened.facts.evidence
    assert (found.kind, found.source, found.reference) == (EvidenceKind.EXACT_COPY, "image:a.png", "images/01.png")
    assert screened.case_id is None


def test_several_pictures_that_agree_block_where_each_alone_would_not() -> None:
    one = bench_of({"a.png": [similar(0.001)]}).screening.screen(upload_of("a.png"))
    names = [f"{n}.png" for n in range(8)]
    eight = bench_of({name: [similar(0.00001)] for name in names}).screening.screen(upload_of(*names))
    assert one.verdict.outcome is Outcome.REVIEW
    assert eight.verdict.grounds[0].code == "character_agreement"
    agreement = eight.facts.evidence[eight.verdict.grounds[0].evidence[0]]
    assert agreement.measure is not None
    assert agreement.measure.value == 8
    assert agreement.measure.rate.low <= agreement.measure.rate.value <= agreement.measure.rate.high


def test_an_agreement_of_uncalibrated_likenesses_is_uncalibrated() -> None:
    names = [f"{n}.png" for n in range(8)]
    script = {name: [similar(0.00001, calibrated=name != "3.png")] for name in names}
    screened = bench_of(script).screening.screen(upload_of(*names))
    assert screened.verdict.outcome is Outcome.REVIEW


def test_pictures_that_could_not_be_screened_count_for_no_agreement() -> None:
    script: dict[str, PictureFindings | Sequence[Match]] = {
        "a.png": [similar(0.001)],
        "b.png": PictureFindings("b.png", (similar(0.001),), problem="picture_damaged: b.png"),
    }
    screened = bench_of(script).screening.screen(upload_of("a.png", "b.png"))
    assert EvidenceKind.SAMPLE_AGREEMENT not in {item.kind for item in screened.facts.evidence}


def test_a_likeness_too_common_to_mean_anything_is_not_reported() -> None:
    screened = bench_of({"a.png": [similar(0.6)]}).screening.screen(upload_of("a.png"))
    assert screened.facts.evidence == ()
    assert screened.verdict.outcome is Outcome.ALLOW


def test_a_picture_that_cannot_be_read_beside_a_good_one_is_listed_and_makes_review() -> None:
    script = {"b.png": PictureFindings("b.png", problem="not_a_picture: b.png", is_picture=False)}
    screened = bench_of(script).screening.screen(upload_of("a.png", "b.png"))
    assert screened.facts.not_screened == (NotScreened("image:b.png", "not_a_picture: b.png"),)
    assert screened.verdict.outcome is Outcome.REVIEW
    assert screened.case_id is not None


def test_a_part_of_a_picture_that_was_not_screened_is_listed_too() -> None:
    script = {"a.gif": PictureFindings("a.gif", remarks=("only the first frame of an animation was screened",))}
    screened = bench_of(script).screening.screen(upload_of("a.gif"))
    assert [item.source for item in screened.facts.not_screened] == ["image:a.gif"]
    assert screened.verdict.outcome is Outcome.REVIEW


def test_pictures_not_reached_in_time_are_listed() -> None:
    screened = bench_of({"a.png": [EXACT]}, time_limit=-1.0).screening.screen(upload_of("a.png", text="x"))
    assert [item.reason for item in screened.facts.not_screened] == ["time_limit: not reached"]
    assert screened.verdict.outcome is Outcome.REVIEW


NO_PICTURE = {"a.png": PictureFindings("a.png", problem="not_a_picture: a.png", is_picture=False)}


def test_what_is_no_picture_and_all_there_is_is_refused() -> None:
    with pytest.raises(UnsupportedContent, match="not_a_picture"):
        bench_of(NO_PICTURE).screening.screen(upload_of("a.png"))


@pytest.mark.parametrize(
    "beside", [{"text": "a name"}, {"lora": UploadedLora("a.safetensors")}], ids=["a name", "a LoRA"]
)
def test_what_is_no_picture_beside_other_content_is_review(beside: dict[str, Any]) -> None:
    screened = bench_of(NO_PICTURE).screening.screen(upload_of("a.png", **beside))
    assert screened.verdict.outcome is Outcome.REVIEW


def test_a_file_name_is_not_enough_to_screen_what_is_no_picture() -> None:
    names = (UploadText("file_name:a.png", "a.png", Trust.RESIDUE),)
    with pytest.raises(UnsupportedContent):
        bench_of(NO_PICTURE).screening.screen(upload_of("a.png", texts=names))


def test_an_upload_of_nothing_is_refused() -> None:
    with pytest.raises(NothingToScreen):
        bench_of().screening.screen(upload_of())


def test_without_an_index_nothing_is_screened() -> None:
    bench = bench_of()
    bench.current.index = None
    with pytest.raises(NotReady):
        bench.screening.screen(upload_of("a.png"))


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Amber Owl style", Outcome.REVIEW),
        ("ＡＭＢＥＲ-ＯＷＬ", Outcome.REVIEW),
        ("an owl", Outcome.ALLOW),
        ("an owl of the Tale of Amber", Outcome.REVIEW),
        ("without Amber Owl", Outcome.ALLOW),
        ("forest", Outcome.ALLOW),
    ],
)
def test_names_alone_go_to_review_where_they_are_distinctive(text: str, outcome: Outcome) -> None:
    assert bench_of().screening.screen(upload_of(text=text)).verdict.outcome is outcome


def test_a_name_is_reported_once_a_place() -> None:
    texts = (UploadText("a", "Amber Owl, Amber Owl"), UploadText("b", "Amber Owl"))
    screened = bench_of().screening.screen(upload_of(texts=texts))
    distinctive = [item.source for item in screened.facts.evidence if item.alias_kind is AliasKind.DISTINCTIVE]
    assert distinctive == ["a", "b"]


def test_a_name_without_end_is_reported_up_to_a_limit() -> None:
    texts = tuple(UploadText(f"tags[{n}]", "Amber Owl") for n in range(MAX_HITS + 9))
    screened = bench_of().screening.screen(upload_of(texts=texts))
    kinds = [item.alias_kind for item in screened.facts.evidence]
    assert [kinds.count(kind) for kind in (AliasKind.DISTINCTIVE, AliasKind.GENERIC)] == [MAX_HITS, MAX_HITS]


def test_names_that_weigh_nothing_never_crowd_out_one_that_does() -> None:
    denied = tuple(UploadText(f"tags[{n}]", "not an Amber Owl") for n in range(MAX_HITS * 3))
    left = UploadText("lora:ss_output_name", "Amber Owl", Trust.RESIDUE)
    screened = bench_of().screening.screen(upload_of(texts=(*denied, left)))
    assert screened.verdict.outcome is Outcome.REVIEW
    assert screened.verdict.grounds[0].code == "name_alone"


@pytest.mark.parametrize(
    ("trust", "kind"), [(Trust.DECLARED, EvidenceKind.ALIAS), (Trust.RESIDUE, EvidenceKind.RESIDUE)]
)
def test_a_name_left_in_a_file_is_residue(trust: Trust, kind: EvidenceKind) -> None:
    texts = (UploadText("lora:ss_output_name", "amber_owl", trust),)
    found = bench_of().screening.screen(upload_of(texts=texts)).facts.evidence[0]
    assert (found.kind, found.trust, found.text) == (kind, trust, "amber_owl")


def test_a_collector_that_fails_is_listed_and_the_others_go_on() -> None:
    collectors = (("broken", broken), *COLLECTORS)
    screened = bench_of({"a.png": [EXACT]}, collectors=collectors).screening.screen(upload_of("a.png"))
    assert screened.facts.not_screened == (NotScreened("collector:broken", "internal_failure: ValueError"),)
    assert screened.verdict.outcome is Outcome.BLOCK


def test_a_collector_that_fails_makes_review_where_nothing_was_found() -> None:
    screened = bench_of(collectors=(("broken", broken),)).screening.screen(upload_of("a.png"))
    assert screened.verdict.outcome is Outcome.REVIEW


def test_a_shadow_screening_opens_no_case() -> None:
    screened = bench_of().screening.screen(upload_of(text="Amber Owl", shadow=True))
    assert (screened.verdict.outcome, screened.case_id) == (Outcome.REVIEW, None)


def test_private_use_and_licences_reach_the_answer() -> None:
    private = upload_of("a.png", context=context(visibility=Visibility.PRIVATE))
    answer = bench_of({"a.png": [EXACT]}).screening.answer(private, Request("s"))
    assert (answer["verdict"], answer["conditions"]) == ("allow", ["no_public_distribution"])
    licensed = replace(OWL, licences=(Licence("l-1", uploader="u-1"),))
    answer = bench_of({"a.png": [EXACT]}, reference_set=licensed).screening.answer(upload_of("a.png"), Request("s"))
    assert (answer["verdict"], answer["licence"]) == ("allow", "l-1")


def test_names_are_found_in_texts_without_a_screening() -> None:
    found, generation = bench_of().screening.find_names(["an Amber Owl", "nothing"])
    assert [[hit.alias.text for hit in hits] for hits in found] == [["Amber Owl", "owl"], []]
    assert generation == "000001"


TOLD = PictureFindings("a.png", texts=(PictureText("png:tEXt:parameters", "portrait of Amber Owl, night"),))


def test_a_name_in_a_pictures_own_metadata_is_residue_and_asks_for_a_look() -> None:
    screened = bench_of({"a.png": TOLD}).screening.screen(upload_of("a.png"))
    (found,) = (item for item in screened.facts.evidence if item.alias_kind is AliasKind.DISTINCTIVE)
    assert (found.kind, found.trust) == (EvidenceKind.RESIDUE, Trust.RESIDUE)
    assert found.source == "image:a.png:png:tEXt:parameters"
    assert screened.verdict.outcome is Outcome.REVIEW


def test_a_name_in_a_pictures_negative_prompt_weighs_nothing() -> None:
    told = replace(TOLD, texts=(replace(TOLD.texts[0], weightless=True),))
    screened = bench_of({"a.png": told}).screening.screen(upload_of("a.png"))
    assert screened.facts.evidence[0].weightless
    assert screened.verdict.outcome is Outcome.ALLOW


@pytest.mark.parametrize("written", ["a m b e r o w l", "4mb3r 0wl", "Amber-Owl-style"])
def test_a_name_in_disguise_asks_for_a_look_and_never_blocks(written: str) -> None:
    alone = bench_of().screening.screen(upload_of(text=written))
    script = {"a.png": [similar(0.001)]}
    beside, outright = (
        bench_of(script).screening.screen(upload_of("a.png", text=text)) for text in (written, "Amber Owl")
    )
    assert alone.verdict.outcome is Outcome.REVIEW
    assert beside.verdict.outcome is Outcome.REVIEW
    assert outright.verdict.outcome is Outcome.BLOCK
