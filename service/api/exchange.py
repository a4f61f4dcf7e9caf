"""Routes of exchange with partners, and the lookup that clients of hasher-matcher-actioner know.

`GET /m/lookup?signal=…&signal_type=pdq` answers as that service's matching blueprint does: a list of names of banks,
here the slugs of reference sets (facebook/ThreatExchange, hasher-matcher-actioner,
src/OpenMediaMatch/blueprints/matching.py). It takes a key, and its errors are problem+json.
"""

from __future__ import annotations

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AwareDatetime, RootModel

from service.api import wire_exchange as wire
from service.api.bodies import described, read_json
from service.api.dependencies import AdminCaller, AnyCaller, Reader, Service
from service.api.problems import problems
from service.domain.exchange import Partner, PartnerEntry

router = APIRouter(tags=["exchange"])

MAX_EXPORT_BYTES = 32 * 1024 * 1024
Name = Annotated[str, Path(max_length=64)]


class Sent(RootModel[dict[str, Any]]):
    """An export as a partner gave it; the use case reads it."""


async def sent_export(request: Request, _: AdminCaller) -> Sent:
    """Read the body, after the caller is known."""
    return await read_json(request, Sent, place="", most=MAX_EXPORT_BYTES)


async def new_partner(request: Request, _: AdminCaller) -> wire.NewPartnerDocument:
    """Read the body, after the caller is known."""
    return await read_json(request, wire.NewPartnerDocument, place="")


async def to_forward(request: Request, _: AdminCaller) -> wire.ForwardDocument:
    """Read the body, after the caller is known."""
    return await read_json(request, wire.ForwardDocument, place="")


@router.get("/v1/exchange/key", response_model=wire.KeyAnswer, responses=problems(), summary="Read our public key")
def key(service: Service, _: AnyCaller) -> Any:
    """Give the key by which partners know what comes from here."""
    return service.exchange.key()


@router.get("/v1/exchange/export", response_model=wire.ExportAnswer, responses=problems({422: "`since` is no time."}))
def export(service: Service, _: AdminCaller, since: AwareDatetime | None = None) -> Any:
    """Export names, hashes of pictures and hashes of blocked LoRAs, signed; with `since` what changed since then."""
    return service.exchange.export(since)


@router.post(
    "/v1/exchange/import",
    response_model=wire.ImportAnswer,
    responses=problems(body=True),
    openapi_extra=described(wire.ExportAnswer),
    summary="Take in an export of a partner",
)
def take_in(service: Service, who: AdminCaller, sent: Annotated[Sent, Depends(sent_export)]) -> Any:
    """Take in what a registered partner signed. What it tells leads to a review at most, and expires by itself."""
    done = service.exchange.take_in(sent.root, who)
    refused = [{"place": item.place, "reason": item.reason} for item in done.refused]
    return {"partner": done.partner, "kept": done.kept, "withdrawn": done.withdrawn, "refused": refused}


@router.get("/v1/exchange/partners", response_model=wire.PartnerList, responses=problems(), summary="List partners")
def list_partners(service: Service, _: AdminCaller) -> Any:
    """Give the registered partners."""
    return {"partners": [_partner(item) for item in service.exchange.partners()]}


@router.post(
    "/v1/exchange/partners",
    status_code=201,
    response_model=wire.PartnerAnswer,
    responses=problems({409: "A partner of this name or key is registered."}, body=True),
    openapi_extra=described(wire.NewPartnerDocument),
    summary="Register a partner",
)
def add_partner(
    service: Service, who: AdminCaller, asked: Annotated[wire.NewPartnerDocument, Depends(new_partner)]
) -> Any:
    """Register a partner by name and public key; its webhooks are added for `partner:NAME`."""
    return _partner(service.exchange.add_partner(asked.name, asked.public_key, who))


@router.delete(
    "/v1/exchange/partners/{name}",
    status_code=204,
    response_class=Response,
    responses=problems({404: "There is no such partner."}),
    summary="Remove a partner",
)
def remove_partner(service: Service, who: AdminCaller, name: Name) -> None:
    """Remove a partner with all it told."""
    service.exchange.remove_partner(name, who)


@router.get("/v1/exchange/partners/{name}/entries", response_model=wire.EntryList, responses=problems())
def list_entries(service: Service, _: AdminCaller, name: Name) -> Any:
    """Give what a partner told that is in force."""
    return {"entries": [_entry(item) for item in service.exchange.entries(name)]}


@router.delete(
    "/v1/exchange/entries/{entry_id}",
    status_code=204,
    response_class=Response,
    responses=problems({404: "No such entry is in force."}),
    summary="Take a partner's entry out of force",
)
def withdraw(service: Service, who: AdminCaller, entry_id: Annotated[str, Path(max_length=128)]) -> None:
    """Take an entry out of force here, until the partner tells it again."""
    service.exchange.withdraw(entry_id, who)


@router.post(
    "/v1/exchange/forward",
    response_model=wire.ForwardAnswer,
    responses=problems({404: "There is no such reference set."}, body=True),
    openapi_extra=described(wire.ForwardDocument),
    summary="Tell all partners of a reference set",
)
def forward(service: Service, who: AdminCaller, asked: Annotated[wire.ForwardDocument, Depends(to_forward)]) -> Any:
    """Write a message of the type `partner.alert` to each partner, with a signed export of the one set."""
    return {"messages": service.exchange.forward(asked.reference_set, asked.because, who.actor)}


@router.get(
    "/m/lookup",
    response_model=list[str],
    responses=problems({422: "The signal is no PDQ hash."}),
    summary="Look a PDQ hash up",
)
def look_up(
    service: Service,
    _: Reader,
    signal: Annotated[str, Query(max_length=128)] = "",
    signal_type: Annotated[str, Query(max_length=32)] = "",
) -> Any:
    """Give the slugs of the reference sets with a picture within 31 bits, nearest first."""
    return service.exchange.look_up(signal, signal_type)


def _partner(item: Partner) -> dict[str, Any]:
    return {
        "name": item.name,
        "key_id": item.key_id,
        "public_key": base64.b64encode(item.public_key).decode(),
        "added": item.added.isoformat(),
        "added_by": item.added_by,
        "last_issued": item.last_issued.isoformat() if item.last_issued is not None else None,
    }


def _entry(item: PartnerEntry) -> dict[str, Any]:
    entry = item.entry
    return {
        "id": item.id,
        "kind": entry.kind.value,
        "reference_set": entry.reference_set,
        "title": dict(entry.title),
        "value": dict(entry.value),
        "owner": entry.provenance.owner,
        "since": entry.provenance.since.isoformat(),
        "because": entry.provenance.because,
        "expires": entry.expires.isoformat(),
        "imported": item.imported.isoformat(),
    }
