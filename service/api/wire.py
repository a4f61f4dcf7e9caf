"""The wire models: what requests must look like, and what answers look like in the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from indexer.signals.names.aliases import MAX_TEXT

Text = dict[str, str]


class _Open(BaseModel):
    """A part of a request: unknown fields are accepted, and searched like the known ones."""

    model_config = ConfigDict(extra="allow")


class Commercial(_Open):
    """Whether money or promotion stands behind the upload."""

    monetised: bool = False
    promoted: bool = False


class Uploader(_Open):
    """The platform's own id of its user."""

    id: str | None = Field(None, max_length=512)


class ModelFile(_Open):
    """A file of the model as the platform knows it."""

    name: str = ""
    sha256: str = ""
    body_sha256: str = ""


class ModelDocument(_Open):
    """What the uploader says of the model."""

    name: str = ""
    alt_names: list[str] = []
    type: str = "LORA"
    description: str = ""
    tags: list[str] = []
    trigger_words: list[str] = []
    base_model: str = ""
    versions: list[Any] = []
    files: list[ModelFile] = []


class ImageEntry(_Open):
    """What is known of one picture; `file` names its part."""

    file: str
    role: Literal["sample", "cover", "training"] = "sample"
    prompt: str = ""
    negative_prompt: str = ""


class Options(_Open):
    """How to screen; a shadow screening is recorded and opens no case."""

    shadow: bool = False


class UploadDocument(_Open):
    """The part `upload`."""

    # Databases differ on control characters; an id has no use for them.
    external_id: str = Field(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f]+$")
    stage: Literal["training", "publication", "generation"] = "publication"
    visibility: Literal["public", "unlisted", "private"] = "public"
    commercial: Commercial = Commercial()
    uploader: Uploader = Uploader(id=None)
    model: ModelDocument = ModelDocument()
    images: list[ImageEntry] = []
    options: Options = Options()


class SetTitle(BaseModel):
    """A reference set as answers name it."""

    slug: str
    title: str
    title_zh: str


class GroundAnswer(BaseModel):
    """A reason for the verdict; `evidence` numbers entries of the answer's `evidence`."""

    code: str
    asks_for: Literal["block", "review", "allow"]
    reference_set: SetTitle | None
    evidence: list[int]
    explanation: Text


class MeasureAnswer(BaseModel):
    """A measure and how often an unrelated picture reaches it anywhere in the index, with a 90 % interval."""

    name: str
    value: float
    false_positive_rate: float
    interval: list[float]
    calibrated: bool


class EvidenceAnswer(BaseModel):
    """One fact. Regions are fractions of width and height: x0, y0, x1, y1."""

    kind: str
    source: str
    reference_set: str | None
    reference: str | None
    measure: MeasureAnswer | None
    region: list[float] | None
    reference_region: list[float] | None
    text: str | None
    trust: Literal["computed", "residue", "declared", "claimed"]
    weightless: bool
    blocked_lora: str | None
    explanation: Text


class NotScreenedAnswer(BaseModel):
    """A part that was not screened; the reason begins with a code."""

    source: str
    reason: str


class ScreeningAnswer(BaseModel):
    """A finished screening."""

    screening_id: str
    external_id: str
    status: Literal["done"]
    verdict: Literal["block", "review", "allow"]
    grounds: list[GroundAnswer]
    evidence: list[EvidenceAnswer]
    not_screened: list[NotScreenedAnswer]
    conditions: list[str]
    notice_to_uploader: Text | None
    case_id: str | None
    licence: str | None
    shadow: bool
    policy_version: str
    snapshot: str | None
    model: str | None
    elapsed_ms: dict[str, float]

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "screening_id": "scr_7d0f9c3b1a5e4d2f8b6a9c0e1f2d3b",
                    "external_id": "model-17/v2",
                    "status": "done",
                    "verdict": "block",
                    "grounds": [
                        {
                            "code": "character_copy",
                            "asks_for": "block",
                            "reference_set": {"slug": "serpent-queen", "title": "Serpent Queen", "title_zh": "蛇后"},
                            "evidence": [0],
                            "explanation": {
                                "en": "At least one picture is a copy of a registered picture of “Serpent Queen”.",
                                "zh": "至少有一张图片是“蛇后”已登记图片的副本。",
                            },
                        }
                    ],
                    "evidence": [
                        {
                            "kind": "exact_copy",
                            "source": "image:a.png",
                            "reference_set": "serpent-queen",
                            "reference": "images/01.png",
                            "measure": None,
                            "region": None,
                            "reference_region": None,
                            "text": None,
                            "trust": "computed",
                            "weightless": False,
                            "blocked_lora": None,
                            "explanation": {
                                "en": "a.png is the same picture as images/01.png of “Serpent Queen”.",
                                "zh": "a.png 与“蛇后”的参考图 images/01.png 完全相同。",
                            },
                        }
                    ],
                    "not_screened": [],
                    "conditions": [],
                    "notice_to_uploader": {"en": "This upload was stopped …", "zh": "…上传已被拦截。…"},
                    "case_id": None,
                    "licence": None,
                    "shadow": False,
                    "policy_version": "2026-11+1a2b3c4d",
                    "snapshot": "000007",
                    "model": "compact-clip@bd106c7a62c9",
                    "elapsed_ms": {"decode": 41.0, "embed": 60.2, "search": 1.1, "verify": 0.0, "total": 104.9},
                }
            ]
        }
    )


class ProgressAnswer(BaseModel):
    """How many pictures are examined, of how many."""

    done: int
    pictures: int


class RunningAnswer(BaseModel):
    """A screening that is not finished; `progress` is known to the process that works on it."""

    screening_id: str
    external_id: str
    status: Literal["running"] = "running"
    progress: ProgressAnswer | None = None


class BlockedFile(BaseModel):
    """The file of a blocked LoRA; hashes are lower-case hexadecimal sha256, one of what follows the header."""

    name: str
    sha256: str
    body_sha256: str


class BlockedLoraAnswer(BaseModel):
    """A LoRA that is known again on any upload."""

    id: str
    title: str
    reference_set: str | None
    reason: str
    added: str
    added_by: str
    file: BlockedFile


class BlockedLoraList(BaseModel):
    """Blocked LoRAs in force, newest first."""

    blocked_loras: list[BlockedLoraAnswer]


class TextQuery(BaseModel):
    """Texts to search for registered names; each as long as a search reaches."""

    texts: list[Annotated[str, Field(max_length=MAX_TEXT)]] = Field(max_length=1000)


class TextHit(BaseModel):
    """A registered name in a text; offsets are code points of the text as it was sent.

    `view` says how it was read. What is `indirect` was read out of a disguise and asks for a look at most; what
    `needs_series` counts only beside the title of its work.
    """

    reference_set: str
    alias: str
    language: str
    kind: Literal["distinctive", "generic", "series"]
    start: int
    end: int
    text: str
    negated: bool
    view: str
    indirect: bool
    needs_series: bool


class TextResult(BaseModel):
    """The hits of one text, in order of place."""

    hits: list[TextHit]


class TextAnswer(BaseModel):
    """One result per text, in order."""

    results: list[TextResult]
    snapshot: str


class Health(BaseModel):
    """The process is alive."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """A known reference was found through decoding, embedding and search."""

    status: Literal["ready"] = "ready"
    snapshot: str


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, str]] | None = None
