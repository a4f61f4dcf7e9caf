"""The shapes of notices and counter-notices over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.api.wire import Text
from service.domain.measure import MeasureKind
from service.domain.notice import CounterState, Direction, NoticeState
from service.domain.notice_terms import Jurisdiction

MOST = 2_000
AliasKindName = Literal["distinctive", "generic", "series"]


class _Exact(BaseModel):
    """A body in which a misspelt field is a fault, not something to pass over."""

    model_config = ConfigDict(extra="forbid")


class NotifierDocument(_Exact):
    """Who gives notice; `authority` says why they may speak for the rights holder, where they are not it."""

    name: str = ""
    contact: str = ""
    address: str = ""
    identity: str = ""
    authority: str = ""


class UploadDocument(_Exact):
    """An upload by the platform's own id for it."""

    platform: str
    external_id: str


class AccusedDocument(_Exact):
    """An upload that infringes, by the platform's own id for it, or by its address."""

    platform: str
    external_id: str | None = None
    url: str | None = None
    note: str = ""


class NoticeHead(_Exact):
    """All of a notice but the uploads: these come as a table.

    `good_faith`, `accurate` and `under_penalty` are the statements of those names; what the law asks for and is absent
    is told as `missing`.
    """

    jurisdiction: Jurisdiction = Jurisdiction.PRC
    notifier: NotifierDocument = NotifierDocument()
    work: str = ""
    rights_evidence: str = ""
    explanation: str = ""
    good_faith: bool = False
    accurate: bool = False
    under_penalty: bool = False
    signature: str = ""
    reference_sets: Annotated[list[str], Field(max_length=100)] = []


class NoticeDocument(NoticeHead):
    """A notice."""

    accused: Annotated[list[AccusedDocument], Field(max_length=MOST)] = []


class ReplyDocument(_Exact):
    """A counter-notice; without `uploads` it is for all of the caller's that the notice is about."""

    name: str = ""
    contact: str = ""
    address: str = ""
    explanation: str = ""
    evidence: str = ""
    signature: str = ""
    good_faith: bool = False
    consents_to_jurisdiction: bool = False
    licence: str | None = None
    uploads: Annotated[list[UploadDocument], Field(max_length=MOST)] = []


class MeasuresDocument(_Exact):
    """Which uploads to act against; without `uploads` all that the notice names and its sweep found."""

    kind: MeasureKind = MeasureKind.UNPUBLISH
    uploads: Annotated[list[UploadDocument], Field(max_length=MOST)] | None = None


class ReasonDocument(_Exact):
    """Why."""

    reason: str = ""


class SuitDocument(_Exact):
    """What shows that a complaint or suit was brought, and against which counter-notice; against all where none."""

    text: str
    counter_notice_id: str | None = None


class SettlingDocument(_Exact):
    """What a person decides about a counter-notice."""

    reinstate: bool
    reason: str = ""


class SetsDocument(_Exact):
    """Which characters a notice is about."""

    reference_sets: Annotated[list[str], Field(min_length=1, max_length=100)]


class NewAlias(_Exact):
    """An alias to take."""

    text: str
    language: str = "und"
    kind: AliasKindName = "distinctive"


class AliasesDocument(_Exact):
    """Aliases to take into a set that the notice is about."""

    reference_set: str
    aliases: Annotated[list[NewAlias], Field(min_length=1, max_length=50)]


class MissingElement(BaseModel):
    """What a notice lacks, and how to say it."""

    element: str
    explanation: Text


class ReceivedAnswer(BaseModel):
    """A notice that was received; `receipt_token` is told once, and lets its holder see how it goes on."""

    id: str
    state: NoticeState
    missing: list[MissingElement]
    receipt_token: str | None


class AccusedAnswer(BaseModel):
    """An upload that a notice is about; `named` is false where a sweep found it."""

    platform: str
    external_id: str | None
    url: str | None
    note: str
    known: bool
    named: bool


class NoticeAnswer(BaseModel):
    """A notice as the caller may see it."""

    id: str
    state: NoticeState
    jurisdiction: Jurisdiction
    notifier: dict[str, str]
    work: str
    explanation: str
    reference_sets: list[str]
    accused: list[AccusedAnswer]
    missing: list[MissingElement]
    received: str
    completed: str | None
    forwarded: str | None
    ended: str | None
    sweep_id: str | None


class NoticePageAnswer(BaseModel):
    """Some notices in the order asked for; `next_cursor` is null on the last page."""

    notices: list[NoticeAnswer]
    next_cursor: str | None


class ClockAnswer(BaseModel):
    """Something that is due: `act`, `reinstate:<counter-notice>` or `complain:<measure>`."""

    what: str
    due: str


class LetterAnswer(BaseModel):
    """A piece of correspondence."""

    direction: Direction
    kind: str
    party: str
    at: str
    text: Text


class CounterNoticeAnswer(BaseModel):
    """A counter-notice; `due` is when its uploads come back, null where a person decides."""

    id: str
    platform: str
    uploader: str | None
    uploads: list[dict[str, str]]
    name: str
    explanation: str
    received: str
    due: str | None
    state: CounterState
    licence: str | None


class MeasureAnswer(BaseModel):
    """A measure that follows from a notice."""

    id: str
    kind: MeasureKind
    platform: str
    external_id: str
    taken: str
    confirmed: str | None
    ended: str | None
    ended_because: str | None
    statement: Text


class AttachmentAnswer(BaseModel):
    """A file that came with a notice."""

    id: str
    name: str
    sha256: str
    media_type: str
    size: int
    added: str
    party: str = Field(description="Whose it is: `notifier`, `uploader:…`, `platform:…` or `moderators`.")


class NoticeDetail(NoticeAnswer):
    """A notice with what hangs on it."""

    clocks: list[ClockAnswer]
    correspondence: list[LetterAnswer]
    counter_notices: list[CounterNoticeAnswer]
    measures: list[MeasureAnswer]
    attachments: list[AttachmentAnswer]
    timeline: list[dict[str, Any]]


class TakenAnswer(BaseModel):
    """What was done about a notice: measures, and uploads that were left out, with why."""

    measures: list[MeasureAnswer]
    left_out: list[dict[str, str]]


class SharedWordAnswer(BaseModel):
    """A word that may be a name of the character: in how many uploads it is, and in what share of others."""

    text: str
    uploads: int
    elsewhere: float


class ProposedAliases(BaseModel):
    """Words shared by the uploads of a notice."""

    proposed: list[SharedWordAnswer]


class StrikeAnswer(BaseModel):
    """A strike that counts."""

    id: str
    because: str
    given: str
    expires: str


class StrikeList(BaseModel):
    """The strikes of an uploader that count now."""

    strikes: list[StrikeAnswer]
