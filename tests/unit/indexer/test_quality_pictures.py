"""The quality report of one picture: each remark where it belongs, and not elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from indexer.quality import Remark, Severity, assess
from indexer.quality.lettering import lettering
from indexer.quality.pictures import LEAST_SIDE, MODEL_SIDE, MUCH_LETTERING, foreground
from indexer.reference_signals import measure
from indexer.signals.pixels.images import Picture, decode
from tests.fakes import TINY_SPEC, TinyBackend, draw, encoded

ENGLISH = "The hare wound the great spring as ever and set out over the hills with a lantern, singing to herself. " * 40
CHINESE = "那天天气晴朗而寒冷，兔子照常上紧了大发条，提着灯笼翻过山岗，向海边走去。" * 40


def remarks_of(image: Image.Image) -> tuple[Remark, ...]:
    data = encoded(image)
    return assess(decode("a.png", data), measure("a.png", data, TINY_SPEC, TinyBackend()))


def codes(image: Image.Image) -> set[str]:
    return {remark.code for remark in remarks_of(image)}


def as_picture(image: Image.Image) -> Picture:
    return decode("a.png", encoded(image))


def page(
    size: int,
    box: tuple[int, int, int, int] = (16, 16, 496, 496),
    ground: Image.Image | None = None,
    ink: str = "black",
) -> Image.Image:
    """Write English into a box, line by line."""
    image = (ground or Image.new("RGB", (512, 512), "white")).copy()
    canvas, font = ImageDraw.Draw(image), ImageFont.load_default(size)
    text, y = ENGLISH, float(box[1])
    while y + 1.4 * size <= box[3]:
        line = next(n for n in range(len(text)) if canvas.textlength(text[: n + 1], font=font) > box[2] - box[0])
        canvas.text((box[0], y), text[:line], font=font, fill=ink)
        text, y = text[line:], y + 1.4 * size
    return image


def chinese_page() -> Image.Image:
    """Write Chinese with the face that OpenCV brings along."""
    rgb = np.full((512, 512, 3), 255, np.uint8)
    for line in range(14):
        text = CHINESE[line * 18 : line * 18 + 18]
        cv2.putText(rgb, text, (20, 40 + 34 * line), (0, 0, 0), cv2.FontFace("uni"), 24)
    return Image.fromarray(rgb)


def disc() -> Image.Image:
    image = Image.new("RGB", (512, 512), "white")
    ImageDraw.Draw(image).ellipse((100, 100, 400, 400), fill="red")
    return image


def dots() -> Image.Image:
    image = Image.new("RGB", (512, 512), "white")
    canvas = ImageDraw.Draw(image)
    for y in range(10, 512, 24):
        for x in range(10, 512, 20):
            canvas.ellipse((x, y, x + 10, y + 10), outline="black", width=2)
    return image


def stripes() -> Image.Image:
    image = Image.new("RGB", (512, 512), "white")
    for x in range(0, 512, 16):
        ImageDraw.Draw(image).rectangle((x, 0, x + 7, 512), fill="navy")
    return image


def noise(blur: float = 0.0) -> Image.Image:
    values = np.random.default_rng(5).integers(0, 256, (512, 512, 3), dtype=np.uint8)
    return Image.fromarray(values).filter(ImageFilter.GaussianBlur(blur))


def test_nothing_is_said_of_a_good_picture() -> None:
    assert remarks_of(draw(1, 0)) == ()


@pytest.mark.parametrize(
    ("side", "severity"),
    [(LEAST_SIDE, None), (LEAST_SIDE - 1, Severity.ADVICE), (MODEL_SIDE, Severity.ADVICE), (MODEL_SIDE - 1, "warn")],
)
def test_a_small_picture_is_told_by_its_shorter_side(side: int, severity: Severity | None) -> None:
    found = [item for item in remarks_of(draw(1, 0, (side, 400))) if item.code == "too_small"]
    assert [(item.severity, item.value) for item in found] == ([] if severity is None else [(severity, side)])


def test_a_picture_too_plain_for_hashes_is_flat() -> None:
    plain = Image.new("RGB", (300, 300), "white")
    ImageDraw.Draw(plain).line((20, 150, 280, 150), fill=(200, 200, 200), width=3)
    assert "flat" in codes(plain)
    assert "flat" not in codes(draw(2, 0))


@pytest.mark.parametrize("size", [12, 14, 18, 24, 32, 48])
@pytest.mark.parametrize("ink", ["black", "yellow"])
def test_a_page_of_text_is_text_heavy(size: int, ink: str) -> None:
    ground = Image.new("RGB", (512, 512), "white" if ink == "black" else "navy")
    assert "text_heavy" in codes(page(size, ground=ground, ink=ink))


def test_a_page_of_chinese_is_text_heavy() -> None:
    assert "text_heavy" in codes(chinese_page())


def test_a_text_beside_a_figure_is_told_and_a_caption_is_not() -> None:
    figure = draw(3, 0, (512, 512))
    half, caption = (270, 0, 512, 512), (0, 462, 512, 512)
    for box, heavy in ((half, True), (caption, False)):
        ground = figure.copy()
        ImageDraw.Draw(ground).rectangle(box, fill="white")
        inner = (box[0] + 8, box[1] + 6, box[2] - 8, box[3])
        assert ("text_heavy" in codes(page(18, inner, ground))) is heavy


@pytest.mark.parametrize("make", [dots, stripes, disc, noise, lambda: noise(4.0)])
def test_patterns_and_noise_are_no_lettering(make: Callable[[], Image.Image]) -> None:
    assert lettering(as_picture(make())) < MUCH_LETTERING


def test_drawn_figures_are_no_lettering() -> None:
    assert max(lettering(as_picture(draw(character, 0))) for character in range(20)) < MUCH_LETTERING


@pytest.mark.parametrize("size", [(16, 16), (16, 4000), (4000, 16)])
def test_any_shape_of_picture_is_assessed(size: tuple[int, int]) -> None:
    assert "too_small" in codes(Image.new("RGB", size, "grey"))


def test_an_empty_picture_holds_no_figure() -> None:
    assert "no_character_found" in codes(Image.new("RGB", (400, 400), "teal"))


def test_a_few_words_on_an_empty_ground_hold_no_figure() -> None:
    image = Image.new("RGB", (512, 512), "white")
    ImageDraw.Draw(image).text((200, 240), "COPYRIGHT", fill="black", font_size=30)
    assert "no_character_found" in codes(image)


def test_even_a_simple_figure_is_found() -> None:
    image = Image.new("RGB", (512, 512), "white")
    canvas = ImageDraw.Draw(image)
    canvas.ellipse((150, 150, 360, 360), fill="pink", outline="black", width=4)
    canvas.ellipse((200, 210, 220, 250), fill="black")
    canvas.ellipse((280, 210, 300, 250), fill="black")
    canvas.arc((220, 250, 290, 310), 0, 180, fill="black", width=4)
    assert "no_character_found" not in codes(image)


def test_foreground_is_what_differs_from_the_border() -> None:
    image = Image.new("RGB", (256, 256), "white")
    image.paste("black", (64, 64, 192, 192))
    assert foreground(as_picture(image)) == pytest.approx(0.25)
