"""Evidence from texts: registered names in what the uploader declared, or left in the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from indexer.model import AliasHit, AliasKind
from service.domain.evidence import Evidence, EvidenceKind
from service.domain.upload import Trust, UploadText
from service.domain.wording import alias_found
from service.usecases.collectors.examination import Examination

MAX_HITS = 50
"""Most hits reported of one reference set that weigh alike: a text can repeat a name without end and says no more."""

STRONG_SHARE = 0.5
"""A name on half of the training pictures is what the LoRA is about."""

WEAK_SHARE = 0.1
"""Taggers put a wrong character on 1 or 2 of 46 pictures: on under a tenth a name is reported and weighs nothing."""


def collect(examination: Examination) -> list[Evidence]:
    """Report each alias once per place it stands in, up to MAX_HITS of each weight for each reference set.

    What weighs nothing never crowds out what does, nor do the names of one character those of another.
    """
    found: dict[tuple[str, str, str, bool], Evidence] = {}
    counts: Counter[tuple[str, bool, bool, AliasKind]] = Counter()
    for text, hit in (*_in_texts(examination), *_in_captions(examination)):
        weightless = text.weightless or hit.negated or (text.share is not None and text.share < WEAK_SHARE)
        key = (hit.reference_set, hit.alias.text, text.source, weightless)
        if key in found:
            continue
        made = _evidence(hit, text, examination, weightless=weightless)
        weight = (hit.reference_set, weightless, made.indirect, made.alias_kind or hit.alias.kind)
        counts[weight] += 1
        if counts[weight] <= MAX_HITS:
            found[key] = made
    return list(found.values())


def _in_texts(examination: Examination) -> Iterator[tuple[UploadText, AliasHit]]:
    """Search all texts; of one name in one place the outright reading counts, wherever it stands."""
    texts = (*examination.upload.texts, *examination.told)
    for text, hits in zip(texts, examination.index.find_aliases([item.text for item in texts]), strict=True):
        for hit in _outright_first(hits):
            yield text, hit


def _in_captions(examination: Examination) -> Iterator[tuple[UploadText, AliasHit]]:
    """Search the captions of training pictures; a name's share is that of the captions in which it stands."""
    captions = examination.upload.captions
    first: dict[tuple[str, str], tuple[UploadText, AliasHit]] = {}
    counts: dict[tuple[str, str], int] = {}
    for caption, hits in zip(captions, examination.index.find_aliases(captions), strict=True):
        seen: set[tuple[str, str]] = set()
        for hit in _outright_first(hits):
            name = (hit.reference_set, hit.alias.text)
            if not hit.negated and name not in seen:
                seen.add(name)
                counts[name] = counts.get(name, 0) + 1
                known = first.get(name)
                if known is None or _outright_first([known[1], hit])[0] is not known[1]:
                    first[name] = (UploadText("captions", caption, Trust.RESIDUE), hit)
    for name, (text, hit) in first.items():
        yield replace(text, share=counts[name] / len(captions)), hit


def _outright_first(hits: Iterable[AliasHit]) -> list[AliasHit]:
    return sorted(hits, key=lambda hit: (hit.indirect, hit.needs_series))


def _evidence(hit: AliasHit, text: UploadText, examination: Examination, *, weightless: bool) -> Evidence:
    written = text.text[hit.start : hit.end]
    title = examination.title(hit.reference_set)
    # A name that is a common word says as much as a generic one: something beside the title of its work.
    kind = AliasKind.GENERIC if hit.needs_series else hit.alias.kind
    weak = text.share is not None and text.share < STRONG_SHARE
    return Evidence(
        kind=EvidenceKind.RESIDUE if text.trust is Trust.RESIDUE else EvidenceKind.ALIAS,
        source=text.source,
        reference_set=hit.reference_set,
        trust=text.trust,
        explanation=alias_found(
            written, text.source, kind.value, title, weightless=weightless, view=hit.view, share=text.share
        ),
        text=written,
        alias_kind=kind,
        weightless=weightless,
        indirect=hit.indirect or weak,
    )
