"""What a platform submits: pictures, texts, the LoRA file, and the context in which it will be used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from indexer.model import LoraSignals, PictureSource


class Stage(StrEnum):
    """When the platform asks."""

    TRAINING = "training"
    PUBLICATION = "publication"
    GENERATION = "generation"


class KeepPictures(StrEnum):
    """Of which uploads whole pictures are kept; of all others thumbnails, and with `none` of flagged ones alone."""

    FLAGGED = "flagged"
    ALL = "all"
    NONE = "none"


class Visibility(StrEnum):
    """Who will be able to see and use the upload."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    PRIVATE = "private"


class Trust(StrEnum):
    """What it costs the uploader to lie here, dearest first."""

    COMPUTED = "computed"
    RESIDUE = "residue"
    DECLARED = "declared"
    CLAIMED = "claimed"


@dataclass(frozen=True, slots=True)
class UploadText:
    """A text of the upload and where it stood, such as `model.tags[3]`; `weightless` for negative prompts.

    `share` (0 to 1) is the part of the training pictures that carry it, where that is known.
    """

    source: str
    text: str
    trust: Trust = Trust.DECLARED
    weightless: bool = False
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """The circumstances of an upload that the policy weighs; `today` is the day of the screening in UTC."""

    platform: str
    uploader: str | None
    stage: Stage
    visibility: Visibility
    monetised: bool
    promoted: bool
    today: date
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class UploadedLora:
    """The LoRA of an upload: what it is known again by, None where only its header came or it could not be read.

    `called` are the names by which prompts would call it, and the words that would wake it.
    """

    name: str
    signals: LoraSignals | None = None
    called: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HashClaim:
    """A hash that somebody says a LoRA has, and where: it may link to a blocked LoRA, and never proves anything."""

    source: str
    value: str


@dataclass(frozen=True, slots=True)
class Upload:
    """Everything of one submission; `not_screened` names parts that nothing here can read, and why.

    `captions` are the texts that stand beside training pictures, one for each picture that has any.
    """

    external_id: str
    context: Context
    pictures: tuple[PictureSource, ...] = ()
    texts: tuple[UploadText, ...] = ()
    not_screened: tuple[NotScreened, ...] = ()
    shadow: bool = False
    lora: UploadedLora | None = None
    claims: tuple[HashClaim, ...] = ()
    captions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotScreened:
    """A part of the upload that was not screened; `reason` begins with a code and a colon."""

    source: str
    reason: str
