"""The index in force: the newest generation, changed as the record has changed since, and replaced without a pause.

1. `_refresh_base`     a newly published generation is loaded and proved
2. `_apply_record`     where the record has a newer revision, its active sets become those in force; references that
                       could not be read are tried again

A screening that has begun keeps the index it began with. What cannot be loaded, proved or applied leaves the old one in
force, and says so in the log and the metrics.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import structlog

from indexer import live
from indexer.backends.batching import BatchingBackend
from indexer.backends.runtime import open_runtime
from indexer.errors import IndexerError
from indexer.index import snapshot as snapshots
from indexer.model import Reference, ReferenceSet
from indexer.reference_signals import ReferenceSignals
from indexer.signals.pixels.images import PictureLimits
from service.adapters.loaded_index import LoadedIndex, Machinery
from service.adapters.reference_signals import ReferenceReader
from service.domain.errors import NotReady
from service.domain.registration import SetsInForce
from service.ports import Blobs, SetDirectory

log = structlog.get_logger()
AGAIN_SECONDS = 10.0
"""After how long references that could not be read are tried again: a store may have been away for a moment."""


class LiveIndex:
    """The CurrentIndex."""

    def __init__(
        self,
        folder: Path,
        *,
        directory: SetDirectory | None = None,
        blobs: Blobs | None = None,
        expected_model: str | None = None,
        runtime: str = "auto",
        threads: int = 2,
        queue_size: int = 64,
        limits: PictureLimits | None = None,
        keep: bool = False,
        again_seconds: float = AGAIN_SECONDS,
        on_change: Callable[[str, int], None] = lambda *_: None,
        on_refusal: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare to watch `folder`, and the record where `directory` and `blobs` are given.

        `on_change` is told the generation in force, and how many references of the record could not be read; these are
        tried again after `again_seconds`. Call refresh() or watch() to load.
        """
        self._folder = folder
        self._directory = directory
        self._blobs = blobs
        self._expected_model = expected_model
        self._runtime = runtime
        self._threads = threads
        self._queue_size = queue_size
        pool = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="decode")
        self._machinery = Machinery(limits or PictureLimits(), pool, keep)
        self._on_change = on_change
        self._on_refusal = on_refusal
        self._base: LoadedIndex | None = None
        self._current: LoadedIndex | None = None
        self._reader: ReferenceReader | None = None
        self._loaded: _Identity | None = None
        self._refused: _Identity | None = None
        self._applied: int | None = None
        self._lost: frozenset[_Key] = frozenset()
        self._again_seconds = again_seconds
        self._again_at = 0.0
        self._problem = f"no snapshot has been loaded from {folder} yet"
        self._changing = threading.Lock()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._watcher: threading.Thread | None = None

    def get(self) -> LoadedIndex:
        """Return the index in force. Raises NotReady."""
        current = self._current
        if current is None:
            raise NotReady(f"no index is loaded: {self._problem}")
        return current

    def prove(self) -> str:
        """Find the canary; return the generation. Raises NotReady."""
        current = self.get()
        current.prove()
        return current.generation

    def refresh(self) -> bool:
        """Take into force what is newer than what is; tell whether anything was.

        A generation that is refused is not tried again until it was changed or a newer one appears.
        Raises SnapshotError or ModelError.
        """
        with self._changing:
            changed = self._refresh_base()
            return self._apply_record() or changed

    def wake(self) -> None:
        """Look at once, in the watcher's thread: something has changed."""
        self._again_at = 0.0
        self._wake.set()

    def watch(self, seconds: float) -> None:
        """Look for changes every `seconds`, in a thread of its own."""
        self._watcher = threading.Thread(target=self._watch, args=(seconds,), name="index-watch", daemon=True)
        self._watcher.start()

    def close(self) -> None:
        """Stop watching, and let the runtime finish."""
        self._stop.set()
        self._wake.set()
        if self._watcher is not None:
            self._watcher.join()
        if self._base is not None:
            self._base.backend.close()
        self._base = self._current = None
        self._machinery.pool.shutdown(wait=False)

    def _refresh_base(self) -> bool:
        newest = snapshots.resolve(self._folder)
        identity = _identity(newest)
        if identity in (self._refused, self._loaded):
            return False
        try:
            loaded = self._load(newest)
            loaded.prove()
        except (IndexerError, NotReady) as error:
            self._refused = identity
            self._problem = str(error)
            raise
        self._base, self._loaded, self._applied = loaded, identity, None
        if self._blobs is not None:
            self._reader = ReferenceReader(self._blobs, loaded.snapshot.model, loaded.backend)
        log.info("snapshot_loaded", generation=loaded.generation, model=loaded.model, sets=len(loaded.sets))
        if self._directory is None:
            self._put_in_force(loaded, 0)
        return True

    def _apply_record(self) -> bool:
        """Make the record's active sets those in force. What screenings use changes in one assignment."""
        if self._directory is None or self._base is None:
            return False
        unchanged = self._directory.revision() == self._applied
        if unchanged and (not self._lost or time.monotonic() < self._again_at):
            return False
        # Before the look, so that who wakes it meanwhile is heard.
        self._again_at = time.monotonic() + self._again_seconds
        if unchanged and not any(self._can_be_read(key) for key in self._lost):
            return False
        record = self._directory.in_force()
        sets, lost = self._readable(_wanted(self._base, record))
        # From what is in force where it is of this generation: its tail is then not measured again.
        before = self._current if self._applied is not None and self._current is not None else self._base
        snapshot = live.with_changes(before.snapshot, sets, self._signals)
        self._put_in_force(before.changed(snapshot, record.revision), len(lost))
        self._applied, self._lost = record.revision, lost
        log.info("record_in_force", generation=self.get().generation, sets=len(sets), left_out=len(lost))
        return True

    def _put_in_force(self, index: LoadedIndex, left_out: int) -> None:
        self._current = index
        self._on_change(index.generation, left_out)

    def _readable(self, sets: list[ReferenceSet]) -> tuple[list[ReferenceSet], frozenset[_Key]]:
        """Leave out references that cannot be read, and name them: one lost picture must not hold up all others."""
        base = {(item.slug, reference) for item in self.base().sets.values() for reference in item.references}
        tail = {(item.slug, reference) for item in sets for reference in item.references} - base
        lost = frozenset(key for key in tail if not self._can_be_read(key))
        if self._reader is not None:
            self._reader.forget_all_but({reference.sha256 for _, reference in tail})
        if not lost:
            return sets, lost
        return [
            replace(item, references=tuple(found for found in item.references if (item.slug, found) not in lost))
            for item in sets
        ], lost

    def _can_be_read(self, key: _Key) -> bool:
        return self._reader is not None and self._reader.get(*key) is not None

    def base(self) -> LoadedIndex:
        """Return the generation as it was published. Raises NotReady."""
        if self._base is None:
            raise NotReady(f"no index is loaded: {self._problem}")
        return self._base

    def _signals(self, slug: str, reference: Reference) -> ReferenceSignals:
        found = self._reader.get(slug, reference) if self._reader is not None else None
        if found is None:
            raise FileNotFoundError(f"{slug}/{reference.id} cannot be read any more")
        return found

    def _load(self, folder: Path) -> LoadedIndex:
        snapshot = snapshots.load(folder, self._expected_model)
        if self._base is not None and self._base.fingerprint == snapshot.model.fingerprint:
            backend = self._base.backend
        else:
            opened = open_runtime(snapshot.model_path, snapshot.model, self._runtime, self._threads)
            backend = BatchingBackend(opened, self._queue_size)
        return LoadedIndex(snapshot, backend, self._machinery, before=self._current)

    def _watch(self, seconds: float) -> None:
        told = self._problem
        while not self._stop.is_set():
            self._wake.wait(seconds)
            self._wake.clear()
            try:
                self.refresh()
            # The watcher must outlive every failure: what cannot be taken into force leaves the old index there.
            except Exception as error:  # noqa: BLE001
                if str(error) != told and not self._stop.is_set():
                    told = str(error)
                    log.error("snapshot_refused", folder=str(self._folder), reason=told)  # noqa: TRY400 (no more to say)
                    self._on_refusal()


def _wanted(base: LoadedIndex, record: SetsInForce) -> list[ReferenceSet]:
    """Return what is to be in force: the record's active sets, in the order of the generation as far as it has them.

    A generation that was built from a folder may hold sets that the record has never heard of: these stay. Nobody
    asked for them to go, and to register one set must not silence all others.
    """
    active = {item.slug: item for item in record.sets}
    from_folder = base.snapshot.manifest.get("record") is None
    kept = [
        active.pop(slug, item)
        for slug, item in base.sets.items()
        if slug in active or (from_folder and slug not in record.known)
    ]
    return [*kept, *active.values()]


_Identity = tuple[str, int]
_Key = tuple[str, Reference]


def _identity(folder: Path) -> _Identity:
    """Tell one state of a generation from another: its path, and when its checksums were written."""
    sums = folder / snapshots.SUMS
    return str(folder), sums.stat().st_mtime_ns if sums.exists() else 0
