"""The quality report of a set: how its pictures stand to each other, and what they lack together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.ports import FloatArray
from indexer.quality import compare, coverage
from indexer.quality.comparison import FEW, closeness, mean_cosine, oddness
from indexer.reference_signals import ReferenceSignals, measure
from indexer.signals.pixels.views import REFERENCE_VIEWS
from tests.fakes import TINY_SPEC, TinyBackend, draw, encoded

DIM = 64
VIEW = {view.name: number for number, view in enumerate(REFERENCE_VIEWS)}


@pytest.fixture(scope="module")
def sample() -> ReferenceSignals:
    return measure("a.png", encoded(draw(1, 0)), TINY_SPEC, TinyBackend())


def unit(*values: float) -> FloatArray:
    vector = np.zeros(DIM, np.float32)
    vector[: len(values)] = values
    return vector / np.float32(np.linalg.norm(vector))


def seen(
    sample: ReferenceSignals, whole: FloatArray, number: int, bits: int = 128, quality: int = 100, **views: FloatArray
) -> ReferenceSignals:
    """Make signals of a whole view, and of others where they are named; `bits` is how far its PDQ is from all zeros."""
    vectors = np.tile(whole, (len(REFERENCE_VIEWS), 1))
    for name, vector in views.items():
        vectors[VIEW[name]] = vector
    pdq = np.tile(np.packbits(np.arange(256) < bits), (8, 1))
    hashes = replace(sample.hashes, pdq=pdq, quality=quality)
    return replace(sample, vectors=vectors, hashes=hashes, pixel_sha256=f"{number:064x}")


def around(sample: ReferenceSignals, count: int, cosine: float, seed: int = 0) -> list[ReferenceSignals]:
    """Make pictures of one character: pairs of them have about the cosine given."""
    rng = np.random.default_rng(seed)
    own = rng.standard_normal((count, DIM - 1))
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    made = [unit(np.sqrt(cosine), *(np.sqrt(1 - cosine) * row)) for row in own]
    return [seen(sample, vector, number) for number, vector in enumerate(made)]


def named(signals: list[ReferenceSignals]) -> dict[str, ReferenceSignals]:
    return {f"{number:02}.png": item for number, item in enumerate(signals)}


def test_equal_pixels_are_the_same_picture(sample: ReferenceSignals) -> None:
    others = around(sample, 4, 0.7)
    (remark,) = compare(others[2], named(others))
    assert (remark.code, remark.about) == ("same_picture", "02.png")


def test_another_picture_of_the_character_needs_no_remark(sample: ReferenceSignals) -> None:
    new, *others = around(sample, 5, 0.7)
    assert compare(new, named(others)) == ()


@pytest.mark.parametrize(
    ("cosine", "bits", "quality", "near"),
    [
        (0.97, 128, 100, True),
        (0.95, 128, 100, False),
        (0.92, 20, 100, True),
        (0.92, 20, 30, False),
        (0.8, 0, 100, False),
    ],
)
def test_a_near_duplicate_adds_nothing(
    sample: ReferenceSignals, cosine: float, bits: int, quality: int, *, near: bool
) -> None:
    known = seen(sample, unit(1.0), 1, bits=0)
    new = seen(sample, unit(cosine, np.sqrt(1 - cosine**2)), 2, bits=bits, quality=quality)
    found = compare(new, {"known.png": known})
    assert [(item.code, item.about) for item in found] == ([("near_duplicate", "known.png")] if near else [])


def test_a_mirrored_copy_is_a_near_duplicate(sample: ReferenceSignals) -> None:
    known = seen(sample, unit(1.0), 1, whole_mirrored=unit(0.0, 1.0))
    assert [item.code for item in compare(seen(sample, unit(0.0, 1.0), 2), {"k": known})] == ["near_duplicate"]


def test_the_nearest_of_several_duplicates_is_named(sample: ReferenceSignals) -> None:
    known = [seen(sample, unit(cosine, np.sqrt(1 - cosine**2)), n) for n, cosine in enumerate((0.97, 0.99, 0.98))]
    (remark,) = compare(seen(sample, unit(1.0), 9), named(known))
    assert remark.about == "01.png"


def test_another_character_among_the_pictures_is_odd(sample: ReferenceSignals) -> None:
    others = around(sample, 5, 0.7)
    stranger = seen(sample, unit(0.3, 1.0), 99)
    assert [item.code for item in compare(stranger, named(others))] == ["odd_one_out"]


def test_two_other_pictures_are_too_few_to_call_one_odd(sample: ReferenceSignals) -> None:
    assert compare(seen(sample, unit(0.0, 1.0), 99), named(around(sample, 2, 0.7))) == ()


def test_of_pictures_with_nothing_in_common_none_is_odd(sample: ReferenceSignals) -> None:
    vectors = [unit(*(0.0,) * place, 1.0) for place in range(5)]
    new, *others = [seen(sample, vector, number) for number, vector in enumerate(vectors)]
    assert compare(new, named(others)) == ()


def test_the_first_picture_of_a_set_is_compared_with_nothing(sample: ReferenceSignals) -> None:
    assert compare(sample, {}) == ()


@given(seed=st.integers(0, 10_000), cosine=st.floats(0.1, 0.95))
def test_the_order_of_the_others_changes_nothing(seed: int, cosine: float) -> None:
    new, *others = around(SAMPLE, 6, cosine, seed)
    there, back = oddness(new, others), oddness(new, others[::-1])
    assert there == pytest.approx(back)


SAMPLE = measure("a.png", encoded(draw(1, 0)), TINY_SPEC, TinyBackend())


@pytest.mark.parametrize("count", [0, 1, FEW - 1, FEW])
def test_fewer_than_eight_pictures_are_few(sample: ReferenceSignals, count: int) -> None:
    codes = [item.code for item in coverage(around(sample, count, 0.7))]
    assert ("few_pictures" in codes) is (count < FEW)


@pytest.mark.parametrize(("cosine", "alike"), [(0.95, True), (0.75, False)])
def test_pictures_of_one_view_are_all_alike(sample: ReferenceSignals, cosine: float, *, alike: bool) -> None:
    signals = around(sample, 8, cosine)
    assert ("all_alike" in [item.code for item in coverage(signals)]) is alike
    assert mean_cosine(signals) == pytest.approx(cosine, abs=0.05)


def test_a_set_without_a_close_up_is_told_so(sample: ReferenceSignals) -> None:
    assert [item.code for item in coverage(around(sample, 8, 0.7))] == ["no_close_up"]


def test_a_picture_that_looks_like_the_others_middle_is_a_close_up(sample: ReferenceSignals) -> None:
    head = unit(0.2, 1.0)
    figures = [replace(item, vectors=item.vectors.copy()) for item in around(sample, 8, 0.7)]
    for item in figures:
        item.vectors[VIEW["upper_60"]] = head
    close = seen(sample, head, 99, upper_60=unit(0.0, 0.0, 1.0), centre_60=unit(0.0, 0.0, 1.0))
    signals = [*figures, close]
    assert closeness(signals).argmax() == len(figures)
    assert coverage(signals) == ()
