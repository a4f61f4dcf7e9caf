"""Reading a multipart upload: parts into a Submission, with every fault named by its place."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile

from service.api.errors import location
from service.api.files import MAX_DOCUMENT_BYTES, SentPicture, hashed_file
from service.api.wire import UploadDocument
from service.domain.errors import (
    FieldFault,
    InvalidFields,
    MalformedRequest,
    NothingToScreen,
    TooLarge,
    UnsupportedContent,
)
from service.domain.upload import Context, NotScreened, Stage, Visibility
from service.usecases.intake import LoraPart, Submission
from service.usecases.packs import Pack, PackLimits, read_pack
from service.usecases.payloads import PayloadFormat, Translated, to_document

_KNOWN_PARTS = frozenset({"upload", "context", "format", "images", "image_pack", "lora_file", "lora_header"})
Model = TypeVar("Model", bound=BaseModel)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")
_HALF_PAIR = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ToBlock:
    """A LoRA to block, with what is to be known of it."""

    lora: LoraPart
    title: str
    reason: str
    reference_set: str | None


@dataclass(frozen=True, slots=True)
class Read:
    """A request as it was read; `sha256` is the same for the same content, whatever the multipart boundary."""

    submission: Submission
    document: UploadDocument
    sha256: str


def read_submission(form: FormData, max_pictures: int, pack_limits: PackLimits, payload: PayloadFormat) -> Read:
    """Validate the parts; `payload` is the format of `upload` where no part `format` names another.

    Raises MalformedRequest, InvalidFields, NothingToScreen, UnsupportedContent or TooLarge.
    """
    digest = hashlib.sha256()
    pictures = _pictures(form, max_pictures, digest)
    translated = _translated(form, payload, [picture.name for picture in pictures])
    content = translated.document
    document = validate(content)
    digest.update(json.dumps([content, translated.not_sent], sort_keys=True).encode())
    _check_entries(document, pictures)
    lora = _lora(form, digest)
    unreadable: list[NotScreened] = []
    try:
        pack = _pack(form, digest, pack_limits)
    except UnsupportedContent as error:
        if not (pictures or lora or has_text(document)):
            raise
        pack = None
        unreadable.append(NotScreened("image_pack", f"{error.code}: {error}"))
    if not pictures and lora is None and pack is None and not has_text(document):
        raise NothingToScreen
    unknown = sorted({name for name, _ in form.multi_items()} - _KNOWN_PARTS)
    digest.update("\0".join(unknown).encode())
    submission = Submission(
        content,
        pictures,
        lora=lora,
        pack=pack,
        unknown_parts=unknown,
        not_sent=translated.not_sent,
        unreadable=unreadable,
    )
    return Read(submission, document, digest.hexdigest())


def _translated(form: FormData, payload: PayloadFormat, sent: list[str]) -> Translated:
    """Read the part `upload` in whichever format, with what the part `context` adds."""
    named = form.get("format")
    if named is not None:
        formats = [item.value for item in PayloadFormat]
        if named not in formats:
            raise InvalidFields([FieldFault("format", f"must be one of {', '.join(formats)}")])
        payload = PayloadFormat(str(named))
    added = form.get("context")
    context = added.file.read(MAX_DOCUMENT_BYTES) if isinstance(added, UploadFile) else added
    extra = parse_json(context, "the part `context`") if context else {}
    text = _document_text(form)
    raw = text if payload is PayloadFormat.HUGGINGFACE else parse_json(text)
    return to_document(raw, payload, extra, sent)


def read_blocked(form: FormData) -> ToBlock:
    """Read a LoRA to block. Raises InvalidFields with each fault's place."""
    part = form.get("lora_file")
    fields = {name: form.get(name) for name in ("title", "reason", "reference_set")}
    texts = {name: value.strip() for name, value in fields.items() if isinstance(value, str)}
    faults = [
        FieldFault(name, f"give 1 to {most} characters without control characters")
        for name, most, needed in (("title", 512, True), ("reason", 4000, True), ("reference_set", 128, False))
        if (needed and not texts.get(name)) or len(texts.get(name, "")) > most or _CONTROL.search(texts.get(name, ""))
    ]
    if not isinstance(part, UploadFile):
        faults.append(FieldFault("lora_file", "send one .safetensors file"))
    if faults or not isinstance(part, UploadFile):
        raise InvalidFields(faults)
    lora = LoraPart(part.filename or "lora_file", part.file, part.size or 0)
    return ToBlock(lora, texts["title"], texts["reason"], texts.get("reference_set") or None)


def parse_json(raw: str | bytes, what: str = "the part `upload`") -> dict[str, Any]:
    """Parse a JSON object; halves of surrogate pairs are replaced, as no answer could hold them.

    Raises MalformedRequest, which names the text by `what`.
    """

    def refuse(name: str) -> float:
        raise ValueError(f"{name} is not JSON")

    try:
        content = json.loads(raw, parse_constant=refuse)
        text = json.dumps(content, ensure_ascii=False)
        if _HALF_PAIR.search(text):
            content = json.loads(_HALF_PAIR.sub("\ufffd", text))
    except (ValueError, RecursionError) as error:
        raise MalformedRequest(f"{what} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise MalformedRequest(f"{what} must be a JSON object")
    return content


def validate(content: Mapping[str, Any]) -> UploadDocument:
    """Check the fields of an upload document. Raises InvalidFields with each fault's place."""
    return validate_as(UploadDocument, content, "upload")


def validate_as(model: type[Model], content: Mapping[str, Any], root: str) -> Model:
    """Check fields against a wire model. Raises InvalidFields with each fault's place below `root`."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = [FieldFault(location((root, *item["loc"])), item["msg"]) for item in error.errors()]
        raise InvalidFields(faults) from error


def context_of(document: UploadDocument, platform: str, now: datetime) -> Context:
    """Take the circumstances that the policy weighs."""
    return Context(
        platform=platform,
        uploader=document.uploader.id,
        stage=Stage(document.stage),
        visibility=Visibility(document.visibility),
        monetised=document.commercial.monetised,
        promoted=document.commercial.promoted,
        today=now.date(),
    )


def has_text(document: UploadDocument) -> bool:
    """Tell whether the document names the model in any way."""
    model = document.model
    named = (model.name, model.description, *model.alt_names, *model.tags, *model.trigger_words)
    return any(text.strip() for text in named) or bool(document.model_extra or model.model_extra)


def _document_text(form: FormData) -> str | bytes:
    parts = form.getlist("upload")
    if len(parts) != 1:
        raise InvalidFields([FieldFault("upload", "the part is missing" if not parts else "send this part once")])
    part = parts[0]
    if isinstance(part, UploadFile):
        data = part.file.read(MAX_DOCUMENT_BYTES + 1)
        if len(data) > MAX_DOCUMENT_BYTES:
            raise TooLarge(f"the part `upload` is larger than {MAX_DOCUMENT_BYTES} bytes")
        return data
    return part


def _pictures(form: FormData, max_pictures: int, digest: Any) -> list[SentPicture]:
    pictures: dict[str, SentPicture] = {}
    for number, part in enumerate(form.getlist("images"), start=1):
        if not isinstance(part, UploadFile):
            raise InvalidFields([FieldFault("images", "must be files")])
        name = given = part.filename or f"image-{number}"
        twin = 1
        while name in pictures:
            twin += 1
            name = f"{given}#{twin}"
        digest.update(f"{name}\0{hashed_file(part).hashed.sha256}\0".encode())
        pictures[name] = SentPicture(name, hashed_file(part))
    if len(pictures) > max_pictures:
        raise TooLarge(f"{len(pictures)} pictures, at most {max_pictures} a request")
    return list(pictures.values())


def _check_entries(document: UploadDocument, pictures: list[SentPicture]) -> None:
    names = {picture.name for picture in pictures}
    faults = [
        FieldFault(f"upload.images[{number}].file", f"no part `images` has the file name {entry.file!r}")
        for number, entry in enumerate(document.images)
        if entry.file not in names
    ]
    if faults:
        raise InvalidFields(faults)


def _lora(form: FormData, digest: Any) -> LoraPart | None:
    given = [(name, part) for name in ("lora_file", "lora_header") for part in form.getlist(name)]
    if not given:
        return None
    if len(given) > 1:
        raise InvalidFields([FieldFault("lora_file", "send one LoRA: either lora_file or lora_header, once")])
    name, part = given[0]
    if not isinstance(part, UploadFile):
        raise InvalidFields([FieldFault(name, "must be a file")])
    hashed = hashed_file(part).hashed
    digest.update(f"{name}\0{part.filename}\0{hashed.sha256}\0".encode())
    return LoraPart(part.filename or name, part.file, part.size or 0, name == "lora_header", hashed)


def _pack(form: FormData, digest: Any, limits: PackLimits) -> Pack | None:
    parts = form.getlist("image_pack")
    if not parts:
        return None
    if len(parts) > 1 or not isinstance(parts[0], UploadFile):
        raise InvalidFields([FieldFault("image_pack", "send one .zip file")])
    digest.update(f"image_pack\0{hashed_file(parts[0]).hashed.sha256}\0".encode())
    return read_pack(parts[0].file, limits)
