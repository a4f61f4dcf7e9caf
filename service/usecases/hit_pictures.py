"""Small pictures of uploads that a sweep found, or that a notice accuses, for the moderators who look at them."""

from __future__ import annotations

from service.domain.errors import NotFound
from service.ports import Blobs, ScreeningHistory
from service.usecases.case_view import PictureBytes, media_type


class HitPictures:
    """Reads thumbnails by screening."""

    def __init__(self, history: ScreeningHistory, blobs: Blobs) -> None:
        self._history = history
        self._blobs = blobs

    def thumbnail(self, screening_id: str, name: str = "") -> PictureBytes:
        """Return the thumbnail of a picture by its name in the upload, else of the first that is kept.

        Raises NotFound.
        """
        past = self._history.read(screening_id)
        pictures = past.pictures if past is not None else ()
        ordered = sorted(pictures, key=lambda item: item.name != name)
        for item in ordered:
            data = self._blobs.read(f"thumbnails/{item.sha256}") if item.kept != "nothing" else None
            if data is not None:
                return PictureBytes(data, media_type(data))
        raise NotFound(f"no picture of the screening {screening_id} was kept")

    def title(self, screening_id: str) -> str:
        """Return what the uploader calls the model; empty where that is not known."""
        past = self._history.read(screening_id)
        items = past.record.get("texts", {}).get("items", ()) if past is not None else ()
        return next((str(item["text"]) for item in items if item["source"] == "model.name"), "").strip()[:200]
