"""Letters: what each single letter of a text is compared as.

Two foldings, each a pure function of one code point, so that offsets into the original survive:

    plain    NFKD and case; accents and invisible marks dropped; separators as a space
    looks    plain, and look-alikes as Latin, traditional Chinese as simplified, katakana as hiragana

Which views of a text are made of them is told in `views`.
"""

from __future__ import annotations

import json
import string
import unicodedata
from contextlib import suppress
from functools import cache
from importlib.resources import files

KEPT_MARKS = frozenset("\u3099\u309a")
"""Combining marks that change the letter rather than decorate it: the (han)dakuten of Japanese kana."""

LEET_DIGITS = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b"}
LEET_SIGNS = {"@": "a", "$": "s", "!": "i", "＠": "a", "＄": "s", "！": "i"}
"""`1` and `!` also stand for l: where leet is decoded, every l is an i."""

LONGEST_EXPANSION = 8
"""A code point that decomposes further is a whole sentence in one glyph, and separates words."""

_TRADE_MARKS = frozenset("™℠")
"""Would fold to letters and hide the name before them."""

_DROPPED = frozenset({"Cf", "Cc", "Cs", "Mn", "Me"})
_SEPARATORS = frozenset({"Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Zs", "Zl", "Zp", "Sk"})
_SIGNS = _SEPARATORS | {"So", "Sm", "Sc"}
"""Where looks count, emoji and signs between letters part them too."""

_FIRST_CJK = "\u2e80"
_KATAKANA = range(0x30A1, 0x30F7)
_TO_HIRAGANA = 0x60

_FRAMES = (
    "LATIN LETTER SMALL CAPITAL",
    "NEGATIVE CIRCLED LATIN CAPITAL LETTER",
    "NEGATIVE SQUARED LATIN CAPITAL LETTER",
    "REGIONAL INDICATOR SYMBOL LETTER",
)

# Cyrillic and Greek capitals look Latin, and their small letters are read the same; the confusables know most others.
_READ_ALIKE = dict(zip("вкмнтгпиβεζτωκνρχυηйБб", "bkmhtrnubeztwkvpxunub6", strict=True)) | {"æ": "ae", "œ": "oe"}


def plain(char: str) -> str:
    """Fold one code point: to nothing, a space, or up to LONGEST_EXPANSION letters."""
    return _fold(char, looks_alike=False)


def looks(char: str) -> str:
    """Fold one code point, and what looks or reads like another letter as that letter."""
    return _fold(char, looks_alike=True)


def is_bordered(char: str) -> bool:
    """Tell whether a letter or digit belongs to a script whose words stand apart: below CJK, and no Korean jamo."""
    return char.isalnum() and char < _FIRST_CJK and not "\u1100" <= char <= "\u11ff"


def is_kana_or_han(char: str) -> bool:
    """Tell whether a letter is Chinese or Japanese."""
    return "\u2e80" <= char <= "\u9fff" or "\U00020000" <= char <= "\U0003ffff"


def is_part(char: str) -> bool:
    """Tell whether this is no letter as it is read: a kana's voicing, a Korean syllable's vowel or last consonant."""
    return char in KEPT_MARKS or "\u1160" <= char <= "\u11ff"


def _fold(original: str, *, looks_alike: bool) -> str:
    if original.isascii() and original.isalnum():
        return original.lower()
    folded: list[str] = []
    separators = _SIGNS if looks_alike else _SEPARATORS
    if looks_alike:
        original = _simplified().get(original) or _lookalikes().get(original, original)
    for char in unicodedata.normalize("NFKD", original).casefold():
        category = unicodedata.category(char)
        if category in separators or char.isspace() or original in _TRADE_MARKS:
            folded.append(" ")
        elif category not in _DROPPED or char in KEPT_MARKS:
            folded.append(_looks_of(char) if looks_alike else char)
    return "".join(folded) if len(folded) <= LONGEST_EXPANSION else " "


def _looks_of(char: str) -> str:
    """Fold a letter that a decomposition gave."""
    if ord(char) in _KATAKANA:
        return chr(ord(char) - _TO_HIRAGANA)
    return _simplified().get(char) or _lookalikes().get(char, char)


@cache
def _simplified() -> dict[str, str]:
    """Read the simplified form of each traditional Chinese letter; the first of several is the commonest."""
    table = files("opencc").joinpath("dictionary/TSCharacters.txt").read_text(encoding="utf-8")
    pairs = (line.split() for line in table.splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) > 1 and len(pair[0]) == len(pair[1]) == 1}


@cache
def _lookalikes() -> dict[str, str]:
    """Read which letters look like a small Latin one; CJK strokes do too, but nobody reads them so.

    Unicode's confusables (UTS 39) write ø as o with a stroke: the stroke is dropped like any accent.
    """
    table = files("confusable_homoglyphs").joinpath("confusables.json").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for char, likes in json.loads(table).items():
        if len(char) != 1 or char.isascii() or is_kana_or_han(char) or not char.isalpha():
            continue
        for like in likes:
            bare = "".join(part for part in like["c"] if not unicodedata.combining(part))
            if len(bare) == 1 and bare.isascii() and bare.isalpha():
                # Small L, capital i and the digit one are one class there: a dotless or Cyrillic i is an i.
                found[char] = "i" if bare == "l" and unicodedata.name(char, "").endswith(" I") else bare.lower()
                break
    return found | _framed() | _READ_ALIKE


def _framed() -> dict[str, str]:
    """Read which signs are a Latin letter in a frame or a flag, or a small capital."""
    found: dict[str, str] = {}
    for frame in _FRAMES:
        for letter in string.ascii_uppercase:
            with suppress(KeyError):
                found[unicodedata.lookup(f"{frame} {letter}")] = letter.lower()
    return found
