"""Calibration: rates that fall as matches grow stronger, never reach zero, and are true on crowds that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from indexer.calibration import (
    CHANCES,
    CURVES,
    FLOOR_BELOW_CROWD,
    IN_STYLE_SHARE,
    UNKNOWN_STYLE,
    Calibration,
    RateCurve,
    Tail,
    from_arrays,
    to_arrays,
)
from indexer.errors import CalibrationError

FINITE = st.floats(-1e6, 1e6, allow_nan=False, width=32)
CROWDS = st.one_of(
    st.lists(FINITE, min_size=1, max_size=300),
    st.lists(st.integers(-256, 0), min_size=1, max_size=300),
    st.builds(
        lambda seed, size, shape: np.random.default_rng(seed).pareto(shape, size),
        st.integers(0, 10_000),
        st.integers(60, 400),
        st.floats(0.3, 5.0),
    ),
    st.builds(
        lambda seed, size: np.random.default_rng(seed).beta(2, 5, size), st.integers(0, 10_000), st.integers(60, 400)
    ),
)


def normal_crowd(seed: int, size: int = 5000) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.2, 0.07, size)


@given(CROWDS, FINITE, FINITE)
def test_a_stronger_match_never_has_a_higher_rate(crowd: list[float], first: float, second: float) -> None:
    curve = RateCurve.fit(crowd)
    weaker, stronger = sorted((first, second))
    assert curve.rate(stronger).value <= curve.rate(weaker).value


@given(CROWDS)
def test_rates_fall_over_the_whole_crowd_and_beyond_it(crowd: list[float]) -> None:
    curve = RateCurve.fit(crowd)
    low, high = float(np.min(crowd)), float(np.max(crowd))
    span = max(high - low, 1.0)
    rates = [curve.rate(value).value for value in np.linspace(low - span, high + 3 * span, 200)]
    assert rates == sorted(rates, reverse=True)


@given(CROWDS, FINITE)
def test_a_rate_is_never_nought_nor_above_one_and_lies_in_its_interval(crowd: list[float], value: float) -> None:
    rate = RateCurve.fit(crowd).rate(value)
    assert 0.0 < rate.low <= rate.value <= rate.high <= 1.0


@given(CROWDS)
def test_no_rate_falls_below_a_hundredth_of_what_the_crowd_could_have_seen(crowd: list[float]) -> None:
    assert RateCurve.fit(crowd).rate(1e9).value >= 1.0 / (FLOOR_BELOW_CROWD * len(crowd)) * (1 - 1e-9)


@pytest.mark.parametrize("truth", [stats.norm(0.2, 0.07), stats.expon(0, 0.1)], ids=["normal", "exponential"])
@pytest.mark.parametrize("seed", range(8))
def test_a_claimed_thousandth_is_a_thousandth_within_a_factor_of_three(
    truth: stats.rv_continuous,  # a frozen distribution
    seed: int,
) -> None:
    curve = RateCurve.fit(truth.rvs(5000, random_state=np.random.default_rng(seed)))
    values = np.linspace(truth.ppf(0.9), truth.ppf(0.99999), 4000)
    claimed = np.asarray([curve.rate(float(value)).value for value in values])
    at_a_thousandth = float(values[int(np.argmax(claimed <= 0.001))])
    assert 0.001 / 3 <= truth.sf(at_a_thousandth) <= 0.001 * 3


@pytest.mark.parametrize("truth", [stats.norm(0.2, 0.07), stats.expon(0, 0.1)], ids=["normal", "exponential"])
def test_the_interval_holds_the_truth_in_most_trials(truth: stats.rv_continuous) -> None:
    held = 0
    for seed in range(30):
        curve = RateCurve.fit(truth.rvs(2000, random_state=np.random.default_rng(100 + seed)))
        rate = curve.rate(float(truth.ppf(0.995)))
        held += rate.low <= truth.sf(truth.ppf(0.995)) <= rate.high
    # 90 % is claimed; 21 of 30 or fewer would be a chance of one in a thousand.
    assert held >= 22


def test_inside_the_crowd_the_rate_is_the_share_that_matched_as_strongly() -> None:
    crowd = np.arange(1000.0)
    assert RateCurve.fit(crowd).rate(500.0).value == pytest.approx(0.5, abs=0.002)


def test_the_fit_is_the_same_every_time() -> None:
    first, second = RateCurve.fit(normal_crowd(1)), RateCurve.fit(normal_crowd(1))
    assert first.rate(0.6) == second.rate(0.6)


def test_a_crowd_in_another_order_gives_the_same_rates() -> None:
    crowd = normal_crowd(1)
    assert RateCurve.fit(crowd).rate(0.6) == RateCurve.fit(crowd[::-1]).rate(0.6)


@pytest.mark.parametrize("crowd", [[], [math.nan], [1.0, math.inf], [-math.inf, 0.0]])
def test_an_empty_or_infinite_crowd_is_refused(crowd: list[float]) -> None:
    with pytest.raises(CalibrationError):
        RateCurve.fit(crowd)


@pytest.mark.parametrize("crowd", [[0.5], [0.5] * 1000, [0.1, 0.2, 0.3] * 500])
def test_a_crowd_without_a_tail_still_gives_rates(crowd: list[float]) -> None:
    curve = RateCurve.fit(crowd)
    assert curve.tail is None
    assert curve.rate(0.9).value == pytest.approx(1 / (len(crowd) + 1))


def test_the_tail_continues_where_shape_is_nought() -> None:
    tail = Tail(1.0, np.asarray([[0.05, 0.0, 0.5], [0.05, 1e-3, 0.5]]))
    exponential, nearly = tail.exceedance(2.0)
    assert exponential == pytest.approx(0.05 * math.exp(-2))
    assert nearly == pytest.approx(exponential, rel=0.01)


def test_beyond_the_end_of_a_bounded_tail_the_chance_is_nought() -> None:
    assert Tail(0.0, np.asarray([[0.05, -0.2, 1.0]])).exceedance(6.0)[0] == 0.0


@pytest.fixture(scope="module")
def crowds() -> tuple[RateCurve, RateCurve]:
    """Make a control set, and impostors that are fewer and reach more."""
    return RateCurve.fit(normal_crowd(1)), RateCurve.fit(normal_crowd(2, 200) + 0.1)


VALUES = st.floats(-0.5, 2.0)


@given(VALUES)
def test_the_rate_of_a_likeness_mixes_both_crowds_by_their_shares_of_the_uploads(
    crowds: tuple[RateCurve, RateCurve], value: float
) -> None:
    rate = Calibration(*crowds, needs_impostors=True).rate(value)
    control, impostors = (curve.rate(value) for curve in crowds)
    for mixed, ends in (
        (rate.value, (control.value, impostors.value)),
        (rate.low, (control.low, impostors.low)),
        (rate.high, (control.high, impostors.high)),
    ):
        assert mixed == pytest.approx((1 - IN_STYLE_SHARE) * ends[0] + IN_STYLE_SHARE * ends[1])
        assert min(ends) - 1e-12 <= mixed <= max(ends) + 1e-12
    assert 0.0 < rate.low <= rate.value <= rate.high <= 1.0
    assert rate.calibrated


@given(VALUES, VALUES, st.booleans())
def test_of_two_crowds_too_a_stronger_match_never_has_a_higher_rate(
    crowds: tuple[RateCurve, RateCurve],
    one: float,
    other: float,
    needs_impostors: bool,  # noqa: FBT001 (hypothesis passes what it draws by position)
) -> None:
    calibration = Calibration(*crowds, needs_impostors=needs_impostors)
    weaker, stronger = sorted((one, other))
    assert calibration.rate(stronger).value <= calibration.rate(weaker).value + 1e-12


@given(VALUES)
def test_of_agreeing_points_the_higher_rate_of_the_two_crowds_counts(
    crowds: tuple[RateCurve, RateCurve], value: float
) -> None:
    calibration = Calibration(*crowds)
    control, impostors = calibration.crowd_rates(value)
    assert impostors is not None
    assert calibration.rate(value) == max(control, impostors, key=lambda rate: rate.value)


def test_without_impostors_a_likeness_is_uncalibrated_and_guessed_higher_and_agreeing_points_are_not() -> None:
    control = RateCurve.fit(normal_crowd(1))
    assert not Calibration(control, None, needs_impostors=True).rate(0.5).calibrated
    assert Calibration(control, None).rate(0.5).calibrated
    assert Calibration(control, None).rate(0.5) == control.rate(0.5)
    guessed = Calibration(control, None, needs_impostors=True).rate(0.5).value
    assert guessed == pytest.approx(UNKNOWN_STYLE * control.rate(0.5).value)
    assert Calibration(control, None, needs_impostors=True).rate(-1.0).value == 1.0


@given(st.sampled_from(CURVES), VALUES)
def test_a_rate_reckons_with_the_chances_that_a_picture_has_by_other_measures(
    crowds: tuple[RateCurve, RateCurve], measure: str, value: float
) -> None:
    alone = Calibration(*crowds, needs_impostors=True).rate(value)
    rate = Calibration(*crowds, needs_impostors=True, chances=CHANCES[measure]).rate(value)
    for weighed, single in ((rate.value, alone.value), (rate.low, alone.low), (rate.high, alone.high)):
        assert weighed == pytest.approx(min(1.0, CHANCES[measure] * single))
    assert rate.calibrated


def test_a_claimed_rate_holds_for_all_measures_together() -> None:
    assert sum(1 / factor for factor in CHANCES.values()) <= 1.0 + 1e-9


def calibrations() -> dict[str, Calibration]:
    distances = -np.random.default_rng(0).binomial(256, 0.5, 2000).astype(float)
    crowds: dict[str, tuple[RateCurve, RateCurve | None]] = {
        "cosine": (RateCurve.fit(normal_crowd(1)), RateCurve.fit(normal_crowd(2, 300))),
        "pdq_distance": (RateCurve.fit(distances), None),
        "phash_distance": (RateCurve.fit([-64.0]), RateCurve.fit(distances[:100])),
        "agreeing_points": (RateCurve.fit([0.0] * 500 + [1.0, 2.5]), None),
    }
    return {
        measure: Calibration(*pair, needs_impostors=measure != "agreeing_points", chances=CHANCES[measure])
        for measure, pair in crowds.items()
    }


def test_beyond_a_control_set_that_saw_nothing_the_impostors_speak_alone() -> None:
    nothing = RateCurve.fit(np.zeros(740))
    impostors = RateCurve.fit(np.random.default_rng(0).exponential(2.0, 102))
    seen = len(nothing.values) + len(impostors.values)
    assert Calibration(nothing, impostors).rate(54.0) == impostors.rate(54.0, seen)
    assert Calibration(nothing, impostors).rate(54.0).value < 1 / 741
    assert Calibration(nothing, impostors).rate(0.0).value == 1.0


@given(st.sampled_from(CURVES), st.floats(-300, 3))
def test_writing_and_reading_changes_no_rate(measure: str, value: float) -> None:
    made = calibrations()
    assert from_arrays(to_arrays(made))[measure].rate(value) == made[measure].rate(value)


@pytest.mark.parametrize(
    "gone", ["cosine.control.values", "phash_distance.control.values", "cosine.control.tail_threshold"]
)
def test_a_missing_array_is_named(gone: str) -> None:
    arrays = to_arrays(calibrations())
    del arrays[gone]
    with pytest.raises(KeyError, match=gone):
        from_arrays(arrays)
