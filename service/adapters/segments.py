"""The signals of everything screened, in files: searched exactly, all of them, without being held in memory.

    screened/
      manifest.json         what is in force: the segments with the digests of their files, the place, the model
      000012/               a segment, of one model and one width; its rows stand in order of screening and number
        vectors.npy         (rows, dim) float32: half as many bytes would take twice as long to compare
        hashes.npy          (rows, 32) PDQ hashes, and  hashed.npy  (rows,) whether each counts
        names.npy           (rows,) ids of screenings, and  numbers.npy  (rows,) numbers of pictures
      lock

A segment is never changed: what changes it is written beside, and put in force by renaming the manifest. Whatever is
killed in between leaves files that nobody speaks of, which the next change removes. Small segments are merged into
larger ones, as long as the two together are no more than MOST_ROWS. Where anything is damaged, everything is: the store
is then empty, and follows the record from its beginning.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
import numpy.typing as npt
import structlog
from scipy.linalg.blas import sgemm
from threadpoolctl import ThreadpoolController

from indexer.ports import ByteArray, FloatArray
from service.ports import PictureHit, PictureQuery, ScreenedPicture, StoreState

log = structlog.get_logger()

FORMAT: Final = 1
MOST_ROWS: Final = 131_072
_AT_ONCE: Final = 4_096
_HASH_BYTES: Final = 32
_THREADS: Final = 2
_MANIFEST: Final = "manifest.json"
_FILES: Final = ("vectors", "hashes", "hashed", "names", "numbers")
_NAME: Final = "S64"
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Segment:
    """A segment in force, its files mapped."""

    name: str
    model: str
    vectors: FloatArray
    hashes: ByteArray
    hashed: npt.NDArray[np.bool_]
    names: npt.NDArray[np.bytes_]
    numbers: npt.NDArray[np.int32]
    sums: dict[str, str]

    @property
    def rows(self) -> int:
        return len(self.numbers)

    @cached_property
    def binary(self) -> Any:
        """The hashes as FAISS searches them; 32 bytes a picture stay in memory."""
        index = faiss.IndexBinaryFlat(_HASH_BYTES * 8)
        index.add(np.ascontiguousarray(self.hashes))
        return index

    @property
    def width(self) -> int:
        return int(self.vectors.shape[1])


class SegmentPictures:
    """ScreenedPictures in a folder; several processes may share it."""

    def __init__(self, folder: Path, *, most_rows: int = MOST_ROWS) -> None:
        """Take a folder, which is made when it is needed; a segment has `most_rows` at most."""
        self._folder = folder
        self._most = most_rows
        self._changing = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._state = StoreState()
        self._segments: tuple[_Segment, ...] = ()

    def apply(self, place: int, model: str, added: Sequence[ScreenedPicture] = (), removed: Sequence[str] = ()) -> None:
        """Forget, keep, and note how far the record was followed."""
        with self._locked():
            gone = np.unique(np.asarray([*removed, *(item.screening_id for item in added)], dtype=_NAME))
            segments: list[_Segment] = []
            for segment in self._segments:
                kept = _without(segment, gone)
                segments += [segment] if kept is None else self._written(segment.model, *kept)
            groups: dict[tuple[str, int], list[ScreenedPicture]] = {}
            for item in added:
                groups.setdefault((item.model, len(item.vector) // 2), []).append(item)
            for (label, _), items in groups.items():
                for start in range(0, len(items), self._most):
                    segments += self._written(label, *_arrays(items[start : start + self._most]))
            self._publish(self._merged(segments), place, model)

    def search(self, query: PictureQuery) -> Iterator[list[PictureHit]]:
        """Find every picture that is near enough, the rows of one segment at a time."""
        self._refresh()
        wanted = np.asarray([np.frombuffer(vector, dtype="<f4") for vector, _ in query.vectors], dtype=np.float32)
        least = np.asarray([value for _, value in query.vectors], dtype=np.float32)
        hashes = np.frombuffer(b"".join(query.hashes), dtype=np.uint8).reshape(-1, _HASH_BYTES)
        for segment in self._segments:
            distances = _near_hashes(segment, hashes, query.most_distance)
            compared = len(least) > 0 and segment.model == query.model and segment.width == wanted.shape[1]
            for start in range(0, segment.rows, 8 * _AT_ONCE):
                stop = min(start + 8 * _AT_ONCE, segment.rows)
                near = _near_vectors(segment, wanted, least, start, stop) if compared else {}
                rows = sorted(near.keys() | {row for row in distances if start <= row < stop})
                yield [
                    PictureHit(
                        segment.names[row].decode(), int(segment.numbers[row]), near.get(row), distances.get(row)
                    )
                    for row in rows
                ]

    def state(self) -> StoreState:
        """Tell how far the record was followed."""
        self._refresh()
        return self._state

    def clear(self) -> None:
        """Forget everything."""
        with self._locked():
            self._publish([], 0, "")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other threads and processes from changing anything."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._changing, (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._read_manifest()
            yield

    def _refresh(self) -> None:
        if _identity(self._folder / _MANIFEST) != self._seen:
            with self._locked():
                pass

    def _read_manifest(self) -> None:
        seen = _identity(self._folder / _MANIFEST)
        if seen == self._seen:
            return
        known = {segment.name: segment for segment in self._segments}
        state, segments = StoreState(), []
        if seen is not None:
            try:
                told = json.loads((self._folder / _MANIFEST).read_text(encoding="utf-8"))
                for item in _segments_of(told):
                    old = known.get(item["name"])
                    same = old is not None and old.sums == item["sums"]
                    segments.append(old if old is not None and same else _opened(self._folder, item))
                state = _state(segments, int(told["place"]), str(told["model"]))
            except (OSError, ValueError, KeyError, TypeError) as error:
                # The record is the truth: what is lost here is read from there again.
                log.error("screened_pictures_damaged", folder=str(self._folder), reason=str(error))  # noqa: TRY400
                state, segments = StoreState(), []
        self._seen, self._state, self._segments = seen, state, tuple(segments)

    def _publish(self, segments: Sequence[_Segment], place: int, model: str) -> None:
        told = {
            "format": FORMAT,
            "place": place,
            "model": model,
            "segments": [{"name": item.name, "model": item.model, "sums": item.sums} for item in segments],
        }
        _write(self._folder / ".manifest", json.dumps(told, indent=1).encode())
        (self._folder / ".manifest").replace(self._folder / _MANIFEST)
        _sync(self._folder)
        self._segments, self._state = tuple(segments), _state(segments, place, model)
        self._seen = _identity(self._folder / _MANIFEST)
        in_force = {item.name for item in segments}
        for path in self._folder.iterdir():
            # Who has mapped them keeps them until they are let go.
            if path.is_dir() and path.name not in in_force:
                shutil.rmtree(path, ignore_errors=True)

    def _written(self, model: str, *arrays: npt.NDArray[Any]) -> list[_Segment]:
        """Write a segment; none where it has no row."""
        if not len(arrays[-1]):
            return []
        used = [int(path.name) for path in self._folder.iterdir() if path.name.isdigit()]
        name = f"{max(used, default=0) + 1:06}"
        folder = self._folder / name
        folder.mkdir()
        order = np.lexsort((arrays[4], arrays[3]))
        for kind, array in zip(_FILES, arrays, strict=True):
            path = folder / f"{kind}.npy"
            with path.open("wb") as stream:
                np.save(stream, array[order], allow_pickle=False)
                stream.flush()
                os.fsync(stream.fileno())
        _sync(folder)
        sums = {kind: _digest(folder / f"{kind}.npy") for kind in _FILES}
        return [_opened(self._folder, {"name": name, "model": model, "sums": sums}, check=False)]

    def _merged(self, segments: list[_Segment]) -> list[_Segment]:
        """Merge the last two of a kind while the later is not much the smaller: each row is written a few times."""
        done: list[_Segment] = []
        kinds = dict.fromkeys((item.model, item.width) for item in segments)
        for kind in kinds:
            stack: list[_Segment] = []
            for item in (item for item in segments if (item.model, item.width) == kind):
                stack.append(item)
                while (
                    len(stack) > 1
                    and stack[-2].rows < 2 * stack[-1].rows
                    and stack[-2].rows + stack[-1].rows <= self._most
                ):
                    second, first = stack.pop(), stack.pop()
                    both = [
                        np.concatenate([np.asarray(getattr(first, part)), np.asarray(getattr(second, part))])
                        for part in _FILES
                    ]
                    stack += self._written(first.model, *both)
            done += stack
        return done


def _arrays(items: Sequence[ScreenedPicture]) -> tuple[npt.NDArray[Any], ...]:
    # Of one picture that comes twice, the last counts.
    unique = list({(item.screening_id, item.number): item for item in items}.values())
    hashed = np.asarray([len(item.pdq) == _HASH_BYTES for item in unique], dtype=np.bool_)
    packed = b"".join(item.pdq if len(item.pdq) == _HASH_BYTES else bytes(_HASH_BYTES) for item in unique)
    return (
        np.stack([np.frombuffer(item.vector, dtype="<f2").astype(np.float32) for item in unique]),
        np.frombuffer(packed, dtype=np.uint8).reshape(-1, _HASH_BYTES),
        hashed,
        np.asarray([item.screening_id for item in unique], dtype=_NAME),
        np.asarray([item.number for item in unique], dtype=np.int32),
    )


def _without(segment: _Segment, gone: npt.NDArray[np.bytes_]) -> tuple[npt.NDArray[Any], ...] | None:
    """Return a segment's arrays without some screenings; None where it has none of them."""
    first = np.searchsorted(segment.names, gone, side="left")
    last = np.searchsorted(segment.names, gone, side="right")
    if not (last > first).any():
        return None
    kept = np.ones(segment.rows, dtype=np.bool_)
    for start, stop in zip(first, last, strict=True):
        kept[start:stop] = False
    return tuple(np.asarray(getattr(segment, part))[kept] for part in _FILES)


def _near_vectors(segment: _Segment, wanted: FloatArray, least: FloatArray, start: int, stop: int) -> dict[int, float]:
    """Return the largest cosine of each row that reaches the least of any of what is wanted."""
    found: dict[int, float] = {}
    # Eight views of a reference are more arithmetic than reading; whoever searches rests between its steps.
    with _blas().limit(limits=_THREADS, user_api="blas"):
        for first in range(start, stop, _AT_ONCE):
            part = np.asarray(segment.vectors[first : min(first + _AT_ONCE, stop)])
            cosines = sgemm(1.0, wanted.T, part.T, trans_a=True)
            # Hardly any part has a hit: that one is there is asked first.
            if (cosines >= least[:, None]).any():
                for row in np.flatnonzero((cosines >= least[:, None]).any(axis=0)).tolist():
                    found[first + row] = float(cosines[:, row].max())
    return found


@cache
def _blas() -> ThreadpoolController:
    """Return what limits the threads of products; looking for it takes a millisecond."""
    return ThreadpoolController()


def _near_hashes(segment: _Segment, hashes: ByteArray, most: int) -> dict[int, int]:
    """Return the smallest distance of each row that is near any of some hashes."""
    found: dict[int, int] = {}
    if not len(hashes):
        return found
    faiss.omp_set_num_threads(1)
    # FAISS gives what is nearer than a radius.
    _, distances, rows = segment.binary.range_search(np.ascontiguousarray(hashes), most + 1)
    for row, distance in zip(rows.tolist(), distances.tolist(), strict=True):
        if segment.hashed[row]:
            found[row] = min(found.get(row, most), int(distance))
    return found


def _segments_of(told: dict[str, Any]) -> list[dict[str, Any]]:
    if told["format"] != FORMAT:
        raise ValueError(f"its format is {told['format']}, not {FORMAT}")
    return list(told["segments"])


def _opened(folder: Path, told: dict[str, Any], *, check: bool = True) -> _Segment:
    """Map a segment's files. Raises ValueError, KeyError or OSError where they are not what was written."""
    name = str(told["name"])
    if not name.isdigit():
        raise ValueError(f"{name!r} is no segment")
    arrays: dict[str, npt.NDArray[Any]] = {}
    for kind in _FILES:
        path = folder / name / f"{kind}.npy"
        if check and _digest(path) != told["sums"][kind]:
            raise ValueError(f"{name}/{kind}.npy is not what was written")
        arrays[kind] = np.load(path, mmap_mode="r", allow_pickle=False)
    return _Segment(name, str(told["model"]), **arrays, sums=dict(told["sums"]))


def _state(segments: Sequence[_Segment], place: int, model: str) -> StoreState:
    pictures: Counter[str] = Counter()
    for item in segments:
        pictures[item.model] += item.rows
    return StoreState(place, model, dict(pictures))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
