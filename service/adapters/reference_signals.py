"""Signals of registered references: computed once, kept in the blob store, read by every replica and every build."""

from __future__ import annotations

import structlog

from indexer import reference_signals
from indexer.errors import EmbeddingQueueFull, PictureError, SignalsError
from indexer.model import ModelSpec, Reference
from indexer.ports import EmbeddingBackend
from indexer.reference_signals import ReferenceSignals
from service.ports import Blobs

log = structlog.get_logger()


class KeptSignals:
    """The SignalStore of builds, over the blob store."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def get(self, recipe: str, sha256: str) -> bytes | None:
        """Return packed signals, or None."""
        return self._blobs.read(f"signals/{recipe}/{sha256}")

    def put(self, recipe: str, sha256: str, packed: bytes) -> None:
        """Keep packed signals."""
        self._blobs.write(f"signals/{recipe}/{sha256}", packed)


class ReferenceReader:
    """Gives the signals of references for one model, from the store or from their pictures."""

    def __init__(self, blobs: Blobs, spec: ModelSpec, backend: EmbeddingBackend) -> None:
        self._blobs = blobs
        self._signals = KeptSignals(blobs)
        self._spec = spec
        self._backend = backend
        self._recipe = reference_signals.recipe(spec)
        self._read: dict[str, ReferenceSignals] = {}
        self._told: set[str] = set()

    def get(self, slug: str, reference: Reference) -> ReferenceSignals | None:
        """Return signals; None where neither they nor the picture can be read, which is logged once."""
        known = self._read.get(reference.sha256)
        if known is not None:
            return known
        try:
            found = self._kept(reference.sha256) or self._computed(slug, reference)
        except (PictureError, EmbeddingQueueFull, OSError) as error:
            if reference.sha256 not in self._told:
                reason = str(error)
                log.error("reference_left_out", reference_set=slug, reference=reference.id, reason=reason)  # noqa: TRY400
                self._told.add(reference.sha256)
            return None
        self._told.discard(reference.sha256)
        self._read[reference.sha256] = found
        return found

    def forget_all_but(self, wanted: set[str]) -> None:
        """Let go of signals in memory that the tail holds no more."""
        self._read = {sha256: found for sha256, found in self._read.items() if sha256 in wanted}
        self._told &= wanted

    def _kept(self, sha256: str) -> ReferenceSignals | None:
        packed = self._signals.get(self._recipe, sha256)
        try:
            return reference_signals.unpack(packed) if packed is not None else None
        except SignalsError as error:
            log.warning("signals_damaged", sha256=sha256, reason=str(error))
            return None

    def _computed(self, slug: str, reference: Reference) -> ReferenceSignals:
        data = self._blobs.read(f"pictures/{reference.sha256}")
        if data is None:
            raise FileNotFoundError(f"the blob store does not hold the picture {reference.sha256}")
        found = reference_signals.measure(f"{slug}/{reference.id}", data, self._spec, self._backend)
        self._signals.put(self._recipe, reference.sha256, reference_signals.pack(found))
        return found
