"""Screening: from an upload to a remembered answer, against a scripted index."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest

from indexer.model import (
    Alias,
    AliasKind,
    Licence,
    Match,
    MatchKind,
    Measure,
    PictureFile,
    PictureFindings,
    PictureText,
    Rate,
    ReferenceSet,
)
from service.adapters.memory import MemoryScreeningStore
from service.domain.errors import (
    IdempotencyConflict,
    NotFound,
    NothingToScreen,
    NotReady,
    Overloaded,
    UnsupportedContent,
)
from service.domain.evidence import Evidence, EvidenceKind
from service.domain.upload import NotScreened, Trust, Upload, UploadedLora, UploadText, Visibility
from service.domain.verdict import Outcome
from service.usecases.collectors import COLLECTORS, Collector
from service.usecases.collectors.examination import Examination
from service.usecases.collectors.names import MAX_HITS
from service.usecases.screening import Request, Screening
from tests.fakes import FakeBlockedLoras, FakeCurrentIndex, FakeReferenceIndex, FixedClock
from tests.unit.service.domain.facts import POLICY, context

ALIASES = (
    Alias("Amber Owl", "en", AliasKind.DISTINCTIVE),
    Alias("owl", "en", AliasKind.GENERIC),
    Alias("Tale of Amber", "en", AliasKind.SERIES),
)
OWL = ReferenceSet("owl", {"en": "Amber Owl", "zh": "琥珀枭"}, (), aliases=ALIASES)
EXACT = Match(MatchKind.EXACT_COPY, "owl", "images/01.png")


def _similar(rate: float, *, calibrated: bool = True) -> Match:
    measure = Measure("cosine", 0.9, Rate(rate, rate / 2, min(1.0, rate * 2), calibrated))
    return Match(MatchKind.CHARACTER_SIMILARITY, "owl", "images/01.png", measure)


def _upload(*names: str, text: str = "", **changes: Any) -> Upload:
    texts = (UploadText("model.name", text),) if text else ()
    made = Upload("m-1", context(pictures=0), tuple(PictureFile(name, b"data") for name in names), texts)
    return replace(made, **changes)


@dataclass
class Bench:
    """A Screening with everything around it within reach."""

    screening: Screening
    store: MemoryScreeningStore
    current: FakeCurrentIndex


def _bench(
    scripted: Mapping[str, PictureFindings | Sequence[Match]] | None = None,
    *,
    reference_set: ReferenceSet = OWL,
    before: Callable[[], object] = lambda: None,
    collectors: Sequence[tuple[str, Collector]] = COLLECTORS,
    time_limit: float = 30.0,
) -> Bench:
    current = FakeCurrentIndex(FakeReferenceIndex([reference_set], scripted, before))
    store = MemoryScreeningStore()
    blocked = FakeBlockedLoras()
    screening = Screening(current, POLICY, store, blocked, FixedClock(), time_limit=time_limit, collectors=collectors)
    return Bench(screening, store, current)


def _broken(_: Examination) -> list[Evidence]:
    raise ValueError("out of order")


def test_an_identical_picture_blocks_and_the_evidence_names_it() -> None:
    screened = _bench({"a.png": [EXACT]}).screening.screen(_upload("a.png"))
    assert screened.verdict.outcome is Outcome.BLOCK
    (found,) = screened.facts.evidence
    assert (found.kind, found.source, found.reference) == (EvidenceKind.EXACT_COPY, "image:a.png", "images/01.png")
    assert screened.case_id is None


def test_several_pictures_that_agree_block_where_each_alone_would_not() -> None:
    one = _bench({"a.png": [_similar(0.001)]}).screening.screen(_upload("a.png"))
    names = [f"{n}.png" for n in range(8)]
    eight = _bench({name: [_similar(0.00001)] for name in names}).screening.screen(_upload(*names))
    assert one.verdict.outcome is Outcome.REVIEW
    assert eight.verdict.grounds[0].code == "character_agreement"
    agreement = eight.facts.evidence[eight.verdict.grounds[0].evidence[0]]
    assert agreement.measure is not None
    assert agreement.measure.value == 8
    assert agreement.measure.rate.low <= agreement.measure.rate.value <= agreement.measure.rate.high


def test_an_agreement_of_uncalibrated_likenesses_is_uncalibrated() -> None:
    names = [f"{n}.png" for n in range(8)]
    script = {name: [_similar(0.00001, calibrated=name != "3.png")] for name in names}
    screened = _bench(script).screening.screen(_upload(*names))
    assert screened.verdict.outcome is Outcome.REVIEW


def test_pictures_that_could_not_be_screened_count_for_no_agreement() -> None:
    script: dict[str, PictureFindings | Sequence[Match]] = {
        "a.png": [_similar(0.001)],
        "b.png": PictureFindings("b.png", (_similar(0.001),), problem="picture_damaged: b.png"),
    }
    screened = _bench(script).screening.screen(_upload("a.png", "b.png"))
    assert EvidenceKind.SAMPLE_AGREEMENT not in {item.kind for item in screened.facts.evidence}


def test_a_likeness_too_common_to_mean_anything_is_not_reported() -> None:
    screened = _bench({"a.png": [_similar(0.6)]}).screening.screen(_upload("a.png"))
    assert screened.facts.evidence == ()
    assert screened.verdict.outcome is Outcome.ALLOW


def test_a_picture_that_cannot_be_read_beside_a_good_one_is_listed_and_makes_review() -> None:
    script = {"b.png": PictureFindings("b.png", problem="not_a_picture: b.png", is_picture=False)}
    screened = _bench(script).screening.screen(_upload("a.png", "b.png"))
    assert screened.facts.not_screened == (NotScreened("image:b.png", "not_a_picture: b.png"),)
    assert screened.verdict.outcome is Outcome.REVIEW
    assert screened.case_id is not None


def test_a_part_of_a_picture_that_was_not_screened_is_listed_too() -> None:
    script = {"a.gif": PictureFindings("a.gif", remarks=("only the first frame of an animation was screened",))}
    screened = _bench(script).screening.screen(_upload("a.gif"))
    assert [item.source for item in screened.facts.not_screened] == ["image:a.gif"]
    assert screened.verdict.outcome is Outcome.REVIEW


def test_pictures_not_reached_in_time_are_listed() -> None:
    screened = _bench({"a.png": [EXACT]}, time_limit=-1.0).screening.screen(_upload("a.png", text="x"))
    assert [item.reason for item in screened.facts.not_screened] == ["time_limit: not reached"]
    assert screened.verdict.outcome is Outcome.REVIEW


NO_PICTURE = {"a.png": PictureFindings("a.png", problem="not_a_picture: a.png", is_picture=False)}


def test_what_is_no_picture_and_all_there_is_is_refused() -> None:
    with pytest.raises(UnsupportedContent, match="not_a_picture"):
        _bench(NO_PICTURE).screening.screen(_upload("a.png"))


@pytest.mark.parametrize(
    "beside", [{"text": "a name"}, {"lora": UploadedLora("a.safetensors")}], ids=["a name", "a LoRA"]
)
def test_what_is_no_picture_beside_other_content_is_review(beside: dict[str, Any]) -> None:
    screened = _bench(NO_PICTURE).screening.screen(_upload("a.png", **beside))
    assert screened.verdict.outcome is Outcome.REVIEW


def test_a_file_name_is_not_enough_to_screen_what_is_no_picture() -> None:
    names = (UploadText("file_name:a.png", "a.png", Trust.RESIDUE),)
    with pytest.raises(UnsupportedContent):
        _bench(NO_PICTURE).screening.screen(_upload("a.png", texts=names))


def test_an_upload_of_nothing_is_refused() -> None:
    with pytest.raises(NothingToScreen):
        _bench().screening.screen(_upload())


def test_without_an_index_nothing_is_screened() -> None:
    bench = _bench()
    bench.current.index = None
    with pytest.raises(NotReady):
        bench.screening.screen(_upload("a.png"))


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
    assert _bench().screening.screen(_upload(text=text)).verdict.outcome is outcome


def test_a_name_is_reported_once_a_place() -> None:
    texts = (UploadText("a", "Amber Owl, Amber Owl"), UploadText("b", "Amber Owl"))
    screened = _bench().screening.screen(_upload(texts=texts))
    distinctive = [item.source for item in screened.facts.evidence if item.alias_kind is AliasKind.DISTINCTIVE]
    assert distinctive == ["a", "b"]


def test_a_name_without_end_is_reported_up_to_a_limit() -> None:
    texts = tuple(UploadText(f"tags[{n}]", "Amber Owl") for n in range(MAX_HITS + 9))
    screened = _bench().screening.screen(_upload(texts=texts))
    kinds = [item.alias_kind for item in screened.facts.evidence]
    assert [kinds.count(kind) for kind in (AliasKind.DISTINCTIVE, AliasKind.GENERIC)] == [MAX_HITS, MAX_HITS]


def test_names_that_weigh_nothing_never_crowd_out_one_that_does() -> None:
    denied = tuple(UploadText(f"tags[{n}]", "not an Amber Owl") for n in range(MAX_HITS * 3))
    left = UploadText("lora:ss_output_name", "Amber Owl", Trust.RESIDUE)
    screened = _bench().screening.screen(_upload(texts=(*denied, left)))
    assert screened.verdict.outcome is Outcome.REVIEW
    assert screened.verdict.grounds[0].code == "name_alone"


@pytest.mark.parametrize(
    ("trust", "kind"), [(Trust.DECLARED, EvidenceKind.ALIAS), (Trust.RESIDUE, EvidenceKind.RESIDUE)]
)
def test_a_name_left_in_a_file_is_residue(trust: Trust, kind: EvidenceKind) -> None:
    texts = (UploadText("lora:ss_output_name", "amber_owl", trust),)
    found = _bench().screening.screen(_upload(texts=texts)).facts.evidence[0]
    assert (found.kind, found.trust, found.text) == (kind, trust, "amber_owl")


def test_a_collector_that_fails_is_listed_and_the_others_go_on() -> None:
    collectors = (("broken", _broken), *COLLECTORS)
    screened = _bench({"a.png": [EXACT]}, collectors=collectors).screening.screen(_upload("a.png"))
    assert screened.facts.not_screened == (NotScreened("collector:broken", "internal_failure: ValueError"),)
    assert screened.verdict.outcome is Outcome.BLOCK


def test_a_collector_that_fails_makes_review_where_nothing_was_found() -> None:
    screened = _bench(collectors=(("broken", _broken),)).screening.screen(_upload("a.png"))
    assert screened.verdict.outcome is Outcome.REVIEW


def test_a_shadow_screening_opens_no_case() -> None:
    screened = _bench().screening.screen(_upload(text="Amber Owl", shadow=True))
    assert (screened.verdict.outcome, screened.case_id) == (Outcome.REVIEW, None)


def test_private_use_and_licences_reach_the_answer() -> None:
    private = _upload("a.png", context=context(visibility=Visibility.PRIVATE))
    answer = _bench({"a.png": [EXACT]}).screening.answer(private, Request("s"))
    assert (answer["verdict"], answer["conditions"]) == ("allow", ["no_public_distribution"])
    licensed = replace(OWL, licences=(Licence("l-1", uploader="u-1"),))
    answer = _bench({"a.png": [EXACT]}, reference_set=licensed).screening.answer(_upload("a.png"), Request("s"))
    assert (answer["verdict"], answer["licence"]) == ("allow", "l-1")


class TestIdempotency:
    def test_the_same_key_and_request_give_the_first_answer_again(self) -> None:
        bench = _bench({"a.png": [EXACT]})
        first = bench.screening.answer(_upload("a.png"), Request("s", "k"))
        assert bench.screening.answer(_upload("a.png"), Request("s", "k")) == first

    def test_the_same_key_and_another_request_conflict(self) -> None:
        bench = _bench()
        bench.screening.answer(_upload("a.png"), Request("s", "k"))
        for job in (bench.screening.answer, bench.screening.accept):
            with pytest.raises(IdempotencyConflict, match="'k'"):
                job(_upload("b.png"), Request("other", "k"))

    def test_without_a_key_every_request_is_screened(self) -> None:
        bench = _bench()
        ids = {bench.screening.answer(_upload("a.png"), Request("s"))["screening_id"] for _ in range(3)}
        assert len(ids) == 3

    def test_keys_of_two_platforms_do_not_meet(self) -> None:
        bench = _bench()
        bench.screening.answer(_upload("a.png"), Request("s", "k"))
        elsewhere = _upload("b.png", context=context(platform="bazaar"))
        assert bench.screening.answer(elsewhere, Request("other", "k"))["verdict"] == "allow"

    def test_two_requests_at_once_get_one_answer(self) -> None:
        together = threading.Barrier(2, timeout=10)
        bench = _bench({"a.png": [EXACT]}, before=together.wait)
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(bench.screening.answer, _upload("a.png"), Request("s", "k")) for _ in range(2)]
            first, second = (job.result() for job in jobs)
        assert first == second
        assert bench.screening.find(first["screening_id"], "atelier").answer == first

    def test_two_requests_at_once_with_other_content_conflict(self) -> None:
        together = threading.Barrier(2, timeout=10)
        bench = _bench(before=together.wait)
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(bench.screening.answer, _upload("a.png"), Request(sha, "k")) for sha in "ab"]
            failures = [job.exception() for job in jobs]
        assert sorted(type(error) for error in failures if error) == [IdempotencyConflict]

    def test_an_upload_accepted_twice_is_one(self) -> None:
        bench = _bench()
        first, new = bench.screening.accept(_upload("a.png"), Request("s", "k"))
        assert new
        assert bench.screening.accept(_upload("a.png"), Request("s", "k")) == (first, False)

    def test_an_answer_to_what_waits_already_is_kept_under_its_id(self) -> None:
        bench = _bench()
        waiting, _ = bench.screening.accept(_upload("a.png"), Request("s", "k"))
        answer = bench.screening.answer(_upload("a.png"), Request("s", "k"))
        assert answer["screening_id"] == waiting
        assert bench.screening.find(waiting, "atelier").answer == answer


class TestLater:
    def test_what_was_accepted_is_completed_under_its_id(self) -> None:
        bench = _bench({"a.png": [EXACT]})
        waiting, _ = bench.screening.accept(_upload("a.png"), Request("s"))
        assert bench.screening.find(waiting, "atelier").answer is None
        bench.screening.complete(_upload("a.png"), waiting)
        answer = bench.screening.find(waiting, "atelier").answer
        assert answer is not None
        assert (answer["screening_id"], answer["verdict"]) == (waiting, "block")

    @pytest.mark.parametrize("failure", [RuntimeError("gone"), Overloaded("full"), MemoryError()], ids=repr)
    def test_an_internal_failure_is_remembered_as_review(self, failure: Exception) -> None:
        def fail() -> None:
            raise failure

        bench = _bench(before=fail)
        waiting, _ = bench.screening.accept(_upload("a.png"), Request("s"))
        answer = bench.screening.complete(_upload("a.png"), waiting)
        assert answer["verdict"] == "review"
        assert answer["not_screened"] == [{"source": "upload", "reason": f"internal_failure: {type(failure).__name__}"}]
        assert answer["case_id"]
        assert bench.screening.find(waiting, "atelier").answer == answer

    def test_an_answer_to_what_was_not_screened_has_every_field_of_one_that_was(self) -> None:
        bench = _bench({"a.png": [EXACT]})
        waiting, _ = bench.screening.accept(_upload("a.png"), Request("s"))
        bench.screening.close_interrupted()
        unscreened = bench.screening.find(waiting, None).answer
        assert unscreened is not None
        assert set(unscreened) == set(bench.screening.answer(_upload("a.png"), Request("s")))

    def test_what_a_restart_interrupted_is_closed_as_review(self) -> None:
        bench = _bench()
        waiting, _ = bench.screening.accept(_upload("a.png"), Request("s"))
        done = bench.screening.answer(_upload("a.png"), Request("t"))
        assert bench.screening.close_interrupted() == 1
        assert bench.screening.close_interrupted() == 0
        answer = bench.screening.find(waiting, "atelier").answer
        assert answer is not None
        assert answer["verdict"] == "review"
        assert answer["not_screened"][0]["reason"].startswith("interrupted:")
        assert bench.screening.find(done["screening_id"], "atelier").answer == done

    def test_an_upload_of_nothing_is_not_accepted(self) -> None:
        with pytest.raises(NothingToScreen):
            _bench().screening.accept(_upload(), Request("s"))


def test_a_platform_finds_its_own_screenings_alone() -> None:
    bench = _bench()
    given = bench.screening.answer(_upload("a.png"), Request("s"))
    assert bench.screening.find(given["screening_id"], None).answer == given
    assert [item.answer for item in bench.screening.find_all("m-1", "atelier")] == [given]
    assert bench.screening.find_all("m-1", "bazaar") == []
    for wrong in ((given["screening_id"], "bazaar"), ("scr_none", "atelier")):
        with pytest.raises(NotFound):
            bench.screening.find(*wrong)


def test_names_are_found_in_texts_without_a_screening() -> None:
    found, generation = _bench().screening.find_names(["an Amber Owl", "nothing"])
    assert [[hit.alias.text for hit in hits] for hits in found] == [["Amber Owl", "owl"], []]
    assert generation == "000001"


TOLD = PictureFindings("a.png", texts=(PictureText("png:tEXt:parameters", "portrait of Amber Owl, night"),))


def test_a_name_in_a_pictures_own_metadata_is_residue_and_asks_for_a_look() -> None:
    screened = _bench({"a.png": TOLD}).screening.screen(_upload("a.png"))
    (found,) = (item for item in screened.facts.evidence if item.alias_kind is AliasKind.DISTINCTIVE)
    assert (found.kind, found.trust) == (EvidenceKind.RESIDUE, Trust.RESIDUE)
    assert found.source == "image:a.png:png:tEXt:parameters"
    assert screened.verdict.outcome is Outcome.REVIEW


def test_a_name_in_a_pictures_negative_prompt_weighs_nothing() -> None:
    told = replace(TOLD, texts=(replace(TOLD.texts[0], weightless=True),))
    screened = _bench({"a.png": told}).screening.screen(_upload("a.png"))
    assert screened.facts.evidence[0].weightless
    assert screened.verdict.outcome is Outcome.ALLOW


@pytest.mark.parametrize("written", ["a m b e r o w l", "4mb3r 0wl", "Amber-Owl-style"])
def test_a_name_in_disguise_asks_for_a_look_and_never_blocks(written: str) -> None:
    alone = _bench().screening.screen(_upload(text=written))
    script = {"a.png": [_similar(0.001)]}
    beside, outright = (_bench(script).screening.screen(_upload("a.png", text=text)) for text in (written, "Amber Owl"))
    assert alone.verdict.outcome is Outcome.REVIEW
    assert beside.verdict.outcome is Outcome.REVIEW
    assert outright.verdict.outcome is Outcome.BLOCK
