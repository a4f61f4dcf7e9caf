"""Everything that is read from a picture's or a LoRA's metadata, for a person to look at; nothing is judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from indexer.errors import IndexerError, LoraError
from indexer.signals.lora.adapter import read_adapter
from indexer.signals.lora.header import read_lora
from indexer.signals.lora.tensor_hashes import auto_hashes
from indexer.signals.metadata.prompts import inspect_picture

_PICTURE_BEGINNINGS = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"RIFF")
_AVIF = b"ftyp"
_HEAD = 12


def inspect_file(path: Path) -> dict[str, Any]:
    """Read one file: `path`, `kind` (picture or lora), `tool`, `strings`, `hashes`, `adapter`, `problems`.

    Each string has a `text`, its `source`, the `role` it played and its `trust`. What is not a picture is read as a
    LoRA, and other formats than safetensors are never opened. Raises IndexerError where the file cannot be read at all.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
            if head.startswith(_PICTURE_BEGINNINGS) or head[4:8] == _AVIF:
                return _picture(path)
        return _lora(path)
    except OSError as error:
        raise IndexerError(f"{path}: {error.strerror}", code="file_unreadable") from error


def _picture(path: Path) -> dict[str, Any]:
    found = inspect_picture(path.read_bytes())
    strings = [
        {"text": item.text, "source": item.source, "role": item.role, "trust": "residue"} for item in found.strings
    ]
    strings += [
        {"text": item.value, "source": item.source, "role": item.kind, "trust": "claimed"} for item in found.labels
    ]
    hashes = [{"of": item.of, "name": item.name, "value": item.value, "trust": "claimed"} for item in found.hashes]
    problems = [f"{item.code}: {item.source}" for item in found.problems]
    return _row(path, "picture", tool=found.tool, strings=strings, hashes=hashes, problems=problems)


def _lora(path: Path) -> dict[str, Any]:
    size = path.stat().st_size
    try:
        with path.open("rb") as stream:
            read = read_lora(stream, size)
            named = auto_hashes(read, stream, size)
    except LoraError as error:
        return _row(path, "lora", problems=[f"{error.code}: {error}"])
    computed = {
        "sha256": read.sha256,
        "body_sha256": read.body_sha256,
        "autov1": named.autov1,
        "autov2": named.autov2,
        "autov3": named.autov3,
    }
    hashes = [{"of": name, "name": path.name, "value": value, "trust": "computed"} for name, value in computed.items()]
    strings = [
        {"text": item.text, "source": f"lora:{item.path}", "role": "other", "trust": "residue"}
        for item in read.header.texts
    ]
    found = read_adapter(read.header.shapes)
    adapter = {
        "kind": found.kind.value,
        "supported": found.supported,
        "naming": found.naming.value,
        "base": found.base,
        "layers": len(found.layers),
        "ranks": list(found.ranks),
    }
    problems = [f"left_out: {item.name}: {item.reason}" for item in found.left_out]
    known = [item for item in hashes if item["value"]]
    return _row(path, "lora", strings=strings, hashes=known, adapter=adapter, problems=problems)


def _row(path: Path, kind: str, **fields: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"tool": None, "strings": [], "hashes": [], "adapter": None, "problems": []}
    return {"path": str(path), "kind": kind, **empty, **fields}
