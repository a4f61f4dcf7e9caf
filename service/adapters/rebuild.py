"""Building the next generation from the record: in a process of its own, so that it takes nothing from live screening.

1. `rebuild`    the active sets and their pictures are laid out in a folder, and built and published from there
2. `Rebuilds`   watches what the index in force has changed since it was built, and starts a build when it has settled

Run as a program it reads its order from standard input: a database URL may hold a password, and a command line is
there for everybody to see.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from indexer import build as builds
from indexer import control as control_sets
from indexer.backends import embedded
from indexer.backends.runtime import open_runtime
from indexer.build import BuildReport
from indexer.control import ControlSet
from indexer.errors import IndexerError, ManifestError, SnapshotError
from indexer.index import snapshot as snapshots
from indexer.index.origin import read_origin
from indexer.model import ReferenceSet
from service.adapters.blobs import open_blobs
from service.adapters.live_index import LiveIndex
from service.adapters.logs import configure_logs
from service.adapters.reference_signals import KeptSignals
from service.adapters.sql.control_pictures import SqlControlPictures
from service.adapters.sql.engine import connect
from service.adapters.sql.sets import SqlSetDirectory
from service.domain.errors import NotReady
from service.domain.registration import SetsInForce
from service.ports import Blobs, ControlPictures, SetDirectory

log = structlog.get_logger()
_LOCK = ".rebuild.lock"
_LOCKED = 3
_LONGEST_SECONDS = 6 * 3600
_NICE = 10
FAILED_SECONDS = 600.0
"""After how long a build that failed is tried again: what was lost may have come back."""


class AlreadyRunning(Exception):
    """Another process builds into the same folder."""


@dataclass(frozen=True)
class Order:
    """What a build needs to know: database and blobs of the record, and the folder of snapshots."""

    database: str
    blobs: str
    out: str
    runtime: str = "auto"


def rebuild(
    directory: SetDirectory,
    control: ControlPictures,
    blobs: Blobs,
    out: Path,
    *,
    runtime: str = "auto",
    progress: builds.Progress = lambda *_: None,
) -> BuildReport:
    """Build and publish a generation from the active sets of the record.

    Raises AlreadyRunning, ManifestError where there is nothing to build or a picture is lost, SnapshotError where the
    generation in force holds sets that the record does not know, or was made with a model that is not the embedded one.
    """
    out.mkdir(parents=True, exist_ok=True)
    with _alone(out), tempfile.TemporaryDirectory(prefix=".record-", dir=out) as place:
        record = directory.in_force()
        _check_base(out, record)
        folder = Path(place)
        sets = [_laid_out(item, folder / "sets" / item.slug, blobs) for item in record.sets if item.references]
        if not sets:
            raise ManifestError("no active reference set holds a picture: there is nothing to build")
        return builds.build(
            sets,
            out,
            runtime=runtime,
            known=KeptSignals(blobs),
            record=str(record.revision),
            also_control=_dismissed(control, blobs, folder, runtime),
            progress=progress,
        )


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Keep other processes from building into a folder; the system lets go of it however this one ends."""
    with (out / _LOCK).open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(f"another process builds into {out}") from error
        yield


def _check_base(out: Path, record: SetsInForce) -> None:
    """Refuse to publish a generation that would silence sets, or speak of another model than the one in force."""
    if not snapshots.generations(out):
        return
    base = read_origin(snapshots.resolve(out))
    if base.model != embedded.NAME:
        raise SnapshotError(
            f"generation {base.generation} was made with {base.model}; the record is built with {embedded.NAME}"
            " alone: export the sets, and build with `lora-screening index build --model`"
        )
    unknown = [slug for slug in base.slugs if slug not in record.known]
    if base.record is None and unknown:
        raise SnapshotError(
            f"generation {base.generation} was built from a folder and holds {len(unknown)} sets that the record does"
            f" not know, such as {unknown[0]}: import them first with `lora-screening sets import`"
        )


def _laid_out(item: ReferenceSet, folder: Path, blobs: Blobs) -> tuple[ReferenceSet, Path]:
    """Write a set's pictures where a build looks for them. Raises ManifestError naming a lost one."""
    for reference in item.references:
        data = blobs.read(f"pictures/{reference.sha256}")
        if data is None:
            raise ManifestError(f"{item.slug}/{reference.id}: the blob store does not hold its picture")
        path = folder / reference.id
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return item, folder


def _dismissed(control: ControlPictures, blobs: Blobs, folder: Path, runtime: str) -> ControlSet | None:
    """Compute signals of the pictures that two people found unrelated; what retention has deleted is left out."""
    pictures: list[tuple[str, Path]] = []
    for item in control.confirmed():
        data = blobs.read(f"pictures/{item.sha256}")
        if data is not None:
            path = folder / "control" / item.sha256
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
            pictures.append((item.style, path))
    if not pictures:
        return None
    model = folder / "model" / "vision.onnx"
    model.parent.mkdir()
    spec = embedded.export(model)
    return control_sets.measure(pictures, spec, open_runtime(model, spec, runtime))


class Rebuilds:
    """Starts builds when they are due, in a thread that waits for them."""

    def __init__(
        self,
        order: Order,
        index: LiveIndex,
        directory: SetDirectory,
        *,
        quiet_seconds: float,
        most_seconds: float,
        failed_seconds: float = FAILED_SECONDS,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        """Build when nothing has changed for `quiet_seconds`, or `most_seconds` after the first change.

        What failed is tried again after `failed_seconds`, or when the record has changed.
        """
        self._order = order
        self._index = index
        self._directory = directory
        self._quiet = quiet_seconds
        self._most = most_seconds
        self._on_failure = on_failure
        self._first: float | None = None
        self._last: float = 0.0
        self._seen: int | None = None
        self._failed_seconds = failed_seconds
        self._failed_at: int | None = None
        self._again_at = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="rebuilds", daemon=True)
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float) -> None:
        """Look every `seconds` whether a build is due."""
        self._seconds = seconds
        self._thread.start()

    def close(self) -> None:
        """Stop; a build that runs is ended, and leaves the generation in force as it is."""
        self._stop.set()
        if self._child is not None:
            self._child.terminate()
        if self._thread.is_alive():
            self._thread.join()

    def is_due(self, now: float) -> bool:
        """Tell whether a build is due at `now` (time.monotonic()); to be asked again and again."""
        revision = self._directory.revision()
        if (revision == self._failed_at and now < self._again_at) or not self._pending():
            self._first = None
            return False
        if revision != self._seen or self._first is None:
            self._seen, self._last = revision, now
            self._first = now if self._first is None else self._first
        return self._is_empty() or now - self._last >= self._quiet or now - self._first >= self._most

    def _pending(self) -> int:
        """Count the references that the generation in force lacks, or holds in vain."""
        try:
            return self._index.get().pending
        except NotReady:
            return sum(len(item.references) for item in self._directory.in_force().sets)

    def _is_empty(self) -> bool:
        """Tell whether there is nothing to screen against yet: then nothing is worth waiting for."""
        try:
            self._index.get()
        except NotReady:
            return not snapshots.generations(Path(self._order.out))
        return False

    def _watch(self) -> None:
        while not self._stop.wait(self._seconds):
            try:
                if self.is_due(time.monotonic()):
                    self._build()
            # The thread must outlive every failure; the next change is a new chance.
            except Exception:
                log.exception("rebuild_failed")
                self._on_failure()

    def _build(self) -> None:
        started, revision = time.monotonic(), self._directory.revision()
        self._first = None
        command = [sys.executable, "-m", "service.adapters.rebuild"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:  # noqa: S603
            self._child = child
            try:
                told, _ = child.communicate(json.dumps(asdict(self._order)).encode(), timeout=_LONGEST_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                told = b"it took too long"
            self._child = None
        if self._stop.is_set() or child.returncode == _LOCKED:
            return
        reason = told.decode("utf-8", "replace").strip()
        if child.returncode != 0:
            self._failed_at, self._again_at = revision, time.monotonic() + self._failed_seconds
            log.error("rebuild_failed", revision=revision, reason=reason)
            self._on_failure()
            return
        log.info("rebuilt", generation=reason, revision=revision, seconds=round(time.monotonic() - started, 1))
        self._index.wake()


def main() -> int:
    """Do what an order on standard input says; print the generation, or why there is none."""
    order = Order(**json.load(sys.stdin))
    os.nice(_NICE)
    configure_logs("json", "warning")
    engine = connect(order.database)
    try:
        directory, control = SqlSetDirectory(engine), SqlControlPictures(engine)
        built = rebuild(directory, control, open_blobs(order.blobs), Path(order.out), runtime=order.runtime)
    except AlreadyRunning:
        return _LOCKED
    except IndexerError as error:
        sys.stdout.write(f"{error.code}: {error}")
        return 2
    finally:
        engine.dispose()
    sys.stdout.write(built.generation)
    return 0


if __name__ == "__main__":
    sys.exit(main())
