"""The rates of a new index: the control set, and references of other works, searched for as uploads are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from indexer import likeness as likeness_of
from indexer.calibration import MIN_IMPOSTORS, Calibration
from indexer.control import ControlSet
from indexer.index.flat import FlatVectorIndex
from indexer.likeness import MARGIN, index_rows
from indexer.ports import ByteArray, FloatArray
from indexer.rates import IMPOSTOR_VIEWS, Standing, calibrate_agreement, calibrate_hash, calibrate_likeness
from indexer.signals.pixels.features import SHORT_LIST, FeatureTable, concatenate, local_features
from indexer.signals.pixels.images import decode
from indexer.signals.pixels.views import REFERENCE_VIEWS
from tests.fakes import draw, encoded

REFERENCES = MIN_IMPOSTORS + 4
DIM = 8
STRONGEST = 3.0
"""What the control set of these tests reaches."""


def features_of(numbers: list[int]) -> FeatureTable:
    return FeatureTable(
        concatenate([local_features(decode("x", encoded(draw(number, 0, (96, 96))))) for number in numbers])
    )


def crowd(vectors: FloatArray | None = None, pictures: Sequence[int] = (0,)) -> ControlSet:
    """Make a control set of which only the agreements and, where given, the vectors matter."""
    agreements = np.linspace(0.0, STRONGEST, 600, dtype=np.float32)
    rows = np.zeros((1, 2), np.float32) if vectors is None else vectors
    hashes = np.zeros((len(rows), 8), np.uint8)
    of_picture = np.asarray(pictures, np.int64)
    styles = ("ink",) * (int(of_picture.max()) + 1)
    return ControlSet("0" * 64, rows, hashes, hashes, hashes[:, 0], of_picture, agreements, styles)


def alike(count: int) -> FloatArray:
    """Vectors of one view each: a picture's nearest are those of neighbouring numbers."""
    angles = np.linspace(0.0, 1.5, count)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1, dtype=np.float32)[:, None]


def rows_of(vectors: FloatArray) -> FlatVectorIndex:
    """Index vectors as a build does, around references that nothing crowds."""
    return FlatVectorIndex.of(index_rows(vectors, np.zeros(len(vectors), np.float32)))


def no_works(count: int) -> Standing:
    """Each reference is a set, and each set a work, of its own."""
    return Standing(np.arange(count), np.arange(count))


def agreement(table: FeatureTable, vectors: FloatArray, standing: Standing) -> Calibration:
    return calibrate_agreement(table, vectors, rows_of(vectors), standing, crowd())


@pytest.fixture(scope="module")
def strangers() -> FeatureTable:
    return features_of(list(range(REFERENCES)))


@pytest.fixture(scope="module")
def with_a_pair() -> FeatureTable:
    """Two sets hold one picture, and are neighbours."""
    return features_of([number if number != 11 else 10 for number in range(REFERENCES)])


def test_agreement_is_calibrated_on_both_crowds(strangers: FeatureTable) -> None:
    found = agreement(strangers, alike(REFERENCES), no_works(REFERENCES))
    assert np.array_equal(found.control.values, crowd().agreements)
    assert found.impostors is not None
    assert len(found.impostors.values) == REFERENCES
    assert found.rate(50.0).calibrated


def test_more_agreeing_points_are_never_less_rare(strangers: FeatureTable) -> None:
    found = agreement(strangers, alike(REFERENCES), no_works(REFERENCES))
    rates = [found.rate(value).value for value in np.linspace(0, 100, 60)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] > 0.0


def test_a_picture_shared_by_two_works_makes_agreement_less_rare(
    strangers: FeatureTable, with_a_pair: FeatureTable
) -> None:
    clean = agreement(strangers, alike(REFERENCES), no_works(REFERENCES))
    shared = agreement(with_a_pair, alike(REFERENCES), no_works(REFERENCES))
    assert shared.impostors is not None
    assert sum(shared.impostors.values > 10) == 2
    assert shared.rate(10.0).value > clean.rate(10.0).value


def test_a_picture_shared_within_one_work_is_no_impostor(with_a_pair: FeatureTable) -> None:
    works = np.asarray([number if number != 11 else 10 for number in range(REFERENCES)])
    found = agreement(with_a_pair, alike(REFERENCES), Standing(np.arange(REFERENCES), works))
    assert found.impostors is not None
    assert found.impostors.values.max() < 10


def test_a_reference_is_verified_against_its_short_list_alone() -> None:
    """As an upload is: what is not among the nearest is not looked at."""
    table = features_of([0, *range(1, SHORT_LIST + 1), 0, *range(100, 100 + MIN_IMPOSTORS)])
    count = len(table)
    far = agreement(table, alike(count), no_works(count))
    vectors = alike(count)
    vectors[SHORT_LIST + 1] = vectors[0]
    near = agreement(table, vectors, no_works(count))
    assert far.impostors is not None
    assert near.impostors is not None
    assert (far.impostors.values.max() > 10, near.impostors.values.max() > 10) == (False, True)


def test_with_too_few_impostors_the_control_set_speaks_alone(strangers: FeatureTable) -> None:
    few = MIN_IMPOSTORS - 1
    table = FeatureTable(concatenate([strangers.get(row) for row in range(few)]))
    found = agreement(table, alike(few), no_works(few))
    assert found.impostors is None
    assert found.rate(STRONGEST + 1).calibrated


def test_a_single_set_has_no_impostors(strangers: FeatureTable) -> None:
    one = Standing(np.zeros(REFERENCES, dtype=np.int64), np.zeros(1, dtype=np.int64))
    found = agreement(strangers, alike(REFERENCES), one)
    assert found.impostors is None


def axes(*numbers: int) -> FloatArray:
    """Return unit vectors along numbered axes."""
    return np.eye(DIM, dtype=np.float32)[list(numbers)]


def in_views(vectors: FloatArray) -> FloatArray:
    """Embed references in as many views as a build does, all alike."""
    return np.repeat(vectors[:, None], len(REFERENCE_VIEWS), axis=1)


def likeness(vectors: FloatArray, standing: Standing, control: ControlSet) -> Calibration:
    return calibrate_likeness(vectors, rows_of(vectors), standing, control)


def test_of_a_control_pictures_parts_the_strongest_counts() -> None:
    """As of an upload: a picture is as alike as the part of it that is most alike."""
    vectors = in_views(axes(0, 1, 2))
    control = crowd(axes(7, 0, 6, 5), pictures=[0, 0, 1, 1])
    found = likeness(vectors, no_works(3), control).control.values
    assert found == pytest.approx([0.0, 1.0])


def test_a_control_pictures_likeness_is_less_by_what_rivals_reach() -> None:
    query = (axes(0) * 0.8 + axes(1) * 0.6).astype(np.float32)
    (found,) = likeness(in_views(axes(0, 1)), no_works(2), crowd(query)).control.values
    assert found == pytest.approx(0.8 - MARGIN * 0.6)


def test_references_are_impostors_of_other_works_alone() -> None:
    """Several sets hold each picture: where they are of one work, that says nothing of strangers."""
    pictures = np.arange(REFERENCES) % DIM
    vectors = in_views(axes(*pictures))
    apart = likeness(vectors, no_works(REFERENCES), crowd(axes(0)))
    together = likeness(vectors, Standing(np.arange(REFERENCES), pictures), crowd(axes(0)))
    assert apart.impostors is not None
    assert together.impostors is not None
    assert apart.impostors.values.min() > 0.5
    assert together.impostors.values.max() < 0.1


def test_a_works_own_references_never_crowd_out_its_strangers() -> None:
    """However many references a work has, each of them still meets those of the others."""
    many = likeness_of.SEARCHED // len(REFERENCE_VIEWS) + 1
    pictures = np.concatenate([np.zeros(many, np.int64), 1 + np.arange(REFERENCES) % (DIM - 1)])
    vectors = in_views(axes(*pictures))
    found = likeness(vectors, Standing(np.arange(len(pictures)), pictures), crowd(axes(0))).impostors
    assert found is not None
    assert len(found.values) == calibrated_queries(len(pictures))


def calibrated_queries(references: int) -> int:
    """Each reference is a query in each view that an upload could show."""
    return references * len(IMPOSTOR_VIEWS)


@pytest.mark.parametrize(
    ("works", "calibrated"),
    [
        pytest.param(np.arange(REFERENCES), True, id="each of a work of its own"),
        pytest.param(np.zeros(REFERENCES, np.int64), False, id="all of one work"),
    ],
)
def test_likeness_is_calibrated_where_there_are_strangers(works: np.ndarray, *, calibrated: bool) -> None:
    vectors = in_views(axes(*np.arange(REFERENCES) % DIM))
    found = likeness(vectors, Standing(np.arange(REFERENCES), works), crowd(axes(0)))
    assert (found.impostors is not None) is calibrated
    assert found.rate(2.0).calibrated is calibrated


def hashes(count: int, seed: int) -> ByteArray:
    return np.random.default_rng(seed).integers(0, 256, (count, 8), dtype=np.uint8)


def hashed(references: ByteArray, standing: Standing, crowded: ByteArray, pictures: np.ndarray) -> Calibration:
    return calibrate_hash(references, standing, crowded, pictures)


def test_of_the_hashes_of_a_picture_the_nearest_counts() -> None:
    own, far = hashes(1, 1), ~hashes(1, 1)
    found = hashed(own[:, None], no_works(1), np.concatenate([far, own, far]), np.asarray([0, 0, 1]))
    assert found.control.values.tolist() == [-64.0, 0.0]


def test_a_control_picture_without_reliable_hashes_counts_for_nothing() -> None:
    found = hashed(hashes(1, 1)[:, None], no_works(1), hashes(2, 1)[:1], np.asarray([2]))
    assert found.control.values.tolist() == [0.0]


def test_hashes_shared_within_one_work_are_no_impostors() -> None:
    twice = np.repeat(hashes(REFERENCES, 2), 2, axis=0)[:, None]
    sets = np.arange(2 * REFERENCES)
    crowded = (hashes(5, 3), np.arange(5))
    apart = hashed(twice, Standing(sets, sets), *crowded)
    together = hashed(twice, Standing(sets, sets // 2), *crowded)
    assert apart.impostors is not None
    assert together.impostors is not None
    assert apart.impostors.values.min() == 0.0
    assert together.impostors.values.max() < -5


@pytest.mark.parametrize("missing", ["references", "crowd"])
def test_without_hashes_a_rate_is_uncalibrated(missing: str) -> None:
    references = hashes(0 if missing == "references" else 3, 1)[:, None]
    crowded = hashes(0 if missing == "crowd" else 3, 2)
    found = hashed(references, no_works(len(references)), crowded, np.arange(len(crowded)))
    assert not found.rate(0.0).calibrated
