"""Reading reference sets from disk: `<slug>/manifest.toml` and `<slug>/images/*`.

Everything wrong in a folder is reported at once, each with file, line and field, so that a rights owner mends it in one
go. Only `title` is required; with no `[[reference]]` every picture in `images/` counts.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from indexer.control import SUFFIXES
from indexer.errors import ManifestError
from indexer.model import Alias, AliasKind, Fame, Licence, Reference, ReferenceSet

Kind = TypeVar("Kind", bound=StrEnum)
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_FIELDS = frozenset({"title", "work", "fame", "rights", "alias", "licence", "reference"})


def read_all(folder: Path) -> list[ReferenceSet]:
    """Read every set below `folder`, in order of slug. Raises ManifestError listing all faults of all sets."""
    if not folder.is_dir():
        raise ManifestError(f"{folder} is not a folder")
    sets, faults = [], []
    for path in sorted(folder.iterdir()):
        if not path.is_dir() or path.name.startswith((".", "_")):
            continue
        try:
            sets.append(read(path))
        except ManifestError as error:
            faults.append(str(error))
    if faults:
        raise ManifestError("\n".join(faults))
    if not sets:
        raise ManifestError(f"{folder} holds no reference set: make a folder with a manifest.toml and images/ in it")
    return sets


def read(folder: Path) -> ReferenceSet:
    """Read one set. Raises ManifestError with a line for each fault: `file:line: field: what is wrong`."""
    return _Reader(folder).read()


class _Reader:
    """Collects faults while the fields of one manifest are read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "manifest.toml"
        self._lines: list[str] = []
        self._faults: list[str] = []

    def read(self) -> ReferenceSet:
        content = self._parse()
        if not SLUG.fullmatch(self._folder.name):
            self._fault(
                "slug", f"the folder's name {self._folder.name!r} must be lower-case letters, digits and hyphens"
            )
        for field in sorted(content.keys() - _FIELDS):
            self._fault(field, f"unknown field; known are {', '.join(sorted(_FIELDS))}")
        rights = self._table(content, "rights")
        result = ReferenceSet(
            slug=self._folder.name,
            title=self._texts(content, "title", required=True),
            work=self._texts(content, "work"),
            fame=self._choice("fame", content.get("fame", Fame.ORDINARY), Fame),
            holder=self._text("rights.holder", rights.get("holder", "")),
            rights_evidence=self._text("rights.evidence", rights.get("evidence", "")),
            aliases=tuple(self._alias(n, item) for n, item in self._items(content, "alias")),
            licences=tuple(self._licence(n, item) for n, item in self._items(content, "licence")),
            references=self._references(content),
        )
        if self._faults:
            raise ManifestError("\n".join(self._faults))
        return result

    def _parse(self) -> dict[str, Any]:
        try:
            text = self._path.read_text(encoding="utf-8")
            self._lines = text.splitlines()
            return tomllib.loads(text)
        except FileNotFoundError:
            raise ManifestError(f"{self._path}: missing; every reference set needs one") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise ManifestError(f"{self._path}: {error}") from error

    def _fault(self, field: str, reason: str) -> None:
        self._faults.append(f"{self._path}:{self._line(field)}: {field}: {reason}")

    def _line(self, field: str) -> int:
        """Find the line of a field such as `alias[2].kind`: its table's n-th header, then the key below it."""
        match = re.fullmatch(r"(\w+)(?:\[(\d+)\])?(?:\.(\w+))?", field)
        if not match:
            return 1
        table, number, key = match[1], int(match[2] or 1), match[3]
        headers = [n for n, line in enumerate(self._lines, 1) if re.match(rf"\s*\[+{table}\]", line)]
        if len(headers) < number:
            keys = (n for n, line in enumerate(self._lines, 1) if re.match(rf"\s*{table}\s*=", line))
            return next(keys, 1)
        start = headers[number - 1]
        for n in range(start, len(self._lines)):
            if re.match(r"\s*\[", self._lines[n]):
                break
            if key and re.match(rf"\s*{key}\s*=", self._lines[n]):
                return n + 1
        return start

    def _text(self, field: str, value: Any) -> str:
        if isinstance(value, str):
            return value.strip()
        self._fault(field, f"must be a text, not {value!r}")
        return ""

    def _texts(self, content: Mapping[str, Any], field: str, *, required: bool = False) -> dict[str, str]:
        value = content.get(field)
        if value is None:
            if required:
                self._fault(field, 'missing; for example title = {en = "…", zh = "…"}')
            return {}
        if isinstance(value, str):
            value = {"en": value}
        if not isinstance(value, dict) or not all(isinstance(v, str) and v.strip() for v in value.values()):
            self._fault(field, "must be a text, or texts by language that are not empty")
            return {}
        if required and not value:
            self._fault(field, "must not be empty")
        return {language: text.strip() for language, text in value.items()}

    def _choice(self, field: str, value: Any, kinds: type[Kind]) -> Kind:
        try:
            return kinds(value)
        except ValueError:
            self._fault(field, f"{value!r} is none of {', '.join(kinds)}")
            return next(iter(kinds))

    def _table(self, content: Mapping[str, Any], field: str) -> dict[str, Any]:
        value = content.get(field, {})
        if isinstance(value, dict):
            return value
        self._fault(field, f"must be a table [{field}]")
        return {}

    def _items(self, content: Mapping[str, Any], field: str) -> list[tuple[int, dict[str, Any]]]:
        value = content.get(field, [])
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return list(enumerate(value, 1))
        self._fault(field, f"must be tables [[{field}]]")
        return []

    def _alias(self, number: int, item: Mapping[str, Any]) -> Alias:
        field = f"alias[{number}]"
        text = self._text(f"{field}.text", item.get("text", ""))
        if not text:
            self._fault(f"{field}.text", "missing")
        language = self._text(f"{field}.language", item.get("language", "und"))
        return Alias(text, language, self._choice(f"{field}.kind", item.get("kind", "missing"), AliasKind))

    def _licence(self, number: int, item: Mapping[str, Any]) -> Licence:
        field = f"licence[{number}]"
        platform, uploader, until = item.get("platform"), item.get("uploader"), item.get("until")
        if platform is None and uploader is None:
            self._fault(field, "names neither a platform nor an uploader: it would license everybody")
        for name, value in (("platform", platform), ("uploader", uploader)):
            if value is not None and not (isinstance(value, str) and value.strip()):
                self._fault(f"{field}.{name}", "must be a text that is not empty")
        if until is not None and (not isinstance(until, date) or isinstance(until, datetime)):
            self._fault(f"{field}.until", "must be a date such as 2027-12-31, without quotes")
            until = None
        return Licence(f"{self._folder.name}/licence-{number}", platform, uploader, until)

    def _references(self, content: Mapping[str, Any]) -> tuple[Reference, ...]:
        items = self._items(content, "reference")
        if not items:
            folder = self._folder / "images"
            files = sorted(p for p in folder.glob("*") if p.suffix.lower() in SUFFIXES) if folder.is_dir() else []
            items = [(n, {"file": f"images/{path.name}"}) for n, path in enumerate(files, 1)]
        if not items:
            self._fault("reference", "no picture: list them, or put them into images/")
        found = [self._reference(number, item) for number, item in items]
        seen: dict[str, str] = {}
        for number, reference in enumerate(found, 1):
            if reference is None:
                continue
            if reference.sha256 in seen:
                self._fault(f"reference[{number}]", f"the same picture as {seen[reference.sha256]}")
            seen[reference.sha256] = reference.id
        return tuple(reference for reference in found if reference)

    def _reference(self, number: int, item: Mapping[str, Any]) -> Reference | None:
        field = f"reference[{number}]"
        name = self._text(f"{field}.file", item.get("file", ""))
        path = self._folder / name
        if not name or "\0" in name or not path.resolve().is_relative_to(self._folder.resolve()):
            self._fault(f"{field}.file", f"{name!r} must name a file inside the set's folder")
            return None
        try:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            self._fault(f"{field}.file", f"{name} cannot be read: {error.strerror}")
            return None
        stated = item.get("sha256")
        if stated is not None and str(stated).lower() != digest:
            self._fault(f"{field}.sha256", f"{name} has sha256 {digest}, the manifest says {stated}")
        return Reference(name, digest)
