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
    """Read one file: `path`, `kind` (picture or lora), `tool`, `strings`, `hashes`, `adapter`, `pictures`, `problems`.

    Each string has a `text`, its `source`, the `role` it played, its `trust`, and the `share` of the training pictures
    that carry it, or null. `pictures` gives `name` and `bytes` of each that a LoRA embeds. What is not a picture is
    read as a LoRA, and other formats than safetensors are never opened. Raises IndexerError where the file cannot be
    read at all.
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
    strings = [_string(item.text, item.source, item.role, "residue") for item in found.strings]
    strings += [_string(item.value, item.source, item.kind, "claimed") for item in found.labels]
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
    header = read.header
    hashes = [
        {"of": name, "name": path.name, "value": value, "trust": "computed"}
        for name, value in computed.items()
        if value is not None
    ]
    hashes += [{"of": item.of, "name": item.name, "value": item.value, "trust": "claimed"} for item in header.hashes]
    found = read_adapter(header.shapes)
    adapter = {
        "kind": found.kind.value,
        "supported": found.supported,
        "naming": found.naming.value,
        "base": found.base,
        "layers": len(found.layers),
        "ranks": list(found.ranks),
    }
    return _row(
        path,
        "lora",
        tool=header.trainer,
        strings=[_string(item.text, f"lora:{item.path}", item.role, "residue", item.share) for item in header.texts],
        hashes=hashes,
        adapter=adapter,
        pictures=[{"name": item.name, "bytes": len(item.data)} for item in header.pictures],
        problems=[*header.problems, *(f"left_out: {item.name}: {item.reason}" for item in found.left_out)],
    )


def _string(text: str, source: str, role: str, trust: str, share: float | None = None) -> dict[str, Any]:
    return {"text": text, "source": source, "role": role, "trust": trust, "share": share}


def _row(path: Path, kind: str, **fields: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"tool": None, "strings": [], "hashes": [], "adapter": None, "pictures": [], "problems": []}
    return {"path": str(path), "kind": kind, **empty, **fields}
