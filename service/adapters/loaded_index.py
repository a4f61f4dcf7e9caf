"""One generation of the index with its runtime, and with what the record changed since it was built."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import structlog

from indexer.backends.batching import BatchingBackend
from indexer.errors import EmbeddingQueueFull
from indexer.index.snapshot import NOBODY, Snapshot
from indexer.matcher import Matcher
from indexer.model import Alias, AliasHit, Findings, PictureSource, ReferenceSet
from indexer.signals.names.aliases import AliasTable
from indexer.signals.names.sieve import find_all
from indexer.signals.pixels.images import PictureLimits
from service.domain.errors import NotReady, Overloaded

log = structlog.get_logger()


@dataclass(frozen=True)
class Machinery:
    """What all generations share: how pictures are read, and the threads that read them.

    With `keep` findings carry the signals of their pictures, for a record of what was screened.
    """

    limits: PictureLimits
    pool: ThreadPoolExecutor
    keep: bool = False


class LoadedIndex:
    """One generation: the ReferenceIndex that screenings use."""

    def __init__(
        self, snapshot: Snapshot, backend: BatchingBackend, machinery: Machinery, before: LoadedIndex | None = None
    ) -> None:
        """Wrap a snapshot; `backend` embeds with its model. Names are not read again where `before` has the same."""
        self.snapshot = snapshot
        self.backend = backend
        self._machinery = machinery
        self._matcher = Matcher(snapshot, backend, machinery.limits, pool=machinery.pool)
        self._named = [(item.slug, item.aliases) for item in snapshot.sets]
        known = before.names_of(self._named) if before is not None else None
        self._aliases: AliasTable = known or AliasTable(snapshot.sets)
        self._sets = {item.slug: item for item in snapshot.sets}

    @property
    def generation(self) -> str:
        """Number of the generation, with the revision of the record behind a plus where it was changed since."""
        return self.snapshot.generation

    @property
    def model(self) -> str:
        """Label of the embedding model."""
        return self.snapshot.model.label

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the embedding model."""
        return self.snapshot.model.fingerprint

    @property
    def sets(self) -> Mapping[str, ReferenceSet]:
        """Reference sets by slug."""
        return self._sets

    @property
    def pending(self) -> int:
        """How many references were added or removed since the generation was built."""
        changes = self.snapshot.changes
        return 0 if changes is None else len(changes.tail) + int((changes.owners == NOBODY).sum())

    def examine(self, pictures: Sequence[PictureSource], deadline: float, progress: Callable[[int], None]) -> Findings:
        """Match pictures; raises Overloaded when too much waits."""
        try:
            return self._matcher.examine(pictures, deadline=deadline, progress=progress, keep=self._machinery.keep)
        except EmbeddingQueueFull as error:
            raise Overloaded(str(error)) from error

    @property
    def matcher(self) -> Matcher:
        """What matches pictures, for those of which signals alone were kept."""
        return self._matcher

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

    def names_of(self, named: list[tuple[str, tuple[Alias, ...]]]) -> AliasTable | None:
        """Return the names, ready to search, where they are these."""
        return self._aliases if named == self._named else None

    def changed(self, snapshot: Snapshot, revision: int) -> LoadedIndex:
        """Return this generation as the record has it at a revision."""
        base = self.snapshot.generation.split("+", 1)[0]
        named = f"{base}+{revision}" if snapshot.changes is not None else base
        return LoadedIndex(replace(snapshot, generation=named), self.backend, self._machinery, before=self)
