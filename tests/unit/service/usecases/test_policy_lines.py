"""The lines of a policy: each fault is named by its line, in both languages, and so is each difference."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.bootstrap import policy_content
from service.domain.errors import InvalidFields
from service.domain.policy import FACTORS, RATES, policy_from
from service.usecases.policy_lines import LINES, Change, changes, nested, policy_of, tables, value_at

SHIPPED = policy_content(None)
DEEP: dict[str, Any] = {}
for _ in range(500):
    DEEP = {"deeper": DEEP}


def changed(**lines: Any) -> dict[str, Any]:
    """Return the shipped policy with some lines changed, named with `__` for the dots."""
    content = copy.deepcopy(dict(SHIPPED))
    for line, value in lines.items():
        *folders, name = line.split("__")
        table = content
        for folder in folders:
            table = table[folder]
        table[name] = value
    return content


def places(content: dict[str, Any]) -> list[str]:
    with pytest.raises(InvalidFields) as raised:
        policy_of(content)
    assert all(fault.zh and fault.message for fault in raised.value.faults)
    return [fault.location for fault in raised.value.faults]


def test_the_shipped_policy_holds_exactly_the_lines() -> None:
    assert policy_of(SHIPPED).version == policy_from(SHIPPED).version
    assert changes({}, SHIPPED) == tuple(Change(line, None, value_at(SHIPPED, line)) for line in LINES)
    assert nested({line: value_at(SHIPPED, line) for line in LINES}) == SHIPPED


@pytest.mark.parametrize(
    ("lines", "where"),
    [
        ({"version": ""}, ["version"]),
        ({"version": "a" * 41}, ["version"]),
        ({"version": "<b>"}, ["version"]),
        ({"version": 2026}, ["version"]),
        ({"sample_correlation": 1.0}, ["sample_correlation"]),
        ({"sample_correlation": float("nan")}, ["sample_correlation"]),
        ({"sample_correlation": True}, ["sample_correlation"]),
        ({"sample_correlation": "0.5"}, ["sample_correlation"]),
        ({"sample_correlation": 10**400}, ["sample_correlation"]),
        ({"factors__monetised": 0.0}, ["factors.monetised"]),
        ({"factors__monetised": float("inf")}, ["factors.monetised"]),
        ({"factors__fame__famous": 101}, ["factors.fame.famous"]),
        ({"stages__training__review_at_fpr": -0.1}, ["stages.training.review_at_fpr"]),
        ({"stages__training__block_at_fpr": 0.5}, ["stages.training.block_at_fpr"]),
        ({"stages__training": 1}, ["stages.training", *(line for line in RATES if "training" in line)]),
        ({"caps__block_at_fpr": None, "factors__promoted": -1}, ["caps.block_at_fpr", "factors.promoted"]),
        ({"stages__trainig": {"block_at_fpr": 0.1}}, ["stages.trainig.block_at_fpr"]),
        ({"note": "hello"}, ["note"]),
        ({"extra": DEEP}, ["extra.deeper.deeper.deeper.deeper"]),
        ({"extra": {}}, ["extra"]),
        ({"x" * 5000: 1}, ["x" * 60]),
    ],
)  # fmt: skip
def test_each_wrong_line_is_named(lines: dict[str, Any], where: list[str]) -> None:
    assert places(changed(**lines)) == [f"content.{line}" for line in where]


def test_of_nothing_every_line_is_missing() -> None:
    assert places({}) == [f"content.{line}" for line in ("version", *RATES, *FACTORS)]


def test_of_a_thousand_unknown_lines_twenty_are_named() -> None:
    assert len(places(changed(**{f"unknown-{number}": 1 for number in range(1000)}))) == 20


def test_whole_numbers_and_fractions_make_one_policy() -> None:
    assert tables(changed(factors__monetised=2)) == tables(changed(factors__monetised=2.0))
    assert policy_of(changed(factors__monetised=2)).version == policy_of(changed(factors__monetised=2.0)).version


@given(st.sampled_from(LINES[1:]), st.floats(0.0001, 0.9))
def test_a_changed_line_is_the_whole_difference(line: str, value: float) -> None:
    old = value_at(SHIPPED, line)
    other = changed(**{line.replace(".", "__"): value})
    assert changes(SHIPPED, other) == ((Change(line, old, value),) if value != old else ())
