"""Spellings: how a Chinese or Japanese name is written in Latin letters.

Pinyin from the readings of each letter (pypinyin's table), romaji from kana in the ways people type it. Readings of
Japanese kanji are not guessed: they need a dictionary, and a register gives them as aliases of their own.
"""

from __future__ import annotations

import itertools
import json
from enum import StrEnum
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from indexer.signals.names.letters import is_kana_or_han

MOST_SPELLINGS = 4
"""Most spellings of one alias in one system; letters with several readings would multiply without end."""

_LONGEST_NAME = 12
"""Longer Chinese aliases are titles or sentences, which nobody writes in pinyin."""


class Spelling(StrEnum):
    """The system an alias is spelled in."""

    OWN = "own"
    PINYIN = "pinyin"
    ROMAJI = "romaji"


def spellings(alias: str) -> list[tuple[Spelling, str]]:
    """Return the alias itself, then its Latin spellings; syllables of pinyin stand apart."""
    if alias.isascii() or not any(map(is_kana_or_han, alias)):
        return [(Spelling.OWN, alias)]
    pinyin = ((Spelling.PINYIN, text) for text in _pinyin(alias))
    romaji = ((Spelling.ROMAJI, text) for text in _romaji(alias))
    return [(Spelling.OWN, alias), *pinyin, *romaji]


def _pinyin(alias: str) -> list[str]:
    """Spell in pinyin, the usual readings first; nothing where a letter has none."""
    letters = [char for char in alias if char.isalnum()]
    if len(letters) > _LONGEST_NAME:
        return []
    readings = [_readings(char) for char in letters]
    if not all(readings):
        return []
    return [" ".join(choice) for choice in itertools.islice(itertools.product(*readings), MOST_SPELLINGS)]


@cache
def _readings(char: str) -> tuple[str, ...]:
    """Return the usual reading of a Chinese letter, and the second where there is one; ü is also typed v.

    The table orders them by use; tone marks are left for the folding to drop.
    """
    if char.isascii():
        return (char,)
    known = _pinyin_table().get(str(ord(char)), "").split(",")[:2]
    toneless = (_toneless(reading) for reading in known if reading)
    return tuple(dict.fromkeys(form for reading in toneless for form in (reading.replace("v", "u"), reading)))


@cache
def _pinyin_table() -> dict[str, str]:
    """Read the readings of each letter, by its number; the package itself would load its table of phrases as well."""
    table = Path(str(distribution("pypinyin").locate_file("pypinyin/pinyin_dict.json")))
    readings: dict[str, str] = json.loads(table.read_text(encoding="utf-8"))
    return readings


def _toneless(reading: str) -> str:
    return reading.translate(_TONES)


_TONES = str.maketrans("āáǎàēéěèīíǐìōóǒòūúǔùüǖǘǚǜńňǹḿ", "aaaaeeeeiiiioooouuuuvvvvvnnnm")


def _romaji(alias: str) -> list[str]:
    """Spell kana in Hepburn with long vowels kept and dropped, and in Kunrei; nothing where another letter stands."""
    hepburn = _transcribe(alias, _HEPBURN)
    if hepburn is None:
        return []
    kunrei = hepburn if _OTHERWISE_IN_KUNREI.isdisjoint(alias) else _transcribe(alias, _KUNREI) or hepburn
    short = hepburn
    for long_vowel, vowel in (("ou", "o"), ("oo", "o"), ("uu", "u"), ("aa", "a"), ("ii", "i"), ("ee", "e")):
        short = short.replace(long_vowel, vowel)
    return list(dict.fromkeys((hepburn, short, kunrei)))


def _transcribe(alias: str, syllables: dict[str, str]) -> str | None:
    """Spell kana by a table of syllables, longest first; None where a letter is no kana."""
    kana = "".join(chr(ord(char) - 0x60) if "ァ" <= char <= "ヶ" else char for char in alias)
    spelled: list[str] = []
    place = 0
    doubled = False
    while place < len(kana):
        char = kana[place]
        syllable = syllables.get(kana[place : place + 2]) or syllables.get(char)
        if char == "っ":
            doubled = True
        elif char == "ー":
            spelled.append(spelled[-1][-1:] if spelled else "")
        elif syllable is not None:
            spelled.append(_doubled(syllable) if doubled else syllable)
            doubled = False
            place += kana[place : place + 2] in syllables
        elif char.isalpha():
            return None
        else:
            spelled.append(" ")
        place += 1
    return "".join(spelled)


def _doubled(syllable: str) -> str:
    return ("t" if syllable.startswith("ch") else syllable[0]) + syllable


def _rows(table: str) -> dict[str, str]:
    """Read lines of a consonant and its kana before a i u e o; `-` where there is none."""
    syllables: dict[str, str] = {}
    for line in table.split("/"):
        consonant, *kana = line.split()
        vowels = ("a", "i", "u", "e", "o")
        head = "" if consonant == "-" else consonant
        syllables |= {sign: head + vowel for sign, vowel in zip(kana, vowels, strict=False) if sign != "-"}
    return syllables


_HEPBURN = _rows(
    "- あ い う え お/k か き く け こ/s さ し す せ そ/t た ち つ て と/n な に ぬ ね の/h は ひ ふ へ ほ/"
    "m ま み む め も/y や - ゆ - よ/r ら り る れ ろ/w わ ゐ - ゑ -/g が ぎ ぐ げ ご/z ざ じ ず ぜ ぞ/"
    "d だ - - で ど/b ば び ぶ べ ぼ/p ぱ ぴ ぷ ぺ ぽ/- ぁ ぃ ぅ ぇ ぉ/"
    "ky きゃ - きゅ - きょ/sh しゃ し しゅ しぇ しょ/ch ちゃ ち ちゅ ちぇ ちょ/ny にゃ - にゅ - にょ/"
    "hy ひゃ - ひゅ - ひょ/my みゃ - みゅ - みょ/ry りゃ - りゅ - りょ/gy ぎゃ - ぎゅ - ぎょ/j じゃ じ じゅ じぇ じょ/"
    "by びゃ - びゅ - びょ/py ぴゃ - ぴゅ - ぴょ/f ふぁ ふぃ ふ ふぇ ふぉ/v ゔぁ ゔぃ ゔ ゔぇ ゔぉ/t - てぃ とぅ - -/"
    "d - でぃ どぅ - -/w - うぃ - うぇ うぉ"
) | {"つ": "tsu", "ん": "n", "を": "o", "ぢ": "ji", "づ": "zu"}

_KUNREI = _HEPBURN | {
    "し": "si", "ち": "ti", "つ": "tu", "ふ": "hu", "じ": "zi", "しゃ": "sya", "しゅ": "syu", "しょ": "syo",
    "ちゃ": "tya", "ちゅ": "tyu", "ちょ": "tyo", "じゃ": "zya", "じゅ": "zyu", "じょ": "zyo",
}  # fmt: skip
_OTHERWISE_IN_KUNREI = frozenset("しちつふじシチツフジ")
