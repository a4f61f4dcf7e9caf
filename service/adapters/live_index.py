"""The index in force: a loaded snapshot, replaced without a pause when a newer generation is published.

A screening that has begun keeps its generation; the old one is closed when the last screening on it has ended. A new
generation that cannot be loaded or proved leaves the old one in force, and says so in the log and the metrics.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import structlog

from indexer.backends.batching import BatchingBackend
from indexer.backends.runtime import open_runtime
from indexer.errors import EmbeddingQueueFull, IndexerError
from indexer.index import snapshot as snapshots
from indexer.index.snapshot import Snapshot
from indexer.matcher import Matcher
from indexer.model import AliasHit, Findings, PictureSource, ReferenceSet
from indexer.signals.names.aliases import AliasTable
from indexer.signals.names.sieve import find_all
from indexer.signals.pixels.images import PictureLimits
from service.domain.errors import NotReady, Overloaded

log = structlog.get_logger()


class LoadedIndex:
    """One generation with its runtime: the ReferenceIndex that screenings use."""

    def __init__(self, snapshot: Snapshot, backend: BatchingBackend, limits: PictureLimits, threads: int) -> None:
        """Wrap a snapshot; `backend` embeds with its model."""
        self._snapshot = snapshot
        self._matcher = Matcher(snapshot, backend, limits, threads)
        self._aliases = AliasTable(snapshot.sets)
        self._sets = {item.slug: item for item in snapshot.sets}
        self.backend = backend

    @property
    def generation(self) -> str:
        """Number of the generation."""
        return self._snapshot.generation

    @property
    def model(self) -> str:
        """Label of the embedding model."""
        return self._snapshot.model.label

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the embedding model."""
        return self._snapshot.model.fingerprint

    @property
    def sets(self) -> Mapping[str, ReferenceSet]:
        """Reference sets by slug."""
        return self._sets

    def examine(self, pictures: Sequence[PictureSource], deadline: float, progress: Callable[[int], None]) -> Findings:
        """Match pictures; raises Overloaded when too much waits."""
        try:
            return self._matcher.examine(pictures, deadline=deadline, progress=progress)
        except EmbeddingQueueFull as error:
            raise Overloaded(str(error)) from error

    def find_aliases(self, texts: Sequence[str]) -> list[list[AliasHit]]:
        """Find registered aliases in each of some texts."""
        return find_all(texts, self._aliases.find)

    def prove(self) -> None:
        """Raise NotReady unless the canary is found through the whole path."""
        try:
            found = self._matcher.find_canary()
        # Whatever fails here fails for uploads too; the cause is logged, and the answer is the same.
        except Exception as error:
            log.exception("canary_failed", generation=self.generation)
            raise NotReady(f"the canary of snapshot {self.generation} failed: {type(error).__name__}") from error
        if not found:
            raise NotReady(f"snapshot {self.generation} does not find its own canary")


class LiveIndex:
    """The CurrentIndex: loads the newest generation at start, and looks for newer ones."""

    def __init__(
        self,
        folder: Path,
        *,
        expected_model: str | None = None,
        runtime: str = "auto",
        threads: int = 2,
        queue_size: int = 64,
        limits: PictureLimits | None = None,
        on_change: Callable[[str], None] = lambda _: None,
        on_refusal: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare to watch `folder`; call refresh() or watch() to load."""
        self._folder = folder
        self._expected_model = expected_model
        self._runtime = runtime
        self._threads = threads
        self._queue_size = queue_size
        self._limits = limits or PictureLimits()
        self._on_change = on_change
        self._on_refusal = on_refusal
        self._current: LoadedIndex | None = None
        self._loaded: _Identity | None = None
        self._refused: _Identity | None = None
        self._problem = f"no snapshot has been loaded from {folder} yet"
        self._stop = threading.Event()
        self._watcher: threading.Thread | None = None

    def get(self) -> LoadedIndex:
        """Return the generation in force. Raises NotReady."""
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
        """Load the newest generation if it is not the one in force; tell whether it changed.

        A generation that is refused is not tried again until it was changed or a newer one appears.
        Raises SnapshotError or ModelError.
        """
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
        self._current, self._loaded = loaded, identity
        self._on_change(loaded.generation)
        log.info("snapshot_in_force", generation=loaded.generation, model=loaded.model, sets=len(loaded.sets))
        return True

    def watch(self, seconds: float) -> None:
        """Look for newer generations every `seconds`, in a thread of its own."""
        self._watcher = threading.Thread(target=self._watch, args=(seconds,), name="snapshot-watch", daemon=True)
        self._watcher.start()

    def close(self) -> None:
        """Stop watching, and let the runtime finish."""
        self._stop.set()
        if self._watcher is not None:
            self._watcher.join()
        if self._current is not None:
            self._current.backend.close()
            self._current = None

    def _load(self, folder: Path) -> LoadedIndex:
        snapshot = snapshots.load(folder, self._expected_model)
        if self._current is not None and self._current.fingerprint == snapshot.model.fingerprint:
            backend = self._current.backend
        else:
            opened = open_runtime(snapshot.model_path, snapshot.model, self._runtime, self._threads)
            backend = BatchingBackend(opened, self._queue_size)
        return LoadedIndex(snapshot, backend, self._limits, self._threads)

    def _watch(self, seconds: float) -> None:
        told = self._problem
        while not self._stop.wait(seconds):
            try:
                self.refresh()
            # The watcher must outlive every failure: a broken new generation leaves the old one in force.
            except Exception as error:  # noqa: BLE001
                if str(error) != told:
                    told = str(error)
                    log.error("snapshot_refused", folder=str(self._folder), reason=told)  # noqa: TRY400 (no more to say)
                    self._on_refusal()


_Identity = tuple[str, int]


def _identity(folder: Path) -> _Identity:
    """Tell one state of a generation from another: its path, and when its checksums were written."""
    sums = folder / snapshots.SUMS
    return str(folder), sums.stat().st_mtime_ns if sums.exists() else 0
