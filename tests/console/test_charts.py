"""Charts: what is drawn stands for the numbers, in both widths, and is safe to put into a page."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.console.charts import (
    WIDTHS,
    Bar,
    Interval,
    Series,
    Told,
    bars,
    dots_with_intervals,
    line_with_band,
    stacked_bars,
    ticks,
)

TOLD = Told("chart", "Title", "Text")
HOSTILE = "</text><script>alert('a&b')</script>\""
COUNTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=30)


def say(value: float) -> str:
    return f"{value:g}"


def drawings(markup: str) -> list[ET.Element]:
    """Read both drawings, the wide one first."""
    return list(ET.fromstring(f"<both>{markup}</both>"))  # noqa: S314 (written by ourselves)


def of_class(svg: ET.Element, kind: str) -> Iterator[ET.Element]:
    return (element for element in svg.iter() if element.get("class") == kind)


def number(element: ET.Element, name: str) -> float:
    return float(element.get(name, "nan"))


@given(COUNTS, COUNTS)
def test_the_heights_of_bars_are_to_each_other_as_the_numbers(first: list[int], second: list[int]) -> None:
    size = min(len(first), len(second))
    series = [Series("a", "block", first[:size]), Series("b", "allow", second[:size])]
    for svg in drawings(stacked_bars(TOLD, [str(n) for n in range(size)], series, say)):
        total = sum(number(rect, "height") for kind in ("chart-block", "chart-allow") for rect in of_class(svg, kind))
        for kind, values in (("chart-block", first[:size]), ("chart-allow", second[:size])):
            drawn = sum(number(rect, "height") for rect in of_class(svg, kind))
            if total:
                assert drawn == pytest.approx(total * sum(values) / (sum(first[:size]) + sum(second[:size])), abs=0.4)


def test_the_first_series_stands_on_the_axis_and_the_second_on_the_first() -> None:
    series = [Series("a", "block", [1, 0]), Series("b", "allow", [3, 2])]
    for svg in drawings(stacked_bars(TOLD, ["x", "y"], series, say)):
        (low,), (over, alone) = of_class(svg, "chart-block"), of_class(svg, "chart-allow")
        base = number(low, "y") + number(low, "height")
        assert number(over, "y") + number(over, "height") == pytest.approx(number(low, "y"), abs=0.02)
        assert number(alone, "y") + number(alone, "height") == pytest.approx(base, abs=0.02)
        assert number(over, "height") == pytest.approx(3 * number(low, "height"), abs=0.05)
        assert [title.text for title in svg.iter("title")] == ["Title", "x: a 1, b 3", "y: a 0, b 2"]


def test_a_line_is_interrupted_where_there_is_no_number() -> None:
    line, edge = [1.0, 2.0, None, 4.0, None], [2.0, 3.0, None, 8.0, None]
    for svg in drawings(line_with_band(TOLD, list("abcde"), line, edge, say)):
        assert len(list(of_class(svg, "chart-line"))) == 2
        low, high = ([number(dot, "cy") for dot in of_class(svg, kind)] for kind in ("chart-dot", "chart-dot-high"))
        base = max(number(rect, "y") + number(rect, "height") for rect in of_class(svg, "chart-hit"))
        heights = [base - place for place in low + high]
        assert heights == pytest.approx([heights[0] * n for n in (1, 2, 4, 2, 3, 8)], abs=0.6)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=10))
def test_the_lengths_of_bars_are_to_the_track_as_the_numbers_to_the_largest(values: list[int]) -> None:
    rows = [Bar(f"row {n}", value, str(value)) for n, value in enumerate(values)]
    for svg in drawings(bars(TOLD, rows)):
        drawn, tracks = (
            [number(rect, "width") for rect in of_class(svg, kind)] for kind in ("chart-bar", "chart-track")
        )
        for width, track, value in zip(drawn, tracks, values, strict=True):
            expected = track * value / (max(values) or 1)
            assert width == pytest.approx(max(expected, 1.5 if value else 0.0), abs=0.02)


def test_what_is_not_nothing_is_seen() -> None:
    for svg in drawings(bars(TOLD, [Bar("a", 1, "1"), Bar("b", 10**9, "10⁹"), Bar("c", 0, "0")])):
        assert [number(rect, "width") > 0 for rect in of_class(svg, "chart-bar")] == [True, True, False]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)).map(sorted), min_size=1, max_size=8))
def test_a_share_lies_in_its_interval_on_a_scale_from_0_to_1(shares: list[list[float]]) -> None:
    rows = [Interval(f"row {n}", value, low, high, "") for n, (low, value, high) in enumerate(shares)]
    for svg in drawings(dots_with_intervals(TOLD, rows, say)):
        scale = [float(str(path.get("d")).split()[0][1:]) for path in of_class(svg, "chart-grid")]
        left, right = min(scale), max(scale)
        for dot, path, (low, value, high) in zip(
            of_class(svg, "chart-dot"), of_class(svg, "chart-interval"), shares, strict=True
        ):
            start, _, end = str(path.get("d")).removeprefix("M").replace("H", "").split()
            drawn = [float(start), number(dot, "cx"), float(end)]
            expected = [left + share * (right - left) for share in (low, value, high)]
            assert drawn == pytest.approx(expected, abs=0.16)


def test_of_nothing_there_is_an_interval_and_no_dot() -> None:
    for svg in drawings(dots_with_intervals(TOLD, [Interval("a", None, 0.0, 1.0, "–")], say)):
        assert not list(of_class(svg, "chart-dot"))
        assert len(list(of_class(svg, "chart-interval"))) == 1


@given(st.floats(1e-6, 1e12))
def test_ticks_are_few_round_and_reach_over_the_highest(highest: float) -> None:
    marks = ticks(highest)
    assert marks[0] == 0
    assert marks[-1] >= highest * (1 - 1e-6)
    assert 2 <= len(marks) <= 5
    assert float(f"{marks[1]:.3g}") == pytest.approx(marks[1])
    assert f"{marks[1]:.1e}"[0] in "125"


@pytest.mark.parametrize("columns", [[], ["a"]])
def test_of_no_numbers_a_chart_is_empty_and_whole(columns: list[str]) -> None:
    nothing = [0.0 for _ in columns]
    drawn = [
        stacked_bars(TOLD, columns, [Series("a", "block", nothing)], say),
        line_with_band(TOLD, columns, [None for _ in columns], [None for _ in columns], say),
        bars(TOLD, []),
        dots_with_intervals(TOLD, [], say),
    ]
    assert all(len(drawings(markup)) == 2 for markup in drawn)


def test_labels_cannot_leave_the_drawing() -> None:
    markup = bars(Told("chart", HOSTILE, HOSTILE), [Bar(HOSTILE, 1, HOSTILE, "/console/queue?set=a&b=\"'")])
    assert "<script>" not in markup
    for svg in drawings(markup):
        assert [item.text for item in of_class(svg, "chart-number")] == [HOSTILE]
        assert [item.get("href") for item in svg.iter("a")] == ["/console/queue?set=a&b=\"'"]


def test_nothing_is_styled_in_place_as_the_pages_policy_forbids_it() -> None:
    markup = bars(TOLD, [Bar("a", 1, "1")]) + stacked_bars(TOLD, ["a"], [Series("a", "block", [1])], say)
    for svg in drawings(markup):
        assert all(element.get("style") is None and element.tag not in ("style", "script") for element in svg.iter())


def test_both_drawings_are_told_by_title_and_description_with_ids_of_their_own() -> None:
    both = drawings(bars(Told("ages", "Open cases", "By age."), [Bar("a", 1, "1")]))
    ids = [element.get("id") for svg in both for element in svg.iter() if element.get("id")]
    assert len(ids) == len(set(ids)) == 4
    for svg, width in zip(both, WIDTHS.values(), strict=True):
        named, described = (svg.find(f"*[@id='{svg.get(f'aria-{name}by')}']") for name in ("labelled", "described"))
        assert named is not None
        assert described is not None
        assert (named.tag, named.text, described.tag, described.text) == ("title", "Open cases", "desc", "By age.")
        assert svg.get("role") == "img"
        assert str(svg.get("viewBox")).startswith(f"0 0 {width:g} ")


def test_a_drawing_with_links_is_no_single_picture() -> None:
    for svg in drawings(bars(TOLD, [Bar("a", 1, "1", "/console/queue")])):
        assert svg.get("role") == "group"


def test_a_long_label_is_shortened_and_told_whole() -> None:
    label = "蛇后与她的朋友们" * 9
    for svg in drawings(bars(TOLD, [Bar(label, 1, "1")])):
        (shown,) = of_class(svg, "chart-label")
        assert str(shown.text).endswith("…")
        assert label in [title.text for title in svg.iter("title")]
