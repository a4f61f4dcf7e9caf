"""The demo references are good pictures: what the quality report says of them bounds its false alarms.

`python -m pytest -s` prints what was measured; `python -m tests.accuracy.quality` measures other pictures too.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from indexer import reference_sets
from indexer.model import ReferenceSet
from indexer.quality import alias_remarks, assess, compare, coverage
from indexer.quality.comparison import closeness, mean_cosine, oddness
from indexer.quality.lettering import lettering
from indexer.quality.pictures import foreground
from indexer.reference_signals import ReferenceSignals, measure
from indexer.signals.pixels.images import Picture, decode
from tests.conftest import EmbeddedModel

SETS = Path(__file__).resolve().parents[3] / "reference_sets"
Known = dict[str, dict[str, ReferenceSignals]]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def sets() -> list[ReferenceSet]:
    return reference_sets.read_all(SETS)


@pytest.fixture(scope="module")
def pictures(sets: list[ReferenceSet]) -> dict[str, dict[str, Picture]]:
    return {
        item.slug: {
            reference.id: decode(reference.id, (SETS / item.slug / reference.id).read_bytes())
            for reference in item.references
        }
        for item in sets
    }


@pytest.fixture(scope="module")
def known(sets: list[ReferenceSet], embedded_model: EmbeddedModel) -> Known:
    spec, backend = embedded_model.spec, embedded_model.runtime
    return {
        item.slug: {
            reference.id: measure(reference.id, (SETS / item.slug / reference.id).read_bytes(), spec, backend)
            for reference in item.references
        }
        for item in sets
    }


def test_nothing_is_said_of_any_demo_picture_by_itself(pictures: dict[str, dict[str, Picture]], known: Known) -> None:
    every = [(picture, known[slug][name]) for slug, own in pictures.items() for name, picture in own.items()]
    print(  # noqa: T201 (the figures that the thresholds rest on)
        f"\n{len(every)} references: lettering {max(lettering(picture) for picture, _ in every):.3f} at most, "
        f"points {min(len(signals.features.points) for _, signals in every)} and "
        f"foreground {min(foreground(picture) for picture, _ in every):.2f} at least"
    )
    assert [remark.code for picture, signals in every for remark in assess(picture, signals)] == []


def test_hardly_any_demo_picture_is_out_of_place_in_its_set(known: Known) -> None:
    codes, shares = [], []
    for own in known.values():
        for name, signals in own.items():
            others = {other: item for other, item in own.items() if other != name}
            codes += [remark.code for remark in compare(signals, others)]
            shares.append(oddness(signals, list(others.values())) or 0.0)
    print(f"\n{len(shares)} references: oddness {np.sort(shares)[:4].round(2)}, remarks {codes}")  # noqa: T201
    assert len(codes) <= 2
    assert set(codes) <= {"odd_one_out"}


def test_pictures_of_another_work_are_odd_in_nine_of_ten_sets(known: Known, sets: list[ReferenceSet]) -> None:
    found = [
        "odd_one_out" in {remark.code for remark in compare(stranger, known[one.slug])}
        for one in sets
        for other in sets
        if one.work != other.work
        for stranger in known[other.slug].values()
    ]
    print(f"\nodd among another work: {np.mean(found):.2f} of {len(found)}")  # noqa: T201
    assert np.mean(found) > 0.85


def test_a_set_of_eight_good_pictures_lacks_nothing(known: Known) -> None:
    for own in known.values():
        assert coverage(list(own.values())) == ()
    means = [mean_cosine(list(own.values())) for own in known.values()]
    print(f"\nmean cosine {max(means):.2f} at most")  # noqa: T201


def test_most_sets_without_their_close_up_are_told_so(known: Known) -> None:
    without = [
        coverage([signals for name, signals in own.items() if name != "images/04.png"]) for own in known.values()
    ]
    told = sum("no_close_up" in {remark.code for remark in advice} for advice in without)
    least = min(float(closeness(list(own.values())).max()) for own in known.values())
    print(f"\nclose-ups {least:.3f} at least, missed in {told} of {len(without)} sets")  # noqa: T201
    assert told >= 7


def test_no_two_demo_pictures_are_near_duplicates(known: Known) -> None:
    pairs = [pair for own in known.values() for pair in combinations(own.values(), 2)]
    assert not [pair for pair in pairs if compare(pair[0], {"other": pair[1]})]


def test_the_demo_aliases_are_good_names(sets: list[ReferenceSet]) -> None:
    told = [
        (alias.text, remark.code)
        for item in sets
        for alias in item.aliases
        for remark in alias_remarks(alias, [other for other in item.aliases if other is not alias])
    ]
    assert told == []
