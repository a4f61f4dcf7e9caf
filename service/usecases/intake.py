"""Intake: what a platform sent becomes an Upload, with every string it holds as a text to search.

Known fields come first, but unknown ones are evidence too: platforms send more than any contract names. What cannot be
read is listed, never dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, BinaryIO

from indexer.errors import LoraError
from indexer.loras import FileHasher, read_signals
from indexer.model import PictureSource
from indexer.signals.lora.header import LoraHeader, read_lora
from service.domain.errors import UnsupportedContent
from service.domain.upload import Context, HashClaim, NotScreened, Trust, Upload, UploadedLora, UploadText
from service.usecases.packs import Pack

MAX_CLAIMS = 2_000
_MAX_KEY = 100
_MAX_PATH = 300
MAX_TEXTS = 25_000
"""Tag tables of trainers reach some thousands."""

# Fields that the platform fills in by itself: they say nothing about what the uploader made.
# `file` is the name of a part, and is read from there.
_NOT_EVIDENCE = frozenset({"external_id", "stage", "visibility", "uploader", "options", "type", "role", "file"})
_WEIGHTLESS = frozenset({"negative_prompt", "negativePrompt", "negative"})
_HASHES = frozenset({"sha256", "body_sha256", "autov1", "autov2", "autov3", "hash", "modelsourcehash"})
_HEXADECIMAL = re.compile(r"\s*(?:0x)?[0-9A-Fa-f]{8,128}\s*")
_PREFIX, _SHA256 = 8, 64
_KNOWN_NUMBERS = frozenset({"monetised", "promoted", "shadow"})
_CALLED_BY = frozenset({"name", "trigger", "folder"})


@dataclass(frozen=True, slots=True)
class LoraPart:
    """A LoRA as it arrived: `size` in bytes; `header_only` where the body was left out, `hashed` where it was."""

    name: str
    stream: BinaryIO
    size: int
    header_only: bool = False
    hashed: FileHasher | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """Everything of one request: the document as it was sent, the files, and parts of unknown names.

    `not_sent` are pictures that a platform's own payload names, and that did not come with it; `unreadable` are files
    that came and are not what their part asks for.
    """

    document: Mapping[str, Any]
    pictures: Sequence[PictureSource] = ()
    lora: LoraPart | None = None
    pack: Pack | None = None
    unknown_parts: Sequence[str] = ()
    not_sent: Sequence[str] = ()
    unreadable: Sequence[NotScreened] = ()


@dataclass(frozen=True, slots=True)
class _ReadLora:
    """What a LoRA gave: the header, None where it cannot be read, and what was not screened of it.

    Where it is `damaged`, its header or its body cannot be read.
    """

    uploaded: UploadedLora
    header: LoraHeader | None
    not_screened: list[NotScreened]
    damaged: bool = False


def intake(submission: Submission, context: Context, max_characters: int) -> Upload:
    """Build the Upload. Raises UnsupportedContent when a LoRA that cannot be read is all there is."""
    document = submission.document
    strings = list(_strings(document))
    texts = [UploadText(path, text, Trust.DECLARED, off) for path, key, text, off in strings if not _is_hash(key, text)]
    declared = bool(texts)
    texts += [UploadText(f"file_name:{item.name}", item.name, Trust.RESIDUE) for item in submission.pictures]
    not_screened = [
        NotScreened(f"part:{name}", "unsupported_part: this version does not read it")
        for name in submission.unknown_parts
    ]
    not_screened += [
        NotScreened(f"image:{name}", "not_sent: the payload names this picture, and it did not come with it")
        for name in submission.not_sent
    ]
    not_screened += submission.unreadable
    pictures = list(submission.pictures)
    captions: tuple[str, ...] = ()
    if submission.pack is not None:
        texts += submission.pack.texts
        not_screened += submission.pack.not_screened
        pictures += submission.pack.pictures
        captions = submission.pack.captions
    claims = [HashClaim(path, text) for path, key, text, _ in strings if _is_hash(key, text)]
    lora = _lora(submission.lora, _called(document)) if submission.lora else None
    if lora is not None:
        if lora.damaged and not (declared or pictures):
            raise UnsupportedContent(lora.not_screened[0].reason)
        not_screened += lora.not_screened
        texts += _lora_texts(lora)
    if lora is not None and lora.uploaded.signals is None and not lora.damaged and not _name_the_whole(claims):
        reason = "body_not_sent: name the body_sha256 in model.files, so that it can be looked up among blocked LoRAs"
        not_screened.append(NotScreened(f"lora:{lora.uploaded.name}", reason))
    if lora is not None and lora.header is not None:
        pictures += lora.header.pictures
        own = [HashClaim(f"lora:{item.name}", item.value) for item in lora.header.hashes if item.of == "lora"]
        claims = [*own, *claims]
    texts = _bounded(texts, max_characters, not_screened)
    captions = _cut(captions, max_characters, not_screened)
    if len(claims) > MAX_CLAIMS:
        reason = f"too_many_hashes: only {MAX_CLAIMS} of {len(claims)} claimed hashes were looked up"
        not_screened.append(NotScreened("claims", reason))
    return Upload(
        external_id=str(document["external_id"]),
        context=context,
        pictures=tuple(_distinct(pictures)),
        texts=tuple(texts),
        shadow=bool(document.get("options", {}).get("shadow", False)),
        lora=lora.uploaded if lora else None,
        claims=tuple(claims[:MAX_CLAIMS]),
        not_screened=tuple(not_screened),
        captions=captions,
    )


def _bounded(texts: list[UploadText], max_characters: int, not_screened: list[NotScreened]) -> list[UploadText]:
    """Cut what is too much, and list it."""
    if len(texts) > MAX_TEXTS:
        reason = f"too_many_texts: only the first {MAX_TEXTS} of {len(texts)} texts were searched"
        not_screened.append(NotScreened("texts", reason))
    kept = texts[:MAX_TEXTS]
    for number, text in enumerate(kept):
        if len(text.text) > max_characters:
            reason = f"text_too_long: only the first {max_characters} of {len(text.text)} characters were searched"
            not_screened.append(NotScreened(text.source, reason))
            kept[number] = replace(text, text=text.text[:max_characters])
    return kept


def _cut(captions: Sequence[str], max_characters: int, not_screened: list[NotScreened]) -> tuple[str, ...]:
    """Cut captions that are too long, and list them."""
    too_long = sum(len(caption) > max_characters for caption in captions)
    if too_long:
        reason = f"text_too_long: of {too_long} captions only the first {max_characters} characters were searched"
        not_screened.append(NotScreened("captions", reason))
    return tuple(caption[:max_characters] for caption in captions)


def _strings(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str, bool]]:
    """Walk the document without recursion, in order; yield path, key, string, and whether it weighs nothing.

    A key that stands for a number is a word of a table, such as tags and how often they were counted.
    """
    stack: list[tuple[str, str, Any, bool]] = [("", "", document, False)]
    while stack:
        path, key, value, weightless = stack.pop()
        if isinstance(value, str):
            if value.strip():
                yield path, key, value, weightless
        elif isinstance(value, Mapping):
            for inner, item in reversed(list(value.items())):
                name = str(inner)
                if name in _NOT_EVIDENCE:
                    continue
                if len(name) > _MAX_KEY:
                    yield path, "", name, weightless
                below = f"{path}.{name[:_MAX_KEY]}"[:_MAX_PATH] if path else name[:_MAX_KEY]
                stack.append((below, name[:_MAX_KEY], item, weightless or name in _WEIGHTLESS))
        elif isinstance(value, list):
            stack.extend((f"{path}[{n}]"[:_MAX_PATH], key, value[n], weightless) for n in reversed(range(len(value))))
        elif "." in path and key not in _KNOWN_NUMBERS and not path.endswith("]") and value is not None:
            yield path, "", key, weightless


def _name_the_whole(claims: Sequence[HashClaim]) -> bool:
    """Tell whether a whole hash of a file of the model is among the claims."""
    return any(item.source.startswith("model.files") and len(item.value.strip()) == _SHA256 for item in claims)


def _is_hash(key: str, value: str) -> bool:
    return key.lower() in _HASHES and _HEXADECIMAL.fullmatch(value) is not None


def _called(document: Mapping[str, Any]) -> list[str]:
    """List the words by which the document says that the LoRA is called."""
    model = document.get("model")
    words = model.get("trigger_words") if isinstance(model, Mapping) else None
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []


def _lora(part: LoraPart, called: Sequence[str]) -> _ReadLora:
    source = f"lora:{part.name}"
    uploaded = UploadedLora(part.name)
    try:
        header = read_lora(part.stream, part.size, header_only=True).header
    except LoraError as error:
        return _ReadLora(uploaded, None, [NotScreened(source, f"{error.code}: {error}")], damaged=True)
    not_screened = [NotScreened(source, problem) for problem in header.problems]
    names = [PurePath(part.name).stem, *called]
    names += [item.text for item in header.texts if item.role in _CALLED_BY]
    signals = None
    # Whoever sends a whole file as its header has sent a whole file.
    if not part.header_only or part.size > _PREFIX + header.header_bytes:
        try:
            read = read_signals(part.name, part.stream, part.size, part.hashed, header)
        except LoraError as error:
            damage = NotScreened(source, f"{error.code}: {error}")
            return _ReadLora(uploaded, header, [damage, *not_screened], damaged=True)
        signals = read.signals
        if read.problem is not None:
            not_screened.append(NotScreened(source, read.problem))
    return _ReadLora(UploadedLora(part.name, signals, tuple(dict.fromkeys(names))), header, not_screened)


def _lora_texts(lora: _ReadLora) -> list[UploadText]:
    name = UploadText("lora:file_name", lora.uploaded.name, Trust.RESIDUE)
    if lora.header is None:
        return [name]
    texts = [UploadText(f"lora:{item.path}", item.text, Trust.RESIDUE, share=item.share) for item in lora.header.texts]
    return [name, *texts]


@dataclass(frozen=True, slots=True)
class _Renamed:
    """A picture under another name."""

    name: str
    source: PictureSource

    @property
    def data(self) -> bytes:
        """Read it."""
        return self.source.data


def _distinct(pictures: Sequence[PictureSource]) -> Iterator[PictureSource]:
    """Give each picture a name of its own: facts about two pictures must not pass for facts about one."""
    taken: set[str] = set()
    for picture in pictures:
        name, twin = picture.name, 1
        while name in taken:
            twin += 1
            name = f"{picture.name}#{twin}"
        taken.add(name)
        yield picture if name == picture.name else _Renamed(name, picture)
