"""Sets as they are in force, looked for among what was kept of pictures: the whole of each, upright.

A picture is near where it is as near by PDQ as copies are, in any orientation, or where its likeness has a rate of
LOOKED_AT or less. Inner pictures and geometry are left to real screenings: their evidence of then counts on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import structlog

from indexer.calibration import Calibration
from indexer.errors import EmbeddingQueueFull, IndexerError, PictureError
from indexer.model import Match, PictureFindings, Reference
from indexer.ports import ByteArray, FloatArray
from indexer.signals.pixels.images import PictureLimits, decode
from indexer.signals.pixels.views import WHOLE, pixels
from service.adapters.live_index import LiveIndex
from service.adapters.loaded_index import LoadedIndex
from service.adapters.reach import COPY_BITS
from service.adapters.reference_signals import ReferenceReader
from service.domain.errors import FieldFault, InvalidFields, Overloaded
from service.ports import Blobs, KeptPicture, PictureQuery, ScreenedPicture

log = structlog.get_logger()

LOOKED_AT = 0.1
"""Rate up to which a picture's likeness has its whole upload looked at: review begins at 0.03 at most (policy caps).

Pictures that are each less alike can only count together; of an upload of which one is near, all are counted.
"""

_STEPS = 4_001
_AT_ONCE = 16
_PATIENCE_SECONDS = 30.0
_HASH_BYTES = 32


class IndexMatching:
    """The SetMatching of the index in force."""

    def __init__(self, index: LiveIndex, blobs: Blobs, limits: PictureLimits | None = None) -> None:
        self._index = index
        self._blobs = blobs
        self._limits = limits or PictureLimits()

    def model(self) -> str:
        """Return the label of the model in force. Raises NotReady."""
        return self._index.get().model

    def prepare(self, slugs: Sequence[str]) -> SetsInIndex:
        """Take sets as they are in force. Raises NotReady or InvalidFields."""
        try:
            # What the record holds by now counts: a licence granted a moment ago, too.
            self._index.refresh()
        except IndexerError as error:
            log.error("sweep_with_older_index", reason=str(error))  # noqa: TRY400 (the reason says it all)
        index = self._index.get()
        faults = [
            FieldFault(f"reference_sets[{number}]", f"no reference set {slug!r} is in force")
            for number, slug in enumerate(slugs)
            if slug not in index.sets
        ]
        if faults:
            raise InvalidFields(faults)
        return SetsInIndex(index, slugs, self._blobs, self)

    def embedded(self, pictures: Sequence[ScreenedPicture]) -> list[ScreenedPicture]:
        """Return pictures with vectors of the model in force, as far as that can be. Raises Overloaded."""
        index, made = self._index.get(), list(pictures)
        places = [number for number, item in enumerate(made) if item.model != index.model and item.kept != "nothing"]
        for start in range(0, len(places), _AT_ONCE):
            read = [(place, found) for place in places[start : start + _AT_ONCE] if (found := self._read(made[place]))]
            prepared = [
                (place, picture) for place, data in read if (picture := self._prepared(index, data)) is not None
            ]
            if not prepared:
                continue
            vectors = _embed(index, np.stack([picture for _, picture in prepared]))
            for (place, _), vector in zip(prepared, vectors, strict=True):
                made[place] = replace(made[place], vector=vector.astype("<f2").tobytes(), model=index.model)
        return made

    def _read(self, picture: ScreenedPicture) -> bytes | None:
        return self._blobs.read(f"pictures/{picture.sha256}") or self._blobs.read(f"thumbnails/{picture.sha256}")

    def _prepared(self, index: LoadedIndex, data: bytes) -> FloatArray | None:
        try:
            return pixels(decode("kept", data, self._limits), WHOLE, index.snapshot.model)
        except PictureError as error:
            log.warning("kept_picture_unreadable", reason=str(error))
            return None


class SetsInIndex:
    """Some sets of one generation."""

    def __init__(self, index: LoadedIndex, slugs: Sequence[str], blobs: Blobs, matching: IndexMatching) -> None:
        self._index = index
        self._slugs = frozenset(slugs)
        self._matching = matching
        snapshot = index.snapshot
        reader = ReferenceReader(blobs, snapshot.model, index.backend)
        self._hashes, self._owners = _hashes(index, slugs, reader)

    @property
    def index(self) -> LoadedIndex:
        """The generation that they are of."""
        return self._index

    def query(self) -> PictureQuery:
        """Return what finds every picture that may match.

        A likeness is the cosine, less what a reference's crowding takes off, and less what other sets take off: these
        only ever take, so they are left out, and each view has a least cosine of its own.
        """
        snapshot = self._index.snapshot
        least = least_likeness(snapshot.calibrations["cosine"], LOOKED_AT)
        own = {number for number, item in enumerate(snapshot.sets) if item.slug in self._slugs}
        wanted = np.flatnonzero(np.isin(snapshot.owners[snapshot.rows[:, 0]], sorted(own)))
        rows = [snapshot.vectors.vector(int(row)) for row in wanted]
        vectors = tuple((row[:-1].astype("<f4").tobytes(), least - float(row[-1])) for row in rows)
        return PictureQuery(self._index.model, vectors, tuple(item.tobytes() for item in self._hashes), COPY_BITS)

    def examine(self, pictures: Sequence[KeptPicture], model: str | None) -> list[PictureFindings]:
        """Match the pictures of an upload."""
        own = [
            ScreenedPicture("", number, item.pdq, item.vector, model or "", item.sha256, item.kept)
            for number, item in enumerate(pictures)
        ]
        made, width = self._matching.embedded(own), self._index.snapshot.model.embed_dim
        places = [n for n, item in enumerate(made) if item.model == self._index.model and len(item.vector) == 2 * width]
        alike: dict[int, list[Match]] = {}
        if places:
            vectors = np.stack([np.frombuffer(made[place].vector, dtype="<f2") for place in places])
            alike = dict(zip(places, self._index.matcher.resembling(vectors.astype(np.float32)), strict=True))
        return [self._findings(number, item, alike.get(number, [])) for number, item in enumerate(pictures)]

    def _findings(self, number: int, picture: KeptPicture, alike: list[Match]) -> PictureFindings:
        found = [*self._index.matcher.same_file(picture.sha256), *self._copies(picture.pdq), *alike]
        matches = tuple(match for match in found if match.reference_set in self._slugs)
        return PictureFindings(picture.name or str(number), matches)

    def _copies(self, pdq: bytes) -> list[Match]:
        """Return per set the nearest reference by hash, where one is as near as copies are."""
        if len(pdq) != _HASH_BYTES or not len(self._hashes):
            return []
        distances = np.bitwise_count(self._hashes ^ np.frombuffer(pdq, np.uint8)).sum(axis=1)
        best: dict[str, Match] = {}
        for place in np.argsort(distances, kind="stable").tolist():
            distance, (slug, reference) = int(distances[place]), self._owners[place]
            if distance > COPY_BITS:
                break
            if slug not in best:
                best[slug] = self._index.matcher.near_hash(slug, reference, distance)
        return list(best.values())


def least_likeness(calibration: Calibration, rate: float) -> float:
    """Return a likeness below which none has a rate so low; curves meet in steps, so none below may be passed over."""
    values: list[float] = np.linspace(-1.0, 1.0, _STEPS).tolist()
    return next((value for value in values if calibration.rate(value).value <= rate), 1.0) - 2.0 / (_STEPS - 1)


def _hashes(
    index: LoadedIndex, slugs: Sequence[str], reader: ReferenceReader
) -> tuple[ByteArray, list[tuple[str, str]]]:
    """Return the PDQ hashes that count of some sets, in all orientations (hashes, 32), and whose each is."""
    found: list[ByteArray] = []
    owners: list[tuple[str, str]] = []
    named: list[tuple[str, Reference]] = [
        (slug, reference) for slug in slugs for reference in index.sets[slug].references
    ]
    for slug, reference in named:
        signals = reader.get(slug, reference)
        if signals is not None and signals.hashes.reliable:
            found.append(signals.hashes.pdq)
            owners += [(slug, reference.id)] * len(signals.hashes.pdq)
    return (np.concatenate(found) if found else np.zeros((0, _HASH_BYTES), np.uint8)), owners


def _embed(index: LoadedIndex, prepared: FloatArray) -> FloatArray:
    """Embed when there is room: uploads come first. Raises Overloaded when there is none for long."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return index.backend.embed(prepared)
        except EmbeddingQueueFull as error:
            if time.monotonic() > until:
                raise Overloaded(str(error)) from error
            time.sleep(0.5)
