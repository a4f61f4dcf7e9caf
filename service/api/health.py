"""Routes that tell how the service is doing."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from service.api import wire
from service.api.dependencies import Service

router = APIRouter(tags=["health"])


@router.get("/healthz", response_model=wire.Health, summary="Is the process alive?")
def healthz() -> Any:
    """Say that the process answers; nothing more."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    response_model=wire.Readiness,
    responses={503: {"model": wire.Problem, "description": "It cannot screen now."}},
    summary="Can it screen?",
)
def readyz(service: Service) -> Any:
    """Find a known reference through decoding, embedding and search."""
    return {"status": "ready", "snapshot": service.index.prove()}


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
def metrics(service: Service) -> Response:
    """Write all metrics in the text format."""
    return Response(service.metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")
