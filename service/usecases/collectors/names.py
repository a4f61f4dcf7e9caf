"""Evidence from texts: registered names in what the uploader declared, or left in the file."""

from __future__ import annotations

from indexer.model import AliasHit, AliasKind
from service.domain.evidence import Evidence, EvidenceKind
from service.domain.upload import Trust, UploadText
from service.domain.wording import alias_found
from service.usecases.collectors.examination import Examination

MAX_HITS = 200
"""Most hits reported per upload: a text can repeat a name without end, and says no more by it."""


def collect(examination: Examination) -> list[Evidence]:
    """Report each alias once per place it stands in, up to MAX_HITS. Pictures' metadata was left there by tools."""
    found: dict[tuple[str, str, str, bool], Evidence] = {}
    left = [
        UploadText(f"image:{picture.name}:{item.source}", item.text, Trust.RESIDUE, item.weightless)
        for picture in examination.findings.pictures
        for item in picture.texts
    ]
    for text in (*examination.upload.texts, *left):
        # Of one name in one place the outright reading counts, wherever it stands.
        for hit in sorted(examination.index.find_aliases(text.text), key=lambda hit: hit.indirect):
            weightless = text.weightless or hit.negated
            key = (hit.reference_set, hit.alias.text, text.source, weightless)
            if key not in found and len(found) < MAX_HITS:
                found[key] = _evidence(hit, text, examination, weightless=weightless)
    return list(found.values())


def _evidence(hit: AliasHit, text: UploadText, examination: Examination, *, weightless: bool) -> Evidence:
    written = text.text[hit.start : hit.end]
    title = examination.title(hit.reference_set)
    # A name that is a common word says as much as a generic one: something beside the title of its work.
    kind = AliasKind.GENERIC if hit.needs_series else hit.alias.kind
    return Evidence(
        kind=EvidenceKind.RESIDUE if text.trust is Trust.RESIDUE else EvidenceKind.ALIAS,
        source=text.source,
        reference_set=hit.reference_set,
        trust=text.trust,
        explanation=alias_found(written, text.source, kind.value, title, weightless=weightless, view=hit.view),
        text=written,
        alias_kind=kind,
        weightless=weightless,
        indirect=hit.indirect,
    )
