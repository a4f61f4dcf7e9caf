"""Agreement over samples, against scipy's beta-binomial distribution."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from service.domain.agreement import any_of, joint_rate

small_rates = st.floats(-6, -1.5).map(lambda power: 10.0**power)


@pytest.mark.parametrize("correlation", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("rate", [1e-5, 1e-3, 0.05, 0.3])
@pytest.mark.parametrize(("k", "n"), [(2, 2), (2, 8), (5, 8), (8, 8), (3, 64)])
def test_the_joint_rate_is_the_corrected_tail_of_the_beta_binomial(
    k: int, n: int, rate: float, correlation: float
) -> None:
    precision = (1 - correlation) / correlation
    tails = [
        float(stats.betabinom.pmf(range(j, n + 1), n, rate * precision, (1 - rate) * precision).sum())
        for j in range(2, k + 1)
    ]
    expected = min(1.0, min(tails) * (k - 1))
    assert joint_rate([rate] * k, n, correlation)[1] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("k", "n"), [(2, 2), (3, 8), (8, 8)])
def test_without_correlation_the_tail_is_binomial(k: int, n: int) -> None:
    expected = float(stats.binom.sf(k - 1, n, 0.01)) * (k - 1)
    assert joint_rate([0.01] * k, n, 0.0) == (k, pytest.approx(expected, rel=1e-9))


@pytest.mark.parametrize("rates", [[], [1e-9], [0.0]])
def test_fewer_than_two_pictures_agree_on_nothing(rates: list[float]) -> None:
    assert joint_rate(rates, 8, 0.5) == (0, 1.0)


@given(st.lists(small_rates, min_size=2, max_size=8), st.integers(0, 8), st.floats(0.05, 0.95), st.floats(0.1, 1.0))
def test_rarer_likenesses_never_make_an_agreement_commoner(
    rates: list[float], others: int, correlation: float, share: float
) -> None:
    n = len(rates) + others
    rarer = joint_rate([rate * share for rate in rates], n, correlation)[1]
    assert rarer <= joint_rate(rates, n, correlation)[1] * (1 + 1e-9)


@given(small_rates, st.integers(2, 12), st.floats(0.0, 0.9), st.floats(0.0, 0.09))
def test_pictures_that_share_more_say_less_together(
    rate: float, pictures: int, correlation: float, more: float
) -> None:
    alike = [rate] * pictures
    assert joint_rate(alike, pictures, correlation + more)[1] >= joint_rate(alike, pictures, correlation)[1] * (
        1 - 1e-6
    )


@given(st.lists(small_rates, min_size=2, max_size=8), st.integers(0, 8), st.integers(1, 8))
def test_the_same_likenesses_among_more_pictures_say_less(rates: list[float], others: int, more: int) -> None:
    n = len(rates) + others
    assert joint_rate(rates, n + more, 0.5)[1] >= joint_rate(rates, n, 0.5)[1] * (1 - 1e-9)


@given(st.lists(small_rates, min_size=2, max_size=8), st.floats(0.0, 0.95))
def test_a_joint_rate_is_a_rate_and_counts_no_more_than_there_are(rates: list[float], correlation: float) -> None:
    count, rate = joint_rate(rates, len(rates), correlation)
    assert 0.0 <= rate <= 1.0
    assert count <= len(rates)


def test_many_alike_say_more_than_the_best_alone() -> None:
    assert joint_rate([0.001] * 6, 8, 0.5)[1] < any_of(0.001, 8)


@pytest.mark.parametrize(
    ("rate", "pictures", "expected"),
    [(0.01, 1, 0.01), (0.01, 0, 0.01), (0.0, 64, 0.0), (0.01, 2, 0.0199), (1.0, 5, 1.0), (0.5, 3, 0.875)],
)
def test_the_chance_of_any_picture_is_the_complement_of_none(rate: float, pictures: int, expected: float) -> None:
    assert any_of(rate, pictures) == pytest.approx(expected)
