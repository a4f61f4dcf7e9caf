"""Live changes through the whole path: pictures are matched as by a generation that was built with the same sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from PIL import Image, ImageOps

from indexer import build as builds
from indexer.index import snapshot as snapshots
from indexer.index.snapshot import Snapshot
from indexer.live import with_changes
from indexer.matcher import Matcher, nearest
from indexer.model import Match, MatchKind, PictureFile, PictureFindings, Reference, ReferenceSet
from indexer.reference_signals import ReferenceSignals, measure
from tests.conftest import PICTURES_A_SET, RUNTIME, SLUGS, EmbeddedModel, TinySets, TinySnapshot
from tests.fakes import TinyBackend, draw, encoded

SignalsOf = Callable[[str, Reference], ReferenceSignals]


@pytest.fixture(scope="module")
def signals(tiny_sets: TinySets, embedded_model: EmbeddedModel) -> SignalsOf:
    """Measure references from their files; those named images/canary-N.png are the canary's file again."""
    folders = {item.slug: folder for item, folder in tiny_sets.read}
    known: dict[tuple[str, Reference], ReferenceSignals] = {}

    def signals(slug: str, reference: Reference) -> ReferenceSignals:
        if (slug, reference) not in known:
            path = folders[SLUGS[0]] / "images" / "01.png" if "canary" in reference.id else folders[slug] / reference.id
            known[slug, reference] = measure(
                reference.id, path.read_bytes(), embedded_model.spec, embedded_model.runtime
            )
        return known[slug, reference]

    return signals


@pytest.fixture(scope="module")
def changed(tiny_sets: TinySets, tmp_path_factory: pytest.TempPathFactory, signals: SignalsOf) -> Snapshot:
    """Build without two of the sets, and without some pictures of a third, then put all of them in force."""
    first, second, *others = tiny_sets.read[:-2]
    fewer = (replace(second[0], references=second[0].references[2:]), second[1])
    out = tmp_path_factory.mktemp("fewer")
    builds.build([first, fewer, *others], out, runtime=RUNTIME)
    return with_changes(snapshots.load(out), [item for item, _ in tiny_sets.read], signals)


@pytest.fixture(scope="module")
def live(changed: Snapshot, embedded_model: EmbeddedModel) -> Iterator[Matcher]:
    matcher = Matcher(changed, embedded_model.runtime)
    yield matcher
    matcher.close()


def examine(matcher: Matcher, image: Image.Image, file_format: str = "PNG") -> PictureFindings:
    return matcher.examine([PictureFile("upload", encoded(image, file_format))]).pictures[0]


def cropped(image: Image.Image) -> Image.Image:
    return image.crop((32, 29, 288, 259))


def of_a_kind(found: PictureFindings, kind: MatchKind) -> list[Match]:
    return [match for match in found.matches if match.kind is kind]


def value(match: Match) -> float:
    assert match.measure is not None
    return match.measure.value


@pytest.mark.parametrize("change", [lambda image: image, ImageOps.mirror, cropped], ids=["same", "mirrored", "cropped"])
@pytest.mark.parametrize("character", [0, 1, len(SLUGS) - 2, len(SLUGS) - 1])
@pytest.mark.parametrize("number", [0, PICTURES_A_SET - 1])
def test_what_was_added_is_found_as_if_it_had_been_built_in(
    matcher: Matcher,
    live: Matcher,
    character: int,
    number: int,
    change: Callable[[Image.Image], Image.Image],
) -> None:
    image = change(draw(character, number))
    now, built = examine(live, image), examine(matcher, image)
    assert nearest(now)[0].reference_set == nearest(built)[0].reference_set == SLUGS[character]
    assert nearest(now)[0].reference == nearest(built)[0].reference
    for kind in MatchKind:
        ours, theirs = (of_a_kind(found, kind)[:1] for found in (now, built))
        assert [(m.reference_set, m.reference, m.region) for m in ours] == [
            (m.reference_set, m.reference, m.region) for m in theirs
        ]
        if kind is not MatchKind.EXACT_COPY:
            assert [value(m) for m in ours] == pytest.approx([value(m) for m in theirs], abs=0.002)


@pytest.mark.parametrize("number", range(6))
def test_a_stranger_resembles_the_same_sets_as_much(matcher: Matcher, live: Matcher, number: int) -> None:
    now, built = (examine(each, draw(600 + number, number)) for each in (live, matcher))
    ours, theirs = (
        sorted((m.reference_set, m.reference, round(value(m), 3)) for m in of_a_kind(found, kind))
        for found in (now, built)
        for kind in [MatchKind.CHARACTER_SIMILARITY]
    )
    assert ours == theirs


def in_force(snapshot: Snapshot, sets: list[ReferenceSet], model: EmbeddedModel, signals: SignalsOf) -> Matcher:
    return Matcher(with_changes(snapshot, sets, signals), model.runtime)


def test_a_removed_set_is_never_found(
    tiny_snapshot: TinySnapshot, embedded_model: EmbeddedModel, signals: SignalsOf
) -> None:
    left = in_force(tiny_snapshot.loaded, list(tiny_snapshot.loaded.sets[1:]), embedded_model, signals)
    for image in (draw(0, 0), cropped(draw(0, 0)), ImageOps.mirror(draw(0, 5))):
        found = examine(left, image)
        assert found.matches
        assert SLUGS[0] not in {match.reference_set for match in found.matches}
    left.close()


def test_a_removed_picture_leaves_its_set_without_it(
    tiny_snapshot: TinySnapshot, embedded_model: EmbeddedModel, signals: SignalsOf
) -> None:
    first, *others = tiny_snapshot.loaded.sets
    fewer = replace(first, references=first.references[1:])
    left = in_force(tiny_snapshot.loaded, [fewer, *others], embedded_model, signals)
    found = examine(left, draw(0, 0))
    assert first.references[0].id not in {m.reference for m in found.matches if m.reference_set == SLUGS[0]}
    assert MatchKind.EXACT_COPY not in {match.kind for match in found.matches}
    left.close()


def test_with_nothing_in_force_nothing_is_found_and_nothing_fails(
    tiny_snapshot: TinySnapshot, embedded_model: EmbeddedModel, signals: SignalsOf
) -> None:
    empty = in_force(tiny_snapshot.loaded, [], embedded_model, signals)
    found = examine(empty, draw(0, 0))
    assert (found.matches, found.problem) == ((), None)
    assert empty.find_canary()
    empty.close()


def test_rates_stay_those_of_the_generation(
    tiny_snapshot: TinySnapshot, embedded_model: EmbeddedModel, signals: SignalsOf
) -> None:
    changed = in_force(tiny_snapshot.loaded, list(tiny_snapshot.loaded.sets[:-1]), embedded_model, signals)
    (found, *_), (before, *_) = (
        of_a_kind(examine(each, draw(2, 1), "JPEG"), MatchKind.PERCEPTUAL_COPY)
        for each in (changed, Matcher(tiny_snapshot.loaded, embedded_model.runtime))
    )
    changed.close()
    assert found == before


def again(item: ReferenceSet, count: int) -> ReferenceSet:
    """Register the canary's picture in a set, `count` times."""
    digest = item.references[0].sha256
    more = tuple(Reference(f"images/canary-{number}.png", digest) for number in range(count))
    return replace(item, references=(*more, *item.references[1:]))


CHANGES: dict[str, Callable[[tuple[ReferenceSet, ...]], list[ReferenceSet]]] = {
    "its set is gone": lambda sets: list(sets[1:]),
    "it is gone": lambda sets: [replace(sets[0], references=sets[0].references[1:]), *sets[1:]],
    "it is there": lambda sets: list(sets[:-1]),
    "it has another name": lambda sets: [again(sets[0], 1), *sets[1:]],
    "many have it too": lambda sets: [again(item, 1) for item in sets],
    "only names were changed": lambda sets: [replace(sets[0], title={"en": "Owl"}), *sets[1:]],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_canary_is_found_whatever_is_in_force(
    tiny_snapshot: TinySnapshot,
    embedded_model: EmbeddedModel,
    signals: SignalsOf,
    change: Callable[[tuple[ReferenceSet, ...]], list[ReferenceSet]],
) -> None:
    matcher = in_force(tiny_snapshot.loaded, change(tiny_snapshot.loaded.sets), embedded_model, signals)
    assert matcher.snapshot.changes is not None
    assert matcher.find_canary()
    assert "#" not in "".join(match.reference_set for match in examine(matcher, draw(0, 0)).matches)
    matcher.close()


BROKEN = {
    "no picture": lambda snapshot: replace(snapshot, canary=b"no picture"),
    "a stranger": lambda snapshot: replace(snapshot, canary=encoded(draw(800, 0))),
    "a changed copy": lambda snapshot: replace(snapshot, canary=encoded(draw(0, 0), "WEBP", quality=50)),
    "another reference's vectors": lambda snapshot: replace(snapshot, rows=snapshot.rows[::-1].copy()),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("gone", [False, True])
def test_a_canary_that_is_not_found_is_told_also_after_changes(
    tiny_snapshot: TinySnapshot,
    embedded_model: EmbeddedModel,
    signals: SignalsOf,
    broken: Callable[[Snapshot], Snapshot],
    *,
    gone: bool,
) -> None:
    sets = tiny_snapshot.loaded.sets
    changed = with_changes(tiny_snapshot.loaded, list(sets[1:] if gone else sets[:-1]), signals)
    matcher = Matcher(broken(changed), embedded_model.runtime)
    assert not matcher.find_canary()
    matcher.close()


def test_a_model_that_embeds_otherwise_is_told(tiny_snapshot: TinySnapshot, embedded_model: EmbeddedModel) -> None:
    matcher = Matcher(tiny_snapshot.loaded, TinyBackend(embedded_model.spec))
    assert not matcher.find_canary()
    matcher.close()
