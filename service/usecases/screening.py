"""Screening: an upload in, a verdict with its evidence out.

    Screening.screen()   upload -> findings -> collectors -> evidence -> decide() -> case -> answer

Whatever could not be read, matched or collected is listed in `not_screened` and makes the verdict at least review.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import structlog

from indexer.model import AliasHit, ReferenceSet
from service.domain.errors import IdempotencyConflict, NotFound, NothingToScreen, UnsupportedContent
from service.domain.evidence import Evidence
from service.domain.identity import new_id
from service.domain.policy import Policy
from service.domain.upload import Context, NotScreened, Stage, Trust, Upload, Visibility
from service.domain.verdict import Facts, Outcome, decide
from service.ports import (
    BlockedLoras,
    Clock,
    CurrentIndex,
    Finished,
    KeptPicture,
    Policies,
    ScreeningStore,
    StoredScreening,
)
from service.usecases import record
from service.usecases.answer import Screened, answer, unscreened_answer
from service.usecases.collectors import COLLECTORS, Collector
from service.usecases.collectors.examination import Examination
from service.usecases.keeping import Keeping
from service.usecases.opening import SecondLooks, case_of, sets_found, to_open, unscreened_case

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Request:
    """How an upload was asked to be screened: `sha256` of the whole request, and the caller's idempotency key."""

    sha256: str
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How many pictures of an upload are examined, of how many."""

    done: int
    pictures: int


class Screening:
    """Screens uploads against the index and the policy in force."""

    def __init__(
        self,
        index: CurrentIndex,
        policies: Policies,
        store: ScreeningStore,
        blocked: BlockedLoras,
        clock: Clock,
        *,
        keeping: Keeping | None = None,
        second_looks: SecondLooks | None = None,
        time_limit: float = 30.0,
        unhurried_time_limit: float = 600.0,
        collectors: Sequence[tuple[str, Collector]] = COLLECTORS,
    ) -> None:
        """Wire the job; time limits are in seconds per upload, the longer one where nobody waits for the answer.

        Without `keeping` no picture is kept, without `second_looks` none is given.
        """
        self._index = index
        self._policies = policies
        self._store = store
        self._blocked = blocked
        self._clock = clock
        self._keeping = keeping
        self._second_looks = second_looks or SecondLooks()
        self._time_limit = time_limit
        self._unhurried = unhurried_time_limit
        self._progress: dict[str, Progress] = {}
        self._collectors = collectors

    def screen(
        self,
        upload: Upload,
        screening_id: str | None = None,
        *,
        time_limit: float | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Screened:
        """Screen an upload; `progress` is told how many pictures are done.

        Raises NothingToScreen, UnsupportedContent, NotReady or Overloaded.
        """
        started = time.perf_counter()
        policy = self._policies.in_force()
        examination = self._examine(upload, policy, time_limit or self._time_limit, progress)
        evidence, failed = self._collect(examination)
        facts = Facts(tuple(evidence), (*_not_screened(examination), *failed), _sets_of(evidence, examination))
        context = replace(upload.context, pictures=len(examination.findings.pictures))
        verdict = decide(facts, context, policy)
        screened = Screened(
            screening_id or new_id("scr"),
            examination,
            context,
            facts,
            verdict,
            to_open(verdict, self._second_looks, shadow=upload.shadow),
            policy.version,
            (time.perf_counter() - started) * 1000,
        )
        _log(screened)
        return screened

    def answer(self, upload: Upload, request: Request) -> Mapping[str, Any]:
        """Screen and remember; the same idempotency key gives the first answer again.

        Raises IdempotencyConflict when the key came with another request, and what screen() raises.
        """
        earlier = self._earlier(upload.context.platform, request)
        if earlier is not None and earlier.answer is not None:
            return earlier.answer
        # Where it was accepted with `Prefer: respond-async` and is still waiting, the answer is under that id as well.
        screened = self.screen(upload, earlier.id if earlier is not None else None)
        finished = self._finished(screened)
        if earlier is None:
            kept = self._store.add(self._stored(upload, request, screened.id, finished.answer), finished)
            _same_request(kept, request)
            if kept.answer is not None:
                return kept.answer
            earlier, finished = kept, self._finished(replace(screened, id=kept.id))
        return self._store.finish(earlier.id, finished)

    def accept(self, upload: Upload, request: Request) -> tuple[str, bool]:
        """Remember an upload that will be screened later; returns its id, and whether it is new.

        Raises IdempotencyConflict as answer() does.
        """
        earlier = self._earlier(upload.context.platform, request)
        if earlier is not None:
            return earlier.id, False
        _check_content(upload)
        screening_id = new_id("scr")
        kept = self._store.add(self._stored(upload, request, screening_id, None))
        _same_request(kept, request)
        return kept.id, kept.id == screening_id

    def complete(self, upload: Upload, screening_id: str) -> Mapping[str, Any]:
        """Screen what was accepted; an internal failure is remembered as review, never lost."""

        def progress(done: int) -> None:
            self._progress[screening_id] = Progress(done, len(upload.pictures))

        try:
            progress(0)
            screened = self.screen(upload, screening_id, time_limit=self._unhurried, progress=progress)
            finished = self._finished(screened)
        # Nobody waits for this call: whatever happens has to end in an answer that a person will look at.
        except Exception as error:
            log.exception("screening_failed", screening_id=screening_id)
            reason = f"internal_failure: {type(error).__name__}"
            finished = self._unscreened(screening_id, upload.external_id, upload.context, reason, shadow=upload.shadow)
        given = self._store.finish(screening_id, finished)
        self._progress.pop(screening_id, None)
        return given

    def progress(self, screening_id: str) -> Progress | None:
        """Tell how far a screening is that this process works on; None where it does not."""
        return self._progress.get(screening_id)

    def close_interrupted(self, patience: timedelta = timedelta(0)) -> int:
        """Answer review for what was accepted longer ago than `patience` and never screened; returns how many.

        With several processes on one database another may still be working on it: patience is then longer than any
        upload takes. Should one take longer still, its verdict comes too late, and a person has to look.
        """
        latest = self._clock.now() - patience
        waiting = [item for item in self._store.unfinished() if item.created <= latest]
        for item in waiting:
            reason = "interrupted: the service was restarted before this upload was screened; send it again"
            # Nothing is left of it but whose it was; what is not known is taken at its strictest.
            context = Context(
                item.platform, None, Stage.PUBLICATION, Visibility.PUBLIC, False, False, item.created.date()
            )
            self._store.finish(item.id, self._unscreened(item.id, item.external_id, context, reason))
        return len(waiting)

    def find(self, screening_id: str, platform: str | None) -> StoredScreening:
        """Return a screening of a platform, or of any where `platform` is None. Raises NotFound."""
        found = self._store.get(screening_id, platform)
        if found is None:
            raise NotFound(f"there is no screening {screening_id}")
        return found

    def find_all(self, external_id: str, platform: str | None) -> list[StoredScreening]:
        """Return the screenings of one upload, newest first."""
        return self._store.find(platform, external_id=external_id)

    def find_names(self, texts: Sequence[str]) -> tuple[list[list[AliasHit]], str]:
        """Find registered names in each text; returns them and the generation. Raises NotReady."""
        index = self._index.get()
        return index.find_aliases(texts), index.generation

    def _examine(
        self, upload: Upload, policy: Policy, time_limit: float, progress: Callable[[int], None]
    ) -> Examination:
        _check_content(upload)
        index = self._index.get()
        findings = index.examine(upload.pictures, time.monotonic() + time_limit, progress)
        nothing_else = upload.lora is None and not any(text.trust is Trust.DECLARED for text in upload.texts)
        if nothing_else and findings.pictures and all(not item.is_picture for item in findings.pictures):
            raise UnsupportedContent("; ".join(item.problem or "" for item in findings.pictures))
        return Examination(upload, findings, index, policy, self._blocked)

    def _collect(self, examination: Examination) -> tuple[list[Evidence], list[NotScreened]]:
        """Run every collector; one that fails is listed, and the others go on."""
        evidence: list[Evidence] = []
        failed: list[NotScreened] = []
        for name, collect in self._collectors:
            try:
                evidence.extend(collect(examination))
            # A collector may fail in any way; the upload is then not wholly screened, and a person has to look.
            except Exception as error:
                log.exception("collector_failed", collector=name)
                failed.append(NotScreened(f"collector:{name}", f"internal_failure: {type(error).__name__}"))
        return evidence, failed

    def _earlier(self, platform: str, request: Request) -> StoredScreening | None:
        if request.idempotency_key is None:
            return None
        found = self._store.find(platform, idempotency_key=request.idempotency_key)
        if not found:
            return None
        _same_request(found[0], request)
        return found[0]

    def _stored(
        self, upload: Upload, request: Request, screening_id: str, given: Mapping[str, Any] | None
    ) -> StoredScreening:
        return StoredScreening(
            id=screening_id,
            platform=upload.context.platform,
            external_id=upload.external_id,
            created=self._clock.now(),
            request_sha256=request.sha256,
            idempotency_key=request.idempotency_key,
            answer=given,
        )

    def _finished(self, screened: Screened) -> Finished:
        """Gather what a screening leaves behind, and keep its pictures."""
        now = self._clock.now()
        flagged = screened.verdict.outcome is not Outcome.ALLOW or screened.to_open is not None
        pictures: tuple[KeptPicture, ...] = ()
        if self._keeping is not None:
            found = screened.findings.pictures
            pictures = self._keeping.keep(screened.upload.pictures, found, flagged=flagged)
        return Finished(
            at=now,
            answer=answer(screened),
            uploader=screened.context.uploader,
            stage=screened.context.stage.value,
            record=record.write(screened.examination, screened.context, screened.facts),
            pictures=pictures,
            sets=sets_found(screened),
            case=case_of(screened, now),
            lora=screened.upload.lora.signals if screened.upload.lora is not None else None,
        )

    def _unscreened(
        self, screening_id: str, external_id: str, context: Context, reason: str, *, shadow: bool = False
    ) -> Finished:
        now, version = self._clock.now(), self._policies.in_force().version
        case_id = None if shadow else new_id("case")
        case = unscreened_case(case_id, screening_id, external_id, context, now) if case_id is not None else None
        return Finished(
            at=now,
            answer=unscreened_answer(screening_id, external_id, case_id, version, reason, shadow=shadow),
            uploader=context.uploader,
            stage=context.stage.value,
            record=record.write_unscreened(context, [NotScreened("upload", reason)]),
            case=case,
        )


def _check_content(upload: Upload) -> None:
    if not (upload.pictures or upload.texts or upload.lora):
        raise NothingToScreen


def _same_request(stored: StoredScreening, request: Request) -> None:
    if stored.request_sha256 != request.sha256:
        raise IdempotencyConflict(
            f"the idempotency key {request.idempotency_key!r} came with another request before; use a new key"
        )


def _not_screened(examination: Examination) -> list[NotScreened]:
    """List what the upload brought unreadable, and the pictures or parts of them that were not matched."""
    listed = list(examination.upload.not_screened)
    for picture in examination.findings.pictures:
        source = f"image:{picture.name}"
        if picture.problem is not None:
            listed.append(NotScreened(source, picture.problem))
        listed.extend(NotScreened(source, remark) for remark in picture.remarks)
    return listed


def _sets_of(evidence: Sequence[Evidence], examination: Examination) -> Mapping[str, ReferenceSet]:
    slugs = dict.fromkeys(item.reference_set for item in evidence)
    return {slug: examination.index.sets[slug] for slug in slugs if slug is not None}


def _log(screened: Screened) -> None:
    """Log the outcome without a word of what was uploaded."""
    log.info(
        "screened",
        screening_id=screened.id,
        platform=screened.upload.context.platform,
        verdict=screened.verdict.outcome.value,
        grounds=[item.code for item in screened.verdict.grounds],
        pictures=len(screened.findings.pictures),
        not_screened=len(screened.facts.not_screened),
        snapshot=screened.findings.snapshot,
        policy=screened.policy_version,
        total_ms=round(screened.total_ms, 1),
    )
