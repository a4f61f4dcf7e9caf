"""Review: people look at cases, and decide.

    claim ── decide ──> decided ── a minute ──> final ── appeal ──> open again, for another person

A case belongs to whoever claimed it for as long as the lease runs. `uphold` agrees that an upload reproduces the
character, `dismiss` that it does not, `escalate` hands the case to an admin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from service.domain.case import LEASE, REASONS, Case, CaseState, Claim, Decision, DecisionKind, Origin, ReasonCode
from service.domain.errors import (
    CaseDecided,
    CaseTaken,
    FieldFault,
    InvalidFields,
    NotFound,
    NotPermitted,
    ServiceError,
    TooLate,
)
from service.domain.identity import Caller, Role, new_id
from service.domain.wording import Wording
from service.ports import (
    Agreement,
    AuditLog,
    Blobs,
    CaseHistory,
    CaseQueue,
    Cases,
    Clock,
    ControlPicture,
    ControlPictures,
    Counters,
    PastScreening,
    QueueFilter,
    QueuePage,
    ScreeningHistory,
)
from service.usecases.case_view import CaseView, PictureBytes, dismissed_pictures, draft, media_type

log = structlog.get_logger()

MOST_ON_A_PAGE = 200
MOST_AT_ONCE = 1_000
"""Cases that one bulk decision reaches: each is a transaction of its own, and somebody waits."""

MAX_TEXT = 10_000
RECENT = timedelta(days=1)
"""Of how long the counters count decisions."""

_RELATED = 20
_RENEWED_BELOW = LEASE * 2 / 3
_LONGEST_STYLE = 64
_UNRELATED = (ReasonCode.OTHER_CHARACTER, ReasonCode.SHARED_STYLE)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff]")
_DISAGREE = {"block": DecisionKind.DISMISS, "allow": DecisionKind.UPHOLD}


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What a decision about many cases did; `more` where it stopped at MOST_AT_ONCE."""

    decided: int
    skipped: int
    more: bool = False


class Review:
    """What moderators do with cases."""

    def __init__(
        self,
        *,
        queue: CaseQueue,
        cases: Cases,
        history: CaseHistory,
        screenings: ScreeningHistory,
        control: ControlPictures,
        audit: AuditLog,
        blobs: Blobs,
        clock: Clock,
    ) -> None:
        self._queue = queue
        self._cases = cases
        self._history = history
        self._screenings = screenings
        self._control = control
        self._audit = audit
        self._blobs = blobs
        self._clock = clock

    def page(
        self, wanted: QueueFilter, *, order: str = "priority", cursor: str | None = None, most: int = 50
    ) -> QueuePage:
        """Return a page of the queue, MOST_ON_A_PAGE at most. Raises InvalidFields."""
        return self._queue.page(wanted, order=order, cursor=cursor, most=max(1, min(most, MOST_ON_A_PAGE)))

    def counters(self) -> Counters:
        """Count the cases, and those decided within a day."""
        now = self._clock.now()
        return self._queue.counters(now, now - RECENT)

    def open(self, case_id: str) -> CaseView:
        """Return a case with all that bears on it. Raises NotFound."""
        case = self._case(case_id)
        others: list[PastScreening] = []
        if case.uploader is not None:
            others = self._screenings.of_uploader(case.platform, case.uploader, _RELATED + 1)
        return CaseView(
            case,
            self._screening(case),
            self._history.decisions(case_id),
            [item for item in others if item.id != case.screening_id][:_RELATED],
            self._queue.related(case, _RELATED),
            self._audit.entries(subject=f"case:{case_id}"),
        )

    def picture(self, case_id: str, number: int, *, thumbnail: bool = False) -> PictureBytes:
        """Return a picture of a case's upload, or its thumbnail where that is all that is kept. Raises NotFound."""
        pictures = self._screening(self._case(case_id)).pictures
        if not 0 <= number < len(pictures):
            raise NotFound(f"the case {case_id} has no picture {number}")
        kept = pictures[number]
        kinds = ["thumbnails"] if thumbnail else ["pictures", "thumbnails"]
        data = next(filter(None, (self._blobs.read(f"{kind}/{kept.sha256}") for kind in kinds)), None)
        if data is None or kept.kept == "nothing":
            raise NotFound(f"picture {number} of the case {case_id} was not kept")
        return PictureBytes(data, media_type(data))

    def claim(self, case_id: str, who: Caller) -> Case:
        """Take a case, or renew the lease. Raises NotFound, NotPermitted, CaseTaken or CaseDecided."""
        return self._claim(self._case(case_id), who)

    def claim_next(self, wanted: QueueFilter, who: Caller, *, order: str = "priority") -> Case | None:
        """Take the first free case that this person may decide; None where there is none."""
        cursor: str | None = None
        free = replace(wanted, unclaimed_at=self._clock.now())
        while True:
            page = self._queue.page(free, order=order, cursor=cursor, most=MOST_ON_A_PAGE)
            for case in page.cases:
                try:
                    return self._claim(case, who)
                except (CaseTaken, CaseDecided, NotPermitted):
                    continue
            if page.next_cursor is None:
                return None
            cursor = page.next_cursor

    def release(self, case_id: str, who: Caller) -> None:
        """Give a case back. Raises NotFound, or CaseTaken where somebody else has it."""
        case, now = self._case(case_id), self._clock.now()
        if not self._cases.release(case_id, who.actor, now) and case.claim and case.claimed_by_other(who.actor, now):
            raise CaseTaken(case_id, case.claim.by, case.claim.until)

    def decide(  # noqa: PLR0917 (in the order of the form that is filled in)
        self,
        case_id: str,
        who: Caller,
        kind: DecisionKind,
        reason_code: ReasonCode,
        comment: str = "",
        statement: Wording | None = None,
    ) -> Decision:
        """Decide a case, and claim it where it is free; without a `statement` the prepared one is sent.

        Raises NotFound, CaseTaken, CaseDecided, InvalidFields, or NotPermitted: an appealed case is decided by another
        person than before, an escalated one by an admin.
        """
        _check(kind, reason_code, comment, statement)
        case = self._case(case_id)
        if kind is DecisionKind.ESCALATE and case.state is CaseState.ESCALATED:
            raise InvalidFields([FieldFault("decision", "this case is escalated already", "该案件已经升级")])
        self._claim(case, who)
        screening = self._screening(case)
        if statement is None and kind is not DecisionKind.ESCALATE:
            statement = draft(case, screening, kind, reason_code)
        now = self._clock.now()
        decision = Decision(new_id("dec"), kind, reason_code, comment, statement, who.actor, now)
        state = CaseState.ESCALATED if kind is DecisionKind.ESCALATE else CaseState.DECIDED
        if not self._cases.decide(case_id, decision, state):
            raise _refused(self._case(case_id), who)
        if kind is DecisionKind.DISMISS and reason_code in _UNRELATED:
            style = case.platform[:_LONGEST_STYLE]
            found = dismissed_pictures(case, screening)
            self._control.propose([ControlPicture(sha256, case_id, style, now, who.actor) for sha256 in found])
        log.info("case_decided", case_id=case_id, decision=kind.value, reason_code=reason_code.value)
        return decision

    def decide_many(
        self, wanted: QueueFilter, who: Caller, kind: DecisionKind, reason_code: ReasonCode, comment: str = ""
    ) -> BulkResult:
        """Decide all cases of one reference set or one uploader alike, each in a transaction of its own.

        Those that somebody else is looking at, or that this person may not decide, are skipped. Raises InvalidFields.
        """
        _check(kind, reason_code, comment, None)
        if wanted.reference_set is None and wanted.uploader is None:
            raise InvalidFields([FieldFault("filter", "name a reference set or an uploader", "请指定参考集或上传者")])
        if wanted.state is CaseState.DECIDED:
            raise InvalidFields([FieldFault("filter", "these cases are decided already", "这些案件已作出决定")])
        decided, skipped, cursor = 0, 0, None
        while decided + skipped < MOST_AT_ONCE:
            page = self._queue.page(wanted, order="oldest", cursor=cursor, most=MOST_ON_A_PAGE)
            for case in page.cases:
                try:
                    self.decide(case.id, who, kind, reason_code, comment)
                    decided += 1
                except (CaseTaken, CaseDecided, NotPermitted, InvalidFields):
                    skipped += 1
            cursor = page.next_cursor
            if cursor is None:
                return BulkResult(decided, skipped)
        return BulkResult(decided, skipped, more=True)

    def undo(self, case_id: str, who: Caller) -> Case:
        """Take back one's own decision within a minute; the case is theirs again. Raises NotFound or TooLate."""
        if not self._cases.undo(case_id, who.actor, self._clock.now()):
            self._case(case_id)
            raise TooLate("a decision can be taken back by whoever made it, within a minute")
        return self._case(case_id)

    def appeal(self, case_id: str, text: str, who: Caller) -> Case:
        """Open a decided case again, once. Raises NotFound, InvalidFields or TooLate.

        A platform appeals against decisions on its own uploads. A second look is none that it knows of.
        """
        case = self._case(case_id)
        if who.role not in (Role.MODERATOR, Role.ADMIN) and (
            who.sees_only != case.platform or case.origin is Origin.SECOND_LOOK
        ):
            raise NotFound(f"there is no case {case_id}")
        _check_text("text", text, needed=True)
        if not self._history.appeal(case_id, text, who.actor, self._clock.now()):
            raise TooLate("a decision can be appealed once, a minute after it was made")
        log.info("case_appealed", case_id=case_id)
        return self._case(case_id)

    def statement_draft(self, view: CaseView, kind: DecisionKind, reason_code: ReasonCode) -> Wording:
        """Prepare the statement of reasons for a decision."""
        return draft(view.case, view.screening, kind, reason_code)

    def decision_of(self, screening_id: str) -> Decision | None:
        """Return the decision on an upload as its platform is told it; None while there is none."""
        return self.decisions_of([screening_id]).get(screening_id)

    def decisions_of(self, screening_ids: Sequence[str]) -> Mapping[str, Decision]:
        """Return the decisions on some uploads; of second looks those alone that changed something."""
        found: dict[str, Decision] = {}
        for screening_id, case in self._queue.of_screenings(list(screening_ids)).items():
            if case.state is CaseState.DECIDED and case.decision is not None and self._is_told(case):
                found[screening_id] = case.decision
        return found

    def agreement(self) -> list[Agreement]:
        """Tell how often people agreed with automatic verdicts that got a second look."""
        return self._history.agreement()

    def waiting(self) -> list[ControlPicture]:
        """Return pictures of dismissed cases that wait for another person to confirm them as unrelated."""
        return self._control.waiting()

    def judge(self, sha256: str, who: Caller, *, confirm: bool) -> None:
        """Confirm or refuse such a picture; refusing is anybody's. Raises NotFound or NotPermitted."""
        _check_judge(who)
        proposed = next((item for item in self._control.waiting() if item.sha256 == sha256), None)
        if proposed is None:
            raise NotFound(f"no picture {sha256} waits to be confirmed")
        if confirm and _same_person(proposed.proposed_by, who):
            raise NotPermitted("whoever dismissed the case may not confirm its pictures; it takes another person")
        if not self._control.judge(sha256, who.actor, self._clock.now(), confirm=confirm):
            raise NotFound(f"no picture {sha256} waits to be confirmed")

    def _case(self, case_id: str) -> Case:
        found = self._cases.get(case_id)
        if found is None:
            raise NotFound(f"there is no case {case_id}")
        return found

    def _screening(self, case: Case) -> PastScreening:
        found = self._screenings.read(case.screening_id)
        if found is None:
            raise NotFound(f"the screening of the case {case.id} is gone")
        return found

    def _claim(self, case: Case, who: Caller) -> Case:
        _check_judge(who)
        now = self._clock.now()
        if case.state is CaseState.DECIDED or case.claimed_by_other(who.actor, now):
            raise _refused(case, who)
        if case.state is CaseState.ESCALATED and who.role is not Role.ADMIN:
            raise NotPermitted("this case was escalated: an admin decides it")
        if case.appealed_from is not None and _same_person(case.appealed_from, who):
            raise NotPermitted("this case was appealed: another person has to decide it")
        if case.claim is not None and case.claim.by == who.actor and case.claim.until - now > _RENEWED_BELOW:
            return case
        if not self._cases.claim(case.id, who.actor, now, now + LEASE):
            raise _refused(self._case(case.id), who)
        return replace(case, claim=Claim(who.actor, now + LEASE))

    def _is_told(self, case: Case) -> bool:
        if case.origin is not Origin.SECOND_LOOK or case.decision is None:
            return True
        screening = self._screenings.read(case.screening_id)
        return screening is not None and _DISAGREE.get(screening.answer["verdict"]) is case.decision.kind


def _refused(case: Case, who: Caller) -> ServiceError:
    """Say why a case cannot be had, as it stands after somebody else was faster."""
    if case.state is CaseState.DECIDED:
        by = f" by {case.decision.by}" if case.decision is not None else ""
        return CaseDecided(f"the case {case.id} was decided{by}")
    if case.claim is not None and case.claim.by != who.actor:
        return CaseTaken(case.id, case.claim.by, case.claim.until)
    return TooLate(f"the lease of the case {case.id} has run out; claim it again")


def _same_person(actor: str, who: Caller) -> bool:
    """Tell whether they bear one name: a person may have an account and a key."""
    return actor.partition(":")[2] == who.name


def _check_judge(who: Caller) -> None:
    if who.role not in (Role.MODERATOR, Role.ADMIN):
        raise NotPermitted(f"the role {who.role} does not review cases")


def _check(kind: DecisionKind, reason: ReasonCode, comment: str, statement: Wording | None) -> None:
    if reason not in REASONS[kind]:
        fits = ", ".join(REASONS[kind])
        told = f"{reason} does not fit {kind}; these do: {fits}"
        raise InvalidFields([FieldFault("reason_code", told, f"{reason} 不适用于 {kind}；可用：{fits}")])
    _check_text("comment", comment)
    if statement is not None:
        _check_text("statement.en", statement.en, needed=True)
        _check_text("statement.zh", statement.zh, needed=True)


def _check_text(location: str, text: str, *, needed: bool = False) -> None:
    if (needed and not text.strip()) or len(text) > MAX_TEXT or _CONTROL.search(text):
        least = Wording("must not be empty, ", "不能为空，") if needed else Wording("", "")
        told = f"{least.en}may have {MAX_TEXT} characters and no control characters"
        raise InvalidFields([FieldFault(location, told, f"{least.zh}最多 {MAX_TEXT} 个字符，不含控制字符")])
