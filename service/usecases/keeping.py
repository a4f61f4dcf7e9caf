"""Keeping pictures: what is remembered of those of an upload, for the people who look at it, and for how long.

Their bytes are written before the screening is acknowledged. Where they cannot be, the screening is answered all the
same: `kept` then says `nothing`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog

from indexer.errors import IndexerError
from indexer.model import PictureFindings, PictureSource
from service.domain.upload import KeepPictures
from service.ports import Blobs, KeptPicture, PictureRetention

log = structlog.get_logger()

MAX_PICTURES = 64
MAX_THUMBNAILS = 500
PICTURE, THUMBNAIL, NOTHING = "picture", "thumbnail", "nothing"
_AT_ONCE = 100
_WRITERS = 8


class Keeping:
    """Keeps pictures, and forgets them."""

    def __init__(
        self,
        blobs: Blobs,
        retention: PictureRetention | None = None,
        *,
        keep: KeepPictures = KeepPictures.FLAGGED,
        days: int = 0,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        """Wire the job; pictures of allowed uploads are forgotten after `days`, 0 for never."""
        self._blobs = blobs
        self._retention = retention
        self._keep = keep
        self._days = days
        self._on_failure = on_failure
        # Each write waits for the disk; together they wait once.
        self._writers = ThreadPoolExecutor(_WRITERS, "keeping")

    def close(self) -> None:
        """Stop, when what is being written is written."""
        self._writers.shutdown()

    def keep(
        self, sources: Sequence[PictureSource], findings: Sequence[PictureFindings], *, flagged: bool
    ) -> tuple[KeptPicture, ...]:
        """Write what is to be kept of an upload's pictures, as many as MAX_PICTURES whole, those with matches first.

        Returns those that could be decoded, in order. `flagged` uploads are those that a person may look at.
        """
        whole = self._keep is KeepPictures.ALL or (self._keep is KeepPictures.FLAGGED and flagged)
        small = whole or self._keep is not KeepPictures.NONE or flagged
        decoded = [number for number, item in enumerate(findings) if item.signals is not None]
        order = sorted(decoded, key=lambda number: not findings[number].matches)[: MAX_THUMBNAILS if small else 0]
        kept: dict[int, str] = {}
        broken = threading.Event()

        def write(place: int, number: int) -> None:
            if broken.is_set():
                return
            wanted = PICTURE if whole and place < MAX_PICTURES else THUMBNAIL
            try:
                kept[number] = self._write(sources[number], findings[number], wanted)
            # Whatever is wrong with the storage, the verdict stands.
            except Exception:
                log.exception("picture_not_kept")
                broken.set()

        list(self._writers.map(write, range(len(order)), order))
        if broken.is_set():
            self._on_failure()
        return tuple(_kept(findings[number], kept.get(number, NOTHING)) for number in decoded)

    def forget(self, now: datetime) -> int:
        """Forget pictures of allowed uploads that are too old; returns of how many uploads."""
        if not self._days or self._retention is None:
            return 0
        before, last, count = now - timedelta(days=self._days), None, 0
        while some := self._retention.allowed(before, _AT_ONCE, after=last):
            # The record first: a picture that is spoken of and gone is worse than one that nobody speaks of.
            for sha256 in self._retention.forget([screening_id for _, screening_id in some], now):
                self._blobs.delete(f"pictures/{sha256}")
                self._blobs.delete(f"thumbnails/{sha256}")
            last, count = some[-1], count + len(some)
        return count

    def _write(self, source: PictureSource, found: PictureFindings, wanted: str) -> str:
        signals = found.signals
        if signals is None:
            return NOTHING
        self._blobs.write(f"thumbnails/{signals.sha256}", signals.thumbnail)
        if wanted == PICTURE:
            try:
                data = source.data
            except IndexerError:
                log.warning("picture_not_read_again", exc_info=True)
                return THUMBNAIL
            self._blobs.write(f"pictures/{signals.sha256}", data)
        return wanted


def _kept(found: PictureFindings, kept: str) -> KeptPicture:
    if found.signals is None:
        raise ValueError(f"{found.name} was not decoded")
    return KeptPicture(found.name, found.signals.sha256, found.signals.pdq, found.signals.vector, kept)
