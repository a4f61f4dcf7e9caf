"""Snapshots: one published build of the index, self-contained and checked to the last byte.

    OUT/000007/                    a generation; the highest number is the one in force
        manifest.json              format, recipes, model, counts, time
        sets.json                  reference sets, aliases, licences, references
        model/vision.onnx          the network that made the vectors, and that embeds the uploads
        vectors.faiss  rows.npy    embeddings, and for each its reference and view
        pdq.faiss  phash.faiss     hashes of the references good enough for hashing
        hash_rows.npy              for each hash the number of its reference
        control.npy                vectors of the control set, from which it is told how crowded it is anywhere
        features.safetensors       local features of every reference
        calibration.safetensors    rates, per measure; how crowded it is around each reference
        canary                     one reference's own file: what readiness is proved with
        SHA256SUMS                 of all of them, in the form that `sha256sum -c` reads

A build writes into a folder of another name and publishes by one rename: there is no moment at which half a generation
can be seen, and killing a build leaves the old one in force.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from indexer import calibration
from indexer.errors import SnapshotError
from indexer.index.flat import FlatHashIndex, FlatVectorIndex
from indexer.likeness import Numbers
from indexer.model import Alias, AliasKind, Fame, Licence, ModelSpec, Reference, ReferenceSet
from indexer.signals.names import aliases
from indexer.signals.pixels import features, images, layout, perceptual, views
from indexer.signals.pixels.features import FeatureTable

FORMAT = 2
RECIPES: Mapping[str, str] = {
    "decode": images.RECIPE,
    "pdq": perceptual.PDQ_RECIPE,
    "phash": perceptual.PHASH_RECIPE,
    "views": views.RECIPE,
    "layout": layout.RECIPE,
    "features": features.RECIPE,
    "names": aliases.RECIPE,
    "calibration": calibration.RECIPE,
}
SUMS = "SHA256SUMS"
MODEL_FILE = "model/vision.onnx"
NOBODY = -1
"""Who owns a reference that no set in force holds any more."""

_KEPT_GENERATIONS = 3


@dataclass(frozen=True)
class Changes:
    """What became of a generation since it was built (live.py).

    `base` is the generation as it was built, `tail` the references that it lacks, in row order. `owners` (references,)
    says of each, the tail last, in which of the sets in force it is, or NOBODY.
    """

    base: Snapshot
    tail: tuple[Reference, ...]
    owners: Numbers


@dataclass(frozen=True)
class Snapshot:
    """A loaded generation.

    `rows` (vectors, 2) holds reference and view numbers, `crowding` (references,) what likeness.py takes off (see
    there), and `control` (rows, dim) the control set's vectors, of which that is computed. References have rows in the
    order of the sets that they were built from; what was changed since then is in `changes`.
    """

    generation: str
    model: ModelSpec
    sets: tuple[ReferenceSet, ...]
    vectors: FlatVectorIndex
    rows: npt.NDArray[np.int32]
    pdq: FlatHashIndex
    phash: FlatHashIndex
    hash_rows: npt.NDArray[np.int32]
    features: FeatureTable
    pixel_sha256: tuple[str, ...]
    calibrations: Mapping[str, calibration.Calibration]
    crowding: npt.NDArray[np.float32]
    canary: bytes
    canary_reference: int
    control: npt.NDArray[np.float16]
    manifest: Mapping[str, Any]
    model_path: Path
    changes: Changes | None = None

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """All references in row order, also those that are in force no more."""
        if self.changes is not None:
            return (*self.changes.base.references, *self.changes.tail)
        return tuple(reference for item in self.sets for reference in item.references)

    @cached_property
    def owners(self) -> Numbers:
        """The number of each reference's set, or NOBODY: (references,)."""
        if self.changes is not None:
            return self.changes.owners
        counts = [len(item.references) for item in self.sets]
        return np.repeat(np.arange(len(counts), dtype=np.int64), counts)

    def rows_of_file(self, sha256: str) -> list[int]:
        """List the references in force whose file has this digest."""
        return self._in_force(row for part in self._parts for row in part.by_file.get(sha256, ()))

    def rows_of_pixels(self, sha256: str) -> list[int]:
        """List the references in force whose pixels have this digest."""
        return self._in_force(row for part in self._parts for row in part.by_pixels.get(sha256, ()))

    @cached_property
    def by_file(self) -> Mapping[str, list[int]]:
        """Rows by digest of the file; of a changed generation the tail's alone, for its base knows its own."""
        return self._ordered([reference.sha256 for reference in self.references])

    @cached_property
    def by_pixels(self) -> Mapping[str, list[int]]:
        """Rows by digest of the pixels, likewise."""
        return self._ordered(self.pixel_sha256)

    @property
    def _parts(self) -> tuple[Snapshot, ...]:
        return (self,) if self.changes is None else (self.changes.base, self)

    def _ordered(self, digests: Sequence[str]) -> dict[str, list[int]]:
        start = 0 if self.changes is None else len(self.changes.base.references)
        rows: dict[str, list[int]] = {}
        for row in range(start, len(digests)):
            rows.setdefault(digests[row], []).append(row)
        return rows

    def _in_force(self, rows: Iterable[int]) -> list[int]:
        return [row for row in rows if self.owners[row] != NOBODY]


def write(snapshot: Snapshot, folder: Path) -> None:
    """Write everything but the model (which the builder has put at MODEL_FILE), then the checksums.

    Raises SnapshotError when the snapshot was changed in force: its index is in two parts then.
    """
    if snapshot.changes is not None:
        raise SnapshotError(
            f"generation {snapshot.generation} was changed in force and cannot be written; build it anew"
        )
    snapshot.vectors.save(folder / "vectors.faiss")
    snapshot.pdq.save(folder / "pdq.faiss")
    snapshot.phash.save(folder / "phash.faiss")
    np.save(folder / "rows.npy", snapshot.rows)
    np.save(folder / "hash_rows.npy", snapshot.hash_rows)
    np.save(folder / "control.npy", snapshot.control)
    save_file(dict(snapshot.features.arrays), folder / "features.safetensors")
    rates = calibration.to_arrays(dict(snapshot.calibrations))
    save_file({**rates, "crowding": snapshot.crowding}, folder / "calibration.safetensors")
    (folder / "canary").write_bytes(snapshot.canary)
    sets = [_set_to_json(item) for item in snapshot.sets]
    _write_json(folder / "sets.json", {"sets": sets, "pixel_sha256": list(snapshot.pixel_sha256)})
    _write_json(folder / "manifest.json", dict(snapshot.manifest))
    (folder / SUMS).write_text(_sums(folder), encoding="ascii")
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            with path.open("rb") as stream:
                os.fsync(stream.fileno())


def publish(folder: Path, out: Path) -> Path:
    """Put a written generation in force by renaming its folder to the next number; older ones are pruned.

    The number inside the manifest is the one the builder expected; a build that finds it taken raises SnapshotError.
    """
    target = out / str(json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["generation"])
    try:
        folder.rename(target)
    except OSError as error:
        raise SnapshotError(
            f"generation {target.name} is already there: another build was faster; run again"
        ) from error
    directory = os.open(out, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    for old in generations(out)[:-_KEPT_GENERATIONS]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def generations(out: Path) -> list[Path]:
    """List the published generations, oldest first."""
    if not out.is_dir():
        return []
    return sorted((path for path in out.iterdir() if path.is_dir() and path.name.isdigit()), key=lambda p: int(p.name))


def next_generation(out: Path) -> str:
    """Return the name that the next generation will have."""
    existing = generations(out)
    return f"{int(existing[-1].name) + 1 if existing else 1:06d}"


def resolve(path: Path) -> Path:
    """Return the generation to load: the folder itself, or the newest one in it. Raises SnapshotError."""
    if (path / "manifest.json").is_file():
        return path
    existing = generations(path)
    if not existing:
        raise SnapshotError(
            f"no snapshot in {path}: build one with `lora-screening index build --sets DIR --out {path}`",
            code="snapshot_missing",
        )
    return existing[-1]


def load(path: Path, expected_model: str | None = None) -> Snapshot:
    """Load a generation after checking every byte, the recipes and the model.

    `expected_model` is a model name or the beginning of a fingerprint that the caller insists on.
    Raises SnapshotError naming the file or field at fault.
    """
    folder = resolve(path)
    verify_bytes(folder)
    manifest = _read_json(folder / "manifest.json")
    _check_manifest(folder, manifest, expected_model)
    try:
        content = _read_json(folder / "sets.json")
        fields = manifest["model"]
        model = ModelSpec(**{**fields, "mean": tuple(fields["mean"]), "std": tuple(fields["std"])})
        rates = load_file(folder / "calibration.safetensors")
        snapshot = Snapshot(
            generation=str(manifest["generation"]),
            model=model,
            sets=tuple(_set_from_json(item) for item in content["sets"]),
            vectors=FlatVectorIndex.load(folder / "vectors.faiss"),
            rows=np.load(folder / "rows.npy", allow_pickle=False),
            pdq=FlatHashIndex.load(folder / "pdq.faiss"),
            phash=FlatHashIndex.load(folder / "phash.faiss"),
            hash_rows=np.load(folder / "hash_rows.npy", allow_pickle=False),
            features=FeatureTable(load_file(folder / "features.safetensors")),
            pixel_sha256=tuple(content["pixel_sha256"]),
            calibrations=calibration.from_arrays(rates),
            crowding=rates["crowding"],
            control=np.load(folder / "control.npy", allow_pickle=False),
            canary=(folder / "canary").read_bytes(),
            canary_reference=int(manifest["canary_reference"]),
            manifest=manifest,
            model_path=folder / MODEL_FILE,
        )
    except (KeyError, TypeError, ValueError, OSError, SafetensorError) as error:
        raise SnapshotError(f"{folder}: a part is missing or malformed: {error!r}") from error
    _check_counts(folder, snapshot)
    return snapshot


def verify_bytes(folder: Path) -> None:
    """Compare every file with SHA256SUMS. Raises SnapshotError naming the first that differs."""
    sums = folder / SUMS
    if not sums.is_file():
        raise SnapshotError(f"{folder}: {SUMS} is missing, so nothing in it can be trusted; build the snapshot again")
    stated = sums.read_bytes()
    actual = _sums(folder).encode("utf-8", "surrogateescape")
    if stated == actual:
        return
    stated_lines, actual_lines = set(stated.splitlines()), actual.splitlines()
    changed = [line.split(b"  ", 1)[1].decode("utf-8", "replace") for line in actual_lines if line not in stated_lines]
    known = {line.split(b"  ", 1)[-1] for line in actual_lines}
    missing = [line for line in stated.splitlines() if line.split(b"  ", 1)[-1] not in known]
    at_fault = changed[0] if changed else (missing[0].decode("utf-8", "replace") if missing else SUMS)
    raise SnapshotError(
        f"{folder}: {at_fault} does not have the checksum in {SUMS}: the snapshot is damaged or was changed;"
        " build it again or restore it"
    )


def _check_manifest(folder: Path, manifest: Mapping[str, Any], expected_model: str | None) -> None:
    if manifest.get("format") != FORMAT:
        raise SnapshotError(f"{folder}: format {manifest.get('format')}, this version reads {FORMAT}; build it again")
    recipes = manifest.get("recipes", {})
    for recipe, version in RECIPES.items():
        if recipes.get(recipe) != version:
            raise SnapshotError(
                f"{folder}: made with recipe {recipe}={recipes.get(recipe)}, this version uses {version}: signals"
                " would not compare; build it again",
                code="snapshot_other_recipe",
            )
    model = manifest.get("model", {})
    if manifest.get("vectors_model") != model.get("fingerprint"):
        raise SnapshotError(
            f"{folder}: its vectors were made by model {manifest.get('vectors_model')}, but it carries"
            f" {model.get('fingerprint')}; build it again",
            code="snapshot_other_model",
        )
    if (
        expected_model
        and expected_model != model.get("name")
        and not str(model.get("fingerprint")).startswith(expected_model)
    ):
        raise SnapshotError(
            f"{folder}: made with {model.get('name')}@{str(model.get('fingerprint'))[:12]}, but {expected_model} is"
            " asked for; build one with that model or change the setting",
            code="snapshot_other_model",
        )


def _check_counts(folder: Path, snapshot: Snapshot) -> None:
    count = len(snapshot.references)
    fits = (
        snapshot.rows.shape == (len(snapshot.vectors), 2)
        and len(snapshot.hash_rows) == len(snapshot.pdq) == len(snapshot.phash)
        and len(snapshot.pixel_sha256) == len(snapshot.features) == count
        and snapshot.vectors.dim == snapshot.model.embed_dim + 1
        and len(snapshot.crowding) == count
        and snapshot.control.dtype == np.float16
        and snapshot.control.ndim == 2  # noqa: PLR2004 (rows and dimensions)
        and snapshot.control.shape[1] == snapshot.model.embed_dim
        and 0 <= snapshot.canary_reference < max(count, 1)
        and (not count or int(snapshot.rows[:, 0].max()) == count - 1)
    )
    if not fits:
        raise SnapshotError(f"{folder}: its parts do not belong together; build it again")


def _sums(folder: Path) -> str:
    lines = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != SUMS:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            lines.append(f"{digest}  {path.relative_to(folder).as_posix()}\n")
    return "".join(lines)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SnapshotError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise SnapshotError(f"{path} holds no JSON object; build the snapshot again")
    return content


def _set_to_json(item: ReferenceSet) -> dict[str, Any]:
    content = asdict(item)
    for licence in content["licences"]:
        licence["until"] = licence["until"].isoformat() if licence["until"] else None
    return content


def _set_from_json(content: Mapping[str, Any]) -> ReferenceSet:
    return ReferenceSet(
        slug=content["slug"],
        title=content["title"],
        references=tuple(Reference(**item) for item in content["references"]),
        work=content["work"],
        fame=Fame(content["fame"]),
        holder=content["holder"],
        rights_evidence=content["rights_evidence"],
        aliases=tuple(Alias(a["text"], a["language"], AliasKind(a["kind"])) for a in content["aliases"]),
        licences=tuple(
            Licence(a["id"], a["platform"], a["uploader"], date.fromisoformat(a["until"]) if a["until"] else None)
            for a in content["licences"]
        ),
    )
