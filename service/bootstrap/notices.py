"""Notices, counter-notices, and what follows from findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from sqlalchemy import Engine

from service.adapters.periodic import Periodically
from service.adapters.sql.measures import SqlMeasures, SqlScreenedLoras
from service.adapters.sql.notice_lookups import SqlNoticeLookups
from service.adapters.sql.notices import SqlNotices
from service.adapters.sql.screening_history import SqlScreeningHistory
from service.adapters.sql.sets import SqlSetDirectory
from service.adapters.sql.strikes import SqlStrikes
from service.domain.notice_terms import Jurisdiction, Profile, TermDays, parse_holidays, profiles
from service.ports import Blobs, Clock, CurrentIndex, NoticeLookups, SweepStarter
from service.settings import Settings
from service.usecases.attachments import Attachments
from service.usecases.blocking import Blocking
from service.usecases.consequences import Consequences
from service.usecases.counter_notices import CounterNotices
from service.usecases.notice_aliases import NoticeAliases
from service.usecases.notice_measures import MeasureMaker
from service.usecases.notices import NoticeDesk
from service.usecases.registration import Registration

_EVERY_SECONDS = 30.0


class NoticeRooms(TypedDict):
    """What is done with notices, and what follows; `notice_work` does what is due, and has to be closed."""

    notices: NoticeDesk
    notice_lookups: NoticeLookups
    counter_notices: CounterNotices
    notice_aliases: NoticeAliases
    attachments: Attachments
    consequences: Consequences
    notice_work: Periodically


def notice_rooms(  # noqa: PLR0917 (each of them another kind of thing)
    settings: Settings,
    engine: Engine,
    blobs: Blobs,
    index: CurrentIndex,
    registration: Registration,
    blocking: Blocking,
    sweeps: SweepStarter,
    clock: Clock,
) -> NoticeRooms:
    """Wire notices, and begin the work that is due from time to time."""
    notices, lookups, measures = SqlNotices(engine), SqlNoticeLookups(engine), SqlMeasures(engine)
    directory, history = SqlSetDirectory(engine), SqlScreeningHistory(engine)
    maker = MeasureMaker(directory, history, clock)
    laws = laws_of(settings)
    desk = NoticeDesk(
        notices,
        lookups,
        measures,
        maker,
        directory,
        sweeps,
        clock=clock,
        profiles=laws,
        most_accused=settings.max_notice_uploads,
    )
    attachments = Attachments(
        notices, blobs, clock, most=settings.max_attachments, most_bytes=settings.max_attachment_bytes
    )
    counter_notices = CounterNotices(
        notices, lookups, measures, maker, desk, attachments=attachments, clock=clock, profiles=laws
    )
    consequences = Consequences(
        SqlStrikes(engine), SqlScreenedLoras(engine), blocking, clock, strike_days=settings.strike_days
    )
    work = Periodically(
        _EVERY_SECONDS,
        {
            "notices": lambda: counter_notices.tick(clock.now()),
            "consequences": lambda: consequences.tick(clock.now()),
        },
    )
    work.start()
    return NoticeRooms(
        notices=desk,
        notice_lookups=lookups,
        counter_notices=counter_notices,
        notice_aliases=NoticeAliases(notices, history, directory, index, registration),
        attachments=attachments,
        consequences=consequences,
        notice_work=work,
    )


def laws_of(settings: Settings) -> Mapping[Jurisdiction, Profile]:
    """Make the profiles of all jurisdictions, with the days that were set."""
    days = TermDays(
        act=settings.notice_act_days,
        prc_wait=settings.notice_prc_wait_days,
        us_wait=settings.notice_us_wait_days,
        eu_complain=settings.notice_eu_complain_months,
    )
    return profiles(days, parse_holidays(settings.notice_holidays))
