"""Collects the console's texts for translation: `python -m service.console.messages`, or `make messages`.

New texts come into `console.po` without Chinese; those that are gone leave it. A test holds the file to this.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import write_po
from jinja2.ext import babel_extract

from service.console.i18n import DOMAIN, LANGUAGES, SOURCE, po_file, read_catalog

HERE = Path(__file__).parent
HEADER = "# The console's texts. `make messages` collects them; a test fails while one has no translation."
_KEYWORDS = {"mark": None, "say": None, "_": None, "gettext": None, "ngettext": (1, 2)}
_OPTIONS = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}


def texts() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield every text, with its plural where it has one, and the file it stands in."""
    for path in sorted(HERE.rglob("*.py")):
        for _, found, _, _ in extract_from_file("python", path, keywords=_KEYWORDS):
            yield path.relative_to(HERE).as_posix(), _forms(found)
    for path in sorted((HERE / "templates").rglob("*.html")):
        with path.open("rb") as file:
            for _, _, message, _ in babel_extract(file, list(_KEYWORDS), [], _OPTIONS):
                yield path.relative_to(HERE).as_posix(), _forms(message)


def _forms(message: str | tuple[str | None, ...] | None) -> tuple[str, ...]:
    """Leave out what is no text: the number of a plural, and values, come as None."""
    parts = (message,) if isinstance(message, str) else message or ()
    return tuple(part for part in parts if part)


def collected() -> Catalog:
    """Return a catalogue of all texts, without translations."""
    catalog = Catalog(domain=DOMAIN, project="lora-screening", charset="utf-8")
    for file, forms in texts():
        if forms:
            catalog.add(forms if len(forms) > 1 else forms[0], locations=[(file, 1)])
    return catalog


def update(language: str) -> Catalog:
    """Return a language's catalogue with exactly the texts there are now."""
    known = read_catalog(language) if po_file(language).exists() else Catalog(language, DOMAIN)
    known.update(collected(), no_fuzzy_matching=True)
    known.obsolete.clear()
    known.header_comment = HEADER
    known.fuzzy = False
    return known


def written(catalog: Catalog) -> bytes:
    """Write a catalogue as a file."""
    out = io.BytesIO()
    write_po(out, catalog, width=110, include_lineno=False, ignore_obsolete=True)
    return out.getvalue()


def main() -> None:
    """Write the catalogues anew."""
    for language in LANGUAGES:
        if language == SOURCE:
            continue
        path = po_file(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written(update(language)))


if __name__ == "__main__":
    main()
