"""What reading prompts gives, and the one place where it is collected within bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from indexer.signals.metadata.bounds import Bounds, PictureProblem, short

Role = Literal["prompt", "negative_prompt", "note", "model", "lora", "other"]
LabelKind = Literal["aigc", "digital_source_type", "c2pa"]
MAX_CALLS = 2_000
MAX_HASHES = 2_000
MAX_LABELS = 20
MAX_NAME = 512
MAX_LABEL = 2_000
_CALL = re.compile(r"<(?:lora|lyco|locon|loha)\s*:", re.IGNORECASE)
_NUMBER = re.compile(r"\s*[-+]?(?:\d{1,20}\.?\d{0,20}|\.\d{1,20})\s*")
_HASH = re.compile(r"(?:0x|[a-z]+\d*:)?([0-9a-f]{8,128})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PromptString:
    """A string, the place it stood in, such as `png:tEXt:prompt:6.text`, and the part it played in the making."""

    text: str
    source: str
    role: Role


@dataclass(frozen=True, slots=True)
class LoraCall:
    """A LoRA called by `<lora:NAME:0.8>`; `weight` is as written, empty where none is."""

    name: str
    weight: str
    source: str
    negative: bool


@dataclass(frozen=True, slots=True)
class EmbeddedHash:
    """A hash that a tool wrote for a model; lower-case hexadecimal, often shortened, only claimed."""

    of: Literal["model", "lora", "other"]
    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class ProvenanceLabel:
    """A label that tells generated from other pictures: China's AIGC, IPTC's digital source type, a C2PA manifest."""

    kind: LabelKind
    value: str
    source: str


class Findings:
    """Collects within the bounds of one picture, whatever is added."""

    def __init__(self) -> None:
        self.strings: list[PromptString] = []
        self.calls: list[LoraCall] = []
        self.hashes: list[EmbeddedHash] = []
        self.labels: list[ProvenanceLabel] = []
        self.tools: set[str] = set()
        self._bounds = Bounds()

    @property
    def problems(self) -> tuple[PictureProblem, ...]:
        """What did not fit."""
        return self._bounds.problems

    @property
    def full(self) -> bool:
        """Whether nothing more can be kept."""
        return self._bounds.bytes_left == 0

    def problem(self, code: str, source: str) -> None:
        """Note a problem."""
        self._bounds.problem(code, source)

    def add(self, text: str, source: str, role: Role = "other") -> None:
        """Keep a string, and the LoRA calls written in it."""
        kept = self._bounds.cut(text, source)
        if not kept:
            return
        self.strings.append(PromptString(kept, short(source), role))
        for name, weight in lora_calls(kept) if role not in ("lora", "model") else ():
            if len(self.calls) >= MAX_CALLS:
                self.problem("too_many_calls", source)
                break
            self.calls.append(LoraCall(name, weight, short(source), role == "negative_prompt"))
            self.add(name, source, "lora")

    def add_hash(self, of: Role, name: str, value: str, source: str) -> None:
        """Keep a hash if it looks like one."""
        found = _HASH.fullmatch(value.strip()[:256])
        if found is None:
            return
        if len(self.hashes) >= MAX_HASHES:
            self.problem("too_many_hashes", source)
            return
        kind: Literal["model", "lora", "other"] = of if of in ("model", "lora") else "other"
        self.hashes.append(EmbeddedHash(kind, short(name[:MAX_NAME]), found[1].lower(), short(source)))

    def label(self, kind: LabelKind, value: str, source: str) -> None:
        """Keep a provenance label."""
        found = ProvenanceLabel(kind, value[:MAX_LABEL], short(source))
        if len(self.labels) < MAX_LABELS and found not in self.labels:
            self.labels.append(found)


def lora_calls(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and weight of every `<lora:NAME:WEIGHT>`; a name has any characters but `>`, at most 512.

    Numbers and `key=value` behind the name are settings, of which the first number is the weight.
    """
    for opening in _CALL.finditer(text):
        # Bounded: openings that are never closed would otherwise each search the rest of the text.
        end = text.find(">", opening.end(), opening.end() + MAX_NAME)
        if end < 0:
            end = min(opening.end() + MAX_NAME, len(text))
        parts = text[opening.end() : end].split(":")
        weight = ""
        while len(parts) > 1 and (_NUMBER.fullmatch(parts[-1]) or "=" in parts[-1]):
            last = parts.pop().strip()
            weight = weight if "=" in last else last
        name = ":".join(parts).strip()
        if name:
            yield name, weight
