"""Many pictures in one upload: a few at a time, with the same result, and within bounds together."""

from __future__ import annotations

import io

from PIL import Image, PngImagePlugin

from indexer.errors import PictureError
from indexer.matcher import AT_ONCE, Matcher
from indexer.model import PictureFile
from indexer.signals.metadata.told import MAX_CHARACTERS, MAX_UPLOAD_CHARACTERS
from tests.fakes import draw, encoded

SMALL = (48, 48)


def with_prompt(number: int, prompt: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", f"{prompt}\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 48x48", zip=True)
    out = io.BytesIO()
    Image.new("RGB", SMALL, (number, 90, 200)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


class _Broken:
    """A picture of a pack that is damaged where nobody looked before."""

    name = "b.png"

    @property
    def data(self) -> bytes:
        raise PictureError("b.png: wrong checksum", code="pack_damaged")


def test_pictures_beyond_a_batch_are_matched_as_in_one(matcher: Matcher) -> None:
    pictures = [PictureFile(f"{n}.png", encoded(draw(n % 5, n, (96, 96)))) for n in range(AT_ONCE + 3)]
    done: list[int] = []
    together = matcher.examine(pictures, progress=done.append)
    assert done == [AT_ONCE, AT_ONCE + 3]
    assert [item.name for item in together.pictures] == [item.name for item in pictures]
    last, alone = together.pictures[-1], matcher.examine(pictures[-1:]).pictures[0]
    assert [(m.kind, m.reference) for m in last.matches] == [(m.kind, m.reference) for m in alone.matches]


def test_a_picture_that_cannot_be_read_any_more_is_a_problem_of_its_own(matcher: Matcher) -> None:
    good = PictureFile("a.png", encoded(draw(1, 1)))
    found = matcher.examine([good, _Broken()]).pictures
    assert [item.problem for item in found] == [None, "pack_damaged: b.png: wrong checksum"]


def test_what_metadata_says_of_the_making_is_passed_on(matcher: Matcher) -> None:
    found = matcher.examine([PictureFile("a.png", with_prompt(1, "an amber owl <lora:owl_v2:0.8>"))]).pictures[0]
    assert found.making.tool == "a1111"
    assert found.making.loras == ("owl_v2",)
    assert "amber owl" in found.making.prompts[0]


def test_the_metadata_of_all_pictures_together_is_bounded(matcher: Matcher) -> None:
    """Compressed, a few kilobytes hold any number of characters: a pack of them must not fill the memory."""
    count = MAX_UPLOAD_CHARACTERS // MAX_CHARACTERS + 2 * AT_ONCE
    prompt = "owl " * (MAX_CHARACTERS // 4)
    pictures = [PictureFile(f"{n}.png", with_prompt(n, prompt)) for n in range(count)]
    found = matcher.examine(pictures).pictures
    told = sum(len(text.text) for item in found for text in item.texts)
    assert told <= MAX_UPLOAD_CHARACTERS + AT_ONCE * MAX_CHARACTERS
    assert found[-1].texts == ()
    assert any(remark.startswith("text_too_long:") for remark in found[-1].remarks)
