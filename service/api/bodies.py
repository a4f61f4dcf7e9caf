"""Reading JSON bodies, after the caller is known, and never more of one than a document can have."""

from __future__ import annotations

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel

from service.api.files import MAX_DOCUMENT_BYTES
from service.api.submission import parse_json, validate_as
from service.domain.errors import TooLarge

Model = TypeVar("Model", bound=BaseModel)


async def read_json(
    request: Request,
    model: type[Model],
    *,
    listed_as: str | None = None,
    place: str = "body",
    optional: bool = False,
    most: int = MAX_DOCUMENT_BYTES,
) -> Model:
    """Read a body of at most `most` bytes as a wire model; where it is `optional`, nothing stands for {}.

    A bare list stands for the field `listed_as`, where one is named; faults are told as `<place>.<field>`. Raises
    MalformedRequest, TooLarge or InvalidFields.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise TooLarge(f"the body is larger than {most:,} bytes")
    raw = bytes(body).strip() or (b"{}" if optional else b"")
    if listed_as is not None and raw.startswith(b"["):
        raw = b'{"%s":%s}' % (listed_as.encode(), raw)
    return validate_as(model, parse_json(raw, "the body"), place)


def described(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """Describe such a body in the OpenAPI document."""
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": required, "content": content}}
