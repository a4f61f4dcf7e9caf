"""The shapes of exchange with partners over HTTP."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class KeyAnswer(BaseModel):
    """The key that exports are signed with: Ed25519, raw, in base64."""

    key_id: str
    public_key: str


class ExportAnswer(BaseModel):
    """An export: the signature is of the canonical form (RFC 8785) of `document`."""

    document: dict[str, Any]
    key_id: str
    signature: str


class RefusedAnswer(BaseModel):
    """An entry that was not taken in."""

    place: str
    reason: str


class ImportAnswer(BaseModel):
    """What became of an export of a partner."""

    partner: str
    kept: int
    withdrawn: int
    refused: list[RefusedAnswer]


class NewPartnerDocument(_Closed):
    """A partner; its key is Ed25519, raw, in base64."""

    name: str
    public_key: str


class PartnerAnswer(BaseModel):
    """A registered partner."""

    name: str
    key_id: str
    public_key: str
    added: str
    added_by: str
    last_issued: str | None


class PartnerList(BaseModel):
    """Partners by name."""

    partners: list[PartnerAnswer]


class EntryAnswer(BaseModel):
    """What a partner told, with where it comes from."""

    id: str
    kind: str
    reference_set: str
    title: dict[str, str]
    value: dict[str, Any]
    owner: str
    since: str
    because: str
    expires: str
    imported: str


class EntryList(BaseModel):
    """Entries in force."""

    entries: list[EntryAnswer]


class ForwardDocument(_Closed):
    """What partners are to be told of, and why, such as `notice:ntc_1f…`."""

    reference_set: str
    because: str


class ForwardAnswer(BaseModel):
    """The messages that were written."""

    messages: list[str]
