"""What a picture's metadata tells a request: every string within bounds, and what was not read is said."""

from __future__ import annotations

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from indexer.signals.metadata.told import MAX_CHARACTERS, read_told
from indexer.signals.pixels.images import PictureLimits
from tests.fakes import encoded

PROMPT = "portrait of the amber owl\nNegative prompt: moon marten\nSteps: 20, Sampler: Euler a, Seed: 3"


def picture(text: str, mode: str = "RGB") -> bytes:
    about = PngInfo()
    about.add_text("parameters", text)
    return encoded(Image.new(mode, (32, 32)), pnginfo=about)


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
    at = whole.index(b"tEXt")
    told = read_told(whole[: at - 4] + b"\x7f\xff\xff\xff" + whole[at:], PictureLimits())
    assert told.remarks


@pytest.mark.parametrize("data", [b"", b"no picture", encoded(Image.new("RGB", (32, 32)))])
def test_what_is_no_picture_or_says_nothing_is_left_to_the_decoder(data: bytes) -> None:
    told = read_told(data, PictureLimits())
    assert (told.texts, told.remarks) == ((), ())
