"""Chooses and connects the adapters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
import structlog

from indexer import fingerprints
from indexer.errors import IndexerError
from indexer.signals.pixels.images import PictureLimits
from service.adapters.background import BackgroundWork
from service.adapters.blobs import open_blobs
from service.adapters.clock import SystemClock
from service.adapters.live_index import LiveIndex
from service.adapters.metrics import Metrics
from service.adapters.passwords import Argon2Passwords
from service.adapters.periodic import Periodically
from service.adapters.rebuild import Order, Rebuilds
from service.adapters.sql.accounts import SqlInvitations, SqlSessions, SqlUsers
from service.adapters.sql.audit import SqlAuditLog
from service.adapters.sql.blocked import SqlBlockedLoras
from service.adapters.sql.engine import open_database
from service.adapters.sql.keys import SqlApiKeys
from service.adapters.sql.owners import SqlRightsOwners
from service.adapters.sql.partners import SqlPartnerEntries
from service.adapters.sql.policies import SqlPolicies
from service.adapters.sql.screening_history import SqlPictureRetention
from service.adapters.sql.screenings import SqlScreeningStore
from service.adapters.sql.sets import SqlSetDirectory
from service.bootstrap.exchange import exchange_parts
from service.bootstrap.messages import message_parts
from service.bootstrap.notice_pages import notice_pages
from service.bootstrap.notices import notice_rooms
from service.bootstrap.policy import policy_content
from service.bootstrap.proof import proof_rooms
from service.bootstrap.rooms import moderators_rooms, owners_rooms
from service.bootstrap.sweeps import sweep_rooms
from service.bootstrap.wired import Wired
from service.domain.errors import NotReady
from service.ports import Clock, IdentityProvider
from service.settings import Settings
from service.usecases.accounts import Accounts
from service.usecases.blocking import Blocking
from service.usecases.collectors import COLLECTORS
from service.usecases.collectors.partners import PartnersCollector
from service.usecases.keeping import Keeping
from service.usecases.keys import Keys
from service.usecases.opening import SecondLooks
from service.usecases.screening import Screening
from service.usecases.sweep import SweepsForNotices

log = structlog.get_logger()
RETURN_PATH = "/console/sign-in/return"
"""Where an identity provider sends people back to."""

_HOUSEKEEPING_SECONDS = 3600.0


def wire(settings: Settings) -> Wired:
    """Choose and connect the adapters. Raises PolicyError, or what the database raises when it cannot be opened.

    Without a usable snapshot the service starts all the same: it is alive, not ready, answers 503, and takes the
    snapshot into use as soon as one is published.
    """
    # Read at the start and not by the first upload that resembles a blocked LoRA: it takes most of a second.
    fingerprints.controls()
    metrics, clock = Metrics(), SystemClock()
    engine, blobs = open_database(settings.database), open_blobs(settings.blobs)
    directory, owners = SqlSetDirectory(engine), SqlRightsOwners(engine)
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
    blocked = SqlBlockedLoras(engine)
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
        SqlScreeningStore(engine),
        blocked,
        clock,
        keeping=keeping,
        second_looks=SecondLooks(settings.second_look_blocks, settings.second_look_allows),
        time_limit=settings.time_limit_seconds,
        unhurried_time_limit=settings.async_time_limit_seconds,
        collectors=(*COLLECTORS, ("partners", PartnersCollector(SqlPartnerEntries(engine), clock).collect)),
    )
    close_interrupted = _closing(screening, settings, engine)
    close_interrupted()
    try:
        index.refresh()
    except (IndexerError, NotReady) as error:
        log.error("snapshot_refused", folder=str(settings.snapshot), reason=str(error))  # noqa: TRY400 (the reason says it all)
    index.watch(settings.reload_seconds)
    for_owners = owners_rooms(settings, engine, blobs, index, policies, clock)
    for_moderators = moderators_rooms(engine, blobs, policies, shipped, clock)
    proof = proof_rooms(settings, engine, blobs, policies, clock, for_moderators["review"], metrics)
    housekeeping = Periodically(
        _HOUSEKEEPING_SECONDS,
        {
            "interrupted": close_interrupted,
            "floods": for_owners["floods"].watch,
            "seals": proof["sealing"].watch,
            "retention": lambda: keeping.forget(clock.now()),
        },
    )
    housekeeping.start()
    rebuilds = Rebuilds(
        Order(settings.database, settings.blobs, str(settings.snapshot), settings.runtime),
        index,
        directory,
        quiet_seconds=settings.rebuild_quiet_seconds,
        most_seconds=settings.rebuild_seconds,
        on_failure=metrics.count_refusal,
    )
    if settings.rebuild:
        rebuilds.start(settings.reload_seconds)
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
    blocking, sweeping = Blocking(blocked, clock), sweep_rooms(settings, engine, blobs, index, policies, clock)
    registration, swept = for_owners["registration"], SweepsForNotices(sweeping["sweeps"])
    noticed = notice_rooms(settings, engine, blobs, index, registration, blocking, swept, clock)
    return Wired(
        settings=settings,
        database=engine,
        clock=clock,
        metrics=metrics,
        blobs=blobs,
        audit=SqlAuditLog(engine),
        screening=screening,
        blocking=blocking,
        index=index,
        rebuilds=rebuilds,
        keeping=keeping,
        background=BackgroundWork(settings.async_workers, settings.async_queue_size),
        housekeeping=housekeeping,
        **for_owners,
        **sweeping,
        **noticed,
        **notice_pages(settings, engine, blobs, clock),
        **proof,
        sets=directory,
        owners=owners,
        **for_moderators,
        policies=policies,
        **message_parts(settings, engine, clock),
        **exchange_parts(settings, engine, index, clock),
        accounts=accounts,
        keys=Keys(SqlApiKeys(engine), owners, clock, fixed=settings.keys, per_minute=settings.requests_per_minute),
        oidc=_identity_provider(settings, clock),
    )


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
