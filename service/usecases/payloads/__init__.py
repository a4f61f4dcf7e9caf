"""Platforms' own payloads: what a platform holds of a model anyway, read as an upload document.

1. The reader of the platform takes what has a native field: names, tags, trigger words, files, descriptions.
2. The pictures it names are matched with the parts that were sent; the others are returned, and listed as not screened.
3. Fields that a payload has no place for (`ADDED`) come from the platform in our own words, and win.
4. Whatever is left goes under `payload`, as it stood: all its strings are searched, each with its place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from service.domain.errors import FieldFault, InvalidFields, MalformedRequest
from service.usecases.payloads.civitai import read_civitai
from service.usecases.payloads.fields import Reading
from service.usecases.payloads.huggingface import read_huggingface
from service.usecases.payloads.leftovers import searchable
from service.usecases.payloads.liblib import read_liblib
from service.usecases.payloads.pictures import Pictures

ADDED = frozenset({"external_id", "stage", "visibility", "commercial", "uploader", "options"})
"""The native fields that a platform may add to its payload."""


class PayloadFormat(StrEnum):
    """Whose words the part `upload` is written in."""

    NATIVE = "native"
    CIVITAI = "civitai"
    HUGGINGFACE = "huggingface"
    LIBLIB = "liblib"


@dataclass(frozen=True, slots=True)
class Translated:
    """A native upload document, and the addresses of the pictures that its payload names and that were not sent."""

    document: dict[str, Any]
    not_sent: tuple[str, ...] = ()


def to_document(
    raw: Mapping[str, Any] | str | bytes, payload: PayloadFormat, extra: Mapping[str, Any], sent: Collection[str]
) -> Translated:
    """Write a payload as a native upload document; `sent` are the names of the picture parts.

    `raw` is the text of a Hugging Face card, and the parsed object of any other. `raw` and `extra` are not changed, and
    not checked where they are native: the document still has to be validated.
    Raises MalformedRequest, InvalidFields or TooLarge.
    """
    faults = [FieldFault(str(name), "is no field to add to a payload") for name in extra if name not in ADDED]
    if faults:
        raise InvalidFields(faults)
    if payload is PayloadFormat.NATIVE:
        return Translated({**_mapping(raw), **extra})
    pictures = Pictures(sent)
    reading = _read(raw, payload, pictures, extra.get("external_id"))
    if reading.external_id is None and "external_id" not in extra:
        told = "the payload has no id of its own: add your id of the model"
        raise InvalidFields([FieldFault("external_id", told)])
    known = {"external_id": reading.external_id, **extra, "model": reading.model.document(), "images": pictures.entries}
    return Translated({**known, **searchable(reading.left)}, pictures.not_sent)


def _read(
    raw: Mapping[str, Any] | str | bytes, payload: PayloadFormat, pictures: Pictures, external_id: Any
) -> Reading:
    if payload is PayloadFormat.HUGGINGFACE:
        if isinstance(raw, Mapping):
            raise MalformedRequest("the part `upload` must be a model card: Markdown with front matter")
        return read_huggingface(raw, pictures, external_id)
    reader = read_civitai if payload is PayloadFormat.CIVITAI else read_liblib
    return reader(_mapping(raw), pictures)


def _mapping(raw: Any) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise MalformedRequest("the part `upload` must be a JSON object")
    return raw
