from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.calibration import Calibration, RateCurve
from service.console import plots
from service.console.crowds import CrowdMemory, crowds_of
from service.console.marked import mark_in

RATES = st.floats(0.0, 1.0)
SHARES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=60)


def numbers(markup: str) -> list[float]:
    svg = ET.fromstring(markup)  # noqa: S314 (ours)
    drawn = [value for item in svg for name, value in item.attrib.items() if name in ("d", "cx", "cy", "x", "width")]
    return [float(found) for value in drawn for found in re.findall(r"-?\d+(?:\.\d+)?", value)]


@given(RATES, RATES, RATES)
def test_a_rate_lies_on_its_scale(rate: float, review: float, block: float) -> None:
    marks = [plots.Mark(review, "review"), plots.Mark(block, "block")]
    assert all(-1 <= value <= 241 for value in numbers(plots.rate_scale(rate, (rate, rate), marks, "x")))


@given(SHARES, SHARES, RATES)
def test_crowds_lie_on_their_plot(control: list[float], impostors: list[float], at: float) -> None:
    drawn = plots.crowds(control, impostors, [plots.Mark(at, "value")], "x")
    assert all(-1 <= value <= 241 for value in numbers(drawn))


@given(SHARES)
def test_bars_lie_on_their_plot(values: list[float]) -> None:
    assert all(-1 <= value <= 241 for value in numbers(plots.bars(values, "x")))


def test_the_label_of_a_plot_is_text() -> None:
    assert 'aria-label="&lt;&#34;a&#34;&gt;"' in plots.rate_scale(0.1, None, [], '<"a">')


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    chance = np.random.default_rng(7)
    return Calibration(RateCurve.fit(chance.normal(0.3, 0.1, 800)), RateCurve.fit(chance.normal(0.4, 0.1, 80)), True)


def test_a_rarer_rate_lies_farther_along(calibration: Calibration) -> None:
    crowds = crowds_of(calibration)
    places = [crowds.place(rate) for rate in (1.0, 0.5, 0.1, 0.01, 0.001, 1e-6, 0.0)]
    assert places == sorted(places)
    assert all(0.0 <= place <= 1.0 for place in places)


def test_a_place_is_where_the_value_with_that_rate_lies(calibration: Calibration) -> None:
    crowds, value = crowds_of(calibration), 0.55
    least = float(np.quantile(calibration.control.values, 0.01))
    most = max(calibration.control.values[-1], calibration.impostors.values[-1])  # type: ignore[union-attr]
    most += 0.15 * (most - least)
    assert crowds.place(calibration.rate(value).value) == pytest.approx((value - least) / (most - least), abs=0.02)


def test_crowds_are_read_once_a_generation(calibration: Calibration) -> None:
    memory, read = CrowdMemory(), []

    def asked() -> Calibration:
        read.append(1)
        return calibration

    for generation in ("1", "1", "2", "2"):
        memory.get(generation, "cosine", asked)
    assert len(read) == 2


@given(st.text(max_size=60), st.lists(st.text(max_size=8), max_size=4))
def test_a_marked_text_is_the_text(text: str, words: list[str]) -> None:
    marked = mark_in(text, words)
    assert marked.replace("<mark>", "").replace("</mark>", "").unescape() == text
    assert not re.search(r"<(?!/?mark>)", marked)


def test_names_are_marked_where_they_stand_the_longest_first() -> None:
    marked = mark_in("amber owl <b> owl & Amber", ["owl", "amber owl"])
    assert marked == "<mark>amber owl</mark> &lt;b&gt; <mark>owl</mark> &amp; Amber"
