"""Exports on the wire: canonical JSON (RFC 8785) with an Ed25519 signature, and how one of a partner is read.

    {"document": {format, issued, expires, complete, entries}, "key_id": …, "signature": base64}

The signature is of the canonical form of `document`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import rfc8785
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from service.domain.errors import FieldFault, InvalidFields
from service.domain.exchange import FORMAT, MOST_TENSORS, Entry, EntryKind, Provenance
from service.ports import Signer

MOST_ENTRIES = 200_000
_MOST_FAULTS = 20
_Text = Annotated[str, Field(max_length=512, pattern=r"^[^\x00-\x08\x0b-\x1f]*$")]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


_Model = TypeVar("_Model", bound=BaseModel)


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AliasValue(_Closed):
    """A name."""

    text: _Text
    language: Annotated[str, Field(max_length=35)]
    alias_kind: Literal["distinctive", "generic", "series"]


class PdqValue(_Closed):
    """A picture's hash."""

    pdq: _Sha256


class LoraValue(_Closed):
    """A LoRA's hashes."""

    sha256: _Sha256
    body_sha256: _Sha256
    tensors: Annotated[list[_Sha256], Field(max_length=MOST_TENSORS)] = []


class _Provenance(_Closed):
    owner: _Text
    since: AwareDatetime
    because: _Text


class _Entry(_Closed):
    id: Annotated[str, Field(max_length=64)]
    reference_set: Annotated[str, Field(max_length=128, pattern=r"^[\x21-\x7e]+$")]
    title: Annotated[dict[Annotated[str, Field(max_length=35)], _Text], Field(max_length=50)]
    provenance: _Provenance
    expires: AwareDatetime


class _Alias(_Entry):
    kind: Literal[EntryKind.ALIAS]
    value: AliasValue


class _Pdq(_Entry):
    kind: Literal[EntryKind.PDQ]
    value: PdqValue


class _Lora(_Entry):
    kind: Literal[EntryKind.LORA]
    value: LoraValue


class Document(_Closed):
    """What is signed; `complete` where the entries are all there are."""

    format: Literal["lora-screening-exchange/1"]
    issued: AwareDatetime
    expires: AwareDatetime
    complete: bool
    entries: Annotated[
        list[Annotated[_Alias | _Pdq | _Lora, Field(discriminator="kind")]], Field(max_length=MOST_ENTRIES)
    ]

    def read(self) -> list[Entry]:
        """Return the entries."""
        return [
            Entry(
                kind=item.kind,
                reference_set=item.reference_set,
                title=item.title,
                value=item.value.model_dump(),
                provenance=Provenance(item.provenance.owner, item.provenance.since, item.provenance.because),
                expires=item.expires,
            )
            for item in self.entries
        ]


class Envelope(_Closed):
    """A document as it travels."""

    document: dict[str, Any]
    key_id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    signature: Annotated[str, Field(max_length=128)]

    def signature_bytes(self) -> bytes:
        """Return the signature. Raises InvalidFields."""
        try:
            return base64.b64decode(self.signature, validate=True)
        except (binascii.Error, ValueError):
            raise InvalidFields([FieldFault("signature", "this is not base64")]) from None


def canonical(document: Mapping[str, Any]) -> bytes:
    """Write a document in its canonical form (RFC 8785). Raises InvalidFields where it has none."""
    try:
        return rfc8785.dumps(dict(document))
    except (rfc8785.CanonicalizationError, RecursionError) as error:
        raise InvalidFields([FieldFault("document", f"it has no canonical form: {error}")]) from None


def signed(
    entries: list[Entry], signer: Signer, issued: datetime, expires: datetime, *, complete: bool
) -> dict[str, Any]:
    """Write and sign an export."""
    document = {
        "format": FORMAT,
        "issued": issued.isoformat(),
        "expires": expires.isoformat(),
        "complete": complete,
        "entries": [_written(entry) for entry in entries],
    }
    signature = base64.b64encode(signer.sign(canonical(document))).decode()
    return {"document": document, "key_id": signer.key_id(), "signature": signature}


def read_envelope(content: Any) -> Envelope:
    """Read what came from a partner, before its signature is looked at. Raises InvalidFields."""
    return _validated(Envelope, content, "")


def read_document(content: Mapping[str, Any]) -> Document:
    """Read a document whose signature holds. Raises InvalidFields naming each fault's place."""
    return _validated(Document, content, "document.")


def _validated(model: type[_Model], content: Any, before: str) -> _Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)[:_MOST_FAULTS]
        faults = [FieldFault(f"{before}{'.'.join(map(str, item['loc']))}" or "body", item["msg"]) for item in found]
        raise InvalidFields(faults) from None


def _written(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "kind": entry.kind.value,
        "reference_set": entry.reference_set,
        "title": dict(entry.title),
        "value": dict(entry.value),
        "provenance": {
            "owner": entry.provenance.owner,
            "since": entry.provenance.since.isoformat(),
            "because": entry.provenance.because,
        },
        "expires": entry.expires.isoformat(),
    }
