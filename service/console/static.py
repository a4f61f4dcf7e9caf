"""The files that pages use: read once, served under a version of their own content, so that browsers keep them."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from service.domain.errors import NotFound

FOLDER = Path(__file__).parent / "static"
KEPT = "public, max-age=31536000, immutable"
router = APIRouter()


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """The files by name, and the version they have together."""

    version: str
    files: dict[str, tuple[bytes, str]]

    def path(self, name: str) -> str:
        """Return where a file is served. Raises KeyError for one that is not there: templates name them."""
        _ = self.files[name]
        return f"/console/static/{self.version}/{name}"


def read_static() -> StaticFiles:
    """Read all files of the folder."""
    files: dict[str, tuple[bytes, str]] = {}
    digest = hashlib.sha256()
    for path in sorted(item for item in FOLDER.rglob("*") if item.is_file()):
        name, data = path.relative_to(FOLDER).as_posix(), path.read_bytes()
        digest.update(f"{name}:{len(data)}:".encode() + data)
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        files[name] = (data, media_type)
    return StaticFiles(digest.hexdigest()[:12], files)


@router.get("/static/{version}/{name:path}")
def static_file(request: Request, version: str, name: str) -> Response:
    """Serve a file; under a version that is not this one, as while replicas are replaced, it is not to be kept."""
    served: StaticFiles = request.app.state.house.static
    if name not in served.files:
        raise NotFound(f"there is no file {name[:200]!r}")
    data, media_type = served.files[name]
    lasting = KEPT if version == served.version else "no-store"
    return Response(data, media_type=media_type, headers={"Cache-Control": lasting})
