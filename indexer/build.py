"""Building a snapshot: reference sets, model and control set in, a published generation out.

1. The model's network is put in place (the embedded one, or one exported from open_clip).
2. Every reference is decoded, hashed and embedded in all reference views.
3. Control set and impostors are run against the index: normalisation and rates (calibration.py).
4. Everything is written to a folder of its own, loaded again, and must find its own references.
5. One rename publishes it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from indexer import control as control_sets
from indexer import reference_signals
from indexer.backends import embedded
from indexer.backends.runtime import open_runtime
from indexer.calibration import (
    CHANCES,
    MIN_CONTROL,
    MIN_IMPOSTORS,
    Calibration,
)
from indexer.control import ControlSet, in_groups
from indexer.errors import CalibrationError, ManifestError, ModelError, PictureError, SignalsError, SnapshotError
from indexer.index import snapshot as snapshots
from indexer.index.flat import FlatHashIndex, FlatVectorIndex
from indexer.index.snapshot import Snapshot
from indexer.likeness import crowding, index_rows, works_of
from indexer.matcher import Matcher
from indexer.model import MatchKind, ModelSpec, PictureFile, Reference, ReferenceSet
from indexer.ports import ByteArray, EmbeddingBackend, SignalStore
from indexer.rates import Standing, calibrate_agreement, calibrate_hash, calibrate_likeness
from indexer.reference_signals import ReferenceSignals
from indexer.signals.pixels.features import FeatureTable, concatenate

Progress = Callable[[str, int, int], None]
"""Called with the name of a step, how much of it is done, and how much there is."""

_CHECKED_REFERENCES = 200
_WORKSHOP = ".building-"
_ABANDONED_SECONDS = 24 * 3600


@dataclass(frozen=True)
class BuildReport:
    """What a build gave; `warnings` are for a person to read."""

    path: Path
    generation: str
    sets: int
    references: int
    vectors: int
    hashes: int
    warnings: tuple[str, ...]


def build(
    sets: Sequence[tuple[ReferenceSet, Path]],
    out: Path,
    *,
    model: str = embedded.NAME,
    pretrained: str = "",
    control: Path | None = None,
    runtime: str = "auto",
    embedded_folder: Path = embedded.FOLDER,
    known: SignalStore | None = None,
    record: str | None = None,
    also_control: ControlSet | None = None,
    progress: Progress = lambda *_: None,
) -> BuildReport:
    """Build and publish a generation below `out` from sets and the folders that hold their pictures.

    `embedded_folder` holds the embedded model, or one of its architecture that is to be tried in its place. `control`
    is a folder of unrelated pictures, or a control set file; without one the embedded model's own is used.
    `also_control` is added to it. References whose signals are `known` are not decoded and embedded again. `record` is
    the revision of the record that the sets were taken from; the manifest keeps it.
    Raises ManifestError, ModelError, CalibrationError or SnapshotError; what was in force before then stays so.
    """
    if not any(item.references for item, _ in sets):
        raise ManifestError("there is no reference picture to index")
    if control is None and model != embedded.NAME:
        raise CalibrationError(
            f"there is no control set for {model}: name a folder of {MIN_CONTROL} or more unrelated pictures"
            " with --control DIR"
        )
    out.mkdir(parents=True, exist_ok=True)
    with _workshop(out) as folder:
        progress("model", 0, 1)
        spec = _place_model(folder, model, pretrained, embedded_folder)
        backend = open_runtime(folder / snapshots.MODEL_FILE, spec, runtime)
        progress("model", 1, 1)
        crowd = _control_set(control, spec, backend, progress)
        if also_control is not None:
            crowd = crowd.joined(also_control)
        signals = _reference_signals(sets, spec, backend, known, progress)
        progress("calibrate", 0, 1)
        snapshot, warnings = _assemble(
            sets=sets,
            signals=signals,
            spec=spec,
            crowd=crowd,
            generation=snapshots.next_generation(out),
            folder=folder,
            record=record,
        )
        progress("calibrate", 1, 1)
        snapshots.write(snapshot, folder)
        loaded = snapshots.load(folder)
        _find_own_references(loaded, sets, backend, progress)
        path = snapshots.publish(folder, out)
    return BuildReport(
        path,
        snapshot.generation,
        len(sets),
        len(snapshot.references),
        len(snapshot.vectors),
        len(snapshot.pdq),
        warnings,
    )


@contextmanager
def _workshop(out: Path) -> Iterator[Path]:
    """Give a folder on the same disk as `out`, so that publishing is a rename; leave nothing behind on failure."""
    for left in out.glob(f"{_WORKSHOP}*"):
        # A build that was killed could not tidy up; one that is still running writes all the time.
        if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_WORKSHOP, dir=out))
    folder.chmod(0o755)
    try:
        (folder / "model").mkdir()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _place_model(folder: Path, model: str, pretrained: str, embedded_folder: Path) -> ModelSpec:
    path = folder / snapshots.MODEL_FILE
    if model == embedded.NAME:
        return embedded.export(path, embedded_folder)
    try:
        from indexer.backends import open_clip  # noqa: PLC0415 (torch is an extra, needed for other models alone)
    except ImportError as error:
        raise ModelError(
            f"another model than {embedded.NAME} needs open_clip and torch: pip install 'lora-screening[indexer]'"
        ) from error
    return open_clip.export(model, pretrained, path)


def _control_set(source: Path | None, spec: ModelSpec, backend: EmbeddingBackend, progress: Progress) -> ControlSet:
    if source is None:
        source = embedded.FOLDER / control_sets.FILE
    if source.is_dir():
        pictures = control_sets.pictures_below(source)
        found = control_sets.measure(pictures, spec, backend, lambda n: progress("control set", n, len(pictures)))
    else:
        found = control_sets.load(source)
    if found.model != spec.fingerprint:
        raise CalibrationError(f"the control set {source.name} was made with another model than {spec.label}")
    if len(found) < MIN_CONTROL:
        raise CalibrationError(f"the control set has {len(found)} pictures; rates need {MIN_CONTROL} at least")
    return found


def _reference_signals(
    sets: Sequence[tuple[ReferenceSet, Path]],
    spec: ModelSpec,
    backend: EmbeddingBackend,
    known: SignalStore | None,
    progress: Progress,
) -> list[ReferenceSignals]:
    """Return the signals of all references in row order. Raises ManifestError naming all that cannot be read."""
    work = [(folder, reference) for item, folder in sets for reference in item.references]
    recipe = reference_signals.recipe(spec)

    def signals(item: tuple[Path, Reference]) -> ReferenceSignals | str:
        folder, reference = item
        found = _unpacked(known.get(recipe, reference.sha256), spec) if known is not None else None
        if found is not None:
            return found
        try:
            found = reference_signals.measure(str(folder / reference.id), _read(folder, reference), spec, backend)
        except (PictureError, ManifestError) as error:
            return str(error)
        if known is not None:
            known.put(recipe, reference.sha256, reference_signals.pack(found))
        return found

    gathered: list[ReferenceSignals] = []
    faults: list[str] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, found in enumerate(in_groups(pool, signals, work), start=1):
            progress("references", done, len(work))
            if isinstance(found, str):
                faults.append(found)
            else:
                gathered.append(found)
    if faults:
        raise ManifestError("\n".join(faults))
    return gathered


def _read(folder: Path, reference: Reference) -> bytes:
    """Read a reference's file. Raises ManifestError when it is gone, or not the one that was registered."""
    path = folder / reference.id
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != reference.sha256:
        raise ManifestError(f"{path}: changed while it was read")
    return data


def _unpacked(packed: bytes | None, spec: ModelSpec) -> ReferenceSignals | None:
    """Return signals that were kept; None for what is not there or damaged, which is computed again."""
    try:
        found = reference_signals.unpack(packed) if packed is not None else None
    except SignalsError:
        return None
    return found if found is not None and found.vectors.shape[1] == spec.embed_dim else None


def _assemble(
    *,
    sets: Sequence[tuple[ReferenceSet, Path]],
    signals: list[ReferenceSignals],
    spec: ModelSpec,
    crowd: ControlSet,
    generation: str,
    folder: Path,
    record: str | None,
) -> tuple[Snapshot, tuple[str, ...]]:
    items = tuple(item for item, _ in sets)
    owners = np.asarray([n for n, item in enumerate(items) for _ in item.references])
    embeddings = np.stack([item.vectors for item in signals])
    hashes = [item.hashes for item in signals]
    count, views = embeddings.shape[:2]
    rows = np.stack([np.repeat(np.arange(count), views), np.tile(np.arange(views), count)], axis=1).astype(np.int32)
    reliable = np.asarray([item.reliable for item in hashes])
    hash_rows = np.flatnonzero(reliable).astype(np.int32)
    standing = Standing(owners, works_of(items))
    # As it is kept, so that references added later are measured against the very same.
    control = crowd.vectors.astype(np.float16)
    crowded = crowding(embeddings, control.astype(np.float32))
    vectors = FlatVectorIndex.of(index_rows(embeddings, crowded))
    pdq = _stack([hashes[row].pdq for row in hash_rows], (8, 32))
    phash = _stack([hashes[row].phash for row in hash_rows], (8,))
    features = FeatureTable(concatenate([item.features for item in signals]))
    hashed = Standing(owners[hash_rows], standing.works)
    calibrations = {
        "cosine": calibrate_likeness(embeddings, vectors, standing, crowd),
        "agreeing_points": calibrate_agreement(features, embeddings, vectors, standing, crowd),
        "pdq_distance": calibrate_hash(pdq, hashed, *crowd.hashes(crowd.pdq)),
        "phash_distance": calibrate_hash(phash[:, None, :], hashed, *crowd.hashes(crowd.phash)),
    }
    calibrations = {measure: replace(alone, chances=CHANCES[measure]) for measure, alone in calibrations.items()}
    canary = int(hash_rows[0]) if len(hash_rows) else 0
    references = [(place, reference) for item, place in sets for reference in item.references]
    snapshot = Snapshot(
        generation=generation,
        model=spec,
        sets=items,
        vectors=vectors,
        rows=rows,
        pdq=FlatHashIndex.of(np.ascontiguousarray(pdq[:, 0])),
        phash=FlatHashIndex.of(phash),
        hash_rows=hash_rows,
        features=features,
        pixel_sha256=tuple(item.pixel_sha256 for item in signals),
        calibrations=calibrations,
        crowding=crowded,
        canary=_read(*references[canary]),
        canary_reference=canary,
        control=control,
        manifest={},
        model_path=folder / snapshots.MODEL_FILE,
    )
    warnings = _warnings([reference for _, reference in references], reliable, calibrations["cosine"])
    return replace(snapshot, manifest=_manifest(snapshot, crowd, record, warnings)), warnings


def _stack(rows: list[ByteArray], shape: tuple[int, ...]) -> ByteArray:
    return np.stack(rows) if rows else np.zeros((0, *shape), dtype=np.uint8)


def _warnings(references: list[Reference], reliable: np.ndarray[Any, Any], cosine: Calibration) -> tuple[str, ...]:
    warnings = [
        f"{reference.id}: too flat or empty for perceptual hashes; only its embedding is used"
        for reference, good in zip(references, reliable.tolist(), strict=True)
        if not good
    ]
    if cosine.impostors is None:
        warnings.append(
            f"fewer than {MIN_IMPOSTORS} pictures of other works: similarity is uncalibrated for this index's style and"
            " reaches review at most; register more sets or give control pictures of the style"
        )
    return tuple(warnings)


def _manifest(snapshot: Snapshot, crowd: ControlSet, record: str | None, warnings: tuple[str, ...]) -> dict[str, Any]:
    return {
        "format": snapshots.FORMAT,
        "generation": snapshot.generation,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "record": record,
        "recipes": dict(snapshots.RECIPES),
        "model": asdict(snapshot.model),
        "vectors_model": snapshot.model.fingerprint,
        "counts": {
            "sets": len(snapshot.sets),
            "references": len(snapshot.references),
            "vectors": len(snapshot.vectors),
            "hashes": len(snapshot.pdq),
            "control_pictures": len(crowd),
        },
        "canary_reference": snapshot.canary_reference,
        "warnings": list(warnings),
    }


def _find_own_references(
    snapshot: Snapshot, sets: Sequence[tuple[ReferenceSet, Path]], backend: EmbeddingBackend, progress: Progress
) -> None:
    """Screen references as uploads would be; all of a small index, an even sample of a large one."""
    work = [(item.slug, reference, folder) for item, folder in sets for reference in item.references]
    step = max(1, len(work) // _CHECKED_REFERENCES)
    sample = work[::step]
    matcher = Matcher(snapshot, backend)
    try:
        for done, (slug, reference, folder) in enumerate(sample, start=1):
            progress("verify", done, len(sample))
            file = PictureFile(reference.id, _read(folder, reference))
            found = {(match.kind, match.reference_set) for match in matcher.examine([file]).pictures[0].matches}
            wanted = {(MatchKind.EXACT_COPY, slug), (MatchKind.CHARACTER_SIMILARITY, slug)}
            if not wanted <= found:
                raise SnapshotError(
                    f"the new index does not find its own reference {slug}/{reference.id}: not published"
                )
        if not matcher.find_canary():
            raise SnapshotError("the new index does not find its own canary: not published")
    finally:
        matcher.close()
