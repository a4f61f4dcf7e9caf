"""Intake: what a platform sent becomes an Upload, with every string it holds as a text to search.

Known fields come first, but unknown ones are evidence too: platforms send more than any contract names. What cannot be
read is listed, never dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from indexer.errors import LoraError
from indexer.model import PictureFile
from indexer.signals.lora.header import read_lora
from service.domain.errors import UnsupportedContent
from service.domain.upload import Context, NotScreened, Trust, Upload, UploadText

MAX_TEXTS = 5_000
# Fields that the platform fills in by itself: they say nothing about what the uploader made.
# `file` is the name of a part, and is read from there.
_NOT_EVIDENCE = frozenset(
    {"external_id", "stage", "visibility", "uploader", "options", "type", "role", "file", "sha256", "body_sha256"}
)
_WEIGHTLESS = frozenset({"negative_prompt", "negativePrompt", "negative"})


@dataclass(frozen=True, slots=True)
class LoraPart:
    """A LoRA as it arrived: `size` in bytes; `header_only` where the body was left out."""

    name: str
    stream: BinaryIO
    size: int
    header_only: bool = False


@dataclass(frozen=True, slots=True)
class Submission:
    """Everything of one request: the document as it was sent, the files, and parts of unknown names."""

    document: Mapping[str, Any]
    pictures: Sequence[PictureFile] = ()
    lora: LoraPart | None = None
    unknown_parts: Sequence[str] = ()


def intake(submission: Submission, context: Context, max_characters: int) -> Upload:
    """Build the Upload. Raises UnsupportedContent when a LoRA that cannot be read is all there is."""
    texts = list(_texts(submission.document))
    declared = bool(texts)
    texts += [UploadText(f"file_name:{item.name}", item.name, Trust.RESIDUE) for item in submission.pictures]
    not_screened = [
        NotScreened(f"part:{name}", "unsupported_part: this version does not read it")
        for name in submission.unknown_parts
    ]
    if submission.lora is not None:
        lora_texts, problem = _lora(submission.lora)
        texts += lora_texts
        if problem is not None:
            if not declared and not submission.pictures:
                raise UnsupportedContent(problem.reason)
            not_screened.append(problem)
    if len(texts) > MAX_TEXTS:
        reason = f"too_many_texts: only the first {MAX_TEXTS} of {len(texts)} texts were searched"
        not_screened.append(NotScreened("texts", reason))
        texts = texts[:MAX_TEXTS]
    for number, text in enumerate(texts):
        if len(text.text) > max_characters:
            reason = f"text_too_long: only the first {max_characters} of {len(text.text)} characters were searched"
            not_screened.append(NotScreened(text.source, reason))
            texts[number] = replace(text, text=text.text[:max_characters])
    return Upload(
        external_id=str(submission.document["external_id"]),
        context=context,
        pictures=tuple(submission.pictures),
        texts=tuple(texts),
        not_screened=tuple(not_screened),
        shadow=bool(submission.document.get("options", {}).get("shadow", False)),
        has_lora=submission.lora is not None,
    )


def _texts(document: Mapping[str, Any]) -> Iterator[UploadText]:
    """Walk the document without recursion, in order; yield every string, with the place it stands in."""
    stack: list[tuple[str, Any, bool]] = [("", document, False)]
    while stack:
        path, value, weightless = stack.pop()
        if isinstance(value, str):
            if value.strip():
                yield UploadText(path, value, Trust.DECLARED, weightless)
        elif isinstance(value, Mapping):
            stack.extend(
                (f"{path}.{key}" if path else str(key), value[key], weightless or key in _WEIGHTLESS)
                for key in reversed(list(value))
                if key not in _NOT_EVIDENCE
            )
        elif isinstance(value, list):
            stack.extend((f"{path}[{n}]", value[n], weightless) for n in reversed(range(len(value))))


def _lora(part: LoraPart) -> tuple[list[UploadText], NotScreened | None]:
    try:
        read = read_lora(part.stream, part.size, header_only=part.header_only)
    except LoraError as error:
        return [], NotScreened(f"lora:{part.name}", f"{error.code}: {error}")
    texts = [UploadText(f"lora:{item.path}", item.text, Trust.RESIDUE) for item in read.header.texts]
    return [UploadText("lora:file_name", part.name, Trust.RESIDUE), *texts], None
