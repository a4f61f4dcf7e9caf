"""The policy workbench: what is in force, what a draft would change, and putting it in force.

check ──> replay the latest screenings ──> publish, with a note
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import structlog

from service.domain.errors import FieldFault, InvalidFields, NotPermitted, PolicyError, Superseded
from service.domain.identity import Caller, Role
from service.domain.policy import Policy, policy_from
from service.ports import Backlog, CaseQueue, Clock, Policies, PublishedPolicy, ScreeningHistory
from service.usecases.policy_lines import Change, changes, policy_of, tables
from service.usecases.replaying import UNSEEN, Replayed, Tally, in_pages

log = structlog.get_logger()
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Version:
    """A policy that is or was in force, and the lines by which it differs from the one before.

    `published` is None for the one that the service began with.
    """

    version: str
    content: Mapping[str, Any]
    changed: tuple[Change, ...]
    note: str = ""
    published: datetime | None = None
    published_by: str | None = None


class Workbench:
    """What admins do with the policy, and moderators look at."""

    FEWEST: ClassVar = 100
    MOST: ClassVar = 5_000
    """How many of the latest screenings a replay takes."""

    LONGEST_NOTE: ClassVar = 2_000
    _AT_ONCE: ClassVar = 100

    def __init__(
        self,
        *,
        policies: Policies,
        history: ScreeningHistory,
        queue: CaseQueue,
        backlog: Backlog,
        clock: Clock,
        shipped: Mapping[str, Any],
    ) -> None:
        """Wire the job; `shipped` holds the tables of the policy that is in force before any is published."""
        self._policies = policies
        self._history = history
        self._queue = queue
        self._backlog = backlog
        self._clock = clock
        self._shipped = shipped

    def in_force(self) -> tuple[str, Mapping[str, Any]]:
        """Return the version in force and its tables."""
        return self._policies.in_force().version, self._policies.content()

    def versions(self) -> list[Version]:
        """Return all versions, newest first; the last is the one that the service began with."""
        published = self._policies.history()
        contents = [*(item.content for item in published), self._shipped]
        found = [
            Version(
                item.version, item.content, changes(older, item.content), item.note, item.published, item.published_by
            )
            for item, older in zip(published, contents[1:], strict=True)
        ]
        return [*found, Version(policy_from(self._shipped).version, self._shipped, ())]

    def check(self, content: Mapping[str, Any], last: int | None = None) -> Policy:
        """Build the policy of a draft, to be tried on the `last` screenings.

        Raises InvalidFields naming every wrong line, below `content`, or a `last` outside FEWEST to MOST.
        """
        if last is not None and not self.FEWEST <= last <= self.MOST:
            said = f"must be from {self.FEWEST:,} to {self.MOST:,}"
            raise InvalidFields([FieldFault("last", said, f"须在 {self.FEWEST:,} 至 {self.MOST:,} 之间")])
        return policy_of(content)

    def changes(self, content: Mapping[str, Any]) -> tuple[Change, ...]:
        """Return the lines by which a draft differs from the policy in force."""
        return changes(self._policies.content(), content)

    def replay(
        self, content: Mapping[str, Any], last: int, progress: Callable[[int], None] = lambda _: None
    ) -> Replayed:
        """Judge the latest screenings under the policy in force, and under a draft.

        `progress` is told how many are done. Both are judged anew, so that what an older policy decided does not count
        as the draft's change. Raises InvalidFields as check() does.
        """
        draft, now = self.check(content, last), self._policies.in_force()
        unseen = [item.line for item in self.changes(content) if item.line in UNSEEN]
        tally, done = Tally(now, draft), 0
        for some in in_pages(lambda most, before: self._history.last(most, before=before), last, self._AT_ONCE):
            cases = self._queue.of_screenings([item.id for item in some])
            for past in some:
                tally.add(past, cases.get(past.id))
            done += len(some)
            progress(done)
        # What is older than the record comes last, and nothing is known of it.
        tally.unreadable += self._backlog.without_record(last - done) if done < last else 0
        return tally.result(last, unseen)

    def publish(
        self, content: Mapping[str, Any], note: str, who: Caller, *, based_on: str | None = None
    ) -> PublishedPolicy:
        """Put a draft in force; `based_on` is the version that it was compared with.

        Raises NotPermitted for all but admins, InvalidFields, or Superseded where another version is in force by now.
        """
        if who.role is not Role.ADMIN:
            raise NotPermitted("an admin publishes policies")
        policy = self.check(content)
        version, current = self.in_force()
        if based_on is not None and based_on != version:
            raise Superseded(f"the draft was compared with {based_on}, but {version} is in force; look at it again")
        faults = []
        if not note.strip() or len(note) > self.LONGEST_NOTE or _CONTROL.search(note):
            said = f"say why, in 1 to {self.LONGEST_NOTE:,} characters"
            faults.append(FieldFault("note", said, f"请说明原因（1 至 {self.LONGEST_NOTE:,} 个字符）"))
        if not changes(current, tables(content)):
            faults.append(FieldFault("content", "is the policy in force already", "与现行策略相同"))
        if faults:
            raise InvalidFields(faults)
        now = self._clock.now()
        published = PublishedPolicy(policy.version, tables(content), note.strip(), now, who.actor)
        try:
            self._policies.publish(published)
        except PolicyError as error:
            said = str(error).removeprefix("policy: ")
            raise InvalidFields([FieldFault("content.version", said, "该版本已发布过，请另取版本名")]) from error
        log.info("policy_published", version=policy.version)
        return published
