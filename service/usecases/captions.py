"""Captions: what was written beside the pictures of a training set, and how much of the set its folders hold.

1. Bytes become text, in whatever encoding they were written.
2. Caption files and the lines of `metadata.jsonl` are laid to their pictures; what belongs to none is text as well.
"""

from __future__ import annotations

import codecs
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from indexer.signals.metadata.bounds import clean
from indexer.signals.metadata.json_text import JsonLoader, JsonRefused, Pairs, leaves
from service.domain.upload import NotScreened, Trust, UploadText

TEXT_SUFFIXES = frozenset({".txt", ".caption", ".md"})
LINES_FILE = "metadata.jsonl"
MAX_LINES = 10_000
_PLACE = 60
_Caption = tuple[str | None, str]
"""The picture that a text stands beside, by name, None for a README and the like; and the text."""
_REPEATS = re.compile(r"^\d+_")


@dataclass(frozen=True, slots=True)
class CaptionFile:
    """A text file of a pack: its path, the name it is reported under, and its bytes."""

    path: str
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class CaptionTexts:
    """What caption files tell: the texts beside each picture that has any, loose texts, and what was not read."""

    captions: tuple[str, ...]
    texts: tuple[UploadText, ...]
    not_screened: tuple[NotScreened, ...]


def is_text(path: str) -> bool:
    """Tell whether a file of a pack is read as text."""
    return PurePosixPath(path).suffix.casefold() in TEXT_SUFFIXES or _is_lines(path)


def read_captions(files: Iterable[CaptionFile], pictures: Mapping[str, str]) -> CaptionTexts:
    """Read caption files; `pictures` gives the name of each picture by its path in the pack.

    Codes in `not_screened`: `jsonl_malformed`, `json_too_deep`, `json_too_long`, `too_many_lines`.
    """
    stems = dict(pictures)
    for path, name in pictures.items():
        stems.setdefault(posixpath.splitext(path)[0], name)
    captions: dict[str, list[str]] = {}
    texts: list[UploadText] = []
    problems: list[NotScreened] = []
    for file in files:
        found = list(_lines(file, pictures, problems) if _is_lines(file.path) else _whole(file, stems))
        loose: list[str] = []
        for picture, text in found:
            # Booru tags are written `character \\(series\\)` for the trainers.
            plain = text.replace("\\(", "(").replace("\\)", ")")
            (loose if picture is None else captions.setdefault(picture, [])).append(plain)
        if loose:
            texts.append(UploadText(f"pack:{file.name}", "\n".join(loose), Trust.RESIDUE))
    return CaptionTexts(tuple(map("\n".join, captions.values())), tuple(texts), tuple(problems))


def folder_texts(pictures: Sequence[str]) -> list[UploadText]:
    """Return each folder on the way to a picture, less the number of repeats before it, with its share of the pictures.

    Trainers of the kohya family take the words of a folder called `10_words` for the caption.
    """
    counts: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    for path in pictures:
        folders = [_REPEATS.sub("", part).strip() for part in path.split("/")[:-1]]
        keys = {folder.casefold(): folder for folder in folders if folder}
        counts.update(list(keys))
        for key, folder in keys.items():
            spelled.setdefault(key, folder)
    return [
        UploadText(f"pack:folders:{spelled[key][:_PLACE]}", spelled[key], Trust.RESIDUE, share=count / len(pictures))
        for key, count in counts.items()
    ]


def decode_caption(data: bytes) -> str:
    """Decode UTF-16 with its mark, UTF-8, else GB18030, else UTF-8 with replacements; clean out control characters."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return clean(data.decode("utf-16", "replace"))
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return clean(data.decode(encoding))
        except UnicodeDecodeError:
            continue
    return clean(data.decode("utf-8-sig", "replace"))


def _is_lines(path: str) -> bool:
    return PurePosixPath(path).name.casefold() == LINES_FILE


def _whole(file: CaptionFile, stems: Mapping[str, str]) -> Iterator[_Caption]:
    """Take a file as one caption: of the picture with its stem, as `a.txt` of `a.png`, or `a.png.txt`."""
    text = decode_caption(file.data)
    if text:
        yield stems.get(posixpath.splitext(file.path)[0]), text


def _lines(file: CaptionFile, pictures: Mapping[str, str], problems: list[NotScreened]) -> Iterator[_Caption]:
    """Take each line as the record of one picture, as the Hugging Face image folder does: every string is a caption."""
    folder, loader = posixpath.dirname(file.path), JsonLoader()
    lines = decode_caption(file.data).split("\n", MAX_LINES)
    if len(lines) > MAX_LINES:
        lines.pop()
        problems.append(_problem(file.name, f"too_many_lines: only the first {MAX_LINES} were read"))
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"{file.name}:{number}"
        try:
            record = loader.load(line)
        except JsonRefused as refused:
            problems.append(_problem(place, f"{refused}: the line was not read"))
            continue
        if not isinstance(record, Pairs):
            problems.append(_problem(place, "jsonl_malformed: the line is not a JSON object"))
            continue
        about = record.get("file_name")
        path = posixpath.normpath(posixpath.join(folder, about.replace("\\", "/"))) if isinstance(about, str) else ""
        for leaf in leaves(record):
            text = clean(leaf.text)
            if text and leaf.path != "file_name":
                yield pictures.get(path), text


def _problem(place: str, reason: str) -> NotScreened:
    return NotScreened(f"image_pack:{place}", reason)
