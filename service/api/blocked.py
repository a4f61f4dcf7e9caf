"""Routes of the registry of blocked LoRAs: what moderators found to infringe, to be known again on any upload."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.datastructures import FormData

from service.api import wire
from service.api.dependencies import Judge, Service
from service.api.files import read_form
from service.api.problems import problems
from service.api.submission import read_blocked
from service.domain.blocked import BlockedLora

router = APIRouter(prefix="/v1", tags=["blocked LoRAs"])

_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["lora_file", "title", "reason"],
                    "properties": {
                        "lora_file": {"type": "string", "format": "binary", "description": "One .safetensors file."},
                        "title": {"type": "string", "description": "What it reproduces, or is called."},
                        "reason": {"type": "string", "description": "Why: a decision, a notice, a judgment."},
                        "reference_set": {"type": "string", "description": "Slug of the set that it reproduces."},
                    },
                }
            }
        },
    }
}


async def form(request: Request, _: Judge) -> AsyncIterator[FormData]:
    """Read the body, after the caller is known; what was spooled to disk is removed afterwards."""
    parts = await read_form(request, 1)
    try:
        yield parts
    finally:
        await parts.close()


@router.post(
    "/blocked-loras",
    status_code=201,
    response_model=wire.BlockedLoraAnswer,
    responses=problems(
        {
            400: "Not multipart.",
            413: "Over a limit of size.",
            422: "Fields are missing or wrong, or the file cannot be known again.",
        }
    ),
    openapi_extra=_FORM,
    summary="Block a LoRA",
)
def block(service: Service, who: Judge, parts: Annotated[FormData, Depends(form)]) -> Any:
    """Block a LoRA file: the same file, its weights behind another header, or resized, is known again from now on."""
    given = read_blocked(parts)
    added = service.blocking.add(
        given.lora.stream,
        given.lora.size,
        name=given.lora.name,
        title=given.title,
        reason=given.reason,
        by=who.actor,
        reference_set=given.reference_set,
        known_sets=service.index.get().sets,
    )
    return _shown(added)


@router.get("/blocked-loras", response_model=wire.BlockedLoraList, responses=problems(), summary="List blocked LoRAs")
def list_blocked(service: Service, _: Judge) -> Any:
    """Give all blocked LoRAs that are in force, newest first."""
    return {"blocked_loras": [_shown(item) for item in service.blocking.list_all()]}


@router.delete(
    "/blocked-loras/{blocked_id}",
    status_code=204,
    response_class=Response,
    responses=problems({404: "No such blocked LoRA is in force."}),
    summary="Let a blocked LoRA pass again",
)
def release(service: Service, who: Judge, blocked_id: Annotated[str, Path(max_length=64)]) -> None:
    """Take a LoRA off the list; that it was on it stays recorded."""
    service.blocking.remove(blocked_id, who.actor)


def _shown(item: BlockedLora) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": item.title,
        "reference_set": item.reference_set,
        "reason": item.reason,
        "added": item.added.isoformat(),
        "added_by": item.added_by,
        "file": {"name": item.signals.name, "sha256": item.signals.sha256, "body_sha256": item.signals.body_sha256},
    }
