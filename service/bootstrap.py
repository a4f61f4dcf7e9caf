"""The composition root: the only module that names concrete adapters."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import Engine

from indexer import fingerprints
from indexer.errors import IndexerError
from indexer.signals.pixels.images import PictureLimits
from service.adapters.assessment import Assessor, ModelInForce
from service.adapters.background import BackgroundWork
from service.adapters.blobs import open_blobs
from service.adapters.clock import SystemClock
from service.adapters.live_index import LiveIndex
from service.adapters.metrics import Metrics
from service.adapters.passwords import Argon2Passwords
from service.adapters.periodic import Periodically
from service.adapters.reach import ReachOfSets
from service.adapters.rebuild import Order, Rebuilds
from service.adapters.sql.accounts import SqlInvitations, SqlSessions, SqlUsers
from service.adapters.sql.audit import SqlAuditLog
from service.adapters.sql.blocked import SqlBlockedLoras
from service.adapters.sql.case_history import SqlCaseHistory
from service.adapters.sql.case_previews import SqlCasePreviews
from service.adapters.sql.case_queue import SqlCaseQueue
from service.adapters.sql.cases import SqlCases
from service.adapters.sql.control_pictures import SqlControlPictures
from service.adapters.sql.engine import open_database
from service.adapters.sql.keys import SqlApiKeys
from service.adapters.sql.owners import SqlRightsOwners
from service.adapters.sql.policies import SqlPolicies
from service.adapters.sql.reports import SqlBacklog, SqlReports
from service.adapters.sql.screening_history import SqlPictureRetention, SqlScreeningHistory
from service.adapters.sql.screenings import SqlScreeningStore
from service.adapters.sql.set_changes import SqlSetContents, SqlSetRecord
from service.adapters.sql.sets import SqlSetDirectory
from service.adapters.sql.traffic import SqlSetTraffic
from service.domain.errors import NotReady, PolicyError
from service.domain.policy import Policy, policy_from
from service.domain.upload import Upload
from service.ports import (
    AuditLog,
    Blobs,
    CasePreviews,
    Clock,
    IdentityProvider,
    Policies,
    RightsOwners,
    SetDirectory,
)
from service.settings import Settings
from service.usecases.accounts import Accounts
from service.usecases.blocking import Blocking
from service.usecases.desk import Desk
from service.usecases.dry_run import DryRuns
from service.usecases.floods import Floods
from service.usecases.keeping import Keeping
from service.usecases.keys import Keys
from service.usecases.opening import SecondLooks
from service.usecases.overview import Overview
from service.usecases.references import References
from service.usecases.registration import Registration
from service.usecases.replays import Replays
from service.usecases.review import Review
from service.usecases.screening import Screening
from service.usecases.workbench import Workbench

log = structlog.get_logger()
RETURN_PATH = "/console/sign-in/return"
"""Where an identity provider sends people back to."""

_HOUSEKEEPING_SECONDS = 3600.0
_WAITING_REPLAYS = 4
SHIPPED_POLICY = Path(__file__).parent / "policy.toml"


@dataclass(frozen=True)
class OwnersRooms:
    """The use cases of rights owners; `models` reads their pictures."""

    registration: Registration
    references: References
    dry_runs: DryRuns
    desk: Desk
    floods: Floods
    models: ModelInForce


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
    housekeeping: Periodically
    rebuilds: Rebuilds
    review: Review
    rooms: OwnersRooms
    keeping: Keeping
    policies: Policies
    accounts: Accounts
    keys: Keys
    oidc: IdentityProvider | None
    sets: SetDirectory
    owners: RightsOwners
    previews: CasePreviews
    audit: AuditLog
    blobs: Blobs
    overview: Overview
    workbench: Workbench
    replays: Replays

    @property
    def registration(self) -> Registration:
        """Rights owners and their sets."""
        return self.rooms.registration

    @property
    def references(self) -> References:
        """The pictures of sets."""
        return self.rooms.references

    @property
    def dry_runs(self) -> DryRuns:
        """What sets would match."""
        return self.rooms.dry_runs

    @property
    def desk(self) -> Desk:
        """Where sets were found."""
        return self.rooms.desk

    @property
    def floods(self) -> Floods:
        """Sets that suddenly match far more than they did."""
        return self.rooms.floods

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
        self.housekeeping.close()
        self.rebuilds.close()
        self.background.close()
        self.replays.close()
        self.keys.close()
        self.rooms.models.close()
        self.index.close()


def _closing(screening: Screening, settings: Settings, engine: sa.Engine) -> Callable[[], None]:
    """Return what closes screenings that a process accepted and did not live to finish.

    SQLite has one process: what is unfinished when it starts stays so. On a server others may be working.
    """
    alone, begun = engine.dialect.name == "sqlite", False
    patience = timedelta(seconds=2 * settings.async_time_limit_seconds)

    def close() -> None:
        nonlocal begun
        if alone and begun:
            return
        begun = True
        count = screening.close_interrupted(timedelta(0) if alone else patience)
        if count:
            log.warning("interrupted_screenings_sent_to_review", count=count)

    return close


def read_policy(path: Path | None) -> Policy:
    """Read a policy file, or the shipped one. Raises PolicyError naming the file and field."""
    return policy_from(policy_content(path))


def policy_content(path: Path | None) -> Mapping[str, Any]:
    """Read the tables of a policy file, or of the shipped one. Raises PolicyError naming the file and field."""
    source = path or SHIPPED_POLICY
    try:
        content = tomllib.loads(source.read_text(encoding="utf-8"))
        policy_from(content)
    except (OSError, tomllib.TOMLDecodeError, PolicyError) as error:
        raise PolicyError(f"{source}: {error}") from error
    return content


def wire(settings: Settings) -> Wired:
    """Choose and connect the adapters. Raises PolicyError, or what the database raises when it cannot be opened.

    Without a usable snapshot the service starts all the same: it is alive, not ready, answers 503, and takes the
    snapshot into use as soon as one is published.
    """
    # Read at the start and not by the first upload that resembles a blocked LoRA: it takes most of a second.
    fingerprints.controls()
    metrics = Metrics()
    engine, blobs = open_database(settings.database), open_blobs(settings.blobs)
    directory = SqlSetDirectory(engine)
    index = LiveIndex(
        settings.snapshot,
        directory=directory,
        blobs=blobs,
        expected_model=settings.expected_model,
        runtime=settings.runtime,
        threads=settings.threads,
        queue_size=settings.queue_size,
        limits=PictureLimits(settings.max_picture_bytes, settings.max_picture_pixels),
        keep=True,
        on_change=metrics.set_generation,
        on_refusal=metrics.count_refusal,
    )
    clock = SystemClock()
    store, blocked = SqlScreeningStore(engine), SqlBlockedLoras(engine)
    shipped = policy_content(settings.policy_file)
    policies = SqlPolicies(engine, shipped)
    keeping = Keeping(
        blobs,
        SqlPictureRetention(engine),
        keep=settings.keep_pictures,
        days=settings.retention_days,
        on_failure=metrics.count_unkept,
    )
    screening = Screening(
        index,
        policies,
        store,
        blocked,
        clock,
        keeping=keeping,
        second_looks=SecondLooks(settings.second_look_blocks, settings.second_look_allows),
        time_limit=settings.time_limit_seconds,
        unhurried_time_limit=settings.async_time_limit_seconds,
    )
    close_interrupted = _closing(screening, settings, engine)
    close_interrupted()
    try:
        index.refresh()
    except (IndexerError, NotReady) as error:
        log.error("snapshot_refused", folder=str(settings.snapshot), reason=str(error))  # noqa: TRY400 (the reason says it all)
    index.watch(settings.reload_seconds)
    background = BackgroundWork(settings.async_workers, settings.async_queue_size)
    owners = SqlRightsOwners(engine)
    accounts = Accounts(
        SqlUsers(engine),
        SqlSessions(engine),
        SqlInvitations(engine),
        owners,
        passwords=Argon2Passwords(),
        clock=clock,
        session_hours=settings.session_hours,
        sign_ins_per_minute=settings.sign_ins_per_minute,
    )
    keys = Keys(SqlApiKeys(engine), owners, clock, fixed=settings.keys, per_minute=settings.requests_per_minute)
    rooms = _owners_rooms(settings, engine, blobs, index, policies, clock)
    housekeeping = Periodically(
        _HOUSEKEEPING_SECONDS,
        {
            "interrupted": close_interrupted,
            "floods": rooms.floods.watch,
            "retention": lambda: keeping.forget(clock.now()),
        },
    )
    housekeeping.start()
    order = Order(settings.database, settings.blobs, str(settings.snapshot), settings.runtime)
    rebuilds = Rebuilds(
        order,
        index,
        directory,
        quiet_seconds=settings.rebuild_quiet_seconds,
        most_seconds=settings.rebuild_seconds,
        on_failure=metrics.count_refusal,
    )
    if settings.rebuild:
        rebuilds.start(settings.reload_seconds)
    workbench = _workbench(engine, policies, shipped, clock)
    return Wired(
        settings,
        screening,
        Blocking(blocked, clock),
        index,
        metrics,
        clock,
        background,
        housekeeping,
        rebuilds,
        review=_review(engine, blobs, clock),
        rooms=rooms,
        keeping=keeping,
        policies=policies,
        accounts=accounts,
        keys=keys,
        oidc=_identity_provider(settings, clock),
        sets=directory,
        owners=owners,
        previews=SqlCasePreviews(engine),
        audit=SqlAuditLog(engine),
        blobs=blobs,
        overview=_overview(engine, clock),
        workbench=workbench,
        # A worker of its own, so that no upload waits for a replay.
        replays=Replays(workbench, BackgroundWork(1, _WAITING_REPLAYS)),
    )


def _owners_rooms(  # noqa: PLR0917 (each of them another kind of thing)
    settings: Settings, engine: Engine, blobs: Blobs, index: LiveIndex, policies: Policies, clock: Clock
) -> OwnersRooms:
    directory, record, contents = SqlSetDirectory(engine), SqlSetRecord(engine), SqlSetContents(engine)
    traffic, history = SqlSetTraffic(engine), SqlScreeningHistory(engine)
    limits = PictureLimits(settings.max_picture_bytes, settings.max_picture_pixels)
    models = ModelInForce(index, runtime=settings.runtime, threads=settings.threads, queue_size=settings.queue_size)
    return OwnersRooms(
        Registration(SqlRightsOwners(engine), directory, record, contents, index, clock=clock, on_change=index.wake),
        References(directory, contents, blobs, Assessor(models, blobs, limits), clock=clock, on_change=index.wake),
        DryRuns(directory, history, policies, ReachOfSets(models, blobs), clock),
        Desk(directory, history, SqlCaseQueue(engine), traffic, blobs, clock=clock),
        Floods(directory, record, traffic, clock, factor=settings.flood_factor),
        models,
    )


def _review(engine: Engine, blobs: Blobs, clock: Clock) -> Review:
    return Review(
        queue=SqlCaseQueue(engine),
        cases=SqlCases(engine),
        history=SqlCaseHistory(engine),
        screenings=SqlScreeningHistory(engine),
        control=SqlControlPictures(engine),
        audit=SqlAuditLog(engine),
        blobs=blobs,
        clock=clock,
    )


def _overview(engine: Engine, clock: Clock) -> Overview:
    return Overview(
        reports=SqlReports(engine),
        backlog=SqlBacklog(engine),
        queue=SqlCaseQueue(engine),
        history=SqlCaseHistory(engine),
        controls=SqlControlPictures(engine),
        clock=clock,
    )


def _workbench(engine: Engine, policies: Policies, shipped: Mapping[str, Any], clock: Clock) -> Workbench:
    return Workbench(
        policies=policies,
        history=SqlScreeningHistory(engine),
        queue=SqlCaseQueue(engine),
        backlog=SqlBacklog(engine),
        clock=clock,
        shipped=shipped,
    )


def _identity_provider(settings: Settings, clock: Clock) -> IdentityProvider | None:
    if not settings.oidc_issuer:
        return None
    from service.adapters.oidc import Oidc  # noqa: PLC0415 (its libraries are an extra)

    return Oidc(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret.get_secret_value(),
        f"{(settings.public_url or '').rstrip('/')}{RETURN_PATH}",
        roles=settings.roles_of_claims,
        clock=clock,
    )
