"""What the desk's forms send, read into what the use cases take; faults go back to the fields by their full places."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import Form

from indexer.model import Alias, AliasKind, Fame
from service.console.forms import Faults
from service.console.pages import Page
from service.domain.errors import FieldFault, InvalidFields

LONGEST = 20_000
"""Characters of any field: more than a use case accepts, so that its own fault is what people read."""

Text = Annotated[str, Form(max_length=LONGEST)]
Texts = Annotated[list[str] | None, Form()]

_LONGEST_SLUG = 64


def faults_of(page: Page, error: InvalidFields) -> Faults:
    """Take the faults that a use case found, each under its whole place: `title.en` and `work.en` are two fields."""
    faults = Faults()
    for fault in error.faults:
        faults.add(fault.location, fault.said(page.language))
    return faults


@dataclass(frozen=True, slots=True)
class SetForm:
    """The texts of a set as its form has them."""

    slug: str = ""
    title_en: str = ""
    title_zh: str = ""
    work_en: str = ""
    work_zh: str = ""
    fame: str = Fame.ORDINARY.value
    holder: str = ""
    identity: str = ""
    evidence: str = ""
    owner: str = ""

    @property
    def title(self) -> Mapping[str, str]:
        """The title by language."""
        return _by_language(self.title_en, self.title_zh)

    @property
    def work(self) -> Mapping[str, str]:
        """The work's title by language."""
        return _by_language(self.work_en, self.work_zh)

    @property
    def known_fame(self) -> Fame:
        """The fame; what is unknown is ordinary."""
        return Fame(self.fame) if self.fame in set(Fame) else Fame.ORDINARY


def set_form(
    *,
    short_name: Annotated[Text, Form(alias="slug")] = "",
    title_en: Annotated[Text, Form(alias="title.en")] = "",
    title_zh: Annotated[Text, Form(alias="title.zh")] = "",
    work_en: Annotated[Text, Form(alias="work.en")] = "",
    work_zh: Annotated[Text, Form(alias="work.zh")] = "",
    fame: Text = "",
    holder: Annotated[Text, Form(alias="rights.holder")] = "",
    identity: Annotated[Text, Form(alias="rights.identity")] = "",
    evidence: Annotated[Text, Form(alias="rights.evidence")] = "",
    owner: Text = "",
) -> SetForm:
    """Read the form of a set; its fields are named by the places of their faults. A path may have a `slug` too."""
    given = (short_name, title_en, title_zh, work_en, work_zh, fame, holder, identity, evidence, owner)
    return SetForm(*(text.replace("\r\n", "\n").strip() for text in given))


def propose_slug(title: str) -> str:
    """Make a slug of a title in Latin letters; empty where it has none. desk.js does the same while one types."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", ""))[:_LONGEST_SLUG].strip("-")


def alias_rows(text: Sequence[str], language: Sequence[str], kind: Sequence[str]) -> list[Alias]:
    """Read the rows of the names; a row without a text is left out. Raises InvalidFields where rows do not fit."""
    if not len(text) == len(language) == len(kind) or not set(kind) <= set(AliasKind):
        raise InvalidFields(
            [FieldFault("aliases", "the form is incomplete: load the page anew", "表单不完整，请重新加载页面")]
        )
    rows = zip(text, language, kind, strict=True)
    return [Alias(name, tag, AliasKind(sort)) for name, tag, sort in rows if name.strip()]


def day_of(text: str) -> date | None:
    """Read a day as browsers send it; None where none was given. Raises InvalidFields."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        fault = FieldFault("until", "write the day as 2027-12-31", "请按 2027-12-31 的格式填写日期")
        raise InvalidFields([fault]) from None


def _by_language(english: str, chinese: str) -> Mapping[str, str]:
    return {language: text for language, text in (("en", english), ("zh", chinese)) if text}
