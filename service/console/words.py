"""The words for codes: what people read where the record has `character_similarity` or `case.claimed`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from service.console.desk_words import TABLES as DESK_TABLES
from service.console.i18n import mark
from service.console.notice_words import TABLES as NOTICE_TABLES
from service.domain.case import CaseState, DecisionKind, ReasonCode
from service.domain.evidence import EvidenceKind
from service.domain.identity import Role, Scope
from service.domain.upload import Stage, Trust, Visibility
from service.domain.verdict import Outcome

_TABLES: Mapping[str, Mapping[str, str]] = {
    **DESK_TABLES,
    **NOTICE_TABLES,
    "role": {
        Role.PLATFORM: mark("Platform"),
        Role.MODERATOR: mark("Moderator"),
        Role.RIGHTS_OWNER: mark("Rights owner"),
        Role.ADMIN: mark("Admin"),
    },
    "scope": {
        Scope.SCREEN: mark("screen uploads"),
        Scope.READ: mark("read"),
        Scope.SETS: mark("keep reference sets"),
        Scope.CASES: mark("decide cases"),
        Scope.ADMIN: mark("administer"),
    },
    "stage": {
        Stage.TRAINING: mark("Training"),
        Stage.PUBLICATION: mark("Publication"),
        Stage.GENERATION: mark("Generation"),
    },
    "visibility": {
        Visibility.PUBLIC: mark("public"),
        Visibility.UNLISTED: mark("unlisted"),
        Visibility.PRIVATE: mark("private"),
    },
    "trust": {
        Trust.COMPUTED: mark("computed here"),
        Trust.RESIDUE: mark("left in a file"),
        Trust.DECLARED: mark("written in the upload"),
        Trust.CLAIMED: mark("claimed"),
    },
    "verdict": {
        Outcome.BLOCK: mark("blocked"),
        Outcome.REVIEW: mark("sent to review"),
        Outcome.ALLOW: mark("allowed"),
    },
    "state": {
        CaseState.OPEN: mark("Open"),
        CaseState.ESCALATED: mark("Escalated"),
        CaseState.DECIDED: mark("Decided"),
    },
    "kind": {
        EvidenceKind.EXACT_COPY: mark("Identical picture"),
        EvidenceKind.GEOMETRIC_COPY: mark("Matching points"),
        EvidenceKind.PERCEPTUAL_COPY: mark("Close hash"),
        EvidenceKind.CHARACTER_SIMILARITY: mark("Likeness"),
        EvidenceKind.SAMPLE_AGREEMENT: mark("Several pictures alike"),
        EvidenceKind.ALIAS: mark("Name in the upload"),
        EvidenceKind.RESIDUE: mark("Name in a file"),
        EvidenceKind.BLOCKED_FILE: mark("LoRA blocked before"),
        EvidenceKind.BLOCKED_TENSORS: mark("Weights of a blocked LoRA"),
        EvidenceKind.WEIGHT_FINGERPRINT: mark("Weights like a blocked LoRA's"),
        EvidenceKind.CONSISTENCY: mark("Does not fit together"),
    },
    "measure": {
        "cosine": mark("likeness (cosine)"),
        "pdq_distance": mark("PDQ distance"),
        "phash_distance": mark("pHash distance"),
        "agreeing_points": mark("agreeing points"),
    },
    "decision": {
        DecisionKind.UPHOLD: mark("Uphold"),
        DecisionKind.DISMISS: mark("Dismiss"),
        DecisionKind.ESCALATE: mark("Escalate"),
    },
    "decided": {
        DecisionKind.UPHOLD: mark("Upheld"),
        DecisionKind.DISMISS: mark("Dismissed"),
        DecisionKind.ESCALATE: mark("Escalated"),
    },
    "meaning": {
        DecisionKind.UPHOLD: mark("The upload reproduces the character."),
        DecisionKind.DISMISS: mark("It does not, or it may."),
        DecisionKind.ESCALATE: mark("An admin decides."),
    },
    "reason": {
        ReasonCode.SHOWS_CHARACTER: mark("shows the character"),
        ReasonCode.COPIED_PICTURES: mark("contains copied pictures"),
        ReasonCode.NAMED_CHARACTER: mark("is sold under the character's name"),
        ReasonCode.BLOCKED_BEFORE: mark("is a LoRA that was blocked before"),
        ReasonCode.OTHER_CHARACTER: mark("shows another character"),
        ReasonCode.SHARED_STYLE: mark("shares a style, not a character"),
        ReasonCode.GENERIC_NAME: mark("uses a name that belongs to nobody"),
        ReasonCode.LICENSED: mark("is licensed"),
        ReasonCode.NOT_PROTECTED: mark("the character is not protected"),
        ReasonCode.LAWFUL_USE: mark("is a lawful use"),
        ReasonCode.CANNOT_TELL: mark("cannot be told from what is here"),
        ReasonCode.UNCLEAR_RIGHTS: mark("the rights are unclear"),
        ReasonCode.LEGAL_QUESTION: mark("raises a legal question"),
    },
    "order": {
        "priority": mark("Most pressing first"),
        "oldest": mark("Oldest first"),
        "newest": mark("Newest first"),
    },
    "older": {
        "1h": mark("an hour"),
        "4h": mark("four hours"),
        "1d": mark("a day"),
        "7d": mark("a week"),
    },
    "view": {
        "blur": mark("Blur pictures until I point at one"),
        "grey": mark("Show pictures in grey"),
    },
}


def in_words(translate: Callable[[str], str]) -> Callable[[str, str], str]:
    """Return the filter that turns a code into words by a table; a code that it does not know is shown as it is."""

    def say(code: str, table: str) -> str:
        text = _TABLES[table].get(code)
        return translate(text) if text is not None else str(code)

    return say
