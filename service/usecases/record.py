"""The record of a screening: JSON that replays its verdict, and that shows a person what was found where.

`write` keeps every fact and every circumstance that decide() weighs, so that `replay` gives the same verdict under the
same policy, and tells what another policy would have said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from indexer.model import Fame, Licence, PictureFindings, ReferenceSet
from service.domain.evidence import Evidence
from service.domain.policy import Policy
from service.domain.upload import Context, NotScreened, UploadedLora, UploadText
from service.domain.verdict import Facts, Verdict, decide
from service.usecases.collectors.examination import Examination

MAX_TEXTS = 200
MAX_CHARACTERS = 2_000
MAX_BYTES = 64 * 1024
_MAX_NAME = 300
_MAX_CLAIMS = 100
_MAX_MAKINGS = 64
_MAX_LISTED = 20
_HALF_PAIR = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class KnownSet:
    """What a verdict and its statement need of a reference set, as it was then."""

    slug: str
    title: Mapping[str, str]
    work: Mapping[str, str]
    fame: Fame
    holder: str
    licences: tuple[Licence, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What decide() was given."""

    context: Context
    evidence: tuple[Evidence, ...] = ()
    not_screened: tuple[NotScreened, ...] = ()
    sets: tuple[KnownSet, ...] = ()

    @property
    def facts(self) -> Facts:
        """The facts in the form that decide() takes."""
        sets = {
            item.slug: ReferenceSet(
                item.slug, item.title, (), item.work, item.fame, item.holder, licences=item.licences
            )
            for item in self.sets
        }
        return Facts(self.evidence, self.not_screened, sets)


_JUDGED: TypeAdapter[Judged] = TypeAdapter(Judged)


def write(examination: Examination, context: Context, facts: Facts) -> Mapping[str, Any]:
    """Write what a screening rests on as JSON values; `context` is the one that decide() was given.

    Of the texts those in which something was found come first: at most MAX_TEXTS, MAX_CHARACTERS around the find of
    each, and MAX_BYTES in all; `left_out` counts the others.
    """
    upload, pictures = examination.upload, examination.findings.pictures
    known = tuple(
        KnownSet(item.slug, item.title, item.work, item.fame, item.holder, item.licences)
        for item in facts.sets.values()
    )
    record = _empty(Judged(context, facts.evidence, facts.not_screened, known))
    record["texts"] = _texts((*upload.texts, *examination.told), facts.evidence)
    record["lora"] = _lora(upload.lora) if upload.lora is not None else None
    record["claims"] = [
        {"source": item.source[:_MAX_NAME], "value": item.value[:_MAX_NAME]} for item in upload.claims[:_MAX_CLAIMS]
    ]
    record["makings"] = list(_makings(pictures))[:_MAX_MAKINGS]
    cleaned: Mapping[str, Any] = _whole(record)
    return cleaned


def write_unscreened(context: Context, not_screened: Sequence[NotScreened]) -> Mapping[str, Any]:
    """Write the record of an upload that could not be screened at all."""
    return _empty(Judged(context, (), tuple(not_screened)))


def read(record: Mapping[str, Any]) -> Judged:
    """Read what decide() was given."""
    return _JUDGED.validate_python(record["judged"])


def replay(record: Mapping[str, Any], policy: Policy) -> Verdict:
    """Judge what was screened before, under any policy."""
    judged = read(record)
    return decide(judged.facts, judged.context, policy)


def _empty(judged: Judged) -> dict[str, Any]:
    return {
        "judged": _JUDGED.dump_python(judged, mode="json"),
        "texts": {"items": [], "left_out": 0},
        "lora": None,
        "claims": [],
        "makings": [],
    }


def _texts(texts: Iterable[UploadText], evidence: Sequence[Evidence]) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for fact in evidence:
        if fact.text:
            found.setdefault(fact.source, []).append(fact.text)
    every = list(texts)
    places = [_place(text, found.get(text.source, ())) for text in every]
    order = sorted(range(len(every)), key=lambda number: places[number] is None)
    items: list[dict[str, Any]] = []
    room = MAX_BYTES
    for number in order[:MAX_TEXTS]:
        item = _text(every[number], places[number])
        room -= len((item["source"] + item["text"]).encode("utf-8", "replace"))
        if room < 0:
            break
        items.append(item)
    return {"items": items, "left_out": len(every) - len(items)}


def _place(text: UploadText, found: Iterable[str]) -> int | None:
    """Return where in a text the first find stands, or None."""
    places = (text.text.find(words) for words in found)
    return min((place for place in places if place >= 0), default=None)


def _text(text: UploadText, place: int | None) -> dict[str, Any]:
    start = max(0, min((place or 0) - MAX_CHARACTERS // 2, len(text.text) - MAX_CHARACTERS))
    return {
        "source": text.source[:_MAX_NAME],
        "text": text.text[start : start + MAX_CHARACTERS],
        "start": start,
        "characters": len(text.text),
        "found": place is not None,
        "trust": text.trust.value,
        "weightless": text.weightless,
        "share": text.share,
    }


def _lora(lora: UploadedLora) -> dict[str, Any]:
    signals = lora.signals
    return {
        "name": lora.name[:_MAX_NAME],
        "sha256": signals.sha256 if signals else None,
        "body_sha256": signals.body_sha256 if signals else None,
    }


def _makings(pictures: Iterable[PictureFindings]) -> Iterator[dict[str, Any]]:
    """Say what pictures' metadata claims of their making, where it says anything; prompts are among the texts."""
    for picture in pictures:
        making = picture.making
        if making.tool or making.loras or making.labels:
            yield {
                "picture": picture.name[:_MAX_NAME],
                "tool": making.tool[:_MAX_NAME] if making.tool else None,
                "loras": [name[:_MAX_NAME] for name in making.loras[:_MAX_LISTED]],
                "labels": [[part[:_MAX_NAME] for part in label] for label in making.labels[:_MAX_LISTED]],
            }


def _whole(value: Any) -> Any:
    """Replace halves of surrogate pairs, which no encoding can write; nesting is that of the record itself."""
    if isinstance(value, str):
        return _HALF_PAIR.sub("\ufffd", value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value
