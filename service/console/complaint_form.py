"""The form of a notice: what people fill in, read into what the use case takes, and each fault back at its field.

Fields are named by the places of their faults. Uploads are written one a line: an id, or an address.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from service.console.forms import Faults, lines
from service.console.i18n import mark
from service.console.pages import MOST_FIELDS, MOST_FILES, AnyPage, Page
from service.domain.errors import InvalidFields
from service.domain.notice import Accused, Claim, Notice, NoticeState, Notifier
from service.domain.notice_elements import ELEMENT_WORDS, REQUIRED, Element, missing
from service.domain.notice_terms import Jurisdiction
from service.usecases.notices import Given

TEXTS = (
    "notifier.name",
    "notifier.contact",
    "notifier.address",
    "notifier.identity",
    "notifier.authority",
    "work",
    "rights_evidence",
    "explanation",
    "signature",
    "platform",
    "accused",
)
TICKS = ("good_faith", "accurate", "under_penalty")
MISSING = mark("This is missing: %(what)s.")
_AT_LINE = mark("Line %(line)s: %(fault)s")

_NEVER = datetime.min.replace(tzinfo=UTC)
_ACCUSED = re.compile(r"accused\[(\d+)\](?:\.\w+)?")
_FIELD_OF = {Element.EMAIL: "notifier.contact"}


@dataclass(frozen=True, slots=True)
class Sent:
    """A form that was sent: its texts, and its files by field."""

    texts: Mapping[str, str]
    every: Mapping[str, tuple[str, ...]]
    files: Mapping[str, tuple[UploadFile, ...]]

    def text(self, name: str) -> str:
        """Return a field with plain ends of lines, empty where it was not sent."""
        return lines(self.texts.get(name, ""))


async def sent_form(request: Request, page: AnyPage) -> AsyncIterator[Sent]:  # noqa: ARG001 (who sends is known first)
    """Read a form, with its files where it has any, within the limits of public forms."""
    form = await request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS)
    try:
        yield _sent(form)
    finally:
        await form.close()


SentForm = Annotated[Sent, Depends(sent_form)]


def _sent(form: FormData) -> Sent:
    texts: dict[str, str] = {}
    every: dict[str, tuple[str, ...]] = {}
    files: dict[str, tuple[UploadFile, ...]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            texts[name] = value
            every[name] = (*every.get(name, ()), value)
        elif value.filename:
            files[name] = (*files.get(name, ()), value)
    return Sent(texts, every, files)


@dataclass(frozen=True, slots=True)
class ComplaintForm:
    """The form as it stands: texts by field, what is ticked, and the reference sets that are named."""

    jurisdiction: Jurisdiction = Jurisdiction.PRC
    texts: Mapping[str, str] = field(default_factory=dict)
    ticked: frozenset[str] = frozenset()
    sets: tuple[str, ...] = ()

    @classmethod
    def read(cls, sent: Sent) -> ComplaintForm:
        """Read a form that was sent; a law that is none of ours counts as the first."""
        law = sent.texts.get("jurisdiction", "")
        named = [slug for text in sent.every.get("reference_sets", ()) for slug in re.split(r"[\s,;，；、]+", text)]
        return cls(
            Jurisdiction(law) if law in set(Jurisdiction) else Jurisdiction.PRC,
            {name: sent.text(name) for name in TEXTS},
            frozenset(name for name in TICKS if sent.texts.get(name)),
            tuple(filter(None, named)),
        )

    @classmethod
    def of(cls, notice: Notice) -> ComplaintForm:
        """Take what a notice says."""
        who, claim = notice.notifier, notice.claim
        texts = {
            "notifier.name": who.name,
            "notifier.contact": who.contact,
            "notifier.address": who.address,
            "notifier.identity": who.identity,
            "notifier.authority": who.authority,
            "work": claim.work,
            "rights_evidence": claim.rights_evidence,
            "explanation": claim.explanation,
            "signature": claim.signature,
            "platform": next((item.platform for item in notice.accused), ""),
            "accused": "\n".join(item.external_id or item.url or "" for item in notice.accused),
        }
        ticked = frozenset(name for name in TICKS if getattr(claim, name))
        return cls(notice.jurisdiction, texts, ticked, notice.reference_sets)

    def text(self, name: str) -> str:
        """Return what stands in a field."""
        return self.texts.get(name, "")

    @property
    def claim(self) -> Claim:
        """What the notice says."""
        return Claim(
            work=self.text("work"),
            rights_evidence=self.text("rights_evidence"),
            explanation=self.text("explanation"),
            good_faith="good_faith" in self.ticked,
            accurate="accurate" in self.ticked,
            under_penalty="under_penalty" in self.ticked,
            signature=self.text("signature"),
        )

    def given(self, accused: Sequence[Accused] = ()) -> Given:
        """Return it as the use case takes it; with the uploads of its own lines unless others are given."""
        return Given(
            self.jurisdiction,
            name=self.text("notifier.name"),
            contact=self.text("notifier.contact"),
            address=self.text("notifier.address"),
            identity=self.text("notifier.identity"),
            authority=self.text("notifier.authority"),
            claim=self.claim,
            accused=accused or [item for _, item in self.numbered()],
            reference_sets=self.sets,
        )

    def numbered(self) -> list[tuple[int, Accused]]:
        """Return the uploads, each with the number of its line."""
        platform = self.text("platform")
        rows = ((number, line.strip()) for number, line in enumerate(self.text("accused").split("\n"), start=1))
        return [(number, accused_by(platform, line)) for number, line in rows if line]


def accused_by(platform: str, name: str) -> Accused:
    """Name an upload by its id, or by its address where it is one."""
    if re.match(r"https?://", name, re.IGNORECASE):
        return Accused(platform, url=name)
    return Accused(platform, external_id=name)


def lacking(given: Given) -> tuple[Element, ...]:
    """Name what a notice would lack."""
    notifier = Notifier("", given.name, given.contact, given.address, given.identity, given.authority)
    accused, sets = tuple(given.accused), tuple(given.reference_sets)
    law, state = given.jurisdiction, NoticeState.RECEIVED
    return missing(Notice("", state, law, notifier, given.claim, accused, sets, _NEVER, "", 0.0), law)


def told_missing(page: Page, elements: Sequence[Element]) -> Faults:
    """Say beside each field what it lacks."""
    faults = Faults()
    for item in elements:
        words = ELEMENT_WORDS[item]
        what = words.zh if page.language == "zh" else words.en
        faults.add(_FIELD_OF.get(item, item.value), page.say(MISSING) % {"what": what})
    return faults


def told_faults(page: Page, error: InvalidFields, form: ComplaintForm) -> Faults:
    """Put each fault at its field; those of uploads name their line."""
    faults, numbered = Faults(), form.numbered()
    for fault in error.faults:
        said = fault.said(page.language)
        found = _ACCUSED.fullmatch(fault.location)
        if found and int(found[1]) < len(numbered):
            if fault.location.endswith(".platform"):
                faults.once("platform", said)
            else:
                faults.add("accused", page.say(_AT_LINE) % {"line": numbered[int(found[1])][0], "fault": said})
        else:
            place = re.sub(r"\[\d+\].*", "", fault.location)
            faults.add("attachments" if place == "file" else place, said)
    return faults


def needed_by() -> Mapping[str, str]:
    """Return for each field the laws that ask for it, as classes of the stylesheet."""
    needed: dict[str, list[str]] = {}
    for law, elements in REQUIRED.items():
        for item in elements:
            needed.setdefault(_FIELD_OF.get(item, item.value), []).append(f"in-{law.value}")
    return {name: " ".join(classes) for name, classes in needed.items()}
