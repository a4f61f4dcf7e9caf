"""What a past screening comes to today, with what is registered now: facts of then and of now, and the verdict.

The collectors of live screening run on what was kept: signals of pictures, texts, signals of the LoRA, claimed hashes.
Facts of then about the swept sets count on where the same cannot be measured again from that: geometry, and pictures
inside pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from indexer.model import Findings, LoraSignals, PictureFindings, ReferenceSet
from service.domain.evidence import Evidence
from service.domain.policy import Policy
from service.domain.sweep import SweepHit
from service.domain.upload import HashClaim, Trust, Upload, UploadedLora, UploadText
from service.domain.verdict import Facts, Outcome, decide
from service.ports import BlockedLoras, PastScreening, ReferenceIndex
from service.usecases import record
from service.usecases.answer import shown_evidence, shown_ground
from service.usecases.collectors import agreement, blocked, names, pictures
from service.usecases.collectors.examination import Examination
from service.usecases.record import Judged

_COLLECTORS = (pictures.collect, agreement.collect, names.collect, blocked.collect)
_STRICTNESS = {Outcome.ALLOW: 0, Outcome.REVIEW: 1, Outcome.BLOCK: 2}


class Hindsight:
    """Judges past screenings against one generation, under one policy."""

    def __init__(
        self, index: ReferenceIndex, slugs: Sequence[str], policy: Policy, loras: BlockedLoras, today: date
    ) -> None:
        self._index = index
        self._slugs = frozenset(slugs)
        self._policy = policy
        self._loras = loras
        self._today = today

    def judge(
        self, past: PastScreening, lora: LoraSignals | None, found: Sequence[PictureFindings] | None
    ) -> SweepHit | None:
        """Judge a screening; None where nothing stands against it about the swept sets.

        `found` is what its pictures match now, None where none of them is near. Raises KeyError, TypeError or
        ValueError where its record cannot be read.
        """
        judged = record.read(past.record)
        fresh = self._collected(past, judged, lora, found or ())
        if not fresh and not any(item.reference_set in self._slugs for item in judged.evidence):
            return None
        evidence = self._combined(judged.evidence, fresh, known_lora=lora is not None)
        facts = Facts(evidence, judged.not_screened, self._sets(judged, evidence))
        verdict = decide(facts, replace(judged.context, today=self._today), self._policy)
        grounds = [item for item in verdict.grounds if item.reference_set in self._slugs]
        if not grounds:
            return None
        told = sorted({number for item in grounds for number in item.evidence})
        return SweepHit(
            screening_id=past.id,
            platform=past.platform,
            external_id=past.external_id,
            uploader=past.uploader,
            screened=past.created,
            said=str(past.answer.get("verdict", "")),
            verdict=verdict.outcome,
            asks_for=max((item.outcome for item in grounds), key=_STRICTNESS.__getitem__),
            reference_sets=tuple(dict.fromkeys(item.reference_set for item in grounds if item.reference_set)),
            licence=verdict.licence if any(item.code == "licensed" for item in grounds) else None,
            grounds=tuple(
                shown_ground(replace(item, evidence=tuple(map(told.index, item.evidence))), facts.sets)
                for item in grounds
            ),
            evidence=tuple(shown_evidence(evidence[number]) for number in told),
        )

    def _collected(
        self, past: PastScreening, judged: Judged, lora: LoraSignals | None, found: Sequence[PictureFindings]
    ) -> list[Evidence]:
        part = UploadedLora(lora.name, lora) if lora is not None else None
        upload = Upload(
            past.external_id,
            judged.context,
            texts=tuple(map(_text, past.record["texts"]["items"])),
            lora=part,
            claims=tuple(HashClaim(item["source"], item["value"]) for item in past.record["claims"]),
        )
        findings = Findings(tuple(found), self._index.generation, self._index.model, {})
        examination = Examination(upload, findings, self._index, self._policy, self._loras)
        every = (item for collect in _COLLECTORS for item in collect(examination))
        return [item for item in every if item.reference_set in self._slugs]

    def _combined(
        self, before: Sequence[Evidence], now: Sequence[Evidence], *, known_lora: bool
    ) -> tuple[Evidence, ...]:
        """Put new facts in the place of the same ones of then; facts about references that are gone are dropped."""
        same = {(item.kind, item.source, item.reference_set, item.blocked_lora) for item in now}
        kept = [
            item
            for item in before
            if (item.kind, item.source, item.reference_set, item.blocked_lora) not in same
            and self._holds(item, known_lora=known_lora)
        ]
        return (*kept, *now)

    def _holds(self, item: Evidence, *, known_lora: bool) -> bool:
        if item.reference_set not in self._slugs:
            return True
        if item.blocked_lora is not None:
            # It was looked for again, where its signals were kept: by now it may be released.
            return not known_lora
        if item.reference is None:
            return True
        return any(known.id == item.reference for known in self._index.sets[item.reference_set].references)

    def _sets(self, judged: Judged, evidence: Sequence[Evidence]) -> Mapping[str, ReferenceSet]:
        """Return the sets that facts speak of: as they are now, with today's licences, else as they were then."""
        known = {**judged.facts.sets, **self._index.sets}
        return {slug: known[slug] for slug in dict.fromkeys(item.reference_set for item in evidence) if slug}


def _text(item: Mapping[str, Any]) -> UploadText:
    return UploadText(item["source"], item["text"], Trust(item["trust"]), bool(item["weightless"]), item["share"])
