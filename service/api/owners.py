"""Routes of rights owners: for admins."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from service.api import wire_sets
from service.api.bodies import described, read_json
from service.api.dependencies import AdminCaller, Service
from service.api.problems import problems
from service.domain.registration import RightsOwner

router = APIRouter(prefix="/v1", tags=["rights owners"])


async def new_owner(request: Request, _: AdminCaller) -> wire_sets.NewOwnerDocument:
    """Read the body, after the caller is known."""
    return await read_json(request, wire_sets.NewOwnerDocument, place="")


@router.post(
    "/rights-owners",
    status_code=201,
    response_model=wire_sets.OwnerAnswer,
    responses=problems(body=True),
    openapi_extra=described(wire_sets.NewOwnerDocument),
    summary="Register a rights owner",
)
def register(
    service: Service, who: AdminCaller, asked: Annotated[wire_sets.NewOwnerDocument, Depends(new_owner)]
) -> Any:
    """Register a rights owner; accounts and keys are then made for its id."""
    owner = service.registration.register_owner(
        who, asked.name, identity=asked.identity, contact=asked.contact, owner_id=asked.id
    )
    return _shown(owner)


@router.get("/rights-owners", response_model=wire_sets.OwnerList, responses=problems(), summary="List rights owners")
def list_owners(service: Service, who: AdminCaller) -> Any:
    """Give all rights owners, by name."""
    return {"rights_owners": [_shown(owner) for owner in service.registration.owners(who)]}


def _shown(owner: RightsOwner) -> dict[str, Any]:
    return {
        "id": owner.id,
        "name": owner.name,
        "identity": owner.identity,
        "contact": owner.contact,
        "created": owner.created.isoformat(),
    }
