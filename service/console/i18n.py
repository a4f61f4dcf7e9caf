"""The two languages of the console: which one a reader gets, and the texts in it.

Texts are written in English in templates and code; `locales/zh/LC_MESSAGES/console.po` has the Chinese. It is compiled
in memory when the service starts, so no second file can fall behind.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.core import negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

DOMAIN = "console"
SOURCE = "en"
LOCALES = Path(__file__).parent / "locales"
LANGUAGES: Mapping[str, str] = {"en": "English", "zh": "中文"}
"""The languages by code, each by its own name."""

TAGS: Mapping[str, str] = {"en": "en", "zh": "zh-Hans"}
"""What a page says in its `lang` attribute."""

_LONGEST_HEADER = 200


def po_file(language: str) -> Path:
    """Return where the texts of a language lie."""
    return LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def read_catalog(language: str) -> Catalog:
    """Read the texts of a language as they were written."""
    with po_file(language).open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN)


@cache
def translations(language: str) -> NullTranslations:
    """Compile the texts of a language; those of the source are the texts themselves."""
    if language == SOURCE:
        return NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, read_catalog(language))
    compiled.seek(0)
    return Translations(compiled, DOMAIN)


def choose(*wanted: str | None, accepted: str = "") -> str:
    """Return the first of some codes that is a language of ours, else what an Accept-Language header asks for."""
    for code in wanted:
        if code is not None and code in LANGUAGES:
            return code
    asked = [part.split(";")[0].strip() for part in accepted[:_LONGEST_HEADER].split(",")]
    for tag in asked:
        try:
            found = negotiate_locale([tag, Locale.parse(tag, sep="-").language], list(LANGUAGES), sep="-")
        except (UnknownLocaleError, ValueError):
            continue
        if found in LANGUAGES:
            return str(found)
    return SOURCE


def mark(text: str) -> str:
    """Mark a text for translation where it stands; it is translated where it is shown."""
    return text
