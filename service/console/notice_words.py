"""The words for the codes of notices, measures and sweeps, as words.py has them for cases."""

from __future__ import annotations

from collections.abc import Mapping

from service.console.i18n import mark
from service.domain.measure import MeasureKind, Standing
from service.domain.notice import CounterState, NoticeState
from service.domain.notice_terms import Jurisdiction
from service.domain.sweep import Phase, SweepState
from service.domain.verdict import Outcome

TABLES: Mapping[str, Mapping[str, str]] = {
    "jurisdiction": {
        Jurisdiction.PRC: mark("China"),
        Jurisdiction.EU: mark("European Union"),
        Jurisdiction.US: mark("United States"),
    },
    "notice_state": {
        NoticeState.RECEIVED: mark("Received"),
        NoticeState.INCOMPLETE: mark("Incomplete"),
        NoticeState.COMPLETE: mark("Complete"),
        NoticeState.FORWARDED_TO_UPLOADER: mark("Forwarded to the uploaders"),
        NoticeState.MEASURES_TAKEN: mark("Measures taken"),
        NoticeState.COUNTER_NOTICE_RECEIVED: mark("Counter-notice received"),
        NoticeState.FORWARDED_TO_RIGHT_HOLDER: mark("Counter-notice forwarded"),
        NoticeState.REINSTATED: mark("Reinstated"),
        NoticeState.KEPT: mark("Measures kept"),
        NoticeState.CLOSED: mark("Closed"),
        NoticeState.WITHDRAWN: mark("Taken back"),
        NoticeState.REJECTED: mark("Rejected"),
        NoticeState.ABUSIVE: mark("Abusive"),
    },
    "notice_meaning": {
        NoticeState.RECEIVED: mark("It was received, and is looked through."),
        NoticeState.INCOMPLETE: mark("Something is missing. Nothing is done until it is added."),
        NoticeState.COMPLETE: mark("It is complete. A person looks at it now."),
        NoticeState.FORWARDED_TO_UPLOADER: mark("The uploaders were told, and can reply."),
        NoticeState.MEASURES_TAKEN: mark("Measures stand against uploads. Their uploaders were told, and can reply."),
        NoticeState.COUNTER_NOTICE_RECEIVED: mark("An uploader replied."),
        NoticeState.FORWARDED_TO_RIGHT_HOLDER: mark("An uploader replied, and the reply was passed on."),
        NoticeState.REINSTATED: mark("The measures against the uploads of a counter-notice have ended."),
        NoticeState.KEPT: mark("The measures stay."),
        NoticeState.CLOSED: mark("It is closed. Measures in force stay."),
        NoticeState.WITHDRAWN: mark("It was taken back, and its measures have ended."),
        NoticeState.REJECTED: mark("It was rejected. Nothing was done because of it."),
        NoticeState.ABUSIVE: mark("It was found to be abusive, and its measures have ended."),
    },
    "counter_state": {
        CounterState.WAITING: mark("waits"),
        CounterState.REINSTATED: mark("uploads reinstated"),
        CounterState.KEPT: mark("measures kept"),
    },
    "measure_kind": {
        MeasureKind.UNPUBLISH: mark("Take down"),
        MeasureKind.HOLD: mark("Hold back"),
    },
    "measure_done": {
        MeasureKind.UNPUBLISH: mark("taken down"),
        MeasureKind.HOLD: mark("held back"),
    },
    "standing": {
        Standing.PUBLISHED: mark("public"),
        Standing.HELD: mark("held back"),
        Standing.UNPUBLISHED: mark("not public"),
    },
    "asks_for": {
        Outcome.BLOCK: mark("matches plainly"),
        Outcome.REVIEW: mark("may match"),
        Outcome.ALLOW: mark("licensed or private"),
    },
    "left_out": {
        "not_screened_here": mark("never screened here, so no measure can be taken"),
        "licensed": mark("a licence on record covers it"),
    },
    "sweep_state": {
        SweepState.WAITING: mark("Waits"),
        SweepState.RUNNING: mark("Running"),
        SweepState.FINISHED: mark("Finished"),
        SweepState.CANCELLED: mark("Cancelled"),
        SweepState.FAILED: mark("Failed"),
    },
    "sweep_phase": {
        Phase.PICTURES: mark("looking at pictures"),
        Phase.RECORDS: mark("looking at names and LoRAs"),
    },
    "proposed": {
        "never_swept": mark("never swept for"),
        "changed": mark("changed since its last sweep"),
        "upheld": mark("an upload was upheld since its last sweep"),
    },
    "clock": {
        "act": mark("To be acted upon"),
        "reinstate": mark("Uploads come back unless a complaint or suit is shown"),
        "complain": mark("The uploader can complain"),
    },
    "letter": {
        "found_incomplete": mark("Receipt, with what is missing"),
        "found_complete": mark("Receipt"),
        "forwarded": mark("Notice passed on"),
        "counter_notice": mark("Counter-notice"),
        "attachment": mark("File shown"),
        "suit": mark("Complaint or suit shown"),
        "suit_shown": mark("Measures kept"),
        "suit_shown_in_part": mark("Measures kept"),
        "reinstated": mark("Uploads reinstated"),
        "reinstated_in_part": mark("Uploads reinstated"),
        "withdrawn": mark("Notice taken back"),
        "rejected": mark("Notice rejected"),
        "found_abusive": mark("Notice found abusive"),
        "closed": mark("Notice closed"),
    },
    "notice_step": {
        "notice.received": mark("The notice was received"),
        "notice.found_incomplete": mark("It was found incomplete"),
        "notice.found_complete": mark("It was found complete"),
        "notice.sets_named": mark("Characters were named"),
        "notice.sweep_started": mark("Its sweep was asked for"),
        "notice.attachments_added": mark("Files were added"),
        "notice.attachment_added": mark("A file was added"),
        "notice.forwarded": mark("It was forwarded to the uploaders"),
        "notice.measures_taken": mark("Measures were taken"),
        "notice.counter_notice_received": mark("A counter-notice was received"),
        "notice.counter_notice_forwarded": mark("It was forwarded to the right holder"),
        "notice.suit_shown": mark("A complaint or suit was shown: the measures stay"),
        "notice.suit_shown_in_part": mark("A complaint or suit was shown: some measures stay"),
        "notice.reinstated": mark("Uploads were reinstated"),
        "notice.reinstated_in_part": mark("Some uploads were reinstated"),
        "notice.withdrawn": mark("The notice was taken back"),
        "notice.rejected": mark("The notice was rejected"),
        "notice.found_abusive": mark("The notice was found abusive"),
        "notice.closed": mark("The notice was closed"),
        "consequence.recorded": mark("A strike was given, and the LoRA is known again"),
        "consequence.reversed": mark("A strike is void, and the LoRA passes again"),
        "pack.made": mark("An evidence pack was made"),
    },
    "notice_order": {
        "priority": mark("Most pressing first"),
        "oldest": mark("Oldest first"),
        "newest": mark("Newest first"),
    },
}
