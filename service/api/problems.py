"""What the OpenAPI document tells of errors: which answers every route may give, and what each route adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.api.wire import Problem

_EVERYWHERE = {
    401: "No key, or an unknown one.",
    403: "The key's role or scopes do not allow this.",
    429: "Too many requests from this key.",
    503: "Too much is waiting, or an internal failure: try again after `Retry-After`.",
}
_WITH_BODY = {
    400: "Not JSON.",
    413: "Larger than any such document.",
    422: "Fields are missing or wrong; each is named by its place.",
}


def problems(told: Mapping[int, str] | None = None, *, body: bool = False) -> dict[int | str, dict[str, Any]]:
    """Describe the problem answers of a route that asks for a key: those of every such route, and its own by status.

    With `body` also those of a route that reads JSON.
    """
    texts = _EVERYWHERE | (_WITH_BODY if body else {}) | dict(told or {})
    return {status: {"model": Problem, "description": texts[status]} for status in sorted(texts)}
