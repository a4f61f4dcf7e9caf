"""Counter-notices: uploaders' replies, passed on to the right holder, and what comes of them.

receive ──> passed on at once ──(nothing shown in time)──> reinstated
                      ├──(complaint or suit shown in time)──> kept
                      └──(a person decides, or confirms a licence)──> reinstated, or kept
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from service.domain import notice_letters
from service.domain.audit import SYSTEM
from service.domain.errors import FieldFault, InvalidFields, NotFound, NotPermitted, TooLate, WrongState
from service.domain.identity import Caller, Role, new_id
from service.domain.notice import CounterNotice, CounterState, Letter, Notice, NoticeEvent
from service.domain.notice_elements import COUNTER_WORDS, missing_from_counter
from service.domain.notice_terms import Jurisdiction, Profile, Term, due
from service.domain.reputation import Fared
from service.domain.wording import Wording
from service.ports import Attachment, Clock, Measures, Message, NoticeLookups, Notices, Step, Token
from service.usecases import set_fields
from service.usecases.attachments import Attachments
from service.usecases.notice_access import (
    NOTIFIER,
    Who,
    actor_of,
    check_judge,
    check_notifier,
    concerns,
    is_judge,
    party_of,
    party_of_files,
    seen_notice,
)
from service.usecases.notice_mail import letter, told_all
from service.usecases.notice_measures import MeasureMaker
from service.usecases.notices import NoticeDesk

log = structlog.get_logger()
MOST_AT_ONCE = 200
_NOTHING_SHOWN = "nothing was shown in time"


@dataclass(frozen=True, slots=True)
class Reply:
    """What an uploader says; without `uploads` it speaks for all of theirs that the notice is about."""

    name: str = ""
    contact: str = ""
    address: str = ""
    explanation: str = ""
    evidence: str = ""
    signature: str = ""
    good_faith: bool = False
    consents_to_jurisdiction: bool = False
    uploads: Sequence[tuple[str, str]] = ()
    licence: str | None = None


class CounterNotices:
    """What is done with counter-notices."""

    def __init__(
        self,
        notices: Notices,
        lookups: NoticeLookups,
        measures: Measures,
        maker: MeasureMaker,
        desk: NoticeDesk,
        *,
        attachments: Attachments,
        clock: Clock,
        profiles: Mapping[Jurisdiction, Profile],
    ) -> None:
        self._notices = notices
        self._lookups = lookups
        self._measures = measures
        self._maker = maker
        self._desk = desk
        self._attachments = attachments
        self._clock = clock
        self._profiles = profiles

    def receive(self, notice_id: str, given: Reply, who: Who, files: Sequence[tuple[str, bytes]] = ()) -> CounterNotice:
        """Receive a counter-notice with its files, each with a name, and pass it on to the right holder.

        A platform speaks for its uploaders, an uploader by the link for themselves. Raises NotFound, NotPermitted,
        WrongState, TooLarge, UnsupportedContent, or InvalidFields also for what is missing by the law of the notice.
        """
        found = seen_notice(self._notices, who, notice_id)
        _check_sender(who)
        uploads = self._uploads(found, given, who)
        uploader = {item.uploader for item in found.accused if item.upload in uploads}
        if len(uploader) > 1:
            told = "are of several uploaders; send one counter-notice for each"
            raise InvalidFields([FieldFault("uploads", told, "属于多位上传者；请分别提交反通知")])
        now = self._clock.now()
        counter = CounterNotice(
            id=new_id("ctr"),
            notice_id=notice_id,
            platform=uploads[0][0] if uploads else "",
            uploader=next(iter(uploader), None),
            uploads=uploads,
            name=given.name.strip(),
            contact=given.contact.strip(),
            address=given.address.strip(),
            explanation=given.explanation.strip(),
            evidence=given.evidence.strip(),
            signature=given.signature.strip(),
            good_faith=given.good_faith,
            consents_to_jurisdiction=given.consents_to_jurisdiction,
            received=now,
            received_by=actor_of(who),
            licence=given.licence,
        )
        self._check(counter, found)
        profile = self._profiles[found.jurisdiction]
        counter = replace(counter, due=due(profile, Term.REINSTATE, now) if profile.reinstates else None)
        moved = found.moved(NoticeEvent.COUNTER_NOTICE_RECEIVED, now)
        # Both at once: one change of the record, two entries in its log.
        moved = replace(moved.moved(NoticeEvent.COUNTER_NOTICE_FORWARDED, now), version=found.version + 1)
        party = party_of_files(counter.platform, counter.uploader)
        attached = self._attachments.prepared(found, files, party, who, now) if files else ()
        self._save(moved, self._forwarding(moved, counter, attached, who, now))
        log.info("counter_notice_received", notice_id=notice_id, counter_notice_id=counter.id)
        return counter

    def show_suit(self, notice_id: str, text: str, who: Who, counter_id: str | None = None) -> Notice:
        """Show that the right holder complained or sued, before the time is over: the measures stay.

        Without `counter_id` it counts for all counter-notices that wait. Raises NotFound, NotPermitted, InvalidFields,
        WrongState or TooLate.
        """
        found = seen_notice(self._notices, who, notice_id)
        check_notifier(who, found)
        set_fields.refuse(set_fields.line("text", text, most=set_fields.MAX_TEXT))
        now = self._clock.now()
        waiting = self._waiting(notice_id)
        chosen = [item for item in waiting if counter_id in (None, item.id)]
        if not chosen:
            raise WrongState("no counter-notice waits for a complaint or suit")
        if any(item.due is None for item in chosen):
            raise WrongState("under this law a person decides about the counter-notice")
        if any(item.due is not None and now >= item.due for item in chosen):
            raise TooLate("the time in which a complaint or suit can be shown is over")
        received = letter(found, "suit", NOTIFIER, now, Wording(text, text), sent=False)
        return self._settle(found, chosen, waiting, CounterState.KEPT, actor_of(who), now, text, (received,))

    def settle(self, notice_id: str, counter_id: str, who: Caller, *, reinstate: bool, reason: str = "") -> Notice:
        """Decide about a counter-notice: where the law leaves it to a person, or to confirm a licence on record.

        Raises NotFound, NotPermitted, InvalidFields, or WrongState where the law sets a time, and no licence covers it.
        """
        check_judge(who)
        set_fields.refuse(set_fields.prose("reason", reason))
        found = seen_notice(self._notices, who, notice_id)
        waiting = self._waiting(notice_id)
        counter = next((item for item in waiting if item.id == counter_id), None)
        if counter is None:
            raise NotFound(f"no counter-notice {counter_id} waits")
        if counter.due is not None and not (reinstate and self.licence_of(found, counter)):
            raise WrongState("the law sets a time for the right holder, and no licence on record covers these uploads")
        state = CounterState.REINSTATED if reinstate else CounterState.KEPT
        return self._settle(found, [counter], waiting, state, who.actor, self._clock.now(), reason)

    def licence_of(self, notice: Notice, counter: CounterNotice) -> str | None:
        """Return the id of the licence on record that covers a counter-notice, the one that it names before others."""
        named = counter.licence and self._maker.licence(notice, counter.platform, counter.uploader, counter.licence)
        found = named or self._maker.licence(notice, counter.platform, counter.uploader)
        return found.id if found else None

    def tick(self, now: datetime) -> int:
        """Reinstate what is due, and start sweeps that were never started; return how much was done.

        Each in a transaction of its own: what another process does meanwhile is left to it.
        """
        done = 0
        for counter in self._lookups.due(now, MOST_AT_ONCE):
            notice = self._notices.get(counter.notice_id)
            if notice is None:
                continue
            try:
                waiting = self._waiting(notice.id)
                mine = [item for item in waiting if item.id == counter.id]
                if mine:
                    self._settle(
                        notice, mine, waiting, CounterState.REINSTATED, SYSTEM, now, "nothing was shown in time"
                    )
                    done += 1
            except WrongState:
                log.info("notice_left_to_others", notice_id=notice.id)
        for notice in self._lookups.without_sweep(MOST_AT_ONCE):
            self._desk.sweep(notice)
            done += 1
        return done

    def _settle(  # noqa: PLR0917 (in the order in which it is told)
        self,
        notice: Notice,
        settled: Sequence[CounterNotice],
        waiting: Sequence[CounterNotice],
        state: CounterState,
        by: str,
        now: datetime,
        why: str,
        letters: tuple[Letter, ...] = (),
    ) -> Notice:
        """Settle counter-notices alike; the notice is settled with the last one that waits."""
        reinstated, last = state is CounterState.REINSTATED, len(settled) == len(waiting)
        if reinstated:
            event = NoticeEvent.REINSTATED if last else NoticeEvent.REINSTATED_IN_PART
        else:
            event = NoticeEvent.SUIT_SHOWN if last else NoticeEvent.SUIT_SHOWN_IN_PART
        moved = notice.moved(event, now)
        kept = notice_letters.KEPT if letters else notice_letters.KEPT_BY_DECISION
        text = notice_letters.outcome(moved, notice_letters.REINSTATED if reinstated else kept, why)
        parties = [NOTIFIER, *(party_of(item.platform, item.uploader) for item in settled)]
        step = Step(
            (f"notice.{event.value}",),
            by,
            now,
            why or ("reinstated" if reinstated else "kept"),
            (*letters, *(letter(moved, event.value, party, now, text) for party in dict.fromkeys(parties))),
            told_all(moved, f"notice.{state.value}"),
            counter_notices=tuple(replace(item, state=state, settled=now, settled_by=by) for item in settled),
            end_for=tuple(upload for item in settled for upload in item.uploads) if reinstated else (),
            fared=Fared.REVERSED if reinstated else Fared.UPHELD,
        )
        self._save(moved, step)
        return moved

    def _forwarding(
        self, notice: Notice, counter: CounterNotice, attached: tuple[Attachment, ...], who: Who, now: datetime
    ) -> Step:
        until = counter.due.isoformat(timespec="minutes") if counter.due is not None else None
        said_until = f"{counter.due.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if counter.due is not None else None
        text = notice_letters.counter_forwarded(counter, said_until, [item.name for item in attached])
        said = Wording(counter.explanation, counter.explanation)
        payload = {
            "notice_id": notice.id,
            "counter_notice_id": counter.id,
            "uploads": [
                {"platform": platform, "external_id": external_id} for platform, external_id in counter.uploads
            ],
            # Civil Code, Art. 1196, and 17 USC 512(g)(2)(B): what is passed on is the counter-notice itself.
            "name": counter.name,
            "contact": counter.contact,
            "explanation": counter.explanation,
            "evidence": counter.evidence,
            "attachments": [{"id": item.id, "name": item.name, "sha256": item.sha256} for item in attached],
            "due": until,
            "text": {"en": text.en, "zh": text.zh},
        }
        recipients = [f"owner:{notice.owner}"] if notice.owner else []
        recipients += [f"platform:{name}" for name in sorted(filter(None, {notice.platform, counter.platform}))]
        party = party_of(counter.platform, counter.uploader)
        return Step(
            ("notice.counter_notice_received", "notice.counter_notice_forwarded"),
            actor_of(who),
            now,
            letters=(
                letter(notice, "counter_notice", party, now, said, sent=False),
                letter(notice, "counter_notice", NOTIFIER, now, text),
            ),
            messages=tuple(Message(item, "notice.counter_notice", payload) for item in recipients),
            counter_notices=(counter,),
            attachments=attached,
        )

    def _uploads(self, notice: Notice, given: Reply, who: Who) -> tuple[tuple[str, str], ...]:
        every = [item for item in notice.accused if item.upload is not None]
        own = {item.upload for item in every if concerns(who, item.platform, item.uploader)}
        strange = [item for item in given.uploads if item not in own]
        if strange:
            told = f"the notice is not about your {strange[0][1]}"
            raise InvalidFields([FieldFault("uploads", told, f"通知不涉及您的 {strange[0][1]}")])
        wanted = set(given.uploads) if given.uploads or is_judge(who) else own
        return tuple(item.upload for item in every if item.upload is not None and item.upload in wanted)

    def _check(self, counter: CounterNotice, notice: Notice) -> None:
        faults = set_fields.line("name", counter.name, required=False)
        faults += set_fields.line("contact", counter.contact, required=False)
        faults += set_fields.line("signature", counter.signature, required=False)
        faults += set_fields.line("licence", counter.licence or "", required=False)
        for place in ("address", "explanation", "evidence"):
            faults += set_fields.prose(place, getattr(counter, place))
        for item in missing_from_counter(counter, notice.jurisdiction):
            words = COUNTER_WORDS[item]
            faults.append(FieldFault(item.value, f"missing: {words.en}", f"缺少：{words.zh}"))
        set_fields.refuse(faults)
        if any(set(item.uploads) & set(counter.uploads) for item in self._waiting(notice.id)):
            raise WrongState("a counter-notice for one of these uploads waits already")

    def _waiting(self, notice_id: str) -> list[CounterNotice]:
        every = self._notices.correspondence(notice_id).counter_notices
        return [item for item in every if item.state is CounterState.WAITING]

    def _save(self, notice: Notice, step: Step) -> None:
        if not self._notices.save(notice, step):
            raise WrongState(f"the notice {notice.id} was changed by somebody else meanwhile; read it again")


def _check_sender(who: Who) -> None:
    """Let platforms, uploaders by their link, and moderators pass: who gave notice does not answer themselves."""
    if isinstance(who, Token):
        if who.is_receipt:
            raise NotPermitted("a counter-notice comes from the uploader")
    elif who.role is Role.RIGHTS_OWNER:
        raise NotPermitted("a counter-notice comes from the uploader, or from their platform")
