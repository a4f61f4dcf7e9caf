"""The use cases of people: rights owners at their desk, moderators in their console.

Each function gives fields of `Wired` by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from sqlalchemy import Engine

from indexer.signals.pixels.images import PictureLimits
from service.adapters.assessment import Assessor, ModelInForce
from service.adapters.background import BackgroundWork
from service.adapters.live_index import LiveIndex
from service.adapters.reach import ReachOfSets
from service.adapters.sql.audit import SqlAuditLog
from service.adapters.sql.case_history import SqlCaseHistory
from service.adapters.sql.case_previews import SqlCasePreviews
from service.adapters.sql.case_queue import SqlCaseQueue
from service.adapters.sql.cases import SqlCases
from service.adapters.sql.control_pictures import SqlControlPictures
from service.adapters.sql.owners import SqlRightsOwners
from service.adapters.sql.reports import SqlBacklog, SqlReports
from service.adapters.sql.screening_history import SqlScreeningHistory
from service.adapters.sql.set_changes import SqlSetContents, SqlSetRecord
from service.adapters.sql.sets import SqlSetDirectory
from service.adapters.sql.traffic import SqlSetTraffic
from service.ports import Blobs, CasePreviews, Clock, Policies
from service.settings import Settings
from service.usecases.desk import Desk
from service.usecases.dry_run import DryRuns
from service.usecases.floods import Floods
from service.usecases.overview import Overview
from service.usecases.references import References
from service.usecases.registration import Registration
from service.usecases.replays import Replays
from service.usecases.review import Review
from service.usecases.workbench import Workbench

_WAITING_REPLAYS = 4


class OwnersRooms(TypedDict):
    """What rights owners do; `models` reads their pictures."""

    registration: Registration
    references: References
    dry_runs: DryRuns
    desk: Desk
    floods: Floods
    models: ModelInForce


class ModeratorsRooms(TypedDict):
    """What moderators do."""

    review: Review
    previews: CasePreviews
    overview: Overview
    workbench: Workbench
    replays: Replays


def owners_rooms(  # noqa: PLR0917 (each of them another kind of thing)
    settings: Settings, engine: Engine, blobs: Blobs, index: LiveIndex, policies: Policies, clock: Clock
) -> OwnersRooms:
    """Wire the desk."""
    directory, record, contents = SqlSetDirectory(engine), SqlSetRecord(engine), SqlSetContents(engine)
    traffic, history = SqlSetTraffic(engine), SqlScreeningHistory(engine)
    limits = PictureLimits(settings.max_picture_bytes, settings.max_picture_pixels)
    models = ModelInForce(index, runtime=settings.runtime, threads=settings.threads, queue_size=settings.queue_size)
    return OwnersRooms(
        registration=Registration(
            SqlRightsOwners(engine), directory, record, contents, index, clock=clock, on_change=index.wake
        ),
        references=References(
            directory, contents, blobs, Assessor(models, blobs, limits), clock=clock, on_change=index.wake
        ),
        dry_runs=DryRuns(directory, history, policies, ReachOfSets(models, blobs), clock),
        desk=Desk(directory, history, SqlCaseQueue(engine), traffic, blobs, clock=clock),
        floods=Floods(directory, record, traffic, clock, factor=settings.flood_factor),
        models=models,
    )


def moderators_rooms(
    engine: Engine, blobs: Blobs, policies: Policies, shipped: Mapping[str, Any], clock: Clock
) -> ModeratorsRooms:
    """Wire the console."""
    queue, history, backlog = SqlCaseQueue(engine), SqlScreeningHistory(engine), SqlBacklog(engine)
    workbench = Workbench(
        policies=policies, history=history, queue=queue, backlog=backlog, clock=clock, shipped=shipped
    )
    return ModeratorsRooms(
        review=Review(
            queue=queue,
            cases=SqlCases(engine),
            history=SqlCaseHistory(engine),
            screenings=history,
            control=SqlControlPictures(engine),
            audit=SqlAuditLog(engine),
            blobs=blobs,
            clock=clock,
        ),
        previews=SqlCasePreviews(engine),
        overview=Overview(
            reports=SqlReports(engine),
            backlog=backlog,
            queue=queue,
            history=SqlCaseHistory(engine),
            controls=SqlControlPictures(engine),
            clock=clock,
        ),
        workbench=workbench,
        # A worker of its own, so that no upload waits for a replay.
        replays=Replays(workbench, BackgroundWork(1, _WAITING_REPLAYS)),
    )
