"""The quality report of aliases."""

from __future__ import annotations

import pytest

from indexer.model import Alias, AliasKind
from indexer.quality import Severity, alias_remarks
from indexer.quality.remarks import _SENTENCES, remark

DISTINCTIVE, GENERIC, SERIES = AliasKind.DISTINCTIVE, AliasKind.GENERIC, AliasKind.SERIES


def found(text: str, kind: AliasKind = DISTINCTIVE, *others: str) -> list[tuple[str, str]]:
    known = [Alias(other, "en", DISTINCTIVE) for other in others]
    return [(item.code, item.severity.value) for item in alias_remarks(Alias(text, "en", kind), known)]


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("Maren Tidewarden", DISTINCTIVE, []),
        ("守潮者玛伦", DISTINCTIVE, []),
        ("Rivet-Nine", DISTINCTIVE, []),
        ("Мирослава Волчица", DISTINCTIVE, []),
        ("Rei", DISTINCTIVE, [("too_short", "warn")]),
        ("Rei", GENERIC, [("too_short", "advice")]),
        ("Rei", SERIES, []),
        ("玲", DISTINCTIVE, [("too_short", "warn")]),
        ("玲奈", DISTINCTIVE, []),
        ("Snow", DISTINCTIVE, [("common_word", "warn")]),
        ("S-N-O-W", DISTINCTIVE, [("common_word", "warn")]),
        ("公主", DISTINCTIVE, [("common_word", "warn")]),
        ("Snow", GENERIC, [("common_word", "advice")]),
        ("Medusa", DISTINCTIVE, [("should_be_generic", "advice")]),
        ("MEDUSA", GENERIC, []),
        ("孙悟空", DISTINCTIVE, [("should_be_generic", "advice")]),
        ("孫悟空", DISTINCTIVE, [("should_be_generic", "advice")]),
        ("Red Dragon", DISTINCTIVE, [("should_be_generic", "advice")]),
        ("mushroom rocket", DISTINCTIVE, [("should_be_generic", "advice")]),
        ("Dragon Tidewarden", DISTINCTIVE, []),
        ("!!!", DISTINCTIVE, [("no_letters", "refuse")]),
        ("", SERIES, [("no_letters", "refuse")]),
    ],
)
def test_what_an_alias_says_by_itself(text: str, kind: AliasKind, expected: list[tuple[str, str]]) -> None:
    assert found(text, kind) == expected


@pytest.mark.parametrize(
    ("text", "other", "twice"),
    [
        ("Maren Tidewarden", "maren  TIDEWARDEN", True),
        ("Maren Tidewarden", "Maren-Tidewarden", True),
        ("Ｍaren Tidewarden", "MarenTidewarden", True),
        ("發條兔皮普", "发条兔皮普", True),
        ("Maren Tidewarden", "Maren", False),
        ("Maren Tidewarden", "!!!", False),
    ],
)
def test_an_alias_that_reads_as_another_is_there_twice(text: str, other: str, *, twice: bool) -> None:
    assert found(text, DISTINCTIVE, "Umbra Veyl", other) == ([("twice", "advice")] if twice else [])


def test_the_other_alias_is_named() -> None:
    (told,) = alias_remarks(Alias("Pip Hare", "en", DISTINCTIVE), [Alias("pip-hare", "en", GENERIC)])
    assert told.about == "pip-hare"
    assert all("Pip Hare" in text and "pip-hare" in text for text in told.explanation.values())


def test_a_long_or_odd_alias_is_only_text_in_its_remark() -> None:
    (told,) = alias_remarks(Alias("{about}!{0}", "en", DISTINCTIVE), [Alias("ABOUT 0", "en", GENERIC)])
    assert "{about}!{0}" in told.explanation["en"]


def test_every_sentence_is_there_in_english_and_chinese() -> None:
    for code in _SENTENCES:
        told = remark(
            code,
            Severity.ADVICE,
            about="z",
            side=1,
            least=2,
            share=0.5,
            count=3,
            text="x",
            known="y",
            reference="r",
            kind="Is",
            kind_zh="是",
        )
        assert set(told.explanation) == {"en", "zh"}
        assert all(text and "{" not in text for text in told.explanation.values())
        assert any("\u4e00" <= char <= "\u9fff" for char in told.explanation["zh"])
