"""Prompts: each tool's way to write them gives tool, roles, LoRA calls and hashes; the unknown still comes as text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from indexer.signals.metadata.bounds import PictureProblem
from indexer.signals.metadata.prompts import inspect_picture
from tests.unit.indexer.signals.metadata.written import (
    CASES,
    GRAPH,
    INFOTEXT,
    NEGATIVE,
    NOVELAI,
    PROMPT,
    found,
)


@pytest.mark.parametrize(("tool", "strings"), [pytest.param(t, s, id=name) for name, t, s in CASES])
def test_every_tool_gives_its_name_its_prompts_its_models_and_its_loras(
    tool: str, strings: list[tuple[str, Any]]
) -> None:
    told = found(*strings)
    assert told.tool == tool
    assert set(told.texts("prompt")) == {PROMPT}
    assert set(told.texts("negative_prompt")) == {NEGATIVE}
    assert any(name.startswith("juno v2") for name in told.texts("lora"))
    assert any(name.startswith("heronmix") for name in told.texts("model"))
    assert ("juno v2", "0.8", False) in {(call.name, call.weight, call.negative) for call in told.calls}
    assert told.problems == ()


@pytest.mark.parametrize(
    "strings",
    [
        pytest.param([("png:tEXt:Software", "NovelAI"), ("png:tEXt:Comment", NOVELAI)], id="chunks"),
        pytest.param(
            [("webp:exif:UserComment", {"Software": "NovelAI", "Comment": json.dumps(NOVELAI), "Description": PROMPT})],
            id="a comment in a comment",
        ),
    ],
)
def test_novelai_gives_the_captions_of_each_character(strings: list[tuple[str, Any]]) -> None:
    told = found(*strings)
    assert told.tool == "novelai"
    assert set(told.texts("prompt")) == {PROMPT, "a heron"}
    assert set(told.texts("negative_prompt")) == {NEGATIVE}


def test_dream_has_its_negative_prompt_in_brackets() -> None:
    told = found(("png:tEXt:Dream", '"juno, heron [blurry]" -s 50 -S 1'))
    assert (told.tool, told.texts("prompt"), told.texts("negative_prompt")) == (
        "invokeai",
        ("juno, heron",),
        ("blurry",),
    )


def test_draw_things_description_has_its_negative_prompt_behind_a_dash() -> None:
    text = f"{PROMPT}\n-{NEGATIVE}\nSteps: 20, Sampler: DPM, Seed: 1"
    told = found(("png:xmp:xmp:CreatorTool", "Draw Things"), ("png:xmp:dc:description", text))
    assert (told.tool, told.texts("prompt"), told.texts("negative_prompt")) == ("draw_things", (PROMPT,), (NEGATIVE,))


def test_keys_may_be_chinese() -> None:
    told = found(("jpeg:exif:UserComment", {"提示词": "星环", "负面提示词": "红鹭"}))
    assert (told.texts("prompt"), told.texts("negative_prompt")) == (("星环",), ("红鹭",))


def test_unused_and_unknown_strings_come_with_the_role_other() -> None:
    told = found(("png:tEXt:prompt", GRAPH), ("gif:comment", "my heron"), ("png:tEXt:strange", {"deep": [{"er": "x"}]}))
    others = told.texts("other")
    assert {"ignored", "euler", "my heron", "x", "deep\ner"} <= set(others)


def test_duplicate_keys_hide_nothing() -> None:
    told = found(("png:tEXt:parameters", '{"sui_image_params": {"prompt": "heron", "prompt": "crow"}}'))
    assert told.texts("prompt") == ("heron", "crow")


def test_a_prompt_in_braces_is_no_json() -> None:
    told = found(("png:tEXt:parameters", "{red|blue} heron"))
    assert (told.texts("prompt"), told.problems) == (("{red|blue} heron",), ())


def test_a_prompt_that_lists_steps_is_not_cut() -> None:
    text = "how to draw a heron\nSteps: two"
    assert found(("png:tEXt:parameters", text)).texts("prompt") == (text,)


def test_prompts_of_extensions_are_prompts() -> None:
    told = found(
        ("png:tEXt:parameters", INFOTEXT + '1, ADetailer prompt: "a face, juno", ADetailer negative prompt: crow')
    )
    assert "a face, juno" in told.texts("prompt")
    assert "crow" in told.texts("negative_prompt")


def test_problems_of_reading_are_kept() -> None:
    assert inspect_picture(b"").problems == (PictureProblem("empty_file", "picture"),)
