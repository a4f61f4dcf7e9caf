"""What notices need: a record of them, what was screened under which name, sweeps, strikes and consequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from service.domain.identity import Caller
from service.domain.notice import CounterNotice, Letter, Notice, NoticeState
from service.domain.notice_terms import Jurisdiction
from service.domain.reputation import Fared, Reputation
from service.domain.strike import Cause, Consequence, Strike
from service.domain.wording import Wording


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody has to be told; `recipient` and `kind` as for the outbox."""

    recipient: str
    kind: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Token:
    """A way in without an account, as its hash: the notifier's receipt, or an uploader's link (then for whom)."""

    sha256: str
    notice_id: str
    platform: str | None = None
    uploader: str | None = None

    @property
    def is_receipt(self) -> bool:
        """Tell whether it is the notifier's."""
        return self.platform is None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a notice or a counter-notice; its bytes are in the blob store: `attachments/<sha256>`.

    `party` says whose it is, named as in letters, or `moderators`.
    """

    id: str
    notice_id: str
    name: str
    sha256: str
    media_type: str
    size: int
    added: datetime
    added_by: str
    party: str


@dataclass(frozen=True, slots=True)
class Step:
    """All that belongs to one change of a notice, beside the notice itself.

    `actions` are the names of its audit entries, in order; `counter_notices` are kept as given; the measures of the
    notice against the uploads `end_for` (platform, external id) end in the same transaction, with `end_all` all of
    them; `why` says why; `fared` is counted for the notifier.
    """

    actions: tuple[str, ...]
    by: str
    at: datetime
    why: str = ""
    letters: tuple[Letter, ...] = ()
    messages: tuple[Message, ...] = ()
    tokens: tuple[Token, ...] = ()
    counter_notices: tuple[CounterNotice, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    end_for: tuple[tuple[str, str], ...] = ()
    end_all: bool = False
    fared: Fared | None = None


@dataclass(frozen=True, slots=True)
class NoticeFilter:
    """Which notices to show; empty fields narrow nothing.

    `platform` is one that passed it on, or that has an upload which it accuses.
    """

    state: NoticeState | None = None
    owner: str | None = None
    platform: str | None = None
    jurisdiction: Jurisdiction | None = None


@dataclass(frozen=True, slots=True)
class NoticePage:
    """Some notices in order, and where the next page begins."""

    notices: tuple[Notice, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Correspondence:
    """What hangs on a notice, oldest first."""

    letters: tuple[Letter, ...] = ()
    counter_notices: tuple[CounterNotice, ...] = ()
    attachments: tuple[Attachment, ...] = ()


class Notices(Protocol):
    """Keeps notices. Each change is one transaction with audit entries and messages; of two racing ones one wins."""

    def add(self, notice: Notice, step: Step) -> None:
        """Keep a new notice."""
        ...

    def save(self, notice: Notice, step: Step) -> bool:
        """Keep a changed notice; tell whether the one in the record was its direct predecessor (`version` - 1)."""
        ...

    def get(self, notice_id: str) -> Notice | None:
        """Return a notice."""
        ...

    def page(self, wanted: NoticeFilter, *, order: str, cursor: str | None, most: int) -> NoticePage:
        """Return a page, by `priority`, `oldest` or `newest`. Raises InvalidFields for a cursor that is not ours."""
        ...

    def correspondence(self, notice_id: str) -> Correspondence:
        """Return what hangs on it."""
        ...


class NoticeLookups(Protocol):
    """Finds what notices need to go on."""

    def token(self, sha256: str) -> Token | None:
        """Return a token by its hash."""
        ...

    def due(self, now: datetime, most: int) -> list[CounterNotice]:
        """Return counter-notices that wait and whose time is over, the longest over first."""
        ...

    def without_sweep(self, most: int) -> list[Notice]:
        """Return notices that were complete, go on, and whose sweep was never noted."""
        ...

    def reputation(self, notifier: str) -> Reputation:
        """Return a notifier's, by key; that of who is new is empty."""
        ...

    def latest(self, uploads: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], tuple[str, str | None]]:
        """Return, for uploads (platform, external id) that were screened, the latest screening and the uploader."""
        ...


@dataclass(frozen=True, slots=True)
class SweptUpload:
    """An upload that a sweep found, the sets that it matches, and the facts by which, the most telling first."""

    platform: str
    external_id: str
    screening_id: str
    uploader: str | None
    reference_sets: tuple[str, ...]
    facts: tuple[Wording, ...] = ()


class SweepStarter(Protocol):
    """Starts sweeps, and tells what they found."""

    def start(self, sets: Sequence[str], who: Caller, because: str) -> str:
        """Look for all uploads that match some sets; return the sweep's id."""
        ...

    def found(self, sweep_id: str) -> list[SweptUpload]:
        """Return what a sweep has found so far; nothing for one that is not there."""
        ...


class Strikes(Protocol):
    """Keeps strikes and other consequences. Each change is one transaction with its audit entries."""

    def of(self, platform: str, uploader: str) -> list[Strike]:
        """Return all strikes of an uploader, also those that count no more, oldest first."""
        ...

    def due(self, now: datetime, most: int) -> list[Cause]:
        """Return causes that have had no consequences yet.

        They are final decisions in force that uphold, and measures in force that took an upload down for a notice.
        """
        ...

    def record(self, consequence: Consequence, strike: Strike | None) -> bool:
        """Note what followed from a cause, with its strike; tell whether it was not noted before."""
        ...

    def gone(self, now: datetime, most: int) -> list[Consequence]:
        """Return consequences in force whose cause is gone: a decision finally reversed, or a measure that ended."""
        ...

    def reverse(self, cause_id: str, now: datetime, why: str) -> bool:
        """Undo the consequences of a cause; tell whether they were in force.

        The LoRA passes again, and the strike is void, unless another cause with consequences in force asks for them.
        """
        ...
