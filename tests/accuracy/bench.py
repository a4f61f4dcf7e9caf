"""One index under test: built by indexer.build, asked through the screening use case, as the service asks it.

What the model says about a view is remembered between indexes, since the unrelated pictures meet all of them; decoding,
hashing, search, rates, collectors and the verdict run anew each time.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import structlog

from indexer import build as builds
from indexer import control as control_sets
from indexer import reference_sets
from indexer.backends import embedded
from indexer.backends.batching import BatchingBackend
from indexer.backends.runtime import open_runtime
from indexer.build import BuildReport
from indexer.errors import CalibrationError
from indexer.index import snapshot as snapshots
from indexer.index.snapshot import Snapshot
from indexer.model import Match, MatchKind, ModelSpec, PictureFile, PictureFindings
from indexer.ports import EmbeddingBackend, FloatArray
from indexer.signals.pixels.images import PictureLimits
from indexer.training import control_pictures
from service.adapters.loaded_index import LoadedIndex, Machinery
from service.adapters.memory import MemoryPolicies, MemoryScreeningStore
from service.bootstrap import policy_content
from service.domain.upload import Context, Stage, Upload, Visibility
from service.usecases.screening import Screening
from tests.accuracy import metrics
from tests.fakes import FakeBlockedLoras, FixedClock

RUNTIME = "openvino"
"""One of the two that are installed, so that no build has to compare them first."""

_BITS = {"pdq_distance": 256.0, "phash_distance": 64.0}


_KEPT_EVERY = 2_000
"""Views after which the answers are written out, so that an interrupted run is not lost."""


class RememberingBackend:
    """An EmbeddingBackend that asks the model once for each prepared view, and keeps the answers in a file."""

    def __init__(self, inner: EmbeddingBackend, store: Path) -> None:
        self._inner = inner
        self._store = store
        self._known: dict[bytes, FloatArray] = {}
        self._saved = 0
        if store.is_file():
            with np.load(store) as kept:
                self._known = dict(zip((key.tobytes() for key in kept["keys"]), kept["vectors"], strict=True))
            self._saved = len(self._known)

    def embed(self, pixels: FloatArray) -> FloatArray:
        keys = [hashlib.blake2b(view.data, digest_size=16).digest() for view in np.ascontiguousarray(pixels)]
        fresh = [number for number, key in enumerate(keys) if key not in self._known]
        if fresh:
            for number, vector in zip(fresh, self._inner.embed(pixels[fresh]), strict=True):
                self._known[keys[number]] = vector
            if len(self._known) - self._saved >= _KEPT_EVERY:
                self.save()
        return np.stack([self._known[key] for key in keys])

    def save(self) -> None:
        """Keep what was learnt since the last time."""
        if len(self._known) == self._saved:
            return
        self._saved = len(self._known)
        keys = np.frombuffer(b"".join(self._known), np.uint8).reshape(-1, 16)
        partial = self._store.with_suffix(".partial.npz")
        np.savez(partial, keys=keys, vectors=np.stack(list(self._known.values())))
        partial.rename(self._store)


@dataclass(frozen=True)
class Model:
    """The model under test: its folder, how it is described, its runtime, and a control set made with it."""

    folder: Path
    spec: ModelSpec
    backend: RememberingBackend
    control: Path


def open_model(folder: Path | None, cache: Path, control_cache: Path) -> Model:
    """Open the shipped model, or one of the same architecture from `folder`, whose control set is made if missing."""
    source = folder or embedded.FOLDER
    with tempfile.TemporaryDirectory() as place:
        network = Path(place) / "vision.onnx"
        spec = embedded.export(network, source)
        runtime = open_runtime(network, spec, RUNTIME)
    backend = RememberingBackend(runtime, cache / f"vectors-{spec.fingerprint[:16]}.npz")
    shipped = embedded.FOLDER / control_sets.FILE
    if _fits(shipped, spec):
        return Model(source, spec, backend, shipped)
    recipes = hashlib.sha256(repr(sorted(snapshots.RECIPES.items())).encode()).hexdigest()
    control = cache / f"control-{spec.fingerprint[:16]}-{recipes[:8]}.safetensors"
    if not control.is_file():
        pictures = [(picture.style, picture.path) for picture in control_pictures.collect(control_cache)]
        control_sets.save(control_sets.measure(pictures, spec, runtime), control)
    return Model(source, spec, backend, control)


def _fits(control: Path, spec: ModelSpec) -> bool:
    try:
        return control_sets.load(control).model == spec.fingerprint
    except CalibrationError:
        return False


@dataclass(frozen=True)
class Asked:
    """What one picture gave: the strength of every set found, strongest first, and the lowest rate of each kind."""

    sets: Mapping[str, float]
    rates: Mapping[MatchKind, float]
    calibrated: bool

    @property
    def rate(self) -> float:
        return min(self.rates.values(), default=1.0)

    @property
    def strongest(self) -> float:
        return next(iter(self.sets.values()), metrics.NOTHING)

    @property
    def first(self) -> str:
        return next(iter(self.sets), "")

    def strength(self, slug: str) -> float:
        return self.sets.get(slug, metrics.NOTHING)


@dataclass(frozen=True)
class Screened:
    """The verdict on an upload, its grounds and the sets they name, and what its pictures gave."""

    verdict: str
    grounds: tuple[str, ...]
    named: frozenset[str]
    pictures: tuple[Asked, ...]


class Bench:
    """One built index."""

    def __init__(self, name: str, report: BuildReport, snapshot: Snapshot, model: Model) -> None:
        self.name = name
        self.report = report
        self.snapshot = snapshot
        self._queue = BatchingBackend(model.backend)
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1)
        index = LoadedIndex(snapshot, self._queue, Machinery(PictureLimits(), self._pool))
        self._screening = Screening(
            _Standing(index),
            MemoryPolicies(policy_content(None)),
            MemoryScreeningStore(),
            FakeBlockedLoras(),
            FixedClock(),
            time_limit=3600.0,
        )

    def screen(self, pictures: Sequence[bytes]) -> Screened:
        """Screen pictures as one public upload that is to be published."""
        context = Context(
            platform="accuracy",
            uploader=None,
            stage=Stage.PUBLICATION,
            visibility=Visibility.PUBLIC,
            monetised=False,
            promoted=False,
            today=datetime(2026, 11, 20, tzinfo=UTC).date(),
        )
        # Names are evidence too, so these say nothing.
        files = tuple(PictureFile(f"{number}.png", data) for number, data in enumerate(pictures))
        found = self._screening.screen(Upload("accuracy", context, files))
        grounds = tuple(dict.fromkeys(item.code for item in found.verdict.grounds))
        named = frozenset(item.reference_set for item in found.verdict.grounds if item.reference_set)
        return Screened(
            found.verdict.outcome.value, grounds, named, tuple(asked(item) for item in found.findings.pictures)
        )

    def close(self) -> None:
        self._queue.close()
        self._pool.shutdown()


class _Standing:
    """A CurrentIndex that never changes."""

    def __init__(self, index: LoadedIndex) -> None:
        self._index = index

    def get(self) -> LoadedIndex:
        return self._index

    def prove(self) -> str:
        return self._index.generation


@contextmanager
def built(name: str, sets: Mapping[str, tuple[str, Sequence[Path]]], model: Model) -> Iterator[Bench]:
    """Build an index of sets (slug to work and picture files) in a folder of its own, which is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="accuracy-") as place:
        folder = Path(place) / "sets"
        for slug, (work, pictures) in sets.items():
            _write_set(folder / slug, slug, work, pictures)
        read = [(item, folder / item.slug) for item in reference_sets.read_all(folder)]
        out = Path(place) / "snapshots"
        report = builds.build(read, out, control=model.control, runtime=RUNTIME, embedded_folder=model.folder)
        bench = Bench(name, report, snapshots.load(out), model)
        try:
            yield bench
        finally:
            bench.close()


def _write_set(folder: Path, slug: str, work: str, pictures: Sequence[Path]) -> None:
    (folder / "images").mkdir(parents=True)
    # The title is the slug, and the slug a number: neither can be found in a text.
    (folder / "manifest.toml").write_text(f'title = "{slug}"\nwork = "{work}"\n', encoding="utf-8")
    for number, picture in enumerate(pictures, 1):
        shutil.copyfile(picture, folder / "images" / f"{number:02}.png")


def asked(findings: PictureFindings) -> Asked:
    """Reduce what a picture gave to one strength a set."""
    strengths: dict[str, float] = {}
    for match in findings.matches:
        strengths[match.reference_set] = max(strengths.get(match.reference_set, metrics.NOTHING), strength(match))
    ordered = dict(sorted(strengths.items(), key=lambda item: -item[1]))
    rates: dict[MatchKind, float] = {}
    for match in findings.matches:
        rates[match.kind] = min(rates.get(match.kind, 1.0), match.false_positive_rate)
    calibrated = all(match.measure is None or match.measure.rate.calibrated for match in findings.matches)
    return Asked(ordered, rates, calibrated)


def strength(match: Match) -> float:
    """Rank a match as the pipeline does: by its rate, then by how close it is."""
    measure = match.measure
    if measure is None:
        return metrics.statistic(0.0, 1.0)
    closeness = 1.0 - measure.value / _BITS[measure.name] if measure.name in _BITS else measure.value
    if closeness > 1.0:
        # A count of what agrees, without an upper end.
        closeness /= 1.0 + closeness
    return metrics.statistic(measure.rate.value, closeness)


def quieten() -> None:
    """Keep the log of each screening out of the report."""
    structlog.configure(processors=[_drop])


def _drop(*_: object) -> str:
    raise structlog.DropEvent
