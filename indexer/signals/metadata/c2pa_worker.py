"""The process in which the package `c2pa` reads one picture; started by `c2pa_manifest`, which tells why.

A line of JSON and the picture come in by standard input, a line of JSON goes out.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from typing import Any, Final

MAX_MEMORY: Final = 768 * 1024 * 1024
"""Bytes of address space; a picture of 20 MiB needs less than half."""

MAX_CPU_SECONDS: Final = 1
MAX_JSON: Final = 1024 * 1024
"""Characters of what the library writes about one picture."""

_MAX_LABELS: Final = 8
_MAX_LABEL: Final = 200
_MAX_INFLATED: Final = 1
"""MiB of each compressed manifest."""

# A certificate that nobody vouches for leaves "Valid" to the library.
_STATES: Final = {"Trusted": "valid", "Valid": "untrusted"}


def main() -> None:
    """Answer for the picture on standard input."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_SECONDS, MAX_CPU_SECONDS))
    request = json.loads(sys.stdin.buffer.readline())
    answer = read(sys.stdin.buffer.read(), request["media_type"], request["anchors"])
    sys.stdout.write(json.dumps(answer))


def read(data: bytes, media_type: str, anchors: str) -> dict[str, Any]:
    """Return `signature`, `labels`, `source_types` and `text` of a manifest, or `problem`."""
    library: Any = import_module("c2pa")
    settings: dict[str, Any] = {
        "core": {
            "allowed_network_hosts": [],
            "decode_identity_assertions": False,
            "max_decompressed_manifest_size_in_mb": _MAX_INFLATED,
        },
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    }
    if anchors:
        settings["trust"] = {"trust_anchors": anchors}
    try:
        with (
            library.Context.from_dict(settings) as context,
            library.Reader(media_type, BytesIO(data), context=context) as reader,
        ):
            text = reader.json()
        return {"problem": "c2pa_out_of_bounds"} if len(text) > MAX_JSON else digest(json.loads(text))
    except (library.C2paError, LookupError, ValueError, RecursionError):
        return {"problem": "c2pa_malformed"}


def digest(store: dict[str, Any]) -> dict[str, Any]:
    """Reduce what the library tells of a file to what is asked for."""
    manifests = dict(_pairs(store["manifests"]))
    active = manifests.pop(store["active_manifest"])
    said = list(dict.fromkeys(_said(active)))
    return {
        "signature": _STATES.get(store["validation_state"], "invalid"),
        "labels": [f"{name}: {value}" for name, value in said if name != "source_type"][:_MAX_LABELS],
        "source_types": [value for name, value in said if name == "source_type"][:_MAX_LABELS],
        "text": json.dumps([active, *manifests.values()], ensure_ascii=False),
    }


def _said(manifest: Any) -> Iterator[tuple[str, str]]:
    """Yield name and value of what a manifest says of who made the picture, and by what."""
    claimed = dict(_pairs(manifest))
    for generator in (claimed.get("claim_generator"), *_list(claimed.get("claim_generator_info"))):
        yield from _named("claim_generator", generator)
    for assertion in _list(claimed.get("assertions")):
        content = dict(_pairs(assertion))
        if not str(content.get("label")).startswith("c2pa.actions"):
            continue
        for item in _list(dict(_pairs(content.get("data"))).get("actions")):
            action = dict(_pairs(item))
            yield from _named("action", action.get("action"))
            yield from _named("software_agent", action.get("softwareAgent"))
            yield from _named("source_type", action.get("digitalSourceType"))


def _named(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield a name with its value, which is text or an object of `name` and `version`."""
    if isinstance(value, dict):
        value = " ".join(part for part in (value.get("name"), value.get("version")) if isinstance(part, str))
    if isinstance(value, str) and value.strip():
        yield name, value[:_MAX_LABEL]


def _pairs(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


if __name__ == "__main__":
    main()
