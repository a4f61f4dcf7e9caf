"""Every setting, read once from the environment (prefix LORA_SCREENING_). Nothing else in the service reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.domain.identity import Key, parse_keys

MIB = 1024 * 1024


class Settings(BaseSettings):
    """Settings of the service; docs/settings.md explains each, and a test holds it to that."""

    model_config = SettingsConfigDict(env_prefix="LORA_SCREENING_", frozen=True, hide_input_in_errors=True)

    snapshot: Path = Field(Path("data/snapshot"), description="Folder of published snapshots, or one generation in it.")
    database: str = Field("sqlite:///data/lora-screening.db", description="SQLAlchemy URL of the database.")
    api_keys: str = Field(
        "",
        description="Keys, separated by commas, each `name:role:sha256`: a platform's or person's name, a role, and the"
        " hexadecimal sha256 of the key. `lora-screening key NAME ROLE` makes one.",
    )
    policy_file: Path | None = Field(None, description="Policy to use instead of the shipped service/policy.toml.")
    expected_model: str | None = Field(
        None, description="Model name or fingerprint prefix; a snapshot of any other is refused."
    )
    runtime: Literal["auto", "openvino", "onnxruntime"] = Field(
        "auto", description="Embedding runtime; `auto` tries both at start and keeps the faster."
    )
    threads: int = Field(2, ge=1, le=256, description="Threads for decoding, and for embedding.")
    queue_size: int = Field(64, ge=1, description="Embedding calls that may wait; beyond, requests get 503.")
    reload_seconds: float = Field(1.0, gt=0, description="How often a newly published snapshot is looked for.")
    max_body_bytes: int = Field(1200 * MIB, ge=1, description="Largest request body; files go to disk as they arrive.")
    max_picture_bytes: int = Field(20 * MIB, ge=1, description="Largest picture file.")
    max_picture_pixels: int = Field(40_000_000, ge=1, description="Largest picture, in pixels.")
    max_pictures: int = Field(500, ge=1, description="Most pictures in one upload, and in one image pack.")
    max_pack_bytes: int = Field(1024 * MIB, ge=1, description="Most bytes of an image pack, unpacked.")
    max_text_characters: int = Field(
        200_000, ge=1, le=200_000, description="Longest text searched for names; beyond is review."
    )
    time_limit_seconds: float = Field(
        30.0, gt=0, description="Time for one upload; pictures not reached in it go to review."
    )
    async_time_limit_seconds: float = Field(
        600.0, gt=0, description="The same for uploads sent with `Prefer: respond-async`."
    )
    async_workers: int = Field(1, ge=1, le=64, description="Threads for uploads sent with `Prefer: respond-async`.")
    async_queue_size: int = Field(64, ge=1, description="Such uploads that may wait; beyond, requests get 503.")
    requests_per_minute: int = Field(600, ge=1, description="Requests per key and minute; beyond, requests get 429.")
    log_format: Literal["json", "console"] = Field("json", description="Form of the log lines.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged.")

    @field_validator("api_keys")
    @classmethod
    def _keys_are_readable(cls, value: str) -> str:
        parse_keys(value)
        return value

    @property
    def keys(self) -> tuple[Key, ...]:
        """The API keys."""
        return parse_keys(self.api_keys)


def database_in(folder: Path) -> str:
    """Return the URL of the database in the folder of a service."""
    return f"sqlite:///{folder / 'lora-screening.db'}"
