"""Routes of API keys, and of who one is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from service.api import wire_accounts
from service.api.bodies import described, read_json
from service.api.dependencies import AdminCaller, AnyCaller, SentKey, Service
from service.api.problems import problems
from service.domain.account import ApiKey
from service.domain.identity import Role, Scope

router = APIRouter(prefix="/v1", tags=["keys"])


async def new_key(request: Request, _: AdminCaller) -> wire_accounts.NewKey:
    """Read the body, after the caller is known. Raises MalformedRequest, TooLarge or InvalidFields."""
    return await read_json(request, wire_accounts.NewKey)


@router.get("/me", response_model=wire_accounts.Me, responses=problems(), summary="Who am I?")
def me(service: Service, who: AnyCaller, key: SentKey) -> Any:
    """Tell what the key of this request is and may do."""
    limits = service.keys.limits(key or "")
    return {
        "name": who.name,
        "role": who.role,
        "rights_owner": who.owner,
        "scopes": sorted(who.scopes),
        "limits": {"per_minute": limits.per_minute, "per_day": limits.per_day},
    }


@router.post(
    "/keys",
    status_code=201,
    response_model=wire_accounts.MadeKey,
    responses=problems(body=True),
    openapi_extra=described(wire_accounts.NewKey),
    summary="Make a key",
)
def make(service: Service, who: AdminCaller, asked: Annotated[wire_accounts.NewKey, Depends(new_key)]) -> Any:
    """Make an API key; the answer is the only place where it stands."""
    kept, key = service.keys.make(
        asked.label,
        Role(asked.role),
        asked.holder,
        by=who,
        scopes=None if asked.scopes is None else [Scope(scope) for scope in asked.scopes],
        per_minute=asked.per_minute,
        per_day=asked.per_day,
    )
    return {**_shown(kept), "key": key}


@router.get("/keys", response_model=wire_accounts.KeyList, responses=problems(), summary="List keys")
def list_keys(service: Service, who: AdminCaller) -> Any:
    """Give all keys, also those revoked, newest first; never the keys themselves."""
    return {"keys": [_shown(key) for key in service.keys.list_all(who)]}


@router.delete(
    "/keys/{key_id}",
    status_code=204,
    response_class=Response,
    responses=problems({404: "No such key is in force."}),
    summary="Revoke a key",
)
def revoke(service: Service, who: AdminCaller, key_id: Annotated[str, Path(max_length=64)]) -> None:
    """Revoke a key; within two seconds nothing admits it any more."""
    service.keys.revoke(key_id, who)


def _shown(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "label": key.label,
        "role": key.role,
        "holder": key.holder,
        "prefix": key.prefix,
        "scopes": sorted(key.scopes),
        "per_minute": key.per_minute,
        "per_day": key.per_day,
        "created": key.created.isoformat(),
        "created_by": key.created_by,
        "last_used": key.last_used.isoformat() if key.last_used else None,
        "revoked": key.revoked.isoformat() if key.revoked else None,
    }
