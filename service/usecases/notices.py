"""Notices: received, completed, passed on to the uploaders, acted upon, and ended.

    receive ──(complete)──> a sweep begins ── forward ── take_measures ── close

Whoever gives notice needs no account: a receipt token shows them how it goes on. Counter-notices are the business of
counter_notices.py.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from service.domain import notice_letters
from service.domain.errors import FieldFault, InvalidFields, NotPermitted, ServiceError, WrongState
from service.domain.identity import Caller, Role, key_sha256, new_id
from service.domain.measure import Measure, MeasureKind
from service.domain.notice import (
    ENDED,
    Accused,
    Claim,
    Letter,
    Notice,
    NoticeEvent,
    NoticeState,
    Notifier,
)
from service.domain.notice_elements import Element, missing
from service.domain.notice_terms import Jurisdiction, Profile
from service.domain.reputation import Fared, rank_of_notice
from service.domain.wording import Wording
from service.ports import (
    Clock,
    Correspondence,
    Measures,
    NoticeFilter,
    NoticeLookups,
    NoticePage,
    Notices,
    SetDirectory,
    Step,
    SweepStarter,
    Token,
)
from service.usecases import notice_fields, set_fields
from service.usecases.notice_access import (
    NOTIFIER,
    Who,
    actor_of,
    check_judge,
    check_notifier,
    is_judge,
    notifier_key,
    seen_notice,
    shown_to,
)
from service.usecases.notice_clocks import clocks
from service.usecases.notice_mail import forwarding, letter, told_all, told_notifier
from service.usecases.notice_measures import MeasureMaker, with_swept
from service.usecases.registration import seen_set

log = structlog.get_logger()
MOST_ON_A_PAGE = 200
_SYSTEM = Caller("system", Role.ADMIN, via="service")


@dataclass(frozen=True, slots=True)
class Given:
    """What a notifier says; `reference_sets` are slugs, where they know them."""

    jurisdiction: Jurisdiction
    name: str = ""
    contact: str = ""
    address: str = ""
    identity: str = ""
    authority: str = ""
    claim: Claim = field(default_factory=Claim)
    accused: Sequence[Accused] = ()
    reference_sets: Sequence[str] = ()

    def notifier(self, key: str) -> Notifier:
        """Return who gives notice."""
        parts = (self.name, self.contact, self.address, self.identity, self.authority)
        return Notifier(key, *(part.strip() for part in parts))


@dataclass(frozen=True, slots=True)
class Received:
    """A notice that was received, what it lacks, and the secret by which whoever gave it gets in again."""

    notice: Notice
    missing: tuple[Element, ...]
    token: str


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice as somebody may see it; `clocks` are what is due and when, the nearest first."""

    notice: Notice
    correspondence: Correspondence
    measures: tuple[Measure, ...]
    clocks: tuple[tuple[str, datetime], ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """The measures in force because of a notice, and the uploads against which none could be taken, with why."""

    measures: list[Measure]
    left_out: list[tuple[str, str, str]]


class NoticeDesk:
    """What is done with notices."""

    def __init__(  # noqa: PLR0917 (each of them another kind of thing)
        self,
        notices: Notices,
        lookups: NoticeLookups,
        measures: Measures,
        maker: MeasureMaker,
        directory: SetDirectory,
        sweeps: SweepStarter,
        *,
        clock: Clock,
        profiles: Mapping[Jurisdiction, Profile],
        most_accused: int = 2_000,
    ) -> None:
        self._notices = notices
        self._lookups = lookups
        self._measures = measures
        self._maker = maker
        self._directory = directory
        self._sweeps = sweeps
        self._clock = clock
        self._profiles = profiles
        self._most_accused = most_accused

    def receive(self, given: Given, who: Caller | None = None) -> Received:
        """Receive a notice, from a caller or from the public. Raises InvalidFields, NotFound or NotPermitted."""
        self._check(given, who)
        now, notice_id, secret = self._clock.now(), new_id("ntc"), secrets.token_urlsafe(32)
        actor = who.actor if who is not None else f"notifier:{notice_id}"
        key = notifier_key(given.contact, who)
        notice = Notice(
            id=notice_id,
            state=NoticeState.RECEIVED,
            jurisdiction=given.jurisdiction,
            notifier=given.notifier(key),
            claim=given.claim,
            accused=self._known(given.accused),
            reference_sets=tuple(dict.fromkeys(given.reference_sets)),
            received=now,
            received_by=actor,
            rank=rank_of_notice(now, self._lookups.reputation(key)),
            owner=who.owner if who is not None and who.role is Role.RIGHTS_OWNER else None,
            platform=who.sees_only if who is not None else None,
        )
        notice, event, lacking, letters = self._examined(notice, now)
        step = Step(
            ("notice.received", f"notice.{event.value}"),
            actor,
            now,
            letters=letters,
            messages=told_notifier(notice, "notice.received"),
            tokens=(Token(key_sha256(secret), notice_id),),
        )
        self._notices.add(notice, step)
        log.info("notice_received", notice_id=notice_id, missing=[item.value for item in lacking])
        return Received(self.sweep(notice, who or _SYSTEM), lacking, secret)

    def complete(self, notice_id: str, given: Given, who: Who) -> Received:
        """Replace what an incomplete notice says. Raises NotFound, NotPermitted, WrongState or InvalidFields."""
        found = seen_notice(self._notices, who, notice_id)
        check_notifier(who, found)
        self._check(given, who if isinstance(who, Caller) else None)
        now = self._clock.now()
        changed = replace(
            found,
            jurisdiction=given.jurisdiction,
            notifier=given.notifier(found.notifier.key),
            claim=given.claim,
            accused=self._known(given.accused),
            reference_sets=tuple(dict.fromkeys(given.reference_sets)),
        )
        changed, event, lacking, letters = self._examined(changed, now)
        self._save(changed, Step((f"notice.{event.value}",), actor_of(who), now, letters=letters))
        return Received(self.sweep(changed, who if isinstance(who, Caller) else _SYSTEM), lacking, "")

    def name_sets(self, notice_id: str, sets: Sequence[str], who: Caller) -> Notice:
        """Say which characters a notice is about, where its notifier could not; a complete one is swept for then."""
        check_judge(who)
        found = seen_notice(self._notices, who, notice_id)
        for slug in sets:
            seen_set(self._directory, who, slug)
        changed = replace(found, reference_sets=tuple(dict.fromkeys(sets)), sweep_id=None, version=found.version + 1)
        self._save(changed, Step(("notice.sets_named",), who.actor, self._clock.now()))
        return self.sweep(changed, who)

    def sweep(self, notice: Notice, who: Caller = _SYSTEM) -> Notice:
        """Start the sweep of a complete notice that has none, and note it; return the notice."""
        if notice.completed is None or notice.state in ENDED or notice.sweep_id or not notice.reference_sets:
            return notice
        try:
            sweep_id = self._sweeps.start(notice.reference_sets, who, notice.because)
        except ServiceError as error:
            # No index is loaded, or a set is not in force yet: the periodic job tries again.
            log.warning("notice_not_swept", notice_id=notice.id, reason=str(error))
            return notice
        swept = replace(notice, sweep_id=sweep_id, version=notice.version + 1)
        step = Step(("notice.sweep_started",), who.actor, self._clock.now())
        # Whoever was faster noted theirs: a notice is swept for once too often rather than never.
        return swept if self._notices.save(swept, step) else self._notices.get(notice.id) or notice

    def page(self, who: Caller, wanted: NoticeFilter, *, order: str, cursor: str | None, most: int) -> NoticePage:
        """Return a page of the notices that somebody may see. Raises InvalidFields."""
        if who.role is Role.RIGHTS_OWNER:
            if who.owner is None:
                return NoticePage((), None)
            wanted = replace(wanted, owner=who.owner)
        elif who.sees_only is not None:
            wanted = replace(wanted, platform=who.sees_only)
        most = max(1, min(most, MOST_ON_A_PAGE))
        page = self._notices.page(wanted, order=order, cursor=cursor, most=most)
        shown = tuple(shown_to(who, item, Correspondence())[0] for item in page.notices)
        return replace(page, notices=shown)

    def open(self, notice_id: str, who: Who) -> NoticeView:
        """Return a notice with what hangs on it. Raises NotFound."""
        found = seen_notice(self._notices, who, notice_id)
        of = self._notices.correspondence(notice_id)
        taken = self._measures.find(because=found.because)
        notice, shown = shown_to(who, found, of)
        uploads = {item.upload for item in notice.accused}
        own = tuple(item for item in taken if is_judge(who) or (item.platform, item.external_id) in uploads)
        return NoticeView(notice, shown, own, clocks(self._profiles[found.jurisdiction], found, of, own))

    def forward(self, notice_id: str, who: Caller) -> Notice:
        """Pass a complete notice on to the uploaders, through their platforms. Raises NotFound or WrongState."""
        check_judge(who)
        found, now = seen_notice(self._notices, who, notice_id), self._clock.now()
        moved = found.moved(NoticeEvent.FORWARDED, now)
        letters, messages, tokens = forwarding(moved, moved.accused, now)
        self._save(moved, Step(("notice.forwarded",), who.actor, now, "", letters, messages, tokens))
        return moved

    def take_measures(
        self,
        notice_id: str,
        who: Caller,
        uploads: Sequence[tuple[str, str]] | None = None,
        kind: MeasureKind = MeasureKind.UNPUBLISH,
        written: Wording | None = None,
    ) -> Taken:
        """Take uploads down: all that the notice names and its sweep found, or those of `uploads`.

        A notice that was not forwarded yet is forwarded first. Uploads that were never screened here have no measure;
        those that a licence on record covers have none unless they are chosen. `written` is a statement instead of the
        usual one, with its places (measure_statement.py). Raises NotFound, NotPermitted,
        InvalidFields for an upload that the notice is not about, or WrongState.
        """
        check_judge(who)
        found = seen_notice(self._notices, who, notice_id)
        if found.state is NoticeState.COMPLETE:
            found = self.forward(notice_id, who)
        now = self._clock.now()
        moved = found.moved(NoticeEvent.MEASURES_TAKEN, now)
        swept = self._sweeps.found(found.sweep_id) if found.sweep_id is not None else []
        every = with_swept(found, swept)
        wanted, left_out = self._maker.choose(replace(found, accused=every), uploads)
        made = self._maker.make(found, wanted, kind, who.actor, now=now, written=written, swept=swept)
        taken = self._measures.take(made)
        new = [item for item in every if not item.named and item not in found.accused and item in wanted]
        moved = replace(moved, accused=(*found.accused, *new))
        letters, messages, tokens = forwarding(moved, new, now)
        step = Step(("notice.measures_taken",), who.actor, now, "", letters, messages, tokens)
        if not self._notices.save(moved, step):
            self._undo_if_ended(notice_id, taken, now, who)
            raise _changed_meanwhile(notice_id)
        return Taken(taken, left_out)

    def statement(self, notice: Notice, kind: MeasureKind) -> Wording:
        """Return the usual statement of a measure, with places for the name of an upload and what was found."""
        return self._maker.statement(notice, kind)

    def _undo_if_ended(self, notice_id: str, taken: Sequence[Measure], now: datetime, who: Caller) -> None:
        """End measures that were taken while the notice was withdrawn, rejected or found abusive."""
        stands = self._notices.get(notice_id)
        if stands is not None and stands.state in ENDED:
            self._measures.end([item.id for item in taken], now, who.actor, f"the notice {notice_id} had ended")

    def withdraw(self, notice_id: str, who: Who, reason: str = "") -> Notice:
        """Take a notice back, and end its measures: for its notifier, and for moderators."""
        found = seen_notice(self._notices, who, notice_id)
        check_notifier(who, found)
        return self._end(found, NoticeEvent.WITHDRAWN, who, reason, notice_letters.WITHDRAWN, end_all=True)

    def reject(self, notice_id: str, who: Caller, reason: str) -> Notice:
        """Reject a notice before anything was done because of it."""
        return self._judged(notice_id, NoticeEvent.REJECTED, who, reason, notice_letters.REJECTED, Fared.DISMISSED)

    def mark_abusive(self, notice_id: str, who: Caller, reason: str) -> Notice:
        """Find a notice abusive, and end its measures."""
        return self._judged(notice_id, NoticeEvent.FOUND_ABUSIVE, who, reason, notice_letters.ABUSIVE, Fared.ABUSIVE)

    def close(self, notice_id: str, who: Caller, reason: str = "") -> Notice:
        """Close a notice whose measures stay, or were dealt with."""
        check_judge(who)
        found = seen_notice(self._notices, who, notice_id)
        settled = found.state in (NoticeState.KEPT, NoticeState.REINSTATED)
        fared = None if settled else Fared.UPHELD
        return self._end(found, NoticeEvent.CLOSED, who, reason, notice_letters.CLOSED, fared=fared)

    def _judged(  # noqa: PLR0917 (in the order in which it is told)
        self, notice_id: str, event: NoticeEvent, who: Caller, reason: str, what: Wording, fared: Fared
    ) -> Notice:
        check_judge(who)
        set_fields.refuse(set_fields.line("reason", reason, most=set_fields.MAX_TEXT))
        found = seen_notice(self._notices, who, notice_id)
        return self._end(found, event, who, reason, what, fared=fared, end_all=event is NoticeEvent.FOUND_ABUSIVE)

    def _end(
        self,
        found: Notice,
        event: NoticeEvent,
        who: Who,
        reason: str,
        what: Wording,
        *,
        fared: Fared | None = None,
        end_all: bool = False,
    ) -> Notice:
        set_fields.refuse(set_fields.prose("reason", reason))
        now = self._clock.now()
        moved = found.moved(event, now)
        text = notice_letters.outcome(moved, what, reason)
        step = Step(
            (f"notice.{event.value}",),
            actor_of(who),
            now,
            reason or what.en,
            (letter(moved, event.value, NOTIFIER, now, text),),
            told_all(moved, "notice.closed"),
            end_all=end_all,
            fared=fared,
        )
        self._save(moved, step)
        log.info("notice_ended", notice_id=found.id, state=moved.state.value)
        return moved

    def _examined(
        self, notice: Notice, now: datetime
    ) -> tuple[Notice, NoticeEvent, tuple[Element, ...], tuple[Letter, ...]]:
        """Look what a notice lacks, and move it there, with the letter that says so."""
        lacking = missing(notice, notice.jurisdiction)
        event = NoticeEvent.FOUND_INCOMPLETE if lacking else NoticeEvent.FOUND_COMPLETE
        moved = replace(notice.moved(event, now), missing=tuple(item.value for item in lacking))
        text = notice_letters.incomplete(notice, lacking) if lacking else notice_letters.receipt(notice)
        return moved, event, lacking, (letter(moved, event.value, NOTIFIER, now, text),)

    def _check(self, given: Given, who: Caller | None) -> None:
        if who is not None and who.role is Role.RIGHTS_OWNER and who.owner is None:
            raise NotPermitted("this account speaks for no registered rights owner yet; an admin can register it")
        set_fields.refuse(
            notice_fields.of_notifier(given.name, given.contact, given.address, given.identity, given.authority)
            + notice_fields.of_claim(given.claim)
            + notice_fields.of_accused(given.accused, self._most_accused, who.sees_only if who is not None else None)
        )
        for number, slug in enumerate(given.reference_sets):
            item = self._directory.get(slug)
            is_others = who is None or (who.role is Role.RIGHTS_OWNER and item is not None and item.owner != who.owner)
            if item is None or (is_others and who is not None):
                raise InvalidFields([FieldFault(f"reference_sets[{number}]", f"there is no reference set {slug}")])

    def _known(self, accused: Sequence[Accused]) -> tuple[Accused, ...]:
        """Say of each upload by what screening it is known here; each upload counts once."""
        once = {(item.platform, item.external_id, item.url): item for item in accused}
        known = self._lookups.latest([item.upload for item in once.values() if item.upload is not None])
        made = []
        for item in once.values():
            screening_id, uploader = known.get(item.upload, (None, None)) if item.upload is not None else (None, None)
            made.append(replace(item, screening_id=screening_id, uploader=uploader))
        return tuple(made)

    def _save(self, notice: Notice, step: Step) -> None:
        if not self._notices.save(notice, step):
            raise _changed_meanwhile(notice.id)


def _changed_meanwhile(notice_id: str) -> WrongState:
    return WrongState(f"the notice {notice_id} was changed by somebody else meanwhile; read it again")
