"""The words for the codes of reference sets, as words.py has them for cases."""

from __future__ import annotations

from collections.abc import Mapping

from indexer.model import AliasKind, Fame
from indexer.quality import Severity
from service.console.i18n import mark
from service.domain.registration import SetState

TABLES: Mapping[str, Mapping[str, str]] = {
    "set_state": {
        SetState.DRAFT: mark("Draft"),
        SetState.ACTIVE: mark("In force"),
        SetState.SUSPENDED: mark("Suspended"),
        SetState.WITHDRAWN: mark("Withdrawn"),
    },
    "severity": {
        Severity.REFUSE: mark("Cannot be used"),
        Severity.WARN: mark("Look at this"),
        Severity.ADVICE: mark("Advice"),
    },
    "fame": {
        Fame.ORDINARY: mark("ordinary"),
        Fame.KNOWN: mark("known to many"),
        Fame.FAMOUS: mark("famous"),
    },
    "alias_kind": {
        AliasKind.DISTINCTIVE: mark("distinctive"),
        AliasKind.GENERIC: mark("generic"),
        AliasKind.SERIES: mark("title of the work"),
    },
    "language": {
        "en": mark("English"),
        "zh": mark("Chinese"),
        "ja": mark("Japanese"),
        "ko": mark("Korean"),
        "und": mark("any"),
    },
}
