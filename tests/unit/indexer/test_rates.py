"""The rates of verification by geometry: references of other works, each against its nearest, as uploads are."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.calibration import MIN_IMPOSTORS
from indexer.control import ControlSet
from indexer.rates import calibrate_agreement
from indexer.signals.features import SHORT_LIST, FeatureTable, concatenate, local_features
from indexer.signals.images import decode
from tests.fakes import draw, encoded

REFERENCES = MIN_IMPOSTORS + 4
STRONGEST = 3.0
"""What the control set of these tests reaches."""


def features_of(numbers: list[int]) -> FeatureTable:
    return FeatureTable(
        concatenate([local_features(decode("x", encoded(draw(number, 0, (96, 96))))) for number in numbers])
    )


def crowd() -> ControlSet:
    agreements = np.linspace(0.0, STRONGEST, 600, dtype=np.float32)
    signals = np.zeros((1, 8), np.uint8)
    return ControlSet("0" * 64, np.zeros((1, 4), np.float32), signals, signals, signals[0], agreements, ("ink",))


def alike(count: int) -> np.ndarray:
    """Vectors of one view each: a picture's nearest are those of neighbouring numbers."""
    angles = np.linspace(0.0, 1.5, count)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1, dtype=np.float32)[:, None]


def no_works(count: int) -> np.ndarray:
    return np.eye(count, dtype=bool)


@pytest.fixture(scope="module")
def strangers() -> FeatureTable:
    return features_of(list(range(REFERENCES)))


@pytest.fixture(scope="module")
def with_a_pair() -> FeatureTable:
    """Two sets hold one picture, and are neighbours."""
    return features_of([number if number != 11 else 10 for number in range(REFERENCES)])


def test_agreement_is_calibrated_on_both_crowds(strangers: FeatureTable) -> None:
    owners = np.arange(REFERENCES)
    found = calibrate_agreement(strangers, alike(REFERENCES), owners, no_works(REFERENCES), crowd())
    assert np.array_equal(found.control.values, crowd().agreements)
    assert found.impostors is not None
    assert len(found.impostors.values) == REFERENCES
    assert found.rate(50.0).calibrated


def test_more_agreeing_points_are_never_less_rare(strangers: FeatureTable) -> None:
    found = calibrate_agreement(strangers, alike(REFERENCES), np.arange(REFERENCES), no_works(REFERENCES), crowd())
    rates = [found.rate(value).value for value in np.linspace(0, 100, 60)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] > 0.0


def test_a_picture_shared_by_two_works_makes_agreement_less_rare(
    strangers: FeatureTable, with_a_pair: FeatureTable
) -> None:
    owners, vectors, related = np.arange(REFERENCES), alike(REFERENCES), no_works(REFERENCES)
    clean = calibrate_agreement(strangers, vectors, owners, related, crowd())
    shared = calibrate_agreement(with_a_pair, vectors, owners, related, crowd())
    assert shared.impostors is not None
    assert sum(shared.impostors.values > 10) == 2
    assert shared.rate(10.0).value > clean.rate(10.0).value


def test_a_picture_shared_within_one_work_is_no_impostor(with_a_pair: FeatureTable) -> None:
    related = no_works(REFERENCES)
    related[10, 11] = related[11, 10] = True
    found = calibrate_agreement(with_a_pair, alike(REFERENCES), np.arange(REFERENCES), related, crowd())
    assert found.impostors is not None
    assert found.impostors.values.max() < 10


def test_a_reference_is_verified_against_its_short_list_alone() -> None:
    """As an upload is: what is not among the nearest is not looked at."""
    table = features_of([0, *range(1, SHORT_LIST + 1), 0, *range(100, 100 + MIN_IMPOSTORS)])
    owners, count = np.arange(len(table)), len(table)
    far = calibrate_agreement(table, alike(count), owners, no_works(count), crowd())
    vectors = alike(count)
    vectors[SHORT_LIST + 1] = vectors[0]
    near = calibrate_agreement(table, vectors, owners, no_works(count), crowd())
    assert far.impostors is not None
    assert near.impostors is not None
    assert (far.impostors.values.max() > 10, near.impostors.values.max() > 10) == (False, True)


def test_with_too_few_impostors_the_control_set_speaks_alone(strangers: FeatureTable) -> None:
    few = MIN_IMPOSTORS - 1
    table = FeatureTable(concatenate([strangers.get(row) for row in range(few)]))
    found = calibrate_agreement(table, alike(few), np.arange(few), no_works(few), crowd())
    assert found.impostors is None
    assert found.rate(STRONGEST + 1).calibrated


def test_a_single_set_has_no_impostors(strangers: FeatureTable) -> None:
    owners = np.zeros(REFERENCES, dtype=np.int64)
    found = calibrate_agreement(strangers, alike(REFERENCES), owners, np.ones((1, 1), bool), crowd())
    assert found.impostors is None
