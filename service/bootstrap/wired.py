"""What lives as long as the process: every use case with its adapters, for routes and pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from service.adapters.assessment import ModelInForce
from service.adapters.background import BackgroundWork
from service.adapters.dispatcher import Dispatcher
from service.adapters.lane import Lane
from service.adapters.live_index import LiveIndex
from service.adapters.metrics import Metrics
from service.adapters.periodic import Periodically
from service.adapters.rebuild import Rebuilds
from service.domain.upload import Upload
from service.ports import (
    AuditLog,
    Blobs,
    CasePreviews,
    Clock,
    IdentityProvider,
    Measures,
    NoticeLookups,
    Policies,
    RightsOwners,
    SetDirectory,
)
from service.settings import Settings
from service.usecases.accounts import Accounts
from service.usecases.attachments import Attachments
from service.usecases.blocking import Blocking
from service.usecases.consequences import Consequences
from service.usecases.counter_notices import CounterNotices
from service.usecases.desk import Desk
from service.usecases.dry_run import DryRuns
from service.usecases.evidence_packs import EvidencePacks
from service.usecases.exchange import Exchange
from service.usecases.floods import Floods
from service.usecases.hit_pictures import HitPictures
from service.usecases.keeping import Keeping
from service.usecases.keys import Keys
from service.usecases.log_check import LogCheck
from service.usecases.messages import Webhooks
from service.usecases.notice_aliases import NoticeAliases
from service.usecases.notice_queue import NoticeQueue
from service.usecases.notices import NoticeDesk
from service.usecases.overview import Overview
from service.usecases.references import References
from service.usecases.registration import Registration
from service.usecases.replays import Replays
from service.usecases.review import Review
from service.usecases.screening import Screening
from service.usecases.sealing import Sealing
from service.usecases.statistics import Statistics
from service.usecases.sweep import Sweeps
from service.usecases.workbench import Workbench


@dataclass(frozen=True, kw_only=True)
class Wired:
    """Everything that lives as long as the process."""

    settings: Settings
    database: Engine
    clock: Clock
    metrics: Metrics
    blobs: Blobs
    audit: AuditLog

    # Screening.
    screening: Screening
    blocking: Blocking
    index: LiveIndex
    rebuilds: Rebuilds
    keeping: Keeping
    background: BackgroundWork
    housekeeping: Periodically

    # Rights owners and their sets; `models` reads their pictures.
    registration: Registration
    references: References
    dry_runs: DryRuns
    desk: Desk
    floods: Floods
    models: ModelInForce
    sets: SetDirectory
    owners: RightsOwners

    # Moderators, and the policy.
    review: Review
    previews: CasePreviews
    overview: Overview
    workbench: Workbench
    replays: Replays
    policies: Policies

    # Messages to platforms, rights owners and partners.
    webhooks: Webhooks
    dispatcher: Dispatcher
    exchange: Exchange

    # Proof.
    sealing: Sealing
    log_check: LogCheck
    evidence_packs: EvidencePacks
    statistics: Statistics

    # What was screened before, and what is done about it.
    sweeps: Sweeps
    measures: Measures
    sweep_lane: Lane

    # Notices, and what follows from findings.
    notices: NoticeDesk
    notice_lookups: NoticeLookups
    counter_notices: CounterNotices
    notice_aliases: NoticeAliases
    attachments: Attachments
    consequences: Consequences
    notice_work: Periodically
    notice_queue: NoticeQueue
    hit_pictures: HitPictures

    # Who may do what.
    accounts: Accounts
    keys: Keys
    oidc: IdentityProvider | None

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
        self.sweep_lane.close()
        self.housekeeping.close()
        self.notice_work.close()
        self.dispatcher.close()
        self.rebuilds.close()
        self.background.close()
        self.replays.close()
        self.keys.close()
        self.models.close()
        self.keeping.close()
        self.index.close()
        self.database.dispose()
