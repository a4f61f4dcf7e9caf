"""What the console's pages of notices and sweeps need beside the use cases, as fields of `Wired`."""

from __future__ import annotations

from typing import TypedDict

from sqlalchemy import Engine

from service.adapters.sql.notice_counts import SqlNoticeCounts
from service.adapters.sql.notice_lookups import SqlNoticeLookups
from service.adapters.sql.notices import SqlNotices
from service.adapters.sql.screening_history import SqlScreeningHistory
from service.bootstrap.notices import laws_of
from service.ports import Blobs, Clock
from service.settings import Settings
from service.usecases.hit_pictures import HitPictures
from service.usecases.notice_queue import NoticeQueue


class NoticePages(TypedDict):
    """What pages of notices look at."""

    notice_queue: NoticeQueue
    hit_pictures: HitPictures


def notice_pages(settings: Settings, engine: Engine, blobs: Blobs, clock: Clock) -> NoticePages:
    """Wire it."""
    return NoticePages(
        notice_queue=NoticeQueue(
            SqlNotices(engine), SqlNoticeCounts(engine), SqlNoticeLookups(engine), clock, laws_of(settings)
        ),
        hit_pictures=HitPictures(SqlScreeningHistory(engine), blobs),
    )
