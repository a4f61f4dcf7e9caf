"""Collectors run by themselves, on one upload against a scripted index and registry."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from indexer.loras import read_signals
from indexer.model import Alias, AliasKind, Findings, LoraSignals, PictureFindings, PictureMaking, ReferenceSet
from indexer.training.example_loras import ExampleLora
from service.domain.blocked import BlockedLora
from service.domain.evidence import Evidence
from service.domain.upload import HashClaim, Upload, UploadedLora
from service.usecases.collectors import Collector
from service.usecases.collectors.examination import Examination
from tests.fakes import FakeBlockedLoras, FakeReferenceIndex
from tests.unit.service.domain.facts import POLICY, context

OWL = ReferenceSet(
    "owl",
    {"en": "Amber Owl", "zh": "琥珀枭"},
    (),
    aliases=(
        Alias("Amber Owl", "en", AliasKind.DISTINCTIVE),
        Alias("Tale of Amber", "en", AliasKind.SERIES),
    ),
)


def signals(lora: ExampleLora, name: str = "new.safetensors") -> LoraSignals:
    """Read an example LoRA as an upload brings it."""
    data = lora.write()
    return read_signals(name, io.BytesIO(data), len(data)).signals


STOLEN = signals(ExampleLora("stolen", metadata=(("ss_output_name", "stolen"),)), "stolen.safetensors")


def blocked(known: LoraSignals = STOLEN, reference_set: str | None = "owl") -> FakeBlockedLoras:
    """Make a registry with one LoRA in it."""
    made = FakeBlockedLoras()
    made.add(
        BlockedLora("blk_1", "Stolen Owl", reference_set, "decision", datetime(2026, 1, 1, tzinfo=UTC), "mo", known)
    )
    return made


def uploaded(
    lora: LoraSignals | None = None,
    *,
    called: Sequence[str] = (),
    claims: Mapping[str, str] | None = None,
    **changes: Any,
) -> Upload:
    """Make an upload with a LoRA."""
    part = UploadedLora("new.safetensors", lora, tuple(called))
    named = tuple(HashClaim(source, value) for source, value in (claims or {}).items())
    return Upload("m-1", context(), lora=part, claims=named, **changes)


def collected(
    collector: Collector,
    upload: Upload,
    *,
    registry: FakeBlockedLoras | None = None,
    makings: Mapping[str, PictureMaking] | None = None,
) -> list[Evidence]:
    """Run one collector; `makings` says what the metadata of each picture tells."""
    pictures = tuple(PictureFindings(name, making=making) for name, making in (makings or {}).items())
    findings = Findings(pictures, "000001", "tiny", {})
    return collector(Examination(upload, findings, FakeReferenceIndex([OWL]), POLICY, registry or FakeBlockedLoras()))
