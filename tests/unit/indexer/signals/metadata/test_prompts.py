"""Prompts: each tool's way to write them gives tool, roles, LoRA calls and hashes; the unknown still comes as text."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from indexer.signals.metadata.bounds import MAX_STRINGS, MAX_TEXT_BYTES, PictureProblem, PictureString
from indexer.signals.metadata.findings import lora_calls
from indexer.signals.metadata.harvest import PictureText
from indexer.signals.metadata.infotext import split_settings
from indexer.signals.metadata.prompts import PicturePrompts, inspect_picture, read_prompts
from tests.fakes import encoded

SAMPLES = Path(__file__).parents[6] / "shared" / "samples" / "images"
PROMPT, NEGATIVE = "juno, clockwork heron, <lora:juno v2:0.8>", "blurry, red heron"
INFOTEXT = (
    f"{PROMPT}\nNegative prompt: {NEGATIVE}\nSteps: 20, Sampler: Euler a, Seed: 1, Model hash: abcdef0123, "
    'Model: heronmix, Lora hashes: "juno v2: 0011223344aa, other: 99887766aabb", Version: '
)


def found(*strings: tuple[str, Any]) -> PicturePrompts:
    """Read strings given by source; anything but text is written as JSON."""
    return read_prompts(
        PictureText(
            tuple(
                PictureString(text if isinstance(text, str) else json.dumps(text, ensure_ascii=False), source)
                for source, text in strings
            ),
            (),
        )
    )


def node(kind: str, title: str = "", **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": title}}


GRAPH = {
    "1": node("CheckpointLoaderSimple", ckpt_name="heronmix.safetensors"),
    "2": node(
        "LoraLoader", lora_name="juno v2.safetensors", strength_model=float("nan"), model=["1", 0], clip=["1", 1]
    ),
    "3": node("CLIPTextEncode", text=["8", 0], clip=["2", 1]),
    "4": node("CLIPTextEncode", text=NEGATIVE, clip=["2", 1]),
    "5": node("ControlNetApplyAdvanced", positive=["3", 0], negative=["4", 0]),
    "6": node("KSampler", positive=["5", 0], negative=["5", 1], model=["2", 0], sampler_name="euler"),
    "8": node("StringConcatenate", string_a="ignored", text=PROMPT),
    "9": node("Note", text="made after the real one"),
    "10": node("Power Lora Loader (rgthree)", lora_1={"on": True, "lora": "feather.safetensors", "strength": 1}),
}
WORKFLOW = {
    "nodes": [
        {"id": 3, "type": "CLIPTextEncode", "widgets_values": [PROMPT], "inputs": [{"name": "clip", "link": 1}]},
        {"id": 4, "type": "CLIPTextEncode", "widgets_values": [NEGATIVE], "inputs": []},
        {
            "id": 6,
            "type": "KSampler",
            "inputs": [{"name": "positive", "link": 2}, {"name": "negative", "link": 3}],
            "widgets_values": [1, "euler"],
        },
        {"id": 9, "type": "MarkdownNote", "widgets_values": ["made after the real one"]},
        {"id": 2, "type": "LoraLoader", "widgets_values": ["juno v2.safetensors", 1]},
        {"id": 1, "type": "CheckpointLoaderSimple", "widgets_values": ["heronmix.safetensors"]},
    ],
    "links": [[2, 3, 0, 6, 1, "CONDITIONING"], [3, 4, 0, 6, 2, "CONDITIONING"]],
}
SWARM = {
    "sui_image_params": {"prompt": PROMPT, "negativeprompt": NEGATIVE, "model": "heronmix", "loras": ["juno v2"]},
    "sui_models": [{"name": "juno v2.safetensors", "param": "loras", "hash": "0x" + "ab" * 32}],
}
NOVELAI = {
    "prompt": PROMPT,
    "uc": NEGATIVE,
    "v4_prompt": {"caption": {"base_caption": PROMPT, "char_captions": [{"char_caption": "a heron"}]}},
    "v4_negative_prompt": {"caption": {"base_caption": NEGATIVE, "char_captions": []}},
}
INVOKE = {
    "positive_prompt": PROMPT,
    "negative_prompt": NEGATIVE,
    "model": {"name": "heronmix", "hash": "blake3:" + "cd" * 32, "base": "sdxl"},
    "loras": [{"model": {"name": "juno v2", "hash": "blake3:" + "ef" * 32, "base": "sdxl"}, "weight": 1}],
}
FOOOCUS = {
    "prompt": PROMPT,
    "full_negative_prompt": [NEGATIVE],
    "base_model": "heronmix",
    "base_model_hash": "abcdef0123",
    "loras": [["juno v2", 0.8]],
}
TENSORART = {
    "prompt": PROMPT,
    "negativePrompt": NEGATIVE,
    "baseModel": {"label": "heronmix", "hash": "ABCDEF0123"},
    "models": [{"label": "juno v2", "type": "LORA", "modelFileName": "juno v2", "hash": "AABBCCDDEE"}],
}
DRAW_THINGS = {
    "c": PROMPT,
    "uc": NEGATIVE,
    "model": "heronmix",
    "lora": [{"model": "juno v2", "weight": 1}],
    "sampler": "x",
    "scale": 1,
    "seed": 2,
}
CIVITAI = INFOTEXT + (
    'x, Civitai resources: [{"type":"lora","weight":0.8,"modelVersionId":1,"modelName":"juno v2"}], '
    "Civitai metadata: {}"
)

CASES: list[tuple[str, str, list[tuple[str, Any]]]] = [
    ("a1111", "a1111", [("png:tEXt:parameters", INFOTEXT + "v1.10.1")]),
    ("forge", "forge", [("png:tEXt:parameters", INFOTEXT + "f2.0.1v1.10.1-previous")]),
    ("sd.next", "sdnext", [("jpeg:exif:UserComment", INFOTEXT + "abc, App: SD.Next")]),
    ("hidden infotext", "a1111", [("png:alpha:stealth_pngcomp", INFOTEXT + "v1")]),
    ("comfyui graph", "comfyui", [("png:tEXt:prompt", GRAPH)]),
    ("comfyui workflow", "comfyui", [("png:tEXt:workflow", WORKFLOW)]),
    ("comfyui workflow first", "comfyui", [("webp:exif:Make", "workflow:" + json.dumps(WORKFLOW))]),
    ("comfyui in webp", "comfyui", [("webp:exif:Model", "Prompt: " + json.dumps(GRAPH))]),
    ("comfyui wrapped", "comfyui", [("jpeg:exif:UserComment", {"prompt": GRAPH, "workflow": WORKFLOW})]),
    ("comfyui in strings", "comfyui", [("jpeg:exif:UserComment", {"prompt": json.dumps(GRAPH)})]),
    ("swarmui", "swarmui", [("png:tEXt:parameters", SWARM)]),
    ("invokeai", "invokeai", [("png:tEXt:invokeai_metadata", INVOKE)]),
    ("fooocus", "fooocus", [("png:tEXt:parameters", FOOOCUS), ("png:tEXt:fooocus_scheme", "fooocus")]),
    ("tensorart", "tensorart", [("png:tEXt:generation_data", TENSORART)]),
    ("draw things", "draw_things", [("png:xmp:exif:UserComment", DRAW_THINGS)]),
    ("civitai", "civitai", [("jpeg:exif:UserComment", CIVITAI)]),
]


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


def test_notes_of_a_graph_and_of_a_workflow_are_notes() -> None:
    assert found(("png:tEXt:prompt", GRAPH)).texts("note") == ("made after the real one",)
    assert found(("png:tEXt:workflow", WORKFLOW)).texts("note") == ("made after the real one",)


def test_every_lora_of_a_graph_is_named() -> None:
    assert set(found(("png:tEXt:prompt", GRAPH)).texts("lora")) >= {"juno v2.safetensors", "feather.safetensors"}


def test_a_text_that_reaches_both_inputs_counts_as_a_prompt() -> None:
    graph = {"1": node("CLIPTextEncode", text="heron"), "2": node("KSampler", positive=["1", 0], negative=["1", 0])}
    assert found(("png:tEXt:prompt", graph)).texts("prompt") == ("heron",)


def test_a_text_given_directly_to_a_negative_input_is_negative() -> None:
    told = found(("png:tEXt:prompt", {"1": node("Efficient Loader", positive="heron", negative="crow")}))
    assert (told.texts("prompt"), told.texts("negative_prompt")) == (("heron",), ("crow",))


def test_the_negative_text_of_a_graph_is_negative_wherever_it_stands_again() -> None:
    stray = {"nodes": [{"id": 1, "type": "ShowText", "widgets_values": [NEGATIVE]}]}
    told = found(("png:tEXt:workflow", stray), ("png:tEXt:prompt", GRAPH))
    assert set(told.texts("prompt")) == {PROMPT}
    assert told.texts("negative_prompt") == (NEGATIVE, NEGATIVE)


def test_writing_a_prompt_once_more_as_negative_does_not_hide_it() -> None:
    graph = {
        "1": node("CLIPTextEncode", text="heron"),
        "2": node("CLIPTextEncode", text="heron"),
        "3": node("KSampler", positive=["2", 0], negative=["1", 0]),
    }
    editors = {"nodes": [{"id": 1, "type": "CLIPTextEncode", "widgets_values": ["heron"]}]}
    told = found(("png:tEXt:prompt", graph), ("png:tEXt:workflow", editors))
    assert (told.texts("prompt"), told.texts("negative_prompt")) == (("heron", "heron"), ("heron",))


def test_marks_within_the_text_of_a_node_do_not_make_it_negative() -> None:
    text = "crow\nNegative prompt: heron"
    assert found(("png:tEXt:prompt", {"1": node("CLIPTextEncode", text=text)})).texts("prompt") == (text,)


def test_keys_may_be_chinese() -> None:
    told = found(("jpeg:exif:UserComment", {"提示词": "星环", "负面提示词": "红鹭"}))
    assert (told.texts("prompt"), told.texts("negative_prompt")) == (("星环",), ("红鹭",))


def test_graphs_with_loops_and_links_to_nowhere_are_read() -> None:
    graph = {"1": node("A", negative=["2", 0], x=["9", 0]), "2": node("CLIPTextEncode", text="crow", negative=["1", 0])}
    assert found(("png:tEXt:prompt", graph)).texts("negative_prompt") == ("crow",)


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


def test_hashes_come_with_the_kind_and_the_name_they_belong_to() -> None:
    told = found(("png:tEXt:parameters", INFOTEXT + '1, Hashes: {"model": "abcdef0123", "lora:feather": "ffeeddccbb"}'))
    assert {(item.of, item.name, item.value) for item in told.hashes} == {
        ("model", "", "abcdef0123"),
        ("lora", "juno v2", "0011223344aa"),
        ("lora", "other", "99887766aabb"),
        ("model", "model", "abcdef0123"),
        ("lora", "lora:feather", "ffeeddccbb"),
    }


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("png:tEXt:parameters", SWARM),
        ("png:tEXt:invokeai_metadata", INVOKE),
        ("png:tEXt:generation_data", TENSORART),
    ],
)
def test_hashes_of_loras_in_json_carry_the_name_beside_them(source: str, value: Any) -> None:
    assert any(h.of == "lora" and h.name.startswith("juno v2") for h in found((source, value)).hashes)


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("<lora:heron:0.8>", [("heron", "0.8")]),
        ("<LORA:星环 (v2) & [x]:-.5>", [("星环 (v2) & [x]", "-.5")]),
        ("<lora:a:b:1>", [("a:b", "1")]),
        ("<lora:a=b:0.5:0.7:lbw=XX>", [("a=b", "0.5")]),
        ("<lora:heron>", [("heron", "")]),
        ("<lyco:x:1><lora:y:2>", [("x", "1"), ("y", "2")]),
        ("<lora:>", []),
        ("<lora:never closed", [("never closed", "")]),
        ("lora:heron:1", []),
    ],
)
def test_a_lora_call_may_have_any_characters_in_its_name(text: str, calls: list[tuple[str, str]]) -> None:
    assert list(lora_calls(text)) == calls


def test_a_call_in_a_negative_prompt_says_so() -> None:
    (call,) = found(("jpeg:exif:UserComment", "heron\nNegative prompt: <lora:juno:1>")).calls
    assert call.negative


def test_settings_are_split_outside_quotes_and_brackets() -> None:
    assert split_settings('A: 1, B: "x, \\"y\\"", C: [{"d": 1, "e": 2}], F') == [
        ("A", "1"),
        ("B", 'x, "y"'),
        ("C", '[{"d": 1, "e": 2}]'),
        ("F", ""),
    ]


@pytest.mark.parametrize(
    ("source", "text", "kind"),
    [
        ("png:tEXt:AIGC", '{"Label": "1", "ContentProducer": "x"}', "aigc"),
        ("jpeg:xmp:TC260:AIGC", '{"Label": "1"}', "aigc"),
        ("jpeg:exif:UserComment", '{"AIGC": {"Label": "1", "ProduceID": "x"}}', "aigc"),
        (
            "jpeg:xmp:Iptc4xmpExt:DigitalSourceType",
            "http://cv.iptc.org/newscodes/digitalsourcetype/x",
            "digital_source_type",
        ),
        ("png:c2pa", "C2PA", "c2pa"),
    ],
)
def test_provenance_labels_are_recognised(source: str, text: str, kind: str) -> None:
    (label,) = found((source, text)).labels
    assert (label.kind, label.source) == (kind, source)


def test_the_source_type_in_a_signed_manifest_is_recognised() -> None:
    told = found(("png:c2pa", "x http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia y"))
    assert [label.value for label in told.labels] == [
        "",
        "cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    ]


def test_labels_and_prompts_come_through_from_a_real_file() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", INFOTEXT + "v1.10.1", zip=True)
    info.add_text("AIGC", '{"Label": "1"}')
    label = '<x xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"><TC260:AIGC>{"Label":"1"}</TC260:AIGC></x>'
    info.add_itxt("XML:com.adobe.xmp", label)
    told = inspect_picture(encoded(Image.new("RGB", (32, 32)), pnginfo=info))
    assert (told.tool, told.texts("prompt")) == ("a1111", (PROMPT,))
    assert {item.source for item in told.labels} == {"png:tEXt:AIGC", "png:xmp:TC260:AIGC"}


def test_problems_of_reading_are_kept() -> None:
    assert inspect_picture(b"").problems == (PictureProblem("empty_file", "picture"),)


def many_leaves() -> str:
    return json.dumps([f"heron {i}" for i in range(150_000)])


HOSTILE: list[tuple[str, Callable[[], str], str | None]] = [
    ("deep", lambda: '{"a":' * 100_000, "json_too_deep"),
    ("deep lists", lambda: "[" * 1_000_000, "json_too_deep"),
    ("many values", lambda: "[" + "0," * 1_000_000 + "0]", "json_too_long"),
    ("many strings", many_leaves, "too_many_strings"),
    ("digits", lambda: '{"prompt": "heron", "seed": ' + "9" * 100_000 + "}", None),
    ("exponent", lambda: '{"prompt": "heron", "seed": 1e999999999}', None),
    ("bare words", lambda: '{"prompt": "heron", "a": NaN, "b": -Infinity}', None),
    ("open quotes", lambda: '{"' + '\\"' * 1_000_000, None),
    ("half a pair", lambda: '{"prompt": "\\ud800 heron\\u0000"}', None),
    ("calls never closed", lambda: "<lora:" * 600_000, "too_many_calls"),
    ("calls", lambda: "<lora:a:1>" * 300_000, "too_many_calls"),
    ("quotes in settings", lambda: "a\nSteps: " + '"' * 1_000_001 + ",", None),
    ("commas in settings", lambda: "a\nSteps: " + "Lora hashes: a, " * 100_000, None),
    ("json in json in json", lambda: json.dumps([json.dumps([json.dumps([json.dumps([json.dumps(["x"])])])])]), None),
    ("json in settings", lambda: "a\nSteps: 1, B: 2, C: " + "[" * 100_000, "json_too_deep"),
    ("many nodes", lambda: json.dumps({str(i): node("A", text=["1", 0]) for i in range(9_000)}), None),
    ("same nodes", lambda: json.dumps({"nodes": [{"id": 1, "type": "A"}] * 9_000}), None),
    ("long keys", lambda: json.dumps({"k" * 100_000: {"l" * 100_000: "x"}}), None),
    ("odd nodes", lambda: '{"a": {"class_type": "A", "inputs": {"b": [["c"], 0], "d": [[], []]}}}', None),
    (
        "odd workflow",
        lambda: '{"nodes": [{"type": {}, "id": [], "inputs": [{"link": {}}]}, 1], "links": [[], 1]}',
        None,
    ),
    ("brackets", lambda: '"' + "[" * 1_000_000, None),
]


@pytest.mark.parametrize(("build", "code"), [pytest.param(b, c, id=name) for name, b, c in HOSTILE])
@pytest.mark.parametrize("source", ["png:tEXt:parameters", "png:tEXt:Dream"])
def test_hostile_text_gives_bounded_output_in_bounded_time(
    build: Callable[[], str], code: str | None, source: str
) -> None:
    text = build()
    started = time.process_time()
    told = found((source, text))
    assert time.process_time() - started < 5
    assert code is None or source.endswith("Dream") or code in {problem.code for problem in told.problems}
    assert len(told.strings) <= MAX_STRINGS
    assert sum(len(string.text.encode()) for string in told.strings) <= MAX_TEXT_BYTES


def test_numbers_and_words_that_json_does_not_know_do_not_hide_the_prompt() -> None:
    for name, build, _ in HOSTILE:
        if name in ("digits", "exponent", "bare words"):
            assert found(("png:tEXt:parameters", build())).texts("prompt") == ("heron",)


PIECES = ["<lora:", ">", ":", "{", "}", "[", "]", '"', "\\", ",", "\n", "Steps: 1, a: b, c: d", "Negative prompt:"]
PIECES += ['{"class_type": "A", "inputs": {"negative": ["1", 0]}}', '"nodes": [{"type": "A"}]', "prompt", "\ud800", "1"]
SOURCES = ["png:tEXt:parameters", "png:tEXt:prompt", "png:tEXt:Dream", "jpeg:exif:UserComment", "png:tEXt:AIGC", ""]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["nodes", "links", "inputs", "class_type", "type", "id", "prompt", "negative", "hash", "AIGC"]
            )
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.sampled_from(SOURCES), st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12).map("".join))
def test_no_text_makes_it_raise(source: str, text: str) -> None:
    for string in found((source, text)).strings:
        string.text.encode()


@given(st.sampled_from(SOURCES), JSON)
def test_no_json_makes_it_raise(source: str, value: Any) -> None:
    found((source, json.dumps(value)))


@given(st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b""]), st.binary(max_size=300))
def test_no_file_makes_it_raise(head: bytes, tail: bytes) -> None:
    inspect_picture(head + tail)


REAL: list[tuple[str, str | None, str | None]] = [
    ("enslo_jpg_civitai.jpeg", "civitai", "hatsune miku"),
    ("enslo_jpg_comfyui-save-image-extended.jpeg", "comfyui", "hatsune miku"),
    ("enslo_jpg_empty.jpg", None, None),
    ("enslo_jpg_sd-webui.jpg", "a1111", "hatsune miku, テスト"),
    ("enslo_webp_forge-neo.webp", "forge", "hatsune miku"),
    ("enslo_webp_gimp.webp", None, None),
    ("enslo_webp_novelai-curated.webp", "novelai", "hatsune miku, #テスト"),
    ("enslo_webp_sd-webui.webp", "a1111", "hatsune miku, テスト"),
    ("enslo_webp_swarmui.webp", "swarmui", "hatsune miku, #テスト"),
    ("sdparsers_bad_images_empty_file.png", None, None),
    ("sdparsers_bad_images_empty_image.png", None, None),
    ("sdparsers_bad_images_text_after_idat.png", "a1111", "photo of a duck"),
    ("sdparsers_parsers_AUTOMATIC1111_automatic1111_cropped.png", "a1111", "photo of a duck"),
    ("sdparsers_parsers_AUTOMATIC1111_automatic1111_stealth.png", "a1111", "a circle"),
    ("sdparsers_parsers_ComfyUI_img2img_cropped.png", "comfyui", "victorian woman with wings"),
    ("sdparsers_parsers_Fooocus_fooocus1_cropped.png", "fooocus", "a smiling goldfish"),
    ("sdparsers_parsers_InvokeAI_invokeai_dream1.png", "invokeai", "professional full body photo"),
    ("sdparsers_parsers_InvokeAI_invokeai_imeta1.png", "invokeai", "digital artwork, oil painting"),
    ("sdparsers_parsers_NovelAI_novelai1_cropped.png", "novelai", "cat, space, icon"),
]


@pytest.mark.parametrize(("name", "tool", "words"), REAL)
def test_real_pictures_give_their_tool_and_prompt_and_stripped_ones_none(
    name: str, tool: str | None, words: str | None
) -> None:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"NOT TESTED: the shared sample {name} is absent")
    told = inspect_picture(path.read_bytes())
    assert told.tool == tool
    assert [words in text for text in told.texts("prompt")[:1] if words] == ([True] if words else [])
    assert (told.texts("prompt") == ()) == (words is None)
    assert [problem.code for problem in told.problems] == (["empty_file"] if "empty_file" in name else [])


def test_every_shared_sample_is_in_the_table() -> None:
    if not SAMPLES.exists():
        pytest.skip("NOT TESTED: the shared samples are absent")
    assert {path.name for path in SAMPLES.iterdir()} == {name for name, _, _ in REAL}
