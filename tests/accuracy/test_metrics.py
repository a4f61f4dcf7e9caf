"""The measures: thresholds, shares, areas and intervals, on numbers that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.accuracy import metrics


def test_a_threshold_is_exceeded_by_no_more_than_its_rate() -> None:
    crowd = np.random.default_rng(0).normal(size=5_000)
    for rate in (0.0, 0.001, 0.01, 0.1):
        assert np.mean(crowd > metrics.threshold(crowd, rate)) <= rate


def test_a_threshold_is_no_higher_than_it_need_be() -> None:
    crowd = np.arange(1_000.0)
    assert np.mean(crowd > metrics.threshold(crowd, 0.01)) == 0.01


def test_pictures_tied_with_the_crowd_are_not_found() -> None:
    crowd = np.zeros(100)
    assert metrics.found_share(np.zeros(10), crowd, 0.01) == 0.0
    assert metrics.found_share(np.ones(10), crowd, 0.01) == 1.0


def test_the_area_counts_ties_half() -> None:
    assert metrics.area(np.asarray([2.0]), np.asarray([1.0, 2.0, 3.0, 0.0])) == pytest.approx(2.5 / 4)
    assert metrics.area(np.asarray([5.0, 6.0]), np.asarray([1.0, 2.0])) == 1.0


def test_a_roc_curve_never_falls_and_ends_at_all() -> None:
    rng = np.random.default_rng(1)
    rates, found = metrics.roc(rng.normal(1, 1, 300), rng.normal(0, 1, 3_000))
    assert np.all(np.diff(rates) > 0)
    assert np.all(np.diff(found) >= 0)
    assert found[-1] > 0.99


def test_the_interval_of_figures_holds_the_true_value() -> None:
    rng = np.random.default_rng(2)
    positives, crowd = rng.normal(3, 1, 2_000), rng.normal(0, 1, 20_000)
    found = metrics.figures(positives, positives > 2, crowd, [str(n) for n in range(2_000)])
    # A crowd of N(0, 1) has its 1 % at 2.326, which 75 % of N(3, 1) exceed.
    assert found.found[0].low < 0.75 < found.found[0].high
    assert found.found[0].low <= found.found[0].value <= found.found[0].high
    assert found.found[1].value < found.found[0].value
    assert found.area.value == pytest.approx(0.983, abs=0.005)


def test_pictures_of_one_character_widen_the_interval() -> None:
    rng = np.random.default_rng(3)
    crowd = rng.normal(size=5_000)
    positives = np.repeat(rng.normal(2.3, 1, 40), 25)
    alone = metrics.figures(positives, positives > 0, crowd, [str(n) for n in range(1_000)])
    together = metrics.figures(positives, positives > 0, crowd, [str(n // 25) for n in range(1_000)])
    assert together.found[0].high - together.found[0].low > 2 * (alone.found[0].high - alone.found[0].low)


def test_a_share_of_none_still_has_an_upper_end() -> None:
    none, some, every = metrics.share(0, 1_000), metrics.share(10, 1_000), metrics.share(5, 5)
    assert none.low == 0.0
    assert 0.001 < none.high < 0.005
    assert some.low < 0.01 < some.high
    assert every.high == 1.0


def test_a_lower_rate_is_stronger_whatever_the_closeness() -> None:
    assert metrics.statistic(0.001, 0.0) > metrics.statistic(0.00101, 1.0)
    assert metrics.statistic(0.001, 0.9) > metrics.statistic(0.001, 0.8)
    assert metrics.statistic(0.0, 1.0) > metrics.statistic(1e-9, 1.0)
