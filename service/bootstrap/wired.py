"""What lives as long as the process: every use case with its adapters, for routes and pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from service.adapters.assessment import ModelInForce
from service.adapters.background import BackgroundWork
from service.adapters.live_index import LiveIndex
from service.adapters.metrics import Metrics
from service.adapters.periodic import Periodically
from service.adapters.rebuild import Rebuilds
from service.domain.upload import Upload
from service.ports import AuditLog, Blobs, CasePreviews, Clock, IdentityProvider, Policies, RightsOwners, SetDirectory
from service.settings import Settings
from service.usecases.accounts import Accounts
from service.usecases.blocking import Blocking
from service.usecases.desk import Desk
from service.usecases.dry_run import DryRuns
from service.usecases.floods import Floods
from service.usecases.keeping import Keeping
from service.usecases.keys import Keys
from service.usecases.overview import Overview
from service.usecases.references import References
from service.usecases.registration import Registration
from service.usecases.replays import Replays
from service.usecases.review import Review
from service.usecases.screening import Screening
from service.usecases.workbench import Workbench


@dataclass(frozen=True, kw_only=True)
class Wired:
    """Everything that lives as long as the process."""

    settings: Settings
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
        self.housekeeping.close()
        self.rebuilds.close()
        self.background.close()
        self.replays.close()
        self.keys.close()
        self.models.close()
        self.keeping.close()
        self.index.close()
