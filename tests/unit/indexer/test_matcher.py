"""Matching: copies of a reference are found first, however they were changed; bad files harm nobody else."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw, ImageOps

from indexer.calibration import Calibration, RateCurve
from indexer.index.snapshot import Snapshot
from indexer.matcher import MIN_REFERENCES, SETS_REPORTED, Matcher, nearest
from indexer.model import Match, MatchKind, PictureFile, PictureFindings
from indexer.signals.pixels.images import PictureLimits
from tests.conftest import PICTURES_A_SET, SLUGS, EmbeddedModel, TinySnapshot
from tests.fakes import draw, encoded

CHARACTER, NUMBER = 3, 2
SLUG, REFERENCE = SLUGS[CHARACTER], f"images/{NUMBER + 1:02}.png"


def original() -> Image.Image:
    return draw(CHARACTER, NUMBER)


def first_of_a_kind(found: PictureFindings, kind: MatchKind) -> Match:
    return next(match for match in found.matches if match.kind is kind)


def named(match: Match) -> tuple[MatchKind, str, str]:
    return match.kind, match.reference_set, match.reference


def examine(matcher: Matcher, data: bytes) -> PictureFindings:
    return matcher.examine([PictureFile("upload", data)]).pictures[0]


@pytest.mark.parametrize("character", range(len(SLUGS)))
@pytest.mark.parametrize("number", [0, PICTURES_A_SET - 1])
def test_an_exact_copy_is_found_first(matcher: Matcher, character: int, number: int) -> None:
    found = examine(matcher, encoded(draw(character, number)))
    best = nearest(found)[0]
    assert (best.kind, best.reference_set) == (MatchKind.EXACT_COPY, SLUGS[character])
    assert best.reference == f"images/{number + 1:02}.png"
    assert best.measure is None


def test_the_same_pixels_in_another_format_are_an_exact_copy(matcher: Matcher) -> None:
    found = examine(matcher, encoded(original(), "WEBP", lossless=True))
    assert first_of_a_kind(found, MatchKind.EXACT_COPY).reference == REFERENCE


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda image: encoded(ImageOps.mirror(image)), id="mirrored"),
        pytest.param(lambda image: encoded(ImageOps.flip(image)), id="upside down"),
        pytest.param(lambda image: encoded(image.rotate(90, expand=True)), id="turned"),
        pytest.param(lambda image: encoded(image, "JPEG", quality=60), id="re-encoded"),
        pytest.param(lambda image: encoded(image, "WEBP", quality=50), id="re-encoded as webp"),
        pytest.param(lambda image: encoded(image.resize((200, 180))), id="smaller"),
        pytest.param(lambda image: encoded(image.resize((900, 810))), id="larger"),
        pytest.param(lambda image: encoded(image.resize((300, 300))), id="stretched"),
        pytest.param(lambda image: encoded(ImageOps.grayscale(image)), id="without colour"),
    ],
)
def test_a_changed_copy_is_found_first_as_a_perceptual_copy(
    matcher: Matcher, change: Callable[[Image.Image], bytes]
) -> None:
    found = examine(matcher, change(original()))
    copy, best = first_of_a_kind(found, MatchKind.PERCEPTUAL_COPY), nearest(found)[0]
    assert (copy.reference_set, copy.reference) == (SLUG, REFERENCE)
    assert best.reference_set == SLUG
    assert copy.false_positive_rate < 0.05


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda image: image, id="as it is"),
        pytest.param(ImageOps.mirror, id="mirrored"),
        pytest.param(lambda image: image.resize((150, 140)), id="smaller"),
        pytest.param(lambda image: image.crop((32, 29, 288, 259)), id="the middle four fifths"),
        pytest.param(lambda image: ImageOps.mirror(image.crop((32, 29, 288, 259))), id="the middle, mirrored"),
    ],
)
def test_a_changed_copy_is_the_nearest_by_embedding_too(
    matcher: Matcher, change: Callable[[Image.Image], Image.Image]
) -> None:
    found = examine(matcher, encoded(change(original()), "JPEG", quality=90))
    likeness = first_of_a_kind(found, MatchKind.CHARACTER_SIMILARITY)
    assert (likeness.reference_set, likeness.reference) == (SLUG, REFERENCE)
    assert likeness.measure is not None
    assert likeness.measure.value > 0.9


def test_a_match_tells_which_part_of_the_reference_it_resembles(matcher: Matcher) -> None:
    found = examine(matcher, encoded(original().crop((32, 29, 288, 259))))
    region = first_of_a_kind(found, MatchKind.CHARACTER_SIMILARITY).reference_region
    assert region is not None
    assert (round(region.x0, 3), round(region.y1, 3)) == (0.1, 0.9)


def shown_at(page: Image.Image, corner: tuple[int, int], size: tuple[int, int]) -> tuple[Image.Image, list[float]]:
    """Paste the reference onto a page; tell its place in fractions of the page."""
    page.paste(original().resize(size), corner)
    (x, y), (across, down), (width, height) = corner, size, page.size
    return page, [x / width, y / height, (x + across) / width, (y + down) / height]


def under_bars() -> tuple[Image.Image, list[float]]:
    return shown_at(Image.new("RGB", (320, 448), "black"), (0, 80), (320, 288))


def in_a_frame() -> tuple[Image.Image, list[float]]:
    return shown_at(Image.new("RGB", (440, 408), "white"), (60, 60), (320, 288))


def on_a_page_of_panels() -> tuple[Image.Image, list[float]]:
    page = Image.new("RGB", (680, 616), "white")
    for number, corner in enumerate([(13, 13), (347, 13), (347, 315)]):
        page.paste(draw(60 + number, number), corner)
    return shown_at(page, (13, 315), (320, 288))


def in_a_screenshot() -> tuple[Image.Image, list[float]]:
    page = Image.new("RGB", (800, 600), (240, 240, 240))
    canvas = ImageDraw.Draw(page)
    canvas.rectangle((0, 0, 800, 40), fill=(60, 60, 60))
    for line in range(80, 580, 30):
        canvas.text((20, line), "words of a menu", fill="black")
    return shown_at(page, (220, 100), (500, 450))


PAGES = [under_bars, in_a_frame, on_a_page_of_panels, in_a_screenshot]


@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("kind", [MatchKind.PERCEPTUAL_COPY, MatchKind.CHARACTER_SIMILARITY])
def test_a_copy_among_other_things_is_found_and_its_place_told(
    matcher: Matcher, page: Callable[[], tuple[Image.Image, list[float]]], kind: MatchKind, file_format: str
) -> None:
    image, place = page()
    found = examine(matcher, encoded(image, file_format))
    match = first_of_a_kind(found, kind)
    assert (match.reference_set, match.reference) == (SLUG, REFERENCE)
    assert match.region is not None
    assert [match.region.x0, match.region.y0, match.region.x1, match.region.y1] == pytest.approx(place, abs=0.02)
    assert nearest(found)[0].reference_set == SLUG


def test_what_the_whole_picture_resembles_has_no_region(matcher: Matcher) -> None:
    found = examine(matcher, encoded(original(), "JPEG"))
    for kind in (MatchKind.PERCEPTUAL_COPY, MatchKind.CHARACTER_SIMILARITY):
        assert first_of_a_kind(found, kind).region is None


def test_every_picture_of_an_upload_has_the_matches_of_its_own_parts(matcher: Matcher) -> None:
    """Pictures of one part and of several go through the model together."""
    files = [PictureFile(str(n), encoded(page()[0])) for n, page in enumerate(PAGES)]
    files.insert(2, PictureFile("plain", encoded(draw(5, 1))))
    together = matcher.examine(files).pictures
    assert [item.name for item in together] == [file.name for file in files]
    for file, found in zip(files, together, strict=True):
        alone = examine(matcher, file.data)
        assert [named(match) for match in found.matches] == [named(match) for match in alone.matches]


def test_of_the_two_hashes_the_one_with_the_lower_rate_counts(
    tiny_snapshot: TinySnapshot, embedded_model: EmbeddedModel
) -> None:
    loaded = tiny_snapshot.loaded
    never = Calibration(RateCurve.fit([0.0]), None, needs_impostors=True)
    for measure in ("pdq_distance", "phash_distance"):
        other = Matcher(replace(loaded, calibrations={**loaded.calibrations, measure: never}), embedded_model.runtime)
        found = examine(other, encoded(original(), "JPEG"))
        other.close()
        copy = first_of_a_kind(found, MatchKind.PERCEPTUAL_COPY)
        assert copy.measure is not None
        assert (copy.reference, copy.measure.name != measure) == (REFERENCE, True)


def test_the_cosine_of_a_likeness_is_told_without_what_crowding_takes_off(matcher: Matcher) -> None:
    found = examine(matcher, encoded(original()))
    likeness = first_of_a_kind(found, MatchKind.CHARACTER_SIMILARITY)
    assert likeness.measure is not None
    assert likeness.measure.value == pytest.approx(1.0, abs=0.001)
    assert abs(float(matcher.snapshot.crowding[CHARACTER * PICTURES_A_SET + NUMBER])) > 0.01


def of_few_references(snapshot: Snapshot, kept: int) -> Snapshot:
    """Share the first set's references out: it keeps some, and a stranger to it has the others."""
    first, *others = snapshot.sets
    few = replace(first, references=first.references[:kept])
    rest = replace(first, slug="another", work={"en": "Another"}, references=first.references[kept:])
    return replace(snapshot, sets=(few, rest, *others))


@pytest.mark.parametrize("kept", [MIN_REFERENCES - 1, MIN_REFERENCES])
def test_a_set_of_too_few_references_is_uncalibrated_by_likeness_alone(
    tiny_snapshot: TinySnapshot, embedded_model: EmbeddedModel, kept: int
) -> None:
    shared = Matcher(of_few_references(tiny_snapshot.loaded, kept), embedded_model.runtime)
    found = examine(shared, encoded(draw(0, 0), "JPEG", quality=90))
    shared.close()
    for match in found.matches:
        if match.reference_set != SLUGS[0]:
            assert match.measure is None or match.measure.rate.calibrated
    own = {match.kind: match for match in found.matches if match.reference_set == SLUGS[0]}
    likeness, copy = own[MatchKind.CHARACTER_SIMILARITY].measure, own[MatchKind.PERCEPTUAL_COPY].measure
    assert likeness is not None
    assert copy is not None
    assert likeness.rate.calibrated is (kept >= MIN_REFERENCES)
    assert copy.rate.calibrated


def test_a_picture_that_cannot_be_decoded_carries_a_problem_and_harms_no_other(matcher: Matcher) -> None:
    good = encoded(original())
    files = [
        PictureFile("first", good),
        PictureFile("words", b"no picture"),
        PictureFile("torn", good[:2000]),
        PictureFile("empty", b""),
        PictureFile("last", encoded(draw(5, 1))),
    ]
    found = matcher.examine(files).pictures
    assert [item.name for item in found] == [file.name for file in files]
    assert [(item.problem or "").split(":")[0] for item in found] == [
        "",
        "not_a_picture",
        "picture_damaged",
        "empty_file",
        "",
    ]
    assert [item.is_picture for item in found] == [True, False, True, False, True]
    assert nearest(found[0])[0].reference_set == SLUG
    assert nearest(found[4])[0].reference_set == SLUGS[5]
    assert all(not item.matches for item in found[1:4])


def test_bad_files_alone_are_no_fault(matcher: Matcher) -> None:
    assert [item.matches for item in matcher.examine([PictureFile("a", b"x")]).pictures] == [()]
    assert matcher.examine([]).pictures == ()


def test_the_limits_given_to_a_matcher_hold(tiny_snapshot: TinySnapshot, embedded_model: EmbeddedModel) -> None:
    strict = Matcher(tiny_snapshot.loaded, embedded_model.runtime, PictureLimits(max_pixels=1000))
    found = examine(strict, encoded(original()))
    strict.close()
    assert (found.problem or "").startswith("too_many_pixels")


def test_what_is_not_reached_before_the_deadline_carries_a_problem(matcher: Matcher) -> None:
    found = matcher.examine([PictureFile("late", encoded(original()))], deadline=time.monotonic() - 1).pictures[0]
    assert (found.problem or "").startswith("time_limit")
    assert found.is_picture


def test_of_an_animation_the_rest_is_remarked(matcher: Matcher) -> None:
    moving = encoded(original(), "WEBP", lossless=True, save_all=True, append_images=[draw(1, 1)], duration=50)
    found = examine(matcher, moving)
    assert found.problem is None
    assert found.remarks
    assert first_of_a_kind(found, MatchKind.EXACT_COPY).reference == REFERENCE


def test_a_flat_picture_has_no_perceptual_copy(matcher: Matcher) -> None:
    found = examine(matcher, encoded(Image.new("RGB", (200, 200), (9, 99, 9))))
    assert {match.kind for match in found.matches} == {MatchKind.CHARACTER_SIMILARITY}


def test_each_kind_names_a_set_once_and_no_more_sets_than_asked_for(matcher: Matcher) -> None:
    for top in (1, 3, SETS_REPORTED):
        found = matcher.examine([PictureFile("upload", encoded(original()))], top=top).pictures[0]
        for kind in MatchKind:
            named = [match.reference_set for match in found.matches if match.kind is kind]
            assert len(named) == len(set(named)) <= top


def test_matches_of_a_kind_come_strongest_first(matcher: Matcher) -> None:
    for number in range(5):
        found = examine(matcher, encoded(draw(700 + number, 0)))
        for kind in (MatchKind.PERCEPTUAL_COPY, MatchKind.CHARACTER_SIMILARITY):
            rates = [match.false_positive_rate for match in found.matches if match.kind is kind]
            assert rates == sorted(rates)


def test_every_measured_match_has_a_rate_that_is_not_nought(matcher: Matcher) -> None:
    found = examine(matcher, encoded(original()))
    assert all(match.measure is None or 0.0 < match.measure.rate.value <= 1.0 for match in found.matches)


def test_a_picture_registered_by_two_is_an_exact_copy_for_both(
    tiny_snapshot: TinySnapshot, embedded_model: EmbeddedModel
) -> None:
    """One registered the file itself, the other the same pixels in another file."""
    loaded = tiny_snapshot.loaded
    pixels = list(loaded.pixel_sha256)
    pixels[0] = pixels[CHARACTER * PICTURES_A_SET + NUMBER]
    both = Matcher(replace(loaded, pixel_sha256=tuple(pixels)), embedded_model.runtime)
    found = examine(both, encoded(original()))
    both.close()
    named = [match.reference_set for match in found.matches if match.kind is MatchKind.EXACT_COPY]
    assert sorted(named) == sorted([SLUG, SLUGS[0]])


def test_findings_name_the_snapshot_the_model_and_the_time_of_each_stage(matcher: Matcher) -> None:
    findings = matcher.examine([PictureFile("upload", encoded(original()))])
    assert findings.snapshot == "000001"
    assert findings.model.startswith("compact-clip@")
    assert set(findings.elapsed_ms) == {"decode", "embed", "search", "verify"}


def test_threads_share_a_matcher(matcher: Matcher) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: examine(matcher, encoded(draw(n, 0))), [0, 1, 2, 3] * 3))
    assert [nearest(item)[0].reference_set for item in found] == [SLUGS[n] for n in (0, 1, 2, 3)] * 3


def test_the_canary_is_found(matcher: Matcher) -> None:
    assert matcher.find_canary()


@pytest.mark.parametrize(
    "canary", [pytest.param(b"no picture", id="not a picture"), pytest.param(encoded(draw(800, 0)), id="a stranger")]
)
def test_a_canary_that_does_not_come_through_is_told(
    tiny_snapshot: TinySnapshot, embedded_model: EmbeddedModel, canary: bytes
) -> None:
    broken = Matcher(replace(tiny_snapshot.loaded, canary=canary), embedded_model.runtime)
    assert not broken.find_canary()
    broken.close()
