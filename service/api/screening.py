"""Routes of screening."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import FormData

from service.api import wire, wire_cases
from service.api.bodies import described, read_json
from service.api.cases import shown_decision
from service.api.dependencies import PlatformCaller, Reader, Service
from service.api.files import close_files, read_form
from service.api.problems import problems
from service.api.submission import context_of, read_submission
from service.bootstrap import Wired
from service.ports import StoredScreening
from service.settings import Settings
from service.usecases import screening
from service.usecases.intake import intake
from service.usecases.packs import PackLimits
from service.usecases.payloads import PayloadFormat

router = APIRouter(prefix="/v1", tags=["screening"])

_TOLD = {
    400: "Not multipart, or `upload` is not JSON.",
    409: "The idempotency key came with another request before.",
    413: "Over a limit of size or number.",
    415: "The only content is neither a picture nor a safetensors file.",
    422: "Fields are missing or wrong.",
    503: "Too much is waiting, no index is loaded, or an internal failure: try again after `Retry-After`.",
}
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["upload"],
                    "properties": {
                        "upload": {"type": "string", "description": "The upload document, as JSON."},
                        "images": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "lora_file": {"type": "string", "format": "binary", "description": "One .safetensors file."},
                        "format": {"type": "string", "description": "civitai, huggingface or liblib; as in the query."},
                        "context": {
                            "type": "string",
                            "description": "With `format`: external_id, stage, visibility, commercial, uploader and"
                            " options, as JSON.",
                        },
                        "image_pack": {
                            "type": "string",
                            "format": "binary",
                            "description": "One .zip of training pictures, with their captions.",
                        },
                        "lora_header": {
                            "type": "string",
                            "format": "binary",
                            "description": "Instead of lora_file: its first 8 + N bytes.",
                        },
                    },
                },
                "example": {
                    "upload": '{"external_id": "model-17/v2", "uploader": {"id": "u-42"},'
                    ' "model": {"name": "Night forest style"},'
                    ' "images": [{"file": "a.png", "role": "sample", "prompt": "a forest"}]}',
                    "images": ["a.png"],
                },
            }
        },
    }
}


async def form(request: Request, service: Service, _: PlatformCaller) -> AsyncIterator[FormData]:
    """Read the body, after the caller is known; its files are closed afterwards, unless they are screened later."""
    parts = await read_form(request, service.settings.max_pictures)
    try:
        yield parts
    finally:
        if not getattr(request.state, "keeps_files", False):
            await parts.close()


@router.post(
    "/screen",
    response_model=wire.ScreeningAnswer,
    responses={202: {"model": wire.RunningAnswer, "description": "Accepted; poll `Location`."}, **problems(_TOLD)},
    openapi_extra=_FORM,
    summary="Screen an upload",
)
def screen(
    request: Request,
    service: Service,
    who: PlatformCaller,
    parts: Annotated[FormData, Depends(form)],
    *,
    idempotency_key: Annotated[str | None, Header(max_length=256)] = None,
    prefer: Annotated[str | None, Header()] = None,
    payload: Annotated[PayloadFormat, Query(alias="format")] = PayloadFormat.NATIVE,
) -> Any:
    """Answer block, review or allow, with the evidence. `Prefer: respond-async` answers at once and screens later.

    With `format` the part `upload` is a platform's own payload, unchanged; `context` adds what it has no place for.
    """
    started = time.perf_counter()
    read = read_submission(parts, service.settings.max_pictures, pack_limits(service.settings), payload)
    context = context_of(read.document, who.name, service.clock.now())
    upload = intake(read.submission, context, service.settings.max_text_characters)
    asked = screening.Request(read.sha256, idempotency_key)
    if prefer is None or "respond-async" not in prefer:
        answer = service.screening.answer(upload, asked)
        service.metrics.observe_screening(answer)
        took = (time.perf_counter() - started) * 1000
        return JSONResponse(dict(answer), headers={"Server-Timing": f"total;dur={took:.1f}"})
    service.background.check()
    screening_id, new = service.screening.accept(upload, asked)
    if new:
        request.state.keeps_files = True
        service.screen_later(upload, screening_id, partial(close_files, parts))
    running = _running(service, screening_id, upload.external_id)
    return JSONResponse(running, 202, {"Location": f"/v1/screenings/{screening_id}"})


@router.get(
    "/screenings/{screening_id}",
    response_model=wire_cases.ReadScreening | wire.RunningAnswer,
    responses=problems({404: "No such screening, or not of this platform."}),
    summary="Read a screening",
)
def read_screening(service: Service, who: Reader, screening_id: str, response: Response) -> Any:
    """Give a screening's answer and what a person decided; while it is being screened, `status` is `running`."""
    found = service.screening.find(screening_id, who.sees_only)
    if found.answer is None:
        response.headers["Retry-After"] = "1"
    return _shown(service, [found])[0]


@router.get(
    "/screenings",
    response_model=wire_cases.ReadScreeningList,
    responses=problems({422: _TOLD[422]}),
    summary="List the screenings of an upload",
)
def list_screenings(service: Service, who: Reader, external_id: Annotated[str, Query(min_length=1)]) -> Any:
    """Give all screenings of one of the platform's own ids, newest first."""
    return {"screenings": _shown(service, service.screening.find_all(external_id, who.sees_only))}


async def text_query(request: Request, _: PlatformCaller) -> wire.TextQuery:
    """Read the body, after the caller is known. Raises MalformedRequest or InvalidFields."""
    return await read_json(request, wire.TextQuery)


@router.post(
    "/screen/text",
    response_model=wire.TextAnswer,
    responses=problems({503: _TOLD[503]}, body=True),
    openapi_extra=described(wire.TextQuery),
    summary="Find registered names in texts",
)
def screen_text(service: Service, query: Annotated[wire.TextQuery, Depends(text_query)]) -> Any:
    """Answer names alone, for prompts and search boxes: no pictures, no verdict, nothing is remembered."""
    found, snapshot = service.screening.find_names(query.texts)
    results = [
        {
            "hits": [
                {
                    "reference_set": hit.reference_set,
                    "alias": hit.alias.text,
                    "language": hit.alias.language,
                    "kind": hit.alias.kind.value,
                    "start": hit.start,
                    "end": hit.end,
                    "text": text[hit.start : hit.end],
                    "negated": hit.negated,
                    "view": hit.view,
                    "indirect": hit.indirect,
                    "needs_series": hit.needs_series,
                }
                for hit in hits
            ]
        }
        for text, hits in zip(query.texts, found, strict=True)
    ]
    return {"results": results, "snapshot": snapshot}


def pack_limits(settings: Settings) -> PackLimits:
    """Return what an image pack may hold."""
    return PackLimits(
        max_pictures=settings.max_pictures,
        max_bytes=settings.max_pack_bytes,
        max_picture_bytes=settings.max_picture_bytes,
    )


def _shown(service: Wired, found: list[StoredScreening]) -> list[dict[str, Any]]:
    decisions = service.review.decisions_of([item.id for item in found])
    now = service.clock.now()
    return [
        _running(service, item.id, item.external_id)
        if item.answer is None
        else {**item.answer, "decision": shown_decision(decisions.get(item.id), now)}
        for item in found
    ]


def _running(service: Wired, screening_id: str, external_id: str) -> dict[str, Any]:
    progress = service.screening.progress(screening_id)
    return {
        "screening_id": screening_id,
        "external_id": external_id,
        "status": "running",
        "progress": None if progress is None else {"done": progress.done, "pictures": progress.pictures},
    }
