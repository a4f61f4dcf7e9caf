"""What proves to others what was done: seals of the audit log, evidence packs, and statistics.

Each function gives fields of `Wired` by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from sqlalchemy import Engine

from service.adapters.metrics import Metrics
from service.adapters.pdf.printer import PdfPrinter
from service.adapters.signing import FileSigner, verify
from service.adapters.sql.audit import SqlAuditLog
from service.adapters.sql.evidence import SqlEvidenceRecord
from service.adapters.sql.measures import SqlMeasures
from service.adapters.sql.notices import SqlNotices
from service.adapters.sql.screening_history import SqlScreeningHistory
from service.adapters.sql.seals import SqlSeals
from service.adapters.sql.sets import SqlSetDirectory
from service.adapters.sql.statistics import SqlStatisticsRecord
from service.adapters.sql.sweeps import SqlSweepHits, SqlSweepRecord
from service.ports import Blobs, Clock, Policies, Signer, TimeStamps
from service.settings import Settings
from service.usecases.dossier_sweeps import SweepParts
from service.usecases.dossiers import Dossiers
from service.usecases.evidence_packs import EvidencePacks
from service.usecases.log_check import LogCheck
from service.usecases.review import Review
from service.usecases.sealing import Sealing
from service.usecases.statistics import Statistics


class ProofRooms(TypedDict):
    """What is sealed, checked and handed out."""

    sealing: Sealing
    log_check: LogCheck
    evidence_packs: EvidencePacks
    statistics: Statistics


def proof_rooms(  # noqa: PLR0917 (each of them another kind of thing)
    settings: Settings, engine: Engine, blobs: Blobs, policies: Policies, clock: Clock, review: Review, metrics: Metrics
) -> ProofRooms:
    """Wire seals and packs. Raises TimeStampError where the root certificates cannot be read."""
    signer: Signer = FileSigner(settings.signing_key_file)
    audit, stamps, record = SqlAuditLog(engine), time_stamps(settings), SqlEvidenceRecord(engine)
    sealing = Sealing(
        audit,
        SqlSeals(engine),
        signer,
        clock,
        stamps=stamps,
        entries=settings.seal_entries,
        hours=settings.seal_hours,
        on_stamp_failure=metrics.count_stamp_failure,
    )
    measures = SqlMeasures(engine)
    dossiers = Dossiers(
        review=review,
        notices=SqlNotices(engine),
        sweeps=SweepParts(SqlSweepRecord(engine), SqlSweepHits(engine), measures, SqlScreeningHistory(engine)),
        measures=measures,
        record=record,
        sets=SqlSetDirectory(engine),
        policies=policies,
        blobs=blobs,
    )
    packs = EvidencePacks(
        dossiers, sealing=sealing, audit=audit, record=record, printer=PdfPrinter(), signer=signer, clock=clock
    )
    return ProofRooms(
        sealing=sealing,
        log_check=log_check(settings, engine, stamps),
        evidence_packs=packs,
        statistics=Statistics(SqlStatisticsRecord(engine), clock),
    )


def log_check(settings: Settings, engine: Engine, stamps: TimeStamps | None) -> LogCheck:
    """Wire the check of the audit log. Checking makes no key: one that is gone is said to be."""
    signer = FileSigner(settings.signing_key_file, make=False)

    def keys() -> Sequence[bytes]:
        own = (signer.public_key(),) if has_own() else ()
        return (*own, *settings.public_keys)

    def has_own() -> bool:
        return settings.signing_key_file.exists()

    return LogCheck(SqlAuditLog(engine), SqlSeals(engine), keys=keys, has_own=has_own, verifier=verify, stamps=stamps)


def time_stamps(settings: Settings) -> TimeStamps | None:
    """Return the authority of the settings. Raises TimeStampError where its root certificates cannot be read."""
    if not settings.time_stamp_url or settings.time_stamp_roots is None:
        return None
    from service.adapters.time_stamps import HttpTimeStamps, read_roots  # noqa: PLC0415 (its library is an extra)

    return HttpTimeStamps(settings.time_stamp_url, read_roots(settings.time_stamp_roots))
