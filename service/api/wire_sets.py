"""The shapes of rights owners and reference sets over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Text = dict[str, str]
FameName = Literal["ordinary", "known", "famous"]
StateName = Literal["draft", "active", "suspended", "withdrawn"]
AliasKindName = Literal["distinctive", "generic", "series"]


def _by_language(given: str | Text) -> Text:
    return {"en": given} if isinstance(given, str) else given


Texts = Annotated[str | Text, AfterValidator(_by_language)]
"""Texts by language tag; one text alone is English."""


class _Closed(BaseModel):
    """A request in which nothing may be misspelt: a lost field would be a lost protection."""

    model_config = ConfigDict(extra="forbid")


class AliasDocument(_Closed):
    """A name of the character or of its work; `language` is a BCP 47 tag."""

    text: str
    language: str = "und"
    kind: AliasKindName


class RightsDocument(_Closed):
    """Who holds the rights, how they proved who they are, and what proves the rights."""

    holder: str = ""
    identity: str = ""
    evidence: str = ""


class NewSetDocument(_Closed):
    """A reference set to register; `owner` is for admins."""

    slug: str
    title: Texts
    work: Texts = Field(default_factory=dict)
    fame: FameName = "ordinary"
    aliases: list[AliasDocument] = []
    rights: RightsDocument = RightsDocument()
    owner: str | None = None


class RightsChanges(_Closed):
    """Fields that are absent stay as they are."""

    holder: str | None = None
    identity: str | None = None
    evidence: str | None = None


class SetChangesDocument(_Closed):
    """Fields that are absent stay as they are; `owner` is for admins."""

    title: Texts | None = None
    work: Texts | None = None
    fame: FameName | None = None
    rights: RightsChanges = RightsChanges()
    owner: str | None = None


class AliasesDocument(_Closed):
    """All aliases of a set."""

    aliases: list[AliasDocument]


class LicenceDocument(_Closed):
    """Whom to license: a platform's uploader, a whole platform, or an uploader anywhere; `until` is the last day."""

    platform: str | None = None
    uploader: str | None = None
    until: date | None = None


class ReasonDocument(_Closed):
    """Why; the audit log keeps it."""

    reason: str = ""


class NewOwnerDocument(_Closed):
    """A rights owner to register; without an `id` it gets one."""

    name: str
    identity: str = ""
    contact: str = ""
    id: str | None = None


class RemarkAnswer(BaseModel):
    """One thing noticed; `about` names what it was compared with, `value` is what was measured."""

    code: str
    severity: Literal["refuse", "warn", "advice"]
    explanation: Text
    value: float | None
    about: str


class ReferenceAnswer(BaseModel):
    """A registered picture."""

    id: str
    file: str
    sha256: str
    added: str
    added_by: str
    remarks: list[RemarkAnswer]


class PictureReportAnswer(BaseModel):
    """What became of a file that was sent; the fields of the picture are null where it was refused."""

    name: str
    status: Literal["added", "already_there", "refused"]
    reason: str | None
    id: str | None
    file: str | None
    sha256: str | None
    remarks: list[RemarkAnswer]


class PictureReports(BaseModel):
    """A report on each file, in order, and what the set lacks as a whole."""

    references: list[PictureReportAnswer]
    advice: list[RemarkAnswer]


class LicenceAnswer(BaseModel):
    """A licence in force."""

    id: str
    platform: str | None
    uploader: str | None
    until: str | None


class RightsAnswer(BaseModel):
    """Who holds the rights."""

    holder: str
    identity: str
    evidence: str


class AliasAnswer(BaseModel):
    """A name of the character or of its work."""

    text: str
    language: str
    kind: AliasKindName


class SetSummary(BaseModel):
    """A reference set in a list; `quarantine` says why somebody should look at it."""

    slug: str
    title: Text
    work: Text
    fame: FameName
    owner: str | None
    state: StateName
    pictures: int
    quarantine: Text | None
    created: str
    changed: str


class SetAnswer(SetSummary):
    """A reference set with all it holds."""

    rights: RightsAnswer
    aliases: list[AliasAnswer]
    references: list[ReferenceAnswer]
    licences: list[LicenceAnswer]


class SetList(BaseModel):
    """Reference sets, by slug."""

    reference_sets: list[SetSummary]


class NameRemarksAnswer(BaseModel):
    """What was noticed about an alias."""

    text: str
    remarks: list[RemarkAnswer]


class AliasesAnswer(BaseModel):
    """The aliases of a set, and what was noticed about each, in order."""

    aliases: list[AliasAnswer]
    remarks: list[NameRemarksAnswer]


class QualityAnswer(BaseModel):
    """What a set lacks, and which pictures other rights owners' sets hold too, by the pictures' ids."""

    advice: list[RemarkAnswer]
    aliases: list[NameRemarksAnswer]
    conflicts: dict[str, list[RemarkAnswer]]


class ScreenedReach(BaseModel):
    """Screened pictures: how many were looked at, match in any way, and match as copies; and their screenings.

    `incomparable` are pictures whose vectors are of another model, so that likeness could not be looked at.
    """

    pictures: int
    matching: int
    copies: int
    screenings: int
    incomparable: int


class ControlReach(BaseModel):
    """Views of unrelated pictures: how many there are, and how many match."""

    pictures: int
    matching: int


class DryRunAnswer(BaseModel):
    """What a set would match; `control` is null where no index is in force, and likeness was not looked at then.

    `screening_ids` are for admins and moderators, newest first, 200 at most.
    """

    screened: ScreenedReach
    control: ControlReach | None
    review_at_fpr: float
    screening_ids: list[str] | None


class MatchAnswer(BaseModel):
    """An upload in which the set was found; `screening_id` is for admins and moderators."""

    day: str
    platform: str
    verdict: Literal["block", "review", "allow"]
    asked_for: str
    kinds: list[str]
    lowest_rate: float
    case: str | None
    decision: str | None
    screening_id: str | None


class MatchList(BaseModel):
    """The latest matches, newest first."""

    matches: list[MatchAnswer]


class OwnerAnswer(BaseModel):
    """A rights owner."""

    id: str
    name: str
    identity: str
    contact: str
    created: str


class OwnerList(BaseModel):
    """Rights owners, by name."""

    rights_owners: list[OwnerAnswer]
