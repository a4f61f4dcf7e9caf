"""Where a generation came from, told without loading it: also of one whose format this version does not read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import SnapshotError


@dataclass(frozen=True)
class Origin:
    """Where a generation came from: its model's name, its sets, and the revision of the record it was built from."""

    generation: str
    model: str
    slugs: tuple[str, ...]
    record: str | None


def read_origin(folder: Path) -> Origin:
    """Read where a generation came from, also one that an earlier version wrote. Raises SnapshotError."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        content = json.loads((folder / "sets.json").read_text(encoding="utf-8"))
        return Origin(
            str(manifest["generation"]),
            str(manifest["model"]["name"]),
            tuple(str(item["slug"]) for item in content["sets"]),
            manifest.get("record"),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SnapshotError(f"{folder}: a part is missing or malformed: {error!r}") from error
