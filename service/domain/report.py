"""What a person reads in an evidence pack, before it becomes pages: sections, each of one kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service.domain.wording import Wording


@dataclass(frozen=True, slots=True)
class Facts:
    """A table of what is known: a name in both languages, and a text; `more` rows are in the document only."""

    heading: Wording
    rows: tuple[tuple[Wording, str], ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and its file in the pack; `data` and `file` are None where it is not in it."""

    caption: str
    sha256: str
    data: bytes | None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A picture of an upload beside the reference that it resembles, and what was measured, in both languages."""

    upload: Picture
    reference: Picture
    findings: tuple[Wording, ...]


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Pictures side by side, below `rows` about them.

    `left_out` pairs are not shown here, but in the pack; `omitted` ones are not in the pack either.
    """

    heading: Wording
    items: tuple[Comparison, ...]
    left_out: int = 0
    omitted: int = 0
    rows: tuple[tuple[Wording, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened: time, actor, action; `more` rows are in chain.json only."""

    heading: Wording
    rows: tuple[tuple[datetime, str, str], ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """A text in both languages."""

    heading: Wording
    text: Wording


Section = Facts | Comparisons | Timeline | Text


@dataclass(frozen=True, slots=True)
class Report:
    """A report about a subject, such as `case:case_1`; `sha256` is that of the document `document` beside it."""

    title: Wording
    subject: str
    made: datetime
    document: str
    sha256: str
    sections: tuple[Section, ...]
