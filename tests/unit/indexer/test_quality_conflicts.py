"""What is found of a new picture or alias in the sets of others."""

from __future__ import annotations

import pytest
from PIL import Image

from indexer.matcher import Matcher
from indexer.model import (
    Alias,
    AliasKind,
    Match,
    MatchKind,
    Measure,
    PictureFile,
    PictureFindings,
    Rate,
    Reference,
    ReferenceSet,
)
from indexer.quality import Remark, alias_conflicts, conflicts
from indexer.quality.conflicts import COPY_BITS, COPY_POINTS, COPY_RATE
from indexer.reference_signals import ReferenceSignals, measure
from indexer.signals.names.aliases import AliasTable
from tests.fakes import TINY_SPEC, TinyBackend, draw, encoded

DISTINCTIVE, GENERIC, SERIES = AliasKind.DISTINCTIVE, AliasKind.GENERIC, AliasKind.SERIES


def signals_of(image: Image.Image) -> ReferenceSignals:
    return measure("a.png", encoded(image), TINY_SPEC, TinyBackend())


def match(kind: MatchKind, slug: str, rate: float = 0.0, name: str = "phash_distance", value: float = 4.0) -> Match:
    told = None if kind is MatchKind.EXACT_COPY else Measure(name, value, Rate(rate, rate, rate))
    return Match(kind, slug, "images/01.png", told)


def found(*matches: Match, image: Image.Image | None = None) -> list[tuple[str, str, str]]:
    told = conflicts("own", signals_of(image or draw(1, 0)), PictureFindings("a.png", matches))
    return [(item.code, item.severity.value, item.about) for item in told]


@pytest.mark.parametrize("kind", [MatchKind.EXACT_COPY, MatchKind.GEOMETRIC_COPY, MatchKind.PERCEPTUAL_COPY])
def test_a_copy_of_another_sets_reference_is_a_conflict(kind: MatchKind) -> None:
    assert found(match(kind, "other", COPY_RATE)) == [("in_another_set", "warn", "other")]
    assert found(match(kind, "own", COPY_RATE)) == []


def test_a_weak_match_and_a_mere_likeness_are_no_conflict() -> None:
    assert found(match(MatchKind.PERCEPTUAL_COPY, "other", 2 * COPY_RATE)) == []
    assert found(match(MatchKind.CHARACTER_SIMILARITY, "other")) == []


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("pdq_distance", COPY_BITS, True),
        ("pdq_distance", COPY_BITS + 1, False),
        ("agreeing_points", COPY_POINTS, True),
        ("agreeing_points", COPY_POINTS - 1, False),
    ],
)
def test_where_rates_cannot_be_low_the_measure_itself_tells_a_copy(name: str, value: float, *, told: bool) -> None:
    near = match(MatchKind.PERCEPTUAL_COPY, "other", 0.1, name, value)
    assert found(near) == ([("in_another_set", "warn", "other")] if told else [])


def test_each_other_set_is_told_once_with_its_strongest_kind() -> None:
    told = conflicts(
        "own",
        signals_of(draw(1, 0)),
        PictureFindings(
            "a.png",
            (
                match(MatchKind.PERCEPTUAL_COPY, "b"),
                match(MatchKind.EXACT_COPY, "b"),
                match(MatchKind.GEOMETRIC_COPY, "c"),
            ),
        ),
    )
    assert [item.about for item in told] == ["b", "c"]
    assert "identical" in told[0].explanation["en"]


def test_empty_pictures_are_equal_by_chance_and_that_is_advice() -> None:
    white = Image.new("RGB", (300, 300), "white")
    assert found(match(MatchKind.EXACT_COPY, "other"), image=white) == [("in_another_set", "advice", "other")]


@pytest.mark.slow
def test_a_real_matcher_finds_the_picture_of_another_set(matcher: Matcher) -> None:
    def told(image: Image.Image, slug: str) -> list[str]:
        data = encoded(image)
        findings = matcher.examine([PictureFile("new.png", data)]).pictures[0]
        return [item.about for item in conflicts(slug, measure("a", data, TINY_SPEC, TinyBackend()), findings)]

    registered = draw(1, 0)
    assert told(registered, "own") == ["brass-fox"]
    assert told(registered.resize((200, 180)), "own") == ["brass-fox"]
    assert told(registered, "brass-fox") == []
    assert told(draw(77, 0), "own") == []


def alias_found(text: str, kind: AliasKind, known: str, known_kind: AliasKind) -> list[Remark]:
    other = ReferenceSet(
        "other", {"en": "Other"}, (Reference("images/01.png", "0"),), aliases=(Alias(known, "en", known_kind),)
    )
    hits = AliasTable([other]).find(text)
    assert alias_conflicts("other", Alias(text, "en", kind), hits) == ()
    return list(alias_conflicts("own", Alias(text, "en", kind), hits))


@pytest.mark.parametrize(
    ("text", "kind", "known", "known_kind", "severity"),
    [
        ("Maren Tidewarden", DISTINCTIVE, "maren tidewarden", DISTINCTIVE, "warn"),
        (" Maren-Tidewarden ", DISTINCTIVE, "Maren Tidewarden", DISTINCTIVE, "warn"),
        ("Medusa", DISTINCTIVE, "Medusa", GENERIC, "advice"),
        ("Medusa", GENERIC, "Medusa", GENERIC, None),
        ("Medusa", GENERIC, "Medusa", DISTINCTIVE, None),
        ("Mosslight Post", SERIES, "Mosslight Post", SERIES, None),
        ("Mosslight Post", DISTINCTIVE, "Mosslight Post", SERIES, "advice"),
        ("Maren Tidewarden the Elder", DISTINCTIVE, "Maren Tidewarden", DISTINCTIVE, None),
        ("Umbra Veyl", DISTINCTIVE, "Maren Tidewarden", DISTINCTIVE, None),
    ],
)
def test_an_alias_of_another_set_is_a_conflict_where_it_is_the_whole_name(
    text: str, kind: AliasKind, known: str, known_kind: AliasKind, severity: str | None
) -> None:
    told = [(item.code, item.severity.value, item.about) for item in alias_found(text, kind, known, known_kind)]
    assert told == ([] if severity is None else [("alias_of_another_set", severity, "other")])
