"""What a picture's metadata tells a request: every string within bounds, and what was not read is said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from indexer.model import PictureMaking
from indexer.signals.metadata.told import MAX_CHARACTERS, read_told
from indexer.signals.pixels.images import PictureLimits
from tests.fakes import encoded
from tests.unit.indexer.signals.metadata.written import CASES

PROMPT = "portrait of the amber owl\nNegative prompt: moon marten\nSteps: 20, Sampler: Euler a, Seed: 3"


def picture(text: str, mode: str = "RGB", place: str = "parameters") -> bytes:
    about = PngInfo()
    about.add_itxt(place, text)
    return encoded(Image.new(mode, (32, 32)), pnginfo=about)


def making(text: str, place: str = "parameters") -> PictureMaking:
    return read_told(picture(text, place=place), PictureLimits()).making


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_a_prompt_is_told_and_its_negative_part_weighs_nothing(mode: str) -> None:
    told = read_told(picture(PROMPT, mode), PictureLimits())
    assert told.remarks == ()
    weights = {item.text.strip(): item.weightless for item in told.texts}
    assert weights["portrait of the amber owl"] is False
    assert weights["moon marten"] is True


def test_what_is_beyond_the_bound_is_remarked() -> None:
    told = read_told(picture("owl " * MAX_CHARACTERS), PictureLimits())
    assert sum(len(item.text) for item in told.texts) == MAX_CHARACTERS
    assert any(remark.startswith("text_too_long: ") for remark in told.remarks)


def test_damaged_metadata_is_remarked() -> None:
    whole = picture(PROMPT)
    at = whole.index(b"iTXt")
    told = read_told(whole[: at - 4] + b"\x7f\xff\xff\xff" + whole[at:], PictureLimits())
    assert told.remarks


@pytest.mark.parametrize("data", [b"", b"no picture", encoded(Image.new("RGB", (32, 32)))])
def test_what_is_no_picture_or_says_nothing_is_left_to_the_decoder(data: bytes) -> None:
    told = read_told(data, PictureLimits())
    assert (told.texts, told.remarks, told.making) == ((), (), PictureMaking())


@pytest.mark.parametrize("left", [0, 1, 10, len("portrait of the amber owl")])
def test_no_more_is_kept_than_is_left_and_the_prompt_comes_first(left: int) -> None:
    told = read_told(picture("Steps: 1, a: b, c: d\n" + PROMPT), PictureLimits(), left)
    assert "".join(item.text for item in told.texts) == "".join(told.making.prompts)
    assert sum(len(item.text) for item in told.texts) == left
    assert [remark.split(":")[0] for remark in told.remarks] == ["text_too_long"]


def test_what_just_fits_is_not_remarked() -> None:
    whole = read_told(picture(PROMPT), PictureLimits())
    count = sum(len(item.text) for item in whole.texts)
    assert read_told(picture(PROMPT), PictureLimits(), count) == whole


def test_the_making_names_tool_prompts_loras_and_their_hashes() -> None:
    text = f'owl <lora:amber owl v2:0.8>\n{PROMPT}, Lora hashes: "amber owl v2: 0011AABBCCDD, other: 99887766aabb"'
    assert making(text) == PictureMaking(
        tool="a1111",
        prompts=("owl <lora:amber owl v2:0.8>\nportrait of the amber owl",),
        loras=("amber owl v2", "other"),
        hashes=("0011aabbccdd", "99887766aabb"),
    )


@pytest.mark.parametrize(
    "name", [pytest.param(strings, id=name) for name, _, strings in CASES if strings[0][0].startswith("png:tEXt")]
)
def test_every_tool_names_the_loras_it_called(name: list[tuple[str, Any]]) -> None:
    source, value = name[0]
    text = value if isinstance(value, str) else json.dumps(value)
    assert "juno v2" in making(text, source.rpartition(":")[2]).loras


@pytest.mark.parametrize(
    ("text", "loras"),
    [
        ("owl <lora:sub/amber owl:1>", ("amber owl",)),
        ("owl <lora:amber owl.safetensors:1>", ("amber owl",)),
        ("owl <lora:v1.5:1>", ("v1.5",)),
        ("owl <lora:12:1>", ("12",)),
        ("owl\nNegative prompt: <lora:amber owl:1>", ()),
        ("owl <lora:amber owl:1>\nNegative prompt: <lora:amber owl:1>", ("amber owl",)),
        ('{"sui_image_params": {"loras": ["styles\\\\amber owl"], "loraweights": ["0.8"]}}', ("amber owl",)),
        ('{"1": {"class_type": "L", "inputs": {"lora_name": "None", "lora_02": "amber owl.pt"}}}', ("amber owl",)),
        ("owl", ()),
    ],
)
def test_a_lora_is_named_without_folder_and_ending_and_its_settings_are_no_names(
    text: str, loras: tuple[str, ...]
) -> None:
    assert making(text).loras == loras


def test_labels_of_provenance_are_part_of_the_making() -> None:
    assert making('{"Label": "1"}', "AIGC").labels == (("aigc", '{"Label": "1"}'),)
