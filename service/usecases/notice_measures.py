"""Measures of a notice: against which uploads, and with what statement of reasons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from indexer.model import Licence
from service.domain.errors import FieldFault, InvalidFields
from service.domain.identity import new_id
from service.domain.measure import Measure, MeasureKind
from service.domain.measure_statement import FOUND, UPLOAD, for_each, measure_statement
from service.domain.notice import Accused, Notice
from service.domain.statement import MOST_FACTS, Concerned
from service.domain.wording import Title, Wording
from service.ports import Clock, ScreeningHistory, SetDirectory, SweptUpload
from service.usecases import record


class MeasureMaker:
    """Chooses uploads, and makes the measures against them."""

    def __init__(self, directory: SetDirectory, history: ScreeningHistory, clock: Clock) -> None:
        self._directory = directory
        self._history = history
        self._clock = clock

    def choose(
        self, notice: Notice, uploads: Sequence[tuple[str, str]] | None
    ) -> tuple[list[Accused], list[tuple[str, str, str]]]:
        """Return the uploads to act against, and those that are left out: platform, name, and why.

        Raises InvalidFields for an upload that the notice is not about.
        """
        by_upload = {item.upload: item for item in notice.accused if item.upload is not None}
        strange = [item for item in uploads or () if item not in by_upload]
        if strange:
            message = f"the notice is not about {strange[0][1]} of {strange[0][0]}"
            raise InvalidFields([FieldFault("uploads", message, f"通知不涉及 {strange[0][0]} 的 {strange[0][1]}")])
        wanted = [by_upload[item] for item in dict.fromkeys(uploads)] if uploads is not None else list(notice.accused)
        chosen: list[Accused] = []
        left_out: list[tuple[str, str, str]] = []
        for item in wanted:
            name = item.external_id or item.url or ""
            if item.screening_id is None:
                left_out.append((item.platform, name, "not_screened_here"))
            elif uploads is None and self.licence(notice, item.platform, item.uploader) is not None:
                left_out.append((item.platform, name, "licensed"))
            else:
                chosen.append(item)
        return chosen, left_out

    def make(
        self,
        notice: Notice,
        chosen: Sequence[Accused],
        kind: MeasureKind,
        who: str,
        *,
        now: datetime,
        written: Wording | None = None,
        swept: Sequence[SweptUpload] = (),
    ) -> list[Measure]:
        """Make the measures, each with its statement of reasons: the usual one, or one written for all of them.

        Facts are those of the sweep, which compared with what is registered now, else those of the screening.
        """
        told = {(item.platform, item.external_id): item.facts for item in swept}
        concerned = self.concerned(notice.reference_sets)
        return [
            Measure(
                id=new_id("msr"),
                kind=kind,
                screening_id=item.screening_id,
                platform=item.platform,
                external_id=item.external_id,
                uploader=item.uploader,
                reference_sets=notice.reference_sets,
                because=notice.because,
                taken=now,
                taken_by=who,
                statement=for_each(written, item.external_id, facts)
                if written is not None
                else measure_statement(kind, notice.because, item.external_id, concerned, facts),
            )
            for item in chosen
            if item.screening_id is not None and item.external_id is not None
            for facts in [told.get((item.platform, item.external_id)) or self._facts(notice, item.screening_id)]
        ]

    def statement(self, notice: Notice, kind: MeasureKind) -> Wording:
        """Return the usual statement, with places for the name of an upload and for what was found about it."""
        concerned = self.concerned(notice.reference_sets)
        return measure_statement(kind, notice.because, UPLOAD, concerned, [Wording(FOUND, FOUND)])

    def licence(self, notice: Notice, platform: str, uploader: str | None, name: str | None = None) -> Licence | None:
        """Return a licence on record, of a set that a notice is about, that covers an uploader today."""
        today = self._clock.now().date()
        for slug in notice.reference_sets:
            item = self._directory.get(slug)
            for licence in item.content.licences if item is not None else ():
                if licence.covers(platform, uploader, today) and name in (None, licence.id):
                    return licence
        return None

    def concerned(self, slugs: Sequence[str]) -> list[Concerned]:
        """Say of sets what a statement tells."""
        found = [item.content for slug in slugs if (item := self._directory.get(slug)) is not None]
        return [Concerned(Title.among(item.title), Title.among(item.work), item.holder) for item in found]

    def _facts(self, notice: Notice, screening_id: str) -> list[Wording]:
        past = self._history.read(screening_id)
        if past is None:
            return []
        telling = [
            item
            for item in record.read(past.record).evidence
            if item.reference_set in notice.reference_sets and not item.weightless
        ]
        return [item.explanation for item in sorted(telling, key=lambda item: item.rate)[:MOST_FACTS]]


def with_swept(notice: Notice, swept: Sequence[SweptUpload]) -> tuple[Accused, ...]:
    """Return the uploads that a notice is about, with those that its sweep found beside them."""
    known = {item.upload for item in notice.accused}
    return (
        *notice.accused,
        *(
            Accused(item.platform, item.external_id, None, "", item.screening_id, item.uploader, named=False)
            for item in swept
            if (item.platform, item.external_id) not in known
        ),
    )
