"""What pictures claim beside their prompts: LoRA calls, settings, hashes, and labels of provenance."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from indexer.signals.metadata.findings import lora_calls
from indexer.signals.metadata.infotext import split_settings
from indexer.signals.metadata.prompts import inspect_picture
from tests.fakes import encoded
from tests.unit.indexer.signals.metadata.written import INFOTEXT, INVOKE, PROMPT, SWARM, TENSORART, found


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
