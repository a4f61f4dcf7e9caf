"""Layout: pictures shown among other things are found where they lie; an ordinary picture holds none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from indexer.model import Region
from indexer.signals.pixels.images import decode
from indexer.signals.pixels.layout import MAX_INNER, inner_pictures
from tests.fakes import draw, encoded

NEAR = 1 / 64
"""How exactly a place is told: two lines of the page that is looked at, and what compression smears."""

COLOURS = ["black", "white", "navy", "crimson"]
FORMATS = [pytest.param("PNG", {}, id="png"), pytest.param("JPEG", {"quality": 50}, id="jpeg")]


def scene(seed: int = 1, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Paint a picture that fills its frame: soft patches of all colours."""
    patches = np.random.default_rng(seed).integers(0, 256, (16, 20, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)


def lone_figure() -> Image.Image:
    image = Image.new("RGB", (400, 400), "white")
    canvas = ImageDraw.Draw(image)
    canvas.ellipse((140, 60, 260, 180), fill="tan", outline="black", width=4)
    canvas.polygon([(200, 180), (110, 350), (290, 350)], fill="teal", outline="black")
    return image


def pasted(page: Image.Image, *pictures: tuple[Image.Image, tuple[int, int]]) -> Image.Image:
    for picture, place in pictures:
        page.paste(picture, place)
    return page


def page_of_panels(size: tuple[int, int] = (315, 235)) -> Image.Image:
    places = [(10, 10), (335, 10), (10, 255), (335, 255)]
    panels = [(scene(seed, size), place) for seed, place in enumerate(places)]
    return pasted(Image.new("RGB", (660, 500), "white"), *panels)


def screenshot(picture: Image.Image) -> Image.Image:
    page = Image.new("RGB", (800, 600), (240, 240, 240))
    canvas = ImageDraw.Draw(page)
    canvas.rectangle((0, 0, 800, 40), fill=(60, 60, 60))
    canvas.text((10, 10), "a window's title", fill="white")
    for line in range(80, 580, 30):
        canvas.text((20, line), "words of a menu", fill="black")
    return pasted(page, (picture, (220, 110)))


def captioned() -> Image.Image:
    page = Image.new("RGB", (400, 420), "white")
    ImageDraw.Draw(page).text((20, 20), "WHEN AT LAST IT WORKS", fill="black", font_size=24)
    return pasted(page, (scene(6, (400, 300)), (0, 80)))


def found(image: Image.Image, file_format: str = "PNG", **options: int) -> list[tuple[float, ...]]:
    regions = inner_pictures(decode("upload", encoded(image, file_format, **options)))
    return [corners(region) for region in regions]


def corners(region: Region) -> tuple[float, ...]:
    return (region.x0, region.y0, region.x1, region.y1)


def area(box: tuple[float, ...]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(("file_format", "options"), FORMATS)
@pytest.mark.parametrize(
    ("border", "wanted"),
    [
        pytest.param((0, 80), (0.0, 0.2, 1.0, 0.8), id="bars above and below"),
        pytest.param((107, 0), (0.2, 0.0, 0.8, 1.0), id="bars at the sides"),
        pytest.param((0, 0, 0, 80), (0.0, 0.0, 1.0, 0.75), id="one bar below"),
        pytest.param((80, 60), (1 / 6, 1 / 6, 5 / 6, 5 / 6), id="a frame"),
    ],
)
def test_a_letterboxed_picture_is_found_without_its_bars(
    border: tuple[int, ...], wanted: tuple[float, ...], colour: str, file_format: str, options: dict[str, int]
) -> None:
    framed = ImageOps.expand(scene(), border, colour)
    (place,) = found(framed, file_format, **options)
    assert place == pytest.approx(wanted, abs=NEAR)


def test_bars_of_two_colours_are_bars() -> None:
    page = Image.new("RGB", (320, 400), "white")
    page.paste("black", (0, 300, 320, 400))
    (place,) = found(pasted(page, (scene(), (0, 80))))
    assert place == pytest.approx((0.0, 0.2, 1.0, 0.8), abs=NEAR)


@pytest.mark.parametrize(("file_format", "options"), FORMATS)
def test_each_panel_of_a_page_is_found(file_format: str, options: dict[str, int]) -> None:
    wanted = [(x / 660, y / 500, (x + 315) / 660, (y + 235) / 500) for y in (10, 255) for x in (10, 335)]
    panels = sorted(found(page_of_panels(), file_format, **options), key=lambda box: (round(box[1], 1), box[0]))
    assert len(panels) == 4
    for panel, place in zip(panels, wanted, strict=True):
        assert panel == pytest.approx(place, abs=NEAR)


def test_a_picture_in_a_screenshot_is_found_and_the_words_around_it_are_not() -> None:
    (place,) = found(screenshot(scene(5, (500, 420))))
    assert place == pytest.approx((220 / 800, 110 / 600, 720 / 800, 530 / 600), abs=NEAR)


def test_a_picture_under_a_caption_is_found() -> None:
    (place,) = found(captioned())
    assert place == pytest.approx((0.0, 80 / 420, 1.0, 380 / 420), abs=NEAR)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(scene(), id="a picture that fills its frame"),
        pytest.param(scene(9, (1200, 300)), id="a wide one"),
        pytest.param(draw(1, 0), id="a drawing that fills its frame"),
        pytest.param(lone_figure(), id="a lone figure on a plain ground"),
        pytest.param(Image.new("RGB", (300, 300), "teal"), id="a flat picture"),
        pytest.param(Image.linear_gradient("L"), id="a gradient"),
        pytest.param(ImageOps.expand(scene(), 4, "black"), id="a frame too thin to matter"),
        pytest.param(pasted(Image.new("RGB", (640, 480)), (scene(1, (60, 60)), (100, 100))), id="a picture too small"),
    ],
)
@pytest.mark.parametrize(("file_format", "options"), FORMATS)
def test_an_ordinary_picture_holds_no_other(image: Image.Image, file_format: str, options: dict[str, int]) -> None:
    assert found(image, file_format, **options) == []


def test_of_more_panels_than_are_looked_at_the_largest_count() -> None:
    page = Image.new("RGB", (1000, 800), "white")
    sizes = [(230, 240), (240, 250), (220, 220)] * 3
    places = [(10 + 330 * (n % 3), 10 + 265 * (n // 3)) for n in range(9)]
    panels = found(
        pasted(page, *((scene(n, size), place) for n, (size, place) in enumerate(zip(sizes, places, strict=True))))
    )
    assert len(panels) == MAX_INNER
    assert min(area(panel) for panel in panels) > 220 * 220 / 800_000


@settings(max_examples=40)
@given(
    st.integers(0, 1000),
    st.lists(st.integers(20, 200), min_size=1, max_size=4),
    st.lists(st.integers(20, 200), min_size=1, max_size=4),
    st.integers(0, 40),
    st.sampled_from(COLOURS),
)
def test_of_any_page_the_places_lie_within_it_and_come_largest_first(
    seed: int, widths: list[int], heights: list[int], gap: int, colour: str
) -> None:
    page = Image.new("RGB", (sum(widths) + gap * (len(widths) + 1), sum(heights) + gap * (len(heights) + 1)), colour)
    for row, height in enumerate(heights):
        for column, width in enumerate(widths):
            place = (sum(widths[:column]) + gap * (column + 1), sum(heights[:row]) + gap * (row + 1))
            page.paste(scene(seed + row * 4 + column, (width, height)), place)
    panels = found(page)
    assert len(panels) <= MAX_INNER
    assert all(0.0 <= x0 < x1 <= 1.0 and 0.0 <= y0 < y1 <= 1.0 for x0, y0, x1, y1 in panels)
    assert [area(panel) for panel in panels] == sorted((area(panel) for panel in panels), reverse=True)
