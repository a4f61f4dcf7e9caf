"""The values that the whole project speaks in: reference sets, references, signals, matches.

Frozen dataclasses of the standard library only, so that the pure domain of `service` can use them too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol


class AliasKind(StrEnum):
    """How much a name says by itself."""

    DISTINCTIVE = "distinctive"
    GENERIC = "generic"
    SERIES = "series"


class Fame(StrEnum):
    """How widely the work is known: the duty of care rises with it."""

    ORDINARY = "ordinary"
    KNOWN = "known"
    FAMOUS = "famous"


@dataclass(frozen=True, slots=True)
class Alias:
    """A name of the character or of its work; `language` is a BCP 47 tag."""

    text: str
    language: str
    kind: AliasKind


@dataclass(frozen=True, slots=True)
class Licence:
    """A grant; an absent platform or uploader means any, `until` is the last day on which it holds."""

    id: str
    platform: str | None = None
    uploader: str | None = None
    until: date | None = None

    def covers(self, platform: str, uploader: str | None, today: date) -> bool:
        """Tell whether this grant covers an upload of `uploader` on `platform` on the day `today`."""
        if self.until is not None and today > self.until:
            return False
        if self.platform is not None and self.platform != platform:
            return False
        return self.uploader is None or self.uploader == uploader


@dataclass(frozen=True, slots=True)
class Reference:
    """One picture of a reference set; `id` is its path inside the set's folder."""

    id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ReferenceSet:
    """The registered references and aliases of one protected character, of one rights owner.

    `title` and `work` map BCP 47 language tags to texts and hold at least one entry (`work` may be empty).
    """

    slug: str
    title: Mapping[str, str]
    references: tuple[Reference, ...]
    work: Mapping[str, str] = field(default_factory=dict)
    fame: Fame = Fame.ORDINARY
    holder: str = ""
    rights_evidence: str = ""
    aliases: tuple[Alias, ...] = ()
    licences: tuple[Licence, ...] = ()

    def title_in(self, language: str) -> str:
        """Return the title in a language, else in English, else in any."""
        return self.title.get(language) or self.title.get("en") or next(iter(self.title.values()))

    def same_work(self, other: ReferenceSet) -> bool:
        """Tell whether both characters belong to one work: their likeness accuses no stranger."""
        return bool(self.work) and self.work == other.work


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """An embedding model as the pipeline needs to know it.

    `fingerprint` is the sha256 of the exported network: two models with one name are still two models.
    `image_size` is the side of the square input in pixels; `mean` and `std` are per channel, for values in 0..1.
    """

    name: str
    pretrained: str
    embed_dim: int
    image_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str
    resize_mode: str
    fingerprint: str

    @property
    def label(self) -> str:
        """Name, weights and the first digits of the fingerprint, for answers and logs."""
        weights = f"/{self.pretrained}" if self.pretrained else ""
        return f"{self.name}{weights}@{self.fingerprint[:12]}"


class MatchKind(StrEnum):
    """What was found alike, strongest first."""

    EXACT_COPY = "exact_copy"
    GEOMETRIC_COPY = "geometric_copy"
    PERCEPTUAL_COPY = "perceptual_copy"
    CHARACTER_SIMILARITY = "character_similarity"


@dataclass(frozen=True, slots=True)
class Rate:
    """How often an unrelated picture would match *any* set of the index at least this strongly.

    `low` and `high` bound a 90 % confidence interval. `calibrated` is False where no control picture resembles the
    style at hand: the figure is then a guess, and no policy lets it block.
    """

    value: float
    low: float
    high: float
    calibrated: bool = True

    def times(self, factor: float) -> Rate:
        """Return the rate of as many chances (`factor` above 0), at most 1."""
        value, low, high = (min(1.0, factor * rate) for rate in (self.value, self.low, self.high))
        return Rate(value, low, high, self.calibrated)


@dataclass(frozen=True, slots=True)
class Measure:
    """A measured closeness and its rate; `name` is `cosine`, `pdq_distance`, `phash_distance` or `agreeing_points`."""

    name: str
    value: float
    rate: Rate


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a picture as fractions of its width and height, in 0..1."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Match:
    """A signal of an upload close to a signal of a reference; an exact copy has no measure.

    `region` is the part of the upload's picture, `reference_region` the part of the reference.
    """

    kind: MatchKind
    reference_set: str
    reference: str
    measure: Measure | None = None
    region: Region | None = None
    reference_region: Region | None = None

    @property
    def false_positive_rate(self) -> float:
        """The measure's rate; 0.0 for the identical picture, which no unrelated picture is."""
        return self.measure.rate.value if self.measure else 0.0


class PictureSource(Protocol):
    """A picture that can be read: a name to call it by, and its bytes when they are asked for."""

    @property
    def name(self) -> str:
        """What answers call it."""
        ...

    @property
    def data(self) -> bytes:
        """Read it whole. Raises PictureError where it is damaged on the way."""
        ...


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture as it arrived: a PictureSource in memory."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True, order=True)
class TensorHash:
    """A tensor without its name; `sha256` of its bytes, hexadecimal. Not `telling`: any file might hold it."""

    dtype: str
    shape: tuple[int, ...]
    sha256: str
    telling: bool


@dataclass(frozen=True, slots=True)
class LoraSignals:
    """What a LoRA is known again by; all of it was computed here, none of it is what a file says of itself.

    `sha256` is of the whole file and `body_sha256` of what follows its header, lower-case hexadecimal. `fingerprint` is
    packed by `indexer.fingerprints.pack`, None where the weights have no fingerprint.
    """

    name: str
    sha256: str
    body_sha256: str
    tensors: tuple[TensorHash, ...] = ()
    fingerprint: bytes | None = None


@dataclass(frozen=True, slots=True)
class PictureText:
    """A string of a picture's metadata, and the place it stood in; `weightless` in a negative prompt."""

    source: str
    text: str
    weightless: bool = False


@dataclass(frozen=True, slots=True)
class PictureMaking:
    """What a picture's metadata says of its making, all of it claimed.

    The `tool` that made it, its positive `prompts`, the names of `loras` that they call, `hashes` of these in
    lower-case hexadecimal, and `labels` of provenance as kind and value.
    """

    tool: str | None = None
    prompts: tuple[str, ...] = ()
    loras: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PictureSignals:
    """What is kept of an upload's picture, to look for it later and to show it.

    `sha256` of the file, lower-case hexadecimal. `pdq` is the upright hash of 32 bytes, empty where the picture is too
    flat for it to count; `vector` the embedding of the whole as little-endian float16. `thumbnail` is WebP, upright, at
    most 256 pixels on the longer side.
    """

    sha256: str
    pdq: bytes
    vector: bytes
    thumbnail: bytes


@dataclass(frozen=True, slots=True)
class PictureFindings:
    """What one picture of an upload gave: matches, strongest first, or the reason why it could not be screened.

    `problem` stands for a picture of which no pixel was screened, `remarks` for parts of it that were not. `texts` is
    what its metadata says, also that of a picture whose pixels could not be read. `signals` are there where they were
    asked for and the picture could be read.
    """

    name: str
    matches: tuple[Match, ...] = ()
    problem: str | None = None
    remarks: tuple[str, ...] = ()
    is_picture: bool = True
    texts: tuple[PictureText, ...] = ()
    making: PictureMaking = PictureMaking()
    signals: PictureSignals | None = None


@dataclass(frozen=True, slots=True)
class AliasHit:
    """An alias found in a text; `start` and `end` are offsets into the original text, in code points.

    `view` names the way of reading that showed it. What is `indirect` was found by a reading that can err, or is
    followed by "style", and asks for a look at most. What `needs_series` is too short or common to count without its
    series beside it.
    """

    reference_set: str
    alias: Alias
    start: int
    end: int
    negated: bool = False
    view: str = "plain"
    indirect: bool = False
    needs_series: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """What examining some pictures gave, with the milliseconds each stage took."""

    pictures: tuple[PictureFindings, ...]
    snapshot: str
    model: str
    elapsed_ms: Mapping[str, float]
