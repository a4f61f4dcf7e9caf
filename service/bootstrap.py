"""The composition root: the only module that names concrete adapters."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from indexer import fingerprints
from indexer.errors import IndexerError
from indexer.signals.pixels.images import PictureLimits
from service.adapters.background import BackgroundWork
from service.adapters.clock import SystemClock
from service.adapters.live_index import LiveIndex
from service.adapters.metrics import Metrics
from service.adapters.sql.blocked import SqlBlockedLoras
from service.adapters.sql.engine import open_database
from service.adapters.sql.screenings import SqlScreeningStore
from service.domain.errors import NotReady, PolicyError
from service.domain.policy import Policy, policy_from
from service.domain.upload import Upload
from service.ports import Clock
from service.settings import Settings
from service.usecases.blocking import Blocking
from service.usecases.screening import Screening

log = structlog.get_logger()
SHIPPED_POLICY = Path(__file__).parent / "policy.toml"


@dataclass(frozen=True)
class Wired:
    """Everything that lives as long as the process."""

    settings: Settings
    screening: Screening
    blocking: Blocking
    index: LiveIndex
    metrics: Metrics
    clock: Clock
    background: BackgroundWork

    def screen_later(self, upload: Upload, screening_id: str, close: Callable[[], None]) -> None:
        """Screen an accepted upload in the background; `close` is called when that is done."""

        def job() -> None:
            try:
                self.metrics.observe_screening(self.screening.complete(upload, screening_id))
            finally:
                close()

        self.background.submit(job)

    def close(self) -> None:
        """Finish what was accepted, then stop."""
        self.background.close()
        self.index.close()


def read_policy(path: Path | None) -> Policy:
    """Read a policy file, or the shipped one. Raises PolicyError naming the file and field."""
    source = path or SHIPPED_POLICY
    try:
        return policy_from(tomllib.loads(source.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, PolicyError) as error:
        raise PolicyError(f"{source}: {error}") from error


def wire(settings: Settings) -> Wired:
    """Choose and connect the adapters. Raises PolicyError, or what the database raises when it cannot be opened.

    Without a usable snapshot the service starts all the same: it is alive, not ready, answers 503, and takes the
    snapshot into use as soon as one is published.
    """
    # Read at the start and not by the first upload that resembles a blocked LoRA: it takes most of a second.
    fingerprints.controls()
    metrics = Metrics()
    index = LiveIndex(
        settings.snapshot,
        expected_model=settings.expected_model,
        runtime=settings.runtime,
        threads=settings.threads,
        queue_size=settings.queue_size,
        limits=PictureLimits(settings.max_picture_bytes, settings.max_picture_pixels),
        on_change=metrics.set_generation,
        on_refusal=metrics.count_refusal,
    )
    clock = SystemClock()
    engine = open_database(settings.database)
    store, blocked = SqlScreeningStore(engine), SqlBlockedLoras(engine)
    policy = read_policy(settings.policy_file)
    screening = Screening(
        index,
        policy,
        store,
        blocked,
        clock,
        time_limit=settings.time_limit_seconds,
        unhurried_time_limit=settings.async_time_limit_seconds,
    )
    interrupted = screening.close_interrupted()
    if interrupted:
        log.warning("interrupted_screenings_sent_to_review", count=interrupted)
    try:
        index.refresh()
    except (IndexerError, NotReady) as error:
        log.error("snapshot_refused", folder=str(settings.snapshot), reason=str(error))  # noqa: TRY400 (the reason says it all)
    index.watch(settings.reload_seconds)
    background = BackgroundWork(settings.async_workers, settings.async_queue_size)
    return Wired(settings, screening, Blocking(blocked, clock), index, metrics, clock, background)
