"""The record of a screening: what was judged can be judged again, and what was found can be shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.model import Fame, Licence, LoraSignals, PictureFindings, PictureMaking, PictureText
from service.domain.policy import policy_from
from service.domain.upload import HashClaim, NotScreened, Stage, UploadedLora, UploadText, Visibility
from service.domain.verdict import Outcome, decide
from service.usecases import record
from service.usecases.answer import Screened
from service.usecases.record import MAX_BYTES, MAX_CHARACTERS, MAX_TEXTS, read, replay, write, write_unscreened
from service.usecases.screening import Request
from tests.unit.service.domain.facts import POLICY, context
from tests.unit.service.usecases.screening_bench import EXACT, OWL, bench_of, similar, upload_of

OWNED = replace(
    OWL,
    work={"en": "Tale", "zh": "传说"},
    fame=Fame.FAMOUS,
    holder="Amber Ltd",
    licences=(Licence("l-1", uploader="u-9", until=date(2027, 1, 1)),),
)


def kept(screened: Screened) -> Mapping[str, Any]:
    """Write a record and read it back as any database would."""
    written = write(screened.examination, screened.context, screened.facts)
    read_back: Mapping[str, Any] = json.loads(json.dumps(written, ensure_ascii=False).encode())
    return read_back


RATES = st.sampled_from([0.0, 1e-9, 1e-05, 0.0001, 0.001, 0.01, 0.02, 0.3, 0.5]) | st.floats(0.0, 1.0)
MATCHES = st.lists(st.builds(similar, RATES, calibrated=st.booleans()) | st.just(EXACT), max_size=3)
TEXTS = st.sampled_from(["", "Amber Owl", "an owl", "owl, Tale of Amber", "4mb3r 0wl"]) | st.text(max_size=20)


@given(
    found=st.lists(MATCHES, max_size=4),
    text=TEXTS,
    fame=st.sampled_from(Fame),
    stage=st.sampled_from(Stage),
    visibility=st.sampled_from(Visibility),
    uploader=st.sampled_from(["u-1", "u-9", None]),
    paid=st.booleans(),
    unread=st.booleans(),
)
def test_any_screening_is_judged_again_as_it_was(
    *,
    found: list[Any],
    text: str,
    fame: Fame,
    stage: Stage,
    visibility: Visibility,
    uploader: str | None,
    paid: bool,
    unread: bool,
) -> None:
    names = [f"{number}.png" for number in range(len(found))]
    circumstances = context(stage=stage, visibility=visibility, uploader=uploader, monetised=paid, promoted=paid)
    upload = upload_of(
        *names,
        text=text or "x",
        context=circumstances,
        not_screened=(NotScreened("lora:a", "damaged: a"),) if unread else (),
    )
    bench = bench_of(dict(zip(names, found, strict=True)), reference_set=replace(OWNED, fame=fame))
    screened = bench.screening.screen(upload)
    assert replay(kept(screened), bench.policies.in_force()) == screened.verdict


def test_another_policy_may_judge_otherwise() -> None:
    screened = bench_of({"a.png": [similar(0.01)]}).screening.screen(upload_of("a.png"))
    assert screened.verdict.outcome is Outcome.REVIEW
    laxer = replace(POLICY, stages={stage: replace(rates, review=0.0001) for stage, rates in POLICY.stages.items()})
    assert replay(kept(screened), laxer).outcome is Outcome.ALLOW


def test_what_could_not_be_screened_is_judged_as_that() -> None:
    reasons = (NotScreened("upload", "internal_failure: ValueError"),)
    written = write_unscreened(context(), reasons)
    verdict = replay(json.loads(json.dumps(written)), POLICY)
    assert (verdict.outcome, [ground.code for ground in verdict.grounds]) == (Outcome.REVIEW, ["not_screened"])


def test_it_tells_what_a_statement_needs_of_each_set() -> None:
    screened = bench_of({"a.png": [EXACT]}, reference_set=OWNED).screening.screen(upload_of("a.png"))
    (known,) = read(kept(screened)).sets
    assert (known.slug, known.title["zh"], known.work["en"]) == ("owl", "琥珀枭", "Tale")
    assert (known.fame, known.holder, known.licences) == (Fame.FAMOUS, "Amber Ltd", OWNED.licences)


def test_texts_in_which_something_was_found_come_first() -> None:
    texts = (UploadText("a", "nothing"), UploadText("b", "x " * 2500 + "Amber Owl" + " y" * 2500), UploadText("c", "z"))
    written = kept(bench_of().screening.screen(upload_of(texts=texts)))["texts"]
    assert [item["source"] for item in written["items"]] == ["b", "a", "c"]
    first = written["items"][0]
    assert first["found"]
    assert "Amber Owl" in first["text"]
    assert len(first["text"]) == MAX_CHARACTERS
    assert texts[1].text[first["start"] :].startswith(first["text"])
    assert (first["characters"], written["left_out"]) == (10_009, 0)


@pytest.mark.parametrize(("count", "length"), [(MAX_TEXTS + 50, 10), (100, 3000), (1, 200_000), (30, 1_999)])
@pytest.mark.parametrize("sign", ["a", "蛇"])
def test_it_holds_no_more_than_its_bounds_and_counts_the_rest(count: int, length: int, sign: str) -> None:
    texts = tuple(UploadText(f"model.tags[{number}]", sign * length) for number in range(count))
    written = kept(bench_of().screening.screen(upload_of(texts=texts)))["texts"]
    items = written["items"]
    assert items
    assert len(items) <= MAX_TEXTS
    assert max(len(item["text"]) for item in items) <= MAX_CHARACTERS
    assert sum(len((item["source"] + item["text"]).encode()) for item in items) <= MAX_BYTES
    assert written["left_out"] == count - len(items)


def test_hashes_claims_and_makings_are_kept() -> None:
    made = PictureFindings(
        "a.png",
        making=PictureMaking(tool="Comfy", loras=("owl",), labels=(("c2pa", "generated"),)),
        texts=(PictureText("png:tEXt:parameters", "a tree"),),
    )
    lora = UploadedLora("owl.safetensors", LoraSignals("owl.safetensors", "1" * 64, "2" * 64))
    upload = upload_of("a.png", lora=lora, claims=(HashClaim("model.files[0].sha256", "3" * 64),))
    written = kept(bench_of({"a.png": made}).screening.screen(upload))
    assert written["lora"] == {"name": "owl.safetensors", "sha256": "1" * 64, "body_sha256": "2" * 64}
    assert written["claims"] == [{"source": "model.files[0].sha256", "value": "3" * 64}]
    assert written["makings"] == [
        {"picture": "a.png", "tool": "Comfy", "loras": ["owl"], "labels": [["c2pa", "generated"]]}
    ]
    assert written["texts"]["items"][0]["source"] == "image:a.png:png:tEXt:parameters"


def test_what_no_encoding_can_write_does_not_lose_the_record() -> None:
    upload = upload_of(
        text="Amber Owl", lora=UploadedLora("\ud800.safetensors"), not_screened=(NotScreened("\udfff", "a"),)
    )
    screened = bench_of().screening.screen(upload)
    assert replay(kept(screened), POLICY).outcome is Outcome.REVIEW


def test_every_answer_of_a_screening_leaves_a_record_that_replays() -> None:
    bench = bench_of({"a.png": [EXACT]})
    bench.screening.answer(upload_of("a.png"), Request("s"))
    waiting, _ = bench.screening.accept(upload_of("a.png"), Request("t"))
    bench.screening.close_interrupted()
    for left in bench.store.finished.values():
        judged = read(left.record)
        verdict = decide(judged.facts, judged.context, policy_from(bench.policies.content()))
        assert verdict.outcome.value == left.answer["verdict"]
    assert record.read(bench.store.finished[waiting].record).context.uploader is None
