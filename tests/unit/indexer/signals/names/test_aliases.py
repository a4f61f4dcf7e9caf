"""Names: an alias is found however it is written, where it stands as a word, and nowhere else."""

from __future__ import annotations

import random
import time
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from indexer.model import Alias, AliasKind, ReferenceSet
from indexer.signals.names.aliases import MAX_TEXT, MOST_HITS, AliasTable, fold

WORDS = st.text("abcdeéäöÜßИя", min_size=2, max_size=12)


def table(*aliases: str) -> AliasTable:
    return AliasTable([reference_set("one", *aliases)])


def reference_set(slug: str, *aliases: str) -> ReferenceSet:
    made = tuple(Alias(text, "und", AliasKind.DISTINCTIVE) for text in aliases)
    return ReferenceSet(slug, {"en": slug}, (), aliases=made)


def found(text: str, *aliases: str) -> list[str]:
    return [text[hit.start : hit.end] for hit in table(*aliases).find(text)]


@pytest.mark.parametrize(
    ("text", "alias", "wanted"),
    [
        pytest.param("a Moon Marten drawing", "Moon Marten", "Moon Marten", id="as it is registered"),
        pytest.param("MOON marten", "Moon Marten", "MOON marten", id="case"),
        pytest.param("moon_marten_v2", "Moon Marten", "moon_marten", id="underscores"),
        pytest.param("moon-marten", "Moon Marten", "moon-marten", id="hyphens"),
        pytest.param("moon   marten", "Moon Marten", "moon   marten", id="many spaces"),
        pytest.param("(moon:marten)", "Moon Marten", "moon:marten", id="punctuation"),
        pytest.param("Möön Märten", "Moon Marten", "Möön Märten", id="accents in the text"),
        pytest.param("Moon Marten", "Möön Märten", "Moon Marten", id="accents in the alias"),
        pytest.param("Moo\u0308n", "Moon", "Moo\u0308n", id="combining accent"),
        pytest.param("m\u200bo\u200do\u00adn", "moon", "m\u200bo\u200do\u00adn", id="invisible marks"),
        pytest.param("ｍｏｏｎ", "moon", "ｍｏｏｎ", id="full width"),
        pytest.param("𝓶𝓸𝓸𝓷", "moon", "𝓶𝓸𝓸𝓷", id="mathematical letters"),
        pytest.param("Ⓜⓞⓞⓝ", "moon", "Ⓜⓞⓞⓝ", id="circled letters"),
        pytest.param("Strasse", "Straße", "Strasse", id="sharp s"),
        pytest.param("moon2", "moon", "moon", id="a digit ends a word"),
        pytest.param("moon²", "moon", "moon", id="a raised digit ends a word"),
        pytest.param("Moon™ pictures", "moon", "Moon", id="a trade mark sign ends a word"),
        pytest.param("Moon®", "moon", "Moon", id="a registered sign ends a word"),
        pytest.param("月貂公主的画", "月貂", "月貂", id="Chinese stands in a sentence"),
        pytest.param("これはツキテンだ", "ツキテン", "ツキテン", id="Japanese stands in a sentence"),
        pytest.param("ﾂｷﾃﾝ", "ツキテン", "ﾂｷﾃﾝ", id="half-width kana"),
        pytest.param("달담비는 귀엽다", "달담비", "달담비", id="Korean takes endings"),
        pytest.param(
            unicodedata.normalize("NFD", "달담비"), "달담비", unicodedata.normalize("NFD", "달담비"), id="jamo"
        ),
        pytest.param("draw月貂now", "月貂", "月貂", id="Chinese beside Latin"),
        pytest.param("Лунная Куница", "лунная куница", "Лунная Куница", id="Cyrillic"),
    ],
)
def test_an_alias_is_found_however_it_is_written(text: str, alias: str, wanted: str) -> None:
    assert found(text, alias) == [wanted]


@pytest.mark.parametrize(
    ("text", "alias"),
    [
        pytest.param("moonlight", "moon", id="the beginning of a word"),
        pytest.param("honeymoon", "moon", id="the end of a word"),
        pytest.param("amoonb", "moon", id="the middle of a word"),
        pytest.param("moonß", "moon", id="a letter that folds to two"),
        pytest.param("лунная", "лун", id="the beginning of a Cyrillic word"),
        pytest.param("agent 0071", "007", id="a part of a number"),
        pytest.param("ガ", "カ", id="kana with another sound"),
        pytest.param("각", "가", id="a syllable's first half"),
        pytest.param("mo on", "moon", id="two words"),
        pytest.param("", "moon", id="an empty text"),
    ],
)
def test_a_part_of_a_word_is_not_the_alias(text: str, alias: str) -> None:
    assert found(text, alias) == []


@pytest.mark.parametrize(
    ("text", "alias", "wanted", "view"),
    [
        pytest.param("Mооn Mаrten", "Moon Marten", "Mооn Mаrten", "looks", id="Cyrillic letters that look Latin"),
        pytest.param("🅼🅾🅾🅽", "moon", "🅼🅾🅾🅽", "looks", id="letters in frames"),
        pytest.param("ꓢᴀᴋᴜʀᴀ", "sakura", "ꓢᴀᴋᴜʀᴀ", "looks", id="small capitals"),
        pytest.param("銀龍公主", "银龙公主", "銀龍公主", "looks", id="traditional Chinese"),
        pytest.param("つきてん", "ツキテン", "つきてん", "looks", id="hiragana"),
        pytest.param("<p>Mo<b>on</b> Mar&shy;ten</p>", "Moon Marten", "Mo<b>on</b> Mar&shy;ten", "looks", id="HTML"),
        pytest.param("<p>new<br>moon</p>", "moon", "moon", "plain", id="a tag that ends a line"),
        pytest.param("M&#111;&#x6f;n", "moon", "M&#111;&#x6f;n", "looks", id="entities"),
        pytest.param("<lora:moon_marten:1>", "Moon Marten", "moon_marten", "plain", id="no HTML tag"),
        pytest.param("TheMoonMartenArt", "Moon Marten", "MoonMarten", "split", id="CamelCase"),
        pytest.param("unit02", "Unit 02", "unit02", "split", id="digits"),
        pytest.param("moon marten", "MoonMarten", "moon marten", "split", id="an alias in CamelCase"),
        pytest.param("a moonmarten", "Moon Marten", "moonmarten", "compact", id="spaces left out"),
        pytest.param("moonmartenv2", "Moon Marten", "moonmarten", "compact", id="a version written onto it"),
        pytest.param("a m o o n marten", "Moon Marten", "m o o n marten", "joined", id="spaced out"),
        pytest.param("m.o.o.n!", "Moon", "m.o.o.n", "joined", id="a short name spelled out"),
        pytest.param("月-貂", "月貂", "月-貂", "joined", id="Chinese spelled out"),
        pytest.param("m00n m4r73n", "Moon Marten", "m00n m4r73n", "leet", id="leet"),
        pytest.param("$4kur@!", "Sakura", "$4kur@", "leet", id="signs for letters"),
        pytest.param("MeIody Marten", "Melody Marten", "MeIody Marten", "leet", id="a capital i for an l"),
        pytest.param("yue diao gongzhu", "月貂公主", "yue diao gongzhu", "pinyin", id="pinyin"),
        pytest.param("yuè-diāo gōng zhǔ", "月貂公主", "yuè-diāo gōng zhǔ", "pinyin", id="pinyin with tones"),
        pytest.param("Tsukiten", "ツキテン", "Tsukiten", "romaji", id="romaji"),
        pytest.param("matcha yuki", "まっちゃ ユウキ", "matcha yuki", "romaji", id="a long vowel typed short"),
        pytest.param("a monmarten", "Moonmarten", "monmarten", "fuzzy", id="a letter left out"),
        pytest.param("Mooon Martan", "Moon Marten", "Mooon Martan", "fuzzy", id="two letters wrong"),
    ],
)
def test_a_disguised_alias_is_found_at_its_place_and_says_how(text: str, alias: str, wanted: str, view: str) -> None:
    (hit,) = table(alias).find(text)
    assert (text[hit.start : hit.end], hit.view) == (wanted, view)
    assert hit.indirect is (view in {"joined", "leet", "pinyin", "romaji", "fuzzy"})


@pytest.mark.parametrize(
    ("text", "alias"),
    [
        pytest.param("amo on", "moon", id="a short name across two words"),
        pytest.param("soon marten", "Onmarten", id="a name that begins within a word"),
        pytest.param("mali", "mail", id="an l is no i"),
        pytest.param("5014", "Sola", id="a number"),
        pytest.param("meon", "moon", id="a short name with a letter wrong"),
        pytest.param("unit 03", "unit 02", id="another number"),
        pytest.param("满月，貂皮", "月貂", id="two Chinese letters in two clauses"),
        pytest.param("li li", "丽莉", id="short pinyin"),
    ],
)
def test_an_accident_is_not_the_alias(text: str, alias: str) -> None:
    assert found(text, alias) == []


@pytest.mark.parametrize(
    ("text", "needs"),
    [("Ren", True), ("Ren of Night Garden", False), ("r.e.n", None), ("Moon", True), ("Tsukimi", False)],
)
def test_a_short_or_everyday_name_needs_its_series_in_the_text(text: str, needs: bool | None) -> None:  # noqa: FBT001 (a table's column)
    aliases = (
        *(Alias(name, "en", AliasKind.DISTINCTIVE) for name in ("Ren", "Moon", "Tsukimi")),
        Alias("Night Garden", "en", AliasKind.SERIES),
    )
    hits = AliasTable([ReferenceSet("one", {"en": "one"}, (), aliases=aliases)]).find(text)
    assert next((hit.needs_series for hit in hits if hit.alias.kind is AliasKind.DISTINCTIVE), None) is needs


def test_one_place_is_reported_once_from_the_strongest_view() -> None:
    hits = table("Moon Marten").find("Moon Marten, MoonMarten, m00nmarten, moon-martin")
    assert [hit.view for hit in hits] == ["plain", "split", "leet", "fuzzy"]


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("not Moon", True),
        ("without  Moon", True),
        ("this isn't Moon", True),
        ("this isn\u2019t Moon", True),
        ("NO moon", True),
        ("不是moon", True),
        ("非 moon", True),
        ("no_moon", True),
        ('not "Moon"', True),
        ("non-moon", True),
        ("Moon-style", False),
        ("style of Moon", False),
        ("Moon, style", False),
        ("No, Moon", False),
        ("knot Moon", False),
        ("not a badger but Moon", False),
        ("Moon, not a badger", False),
    ],
)
def test_a_negation_counts_only_right_before_the_alias(text: str, negated: bool) -> None:  # noqa: FBT001 (a table's column)
    assert [hit.negated for hit in table("moon").find(text)] == [negated]


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("Moon-style", True),
        ("moon style, best quality", True),
        ("moon_style", True),
        ("moon stylet", False),
        ("style of Moon", False),
        ("Moon, style", False),
    ],
)
def test_a_name_followed_by_style_asks_for_a_look_at_most(text: str, style: bool) -> None:  # noqa: FBT001 (a table's column)
    assert [hit.indirect for hit in table("moon").find(text)] == [style]


def test_overlapping_aliases_are_all_found_in_order_of_place() -> None:
    aliases = ("red moon marten", "moon", "moon marten", "marten of fire")
    wanted = ["red moon marten", "moon", "moon marten", "marten of fire"]
    assert found("a red moon marten of fire", *aliases) == wanted


def test_an_alias_of_two_sets_is_found_for_both() -> None:
    both = AliasTable([reference_set("one", "Moon"), reference_set("two", "MOON")])
    assert [hit.reference_set for hit in both.find("moon")] == ["one", "two"]
    assert len(both) == 1


@pytest.mark.parametrize("alias", ["", "  ", "—!", "\u200b"])
def test_an_alias_of_nothing_but_marks_is_never_found(alias: str) -> None:
    assert found("anything — at ! all \u200b", alias) == []
    assert len(table(alias)) == 0


def test_a_table_without_aliases_finds_nothing() -> None:
    assert AliasTable([]).find("moon") == []


def test_no_more_than_the_first_part_of_an_endless_text_is_searched() -> None:
    assert len(table("moon").find("moon " * (MAX_TEXT // 4))) == MAX_TEXT // 5


@given(st.text(max_size=80))
def test_offsets_ascend_and_each_leads_into_the_original(text: str) -> None:
    folded = fold(text)
    assert len(folded.offsets) == len(folded.text)
    assert list(folded.offsets) == sorted(folded.offsets)
    assert all(0 <= offset < len(text) for offset in folded.offsets)


@given(st.text(max_size=80))
def test_each_folded_character_comes_from_the_character_at_its_offset(text: str) -> None:
    folded = fold(text)
    for char, offset in zip(folded.text, folded.offsets, strict=True):
        assert char in fold("x" + text[offset]).text[1:]


@given(st.text(max_size=60))
def test_folding_never_leaves_two_spaces_or_capitals(text: str) -> None:
    folded = fold(text).text
    assert "  " not in folded
    assert folded == folded.casefold()


@given(st.text(max_size=40), WORDS, st.text(max_size=40))
def test_an_alias_between_spaces_is_found_at_its_place_in_the_original(before: str, alias: str, after: str) -> None:
    assume(fold(alias).text.strip())
    text = f"{before} {alias} {after}"
    places = [(hit.start, hit.end) for hit in table(alias).find(text)]
    assert (len(before) + 1, len(before) + 1 + len(alias)) in places


@given(
    st.text("ab 月月ガ\u0301-_", max_size=60),
    st.lists(st.text("ab 月", min_size=1, max_size=5), min_size=1, max_size=6),
)
def test_what_the_plain_view_finds_folds_to_the_alias(text: str, aliases: list[str]) -> None:
    plain = (hit for hit in table(*aliases).find(text) if hit.view == "plain")
    for hit in plain:
        assert fold(text[hit.start : hit.end]).text.strip() == fold(hit.alias.text).text.strip()


@pytest.mark.parametrize(
    ("text", "aliases"),
    [
        pytest.param("a" * MAX_TEXT, ["a", "aa", "aaa"], id="one letter"),
        pytest.param("ab" * (MAX_TEXT // 2), ["ab" * 500, "ba" * 500], id="near misses"),
        pytest.param("\u0301" * MAX_TEXT, ["x"], id="combining marks alone"),
        pytest.param("not " * (MAX_TEXT // 4), ["not"], id="negations"),
        pytest.param(" " * (MAX_TEXT - 1) + "x", ["x"], id="spaces"),
        pytest.param("\ufdfa" * MAX_TEXT, ["x"], id="the longest expansion"),
        pytest.param("\ud800" * MAX_TEXT, ["x"], id="lone surrogates"),
        pytest.param("\x00\x01" * (MAX_TEXT // 2), ["x"], id="control characters"),
        pytest.param("a." * (MAX_TEXT // 2), ["aaaaaa"], id="separators"),
        pytest.param("moon marte " * (MAX_TEXT // 11), ["moon marten"], id="a name's beginning"),
        pytest.param("<b>" * (MAX_TEXT // 3), ["x"], id="deep nesting"),
        pytest.param("<p " * (MAX_TEXT // 3), ["x"], id="tags without an end"),
        pytest.param("<!--" * (MAX_TEXT // 4), ["x"], id="comments without an end"),
        pytest.param("&" * MAX_TEXT, ["x"], id="entities without an end"),
        pytest.param("aB" * (MAX_TEXT // 2), ["abab"], id="capitals"),
        pytest.param("1" * MAX_TEXT, ["iiii"], id="leet"),
        pytest.param("月" * MAX_TEXT, ["月" * size for size in range(1, 60)], id="names within names"),
    ],
)
def test_hostile_texts_take_time_linear_in_their_length(text: str, aliases: list[str]) -> None:
    """Within the time of eight halves: far from the factor of a quadratic search, safe on a busy machine."""
    index = table(*aliases)

    def seconds(part: str) -> float:
        started = time.perf_counter()
        index.find(part)
        return time.perf_counter() - started

    eighth = min(seconds(text[: MAX_TEXT // 8]) for _ in range(3))
    assert seconds(text) < 32 * eighth + 0.25


def test_a_hundred_thousand_names_are_registered_in_seconds() -> None:
    """Little more than one on an idle machine; the bound is generous for a busy one."""
    chance = random.Random(1)
    names = ["".join(chance.choices("aeiouklmnrstv", k=9)).title() for _ in range(100_000)]
    started = time.process_time()
    index = table(*names)
    assert time.process_time() - started < 10
    text = f"a picture of {names[77_777]}"
    assert names[77_777] in [hit.alias.text for hit in index.find(text)]


def test_a_text_full_of_names_gives_no_more_hits_than_the_bound() -> None:
    text = "月" * MAX_TEXT
    assert len(table(*("月" * size for size in range(1, 60))).find(text)) <= MOST_HITS


def test_a_flood_of_weak_hits_hides_no_strong_one() -> None:
    flood = "m.o.o.n.m.a.r.t.e.n " * 9_000
    assert any(hit.view == "plain" for hit in table("Moon Marten").find(f"{flood} Moon Marten"))


@given(st.text(st.characters(), max_size=60))
def test_no_text_breaks_the_search(text: str) -> None:
    whole = text + " <b>&lt;\ud800 m00n"
    assert all(0 <= hit.start < hit.end <= len(whole) for hit in table("moon", "月貂", "ツキテン").find(whole))


def test_a_text_of_all_letters_takes_no_longer_the_second_time() -> None:
    text = "".join(map(chr, range(1, MAX_TEXT)))
    table("moon").find(text)
    started = time.process_time()
    table("moon").find(text)
    assert time.process_time() - started < 2
