"""What can go wrong while indexing and matching.

    IndexerError
    ├── ManifestError          a reference set on disk is not as its format asks
    ├── PictureError           a file is not a picture that can be screened
    ├── LoraError              a file is not a LoRA that can be read
    ├── ModelError             an embedding model cannot be loaded, exported or trusted
    ├── SnapshotError          a snapshot is missing, damaged or made for something else
    ├── SignalsError           packed signals of a reference are damaged
    ├── CalibrationError       rates cannot be computed from what was given
    └── EmbeddingQueueFull     too much work is waiting; try again later

Every error carries a `code` for machines; its message tells a person where the fault is and what to do.
"""

from __future__ import annotations


class IndexerError(Exception):
    """Base of all errors of this package."""

    code = "indexer_error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class ManifestError(IndexerError):
    """A manifest or picture of a reference set is wrong; the message names file, line and field."""

    code = "manifest_invalid"


class PictureError(IndexerError):
    """A picture cannot be decoded within the limits."""

    code = "picture_unreadable"


class LoraError(IndexerError):
    """A LoRA file or header cannot be read within the limits."""

    code = "lora_unreadable"


class ModelError(IndexerError):
    """An embedding model cannot be loaded or exported."""

    code = "model_unusable"


class SnapshotError(IndexerError):
    """A snapshot cannot be loaded."""

    code = "snapshot_invalid"


class SignalsError(IndexerError):
    """Packed signals of a reference are not what was packed."""

    code = "signals_damaged"


class CalibrationError(IndexerError):
    """Rates cannot be computed."""

    code = "calibration_impossible"


class EmbeddingQueueFull(IndexerError):
    """The bounded embedding queue refuses more work for the moment."""

    code = "embedding_queue_full"
