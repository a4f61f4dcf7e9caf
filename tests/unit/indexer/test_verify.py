"""Verification: a copy is told from a likeness, and its place is told in both pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from indexer.calibration import CHANCES
from indexer.matcher import Matcher
from indexer.model import Match, MatchKind, PictureFile, Region
from indexer.signals.pixels.features import SHORT_LIST, FeatureTable, concatenate, local_features
from indexer.signals.pixels.images import Picture, decode
from indexer.verify import NEAR, Candidate, Verifier
from tests.conftest import PICTURES_A_SET, SLUGS, EmbeddedModel, TinySnapshot
from tests.fakes import draw, encoded

CHARACTER, NUMBER = 3, 2
ROW = CHARACTER * PICTURES_A_SET + NUMBER
WANTED = (MatchKind.GEOMETRIC_COPY, SLUGS[CHARACTER], f"images/{NUMBER + 1:02}.png")
OTHERS = [row for row in range(len(SLUGS) * PICTURES_A_SET) if row != ROW]

BOX = (60, 40, 300, 270)
"""What is cut out of the reference of 320 x 288 pixels."""


def original() -> Image.Image:
    return draw(CHARACTER, NUMBER)


def captioned_crop() -> Image.Image:
    image = original().crop(BOX)
    canvas = ImageDraw.Draw(image)
    canvas.rectangle((0, image.height - 30, image.width, image.height), fill="black")
    canvas.text((10, image.height - 22), "all my own work", fill="white")
    return image


def at(*rows: int) -> list[Candidate]:
    return [Candidate(row) for row in rows]


def picture(image: Image.Image) -> Picture:
    return decode("upload", encoded(image, "JPEG", quality=90))


def with_references(snapshot: TinySnapshot, changed: Mapping[int, Image.Image]) -> Verifier:
    """Verify against the tiny snapshot, some of whose references are other pictures."""
    table = snapshot.loaded.features
    items = [
        local_features(picture(changed[row])) if row in changed else table.get(row)
        for row in range(len(SLUGS) * PICTURES_A_SET)
    ]
    return Verifier(replace(snapshot.loaded, features=FeatureTable(concatenate(items))))


def named(match: Match) -> tuple[MatchKind, str, str]:
    return match.kind, match.reference_set, match.reference


def in_reference(region: Region) -> list[float]:
    """Say where a part of the crop lies in the reference."""
    across, down = BOX[2] - BOX[0], BOX[3] - BOX[1]
    return [
        (BOX[0] + region.x0 * across) / 320,
        (BOX[1] + region.y0 * down) / 288,
        (BOX[0] + region.x1 * across) / 320,
        (BOX[1] + region.y1 * down) / 288,
    ]


def corners(region: Region | None) -> list[float]:
    assert region is not None
    return [region.x0, region.y0, region.x1, region.y1]


@pytest.fixture(scope="module")
def verifier(tiny_snapshot: TinySnapshot) -> Verifier:
    return Verifier(tiny_snapshot.loaded)


def test_a_crop_with_a_caption_is_a_copy_and_its_place_is_told_in_both_pictures(verifier: Verifier) -> None:
    (found,) = verifier.verify(picture(captioned_crop()), at(ROW, *OTHERS))
    assert named(found) == WANTED
    assert found.measure is not None
    assert found.measure.name == "agreeing_points"
    assert found.measure.value > 10
    assert found.region is not None
    assert corners(found.reference_region) == pytest.approx(in_reference(found.region), abs=0.02)
    # The points spread over most of what was left of the reference.
    assert found.region.x1 - found.region.x0 > 0.7
    assert found.region.y1 - found.region.y0 > 0.6


def test_a_mirrored_crop_is_a_copy_and_its_place_is_told_in_the_picture_as_it_was_sent(verifier: Verifier) -> None:
    (found,) = verifier.verify(picture(ImageOps.mirror(captioned_crop())), at(ROW, *OTHERS))
    assert named(found) == WANTED
    x0, y0, x1, y1 = corners(found.region)
    turned_back = in_reference(Region(1 - x1, y0, 1 - x0, y1))
    assert corners(found.reference_region) == pytest.approx(turned_back, abs=0.02)


def test_a_picture_pasted_into_a_larger_one_is_found_at_its_place(verifier: Verifier) -> None:
    larger = Image.new("RGB", (640, 576), "seagreen")
    larger.paste(original(), (300, 250))
    (found,) = verifier.verify(picture(larger), at(ROW))
    assert named(found) == WANTED
    foreseen = [
        (start + share * length) / whole
        for share, start, length, whole in zip(
            corners(found.reference_region), (300, 250) * 2, (320, 288) * 2, (640, 576) * 2, strict=True
        )
    ]
    assert corners(found.region) == pytest.approx(foreseen, abs=0.02)


@pytest.mark.parametrize("number", range(8))
def test_another_picture_of_the_character_or_of_another_is_no_copy(verifier: Verifier, number: int) -> None:
    own = range(CHARACTER * PICTURES_A_SET, (CHARACTER + 1) * PICTURES_A_SET)
    assert verifier.verify(picture(draw(CHARACTER, 20 + number)), at(*own)) == []
    assert verifier.verify(picture(draw(500 + number, number)), at(*own)) == []


def test_another_drawing_before_the_same_background_is_no_copy(tiny_snapshot: TinySnapshot) -> None:
    """Scenery lines up; the detail of the figure before it does not agree."""
    one, other = original(), original()
    one.paste(draw(40, 0, (260, 230)), (30, 29))
    other.paste(draw(41, 1, (260, 230)), (30, 29))
    verifier = with_references(tiny_snapshot, {ROW: one})
    assert verifier.verify(picture(other), at(ROW)) == []
    assert [named(found) for found in verifier.verify(picture(one), at(ROW))] == [WANTED]


def test_of_each_set_the_reference_that_agrees_best_is_the_match(tiny_snapshot: TinySnapshot) -> None:
    small = original().crop((80, 60, 220, 200))
    verifier = with_references(tiny_snapshot, {ROW - 1: small, 0: small})
    found = verifier.verify(picture(original()), at(ROW - 1, 0, ROW))
    assert [named(match) for match in found] == [WANTED, (MatchKind.GEOMETRIC_COPY, SLUGS[0], "images/01.png")]
    values = [match.measure.value for match in found if match.measure]
    assert values == sorted(values, reverse=True)


def test_no_more_references_are_looked_at_than_the_short_list_holds(verifier: Verifier) -> None:
    copy = picture(captioned_crop())
    assert verifier.verify(copy, at(*OTHERS[:SHORT_LIST], ROW)) == []
    assert [named(found) for found in verifier.verify(copy, at(*OTHERS[: SHORT_LIST - 1], ROW))] == [WANTED]


def test_a_reference_named_twice_takes_one_place_of_the_short_list(verifier: Verifier) -> None:
    rows = [row for row in OTHERS[: SHORT_LIST - 1] for _ in range(6)]
    assert [named(found) for found in verifier.verify(picture(captioned_crop()), at(*rows, ROW))] == [WANTED]


def test_a_flat_picture_and_an_empty_short_list_give_nothing(verifier: Verifier) -> None:
    assert verifier.verify(picture(Image.new("RGB", (200, 200), "teal")), at(ROW)) == []
    assert verifier.verify(picture(original()), []) == []


def test_a_better_agreement_is_rarer(verifier: Verifier) -> None:
    (whole,) = verifier.verify(picture(original()), at(ROW))
    (part,) = verifier.verify(picture(captioned_crop()), at(ROW))
    # Sixty impostors can say no less than one in sixty-one, and points are one chance of several.
    assert 0.0 < whole.false_positive_rate <= part.false_positive_rate <= CHANCES["agreeing_points"] / 60


def geometric(matcher: Matcher, image: Image.Image) -> list[tuple[MatchKind, str, str]]:
    found = matcher.examine([PictureFile("upload", encoded(image))]).pictures[0]
    return [named(match) for match in found.matches if match.kind is MatchKind.GEOMETRIC_COPY]


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_matcher_verifies_what_is_near(matcher: Matcher, *, mirrored: bool) -> None:
    image = captioned_crop()
    assert geometric(matcher, ImageOps.mirror(image) if mirrored else image) == [WANTED]


def test_an_exact_copy_is_not_verified(matcher: Matcher) -> None:
    """What is identical needs no proof, and the proof costs time."""
    found = matcher.examine([PictureFile("upload", encoded(original()))]).pictures[0]
    kinds = {match.kind for match in found.matches}
    assert MatchKind.EXACT_COPY in kinds
    assert MatchKind.GEOMETRIC_COPY not in kinds


def test_a_picture_that_is_near_nothing_is_not_verified(
    tiny_snapshot: TinySnapshot, embedded_model: EmbeddedModel
) -> None:
    """Even where the points of every reference would agree with it."""
    noise = np.random.default_rng(1).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((300, 300))
    own = concatenate([local_features(decode("upload", encoded(image)))] * len(SLUGS) * PICTURES_A_SET)
    loaded = replace(tiny_snapshot.loaded, features=FeatureTable(own))
    assert Verifier(loaded).verify(picture(image), at(ROW))
    matcher = Matcher(loaded, embedded_model.runtime)
    found = matcher.examine([PictureFile("upload", encoded(image))]).pictures[0]
    matcher.close()
    assert min(match.false_positive_rate for match in found.matches) > NEAR
    assert MatchKind.GEOMETRIC_COPY not in {match.kind for match in found.matches}
