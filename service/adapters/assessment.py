"""Reading pictures that are to be registered, with the model of the index in force.

Where no index is in force yet, the embedded model is taken: it is what the first index will be built with.
"""

from __future__ import annotations

import io
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog
from PIL import Image

from indexer import reference_signals
from indexer.backends import embedded
from indexer.backends.batching import BatchingBackend
from indexer.backends.runtime import open_runtime
from indexer.errors import EmbeddingQueueFull, PictureError
from indexer.model import ModelSpec, PictureFile, PictureSource, Reference
from indexer.ports import EmbeddingBackend
from indexer.quality import Remark, assess, compare, conflicts, coverage
from indexer.reference_signals import ReferenceSignals
from indexer.signals.pixels.images import FORMATS, PictureLimits, decode
from indexer.signals.pixels.thumbnails import thumbnail
from service.adapters.live_index import LiveIndex
from service.adapters.loaded_index import LoadedIndex
from service.adapters.reference_signals import ReferenceReader
from service.domain.errors import NotReady, Overloaded
from service.ports import AssessedPicture, Blobs, RefusedPicture

log = structlog.get_logger()
_SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp", "GIF": ".gif", "AVIF": ".avif"}
_SECONDS_A_PICTURE = 60.0


@dataclass(frozen=True, slots=True)
class Model:
    """A model, what embeds with it, and the index in force where there is one."""

    spec: ModelSpec
    backend: EmbeddingBackend
    index: LoadedIndex | None


class ModelInForce:
    """Gives the model of the index in force, or the embedded one."""

    def __init__(self, index: LiveIndex, *, runtime: str = "auto", threads: int = 2, queue_size: int = 64) -> None:
        self._index = index
        self._runtime = runtime
        self._threads = threads
        self._queue_size = queue_size
        self._lock = threading.Lock()
        self._embedded: tuple[ModelSpec, BatchingBackend] | None = None

    def get(self) -> Model:
        """Return the model. Raises ModelError where the embedded one is needed and cannot be opened."""
        try:
            loaded = self._index.get()
        except NotReady:
            return Model(*self._open_embedded(), None)
        return Model(loaded.snapshot.model, loaded.backend, loaded)

    def close(self) -> None:
        """Let the embedded model go, where it was opened."""
        with self._lock:
            if self._embedded is not None:
                self._embedded[1].close()
                self._embedded = None

    def _open_embedded(self) -> tuple[ModelSpec, BatchingBackend]:
        with self._lock:
            if self._embedded is None:
                with tempfile.TemporaryDirectory() as folder:
                    path = Path(folder) / "vision.onnx"
                    spec = embedded.export(path)
                    opened = open_runtime(path, spec, self._runtime, self._threads)
                self._embedded = spec, BatchingBackend(opened, self._queue_size)
            return self._embedded


class Assessor:
    """The PictureAssessor."""

    def __init__(self, models: ModelInForce, blobs: Blobs, limits: PictureLimits | None = None) -> None:
        """Take the model in force, and the blob store that holds the signals of what is registered."""
        self._models = models
        self._blobs = blobs
        self._limits = limits or PictureLimits()

    def assess(
        self, slug: str, pictures: Sequence[PictureSource], held: Sequence[Reference]
    ) -> Iterator[AssessedPicture | RefusedPicture]:
        """Go through pictures in order. Raises Overloaded when too much waits."""
        model = self._models.get()
        recipe = reference_signals.recipe(model.spec)
        known = self._held(model, slug, held)
        for source in pictures:
            try:
                data = source.data
                picture = decode(source.name, data, self._limits)
                signals = reference_signals.measure(source.name, data, model.spec, model.backend)
                remarks = (
                    *assess(picture, signals),
                    *compare(signals, known),
                    *self._conflicts(slug, PictureFile(source.name, data), signals, model),
                )
            except PictureError as error:
                yield RefusedPicture(source.name, f"{error.code}: {error}")
                continue
            except EmbeddingQueueFull as error:
                raise Overloaded(str(error)) from error
            known[source.name] = signals
            yield AssessedPicture(
                name=source.name,
                data=data,
                sha256=picture.byte_sha256,
                suffix=_SUFFIXES[_format(data)],
                recipe=recipe,
                signals=reference_signals.pack(signals),
                thumbnail=thumbnail(picture),
                remarks=_told(remarks),
            )

    def advise(self, slug: str, held: Sequence[Reference]) -> tuple[Mapping[str, Any], ...]:
        """Say what a set lacks."""
        return _told(coverage(list(self._held(self._models.get(), slug, held).values())))

    def _held(self, model: Model, slug: str, held: Sequence[Reference]) -> dict[str, ReferenceSignals]:
        """Read the signals of a set's pictures, by file; those that are lost are logged and left out."""
        reader = ReferenceReader(self._blobs, model.spec, model.backend)
        found = ((reference.id, reader.get(slug, reference)) for reference in held)
        return {file: signals for file, signals in found if signals is not None}

    @staticmethod
    def _conflicts(slug: str, picture: PictureFile, signals: ReferenceSignals, model: Model) -> tuple[Remark, ...]:
        """Say which other sets in force hold the picture."""
        if model.index is None:
            return ()
        findings = model.index.examine([picture], time.monotonic() + _SECONDS_A_PICTURE, lambda _: None)
        return conflicts(slug, signals, findings.pictures[0])


def _format(data: bytes) -> str:
    """Return the format of what decode() could read."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        return str(image.format)


def _told(remarks: Sequence[Remark]) -> tuple[Mapping[str, Any], ...]:
    return tuple({**asdict(item), "explanation": dict(item.explanation)} for item in remarks)
