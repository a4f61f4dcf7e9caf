"""Evidence from what does not fit together, or what pictures say of their making. It accuses nobody by itself."""

from __future__ import annotations

from collections.abc import Iterator

from indexer.model import PictureFindings
from service.domain.evidence import Evidence, EvidenceKind
from service.domain.upload import Trust, UploadedLora
from service.domain.wording import consistency
from service.usecases.collectors.examination import Examination

_SHORTEST = 3
_SHA256 = 64
_AUTOV2 = 10


def collect(examination: Examination) -> list[Evidence]:
    """Report pictures that may be decoys, hashes that are not those of the file, labels of generated pictures."""
    found = [
        *_decoys(examination),
        *_other_file(examination),
        *_labelled(examination),
    ]
    return [
        Evidence(EvidenceKind.CONSISTENCY, source, None, Trust.CLAIMED, consistency(code, count), text=code)
        for code, source, count in found
    ]


_Found = tuple[str, str, int]


def _decoys(examination: Examination) -> Iterator[_Found]:
    """Say so when pictures carry prompts, and none of these calls the LoRA.

    Pictures without a prompt say nothing, and one prompt that calls it is enough: covers are often made otherwise.
    """
    lora = examination.upload.lora
    if lora is None:
        return
    called = [name for name in map(_plain, lora.called) if len(name) >= _SHORTEST]
    telling = [item for item in examination.findings.pictures if item.making.prompts or item.making.loras]
    prompts = [text.text for text in examination.upload.texts if text.source.endswith(".prompt")]
    if (called or lora.signals) and telling and not any(_calls(item, called, lora) for item in telling):
        if any(name in _plain(prompt) for prompt in prompts for name in called):
            return
        yield "samples_may_not_show_this_lora", "images", len(telling)


def _calls(picture: PictureFindings, called: list[str], lora: UploadedLora) -> bool:
    making = picture.making
    texts = [_plain(text) for text in (*making.prompts, *making.loras)]
    if any(name in text for text in texts for name in called):
        return True
    if lora.signals is None:
        return False
    own = (lora.signals.sha256, lora.signals.body_sha256)
    return any(len(item) >= _AUTOV2 and value.startswith(item) for item in making.hashes for value in own)


def _plain(text: str) -> str:
    """Compare names as people type them: without case, separators and the weight of a call."""
    return "".join(char for char in text.casefold() if char.isalnum())


def _other_file(examination: Examination) -> Iterator[_Found]:
    lora = examination.upload.lora
    if lora is None or lora.signals is None:
        return
    own = {lora.signals.sha256, lora.signals.body_sha256}
    declared = [
        claim.value.strip().lower()
        for claim in examination.upload.claims
        if claim.source.startswith("model.files") and len(claim.value.strip()) == _SHA256
    ]
    if declared and not own & set(declared):
        yield "declared_hash_differs", "model.files", len(declared)


def _says_generated(label: tuple[str, str]) -> bool:
    """Tell labels of generated pictures from those of others (IPTC's `trainedAlgorithmicMedia` and its like)."""
    kind, value = label
    return kind == "aigc" or (kind == "digital_source_type" and "algorithmic" in value.casefold())


def _labelled(examination: Examination) -> Iterator[_Found]:
    count = sum(any(map(_says_generated, item.making.labels)) for item in examination.findings.pictures)
    if count:
        yield "labelled_as_generated", "images", count
