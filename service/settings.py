"""Every setting, read once from the environment (prefix LORA_SCREENING_). Nothing else in the service reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.domain.identity import Key, Role, parse_keys, parse_roles
from service.domain.upload import KeepPictures

MIB = 1024 * 1024


class Settings(BaseSettings):
    """Settings of the service; docs/settings.md explains each, and a test holds it to that."""

    model_config = SettingsConfigDict(env_prefix="LORA_SCREENING_", frozen=True, hide_input_in_errors=True)

    snapshot: Path = Field(Path("data/snapshot"), description="Folder of published snapshots, or one generation in it.")
    database: str = Field("sqlite:///data/lora-screening.db", description="SQLAlchemy URL of the database.")
    blobs: str = Field("data/blobs", description="Folder of pictures and packed signals, or any URL of fsspec.")
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
    reload_seconds: float = Field(
        0.5, gt=0, description="How often newly published snapshots, and changes of the record, are looked for."
    )
    rebuild: bool = Field(True, description="Build the next generation from the record when sets have changed.")
    rebuild_quiet_seconds: float = Field(
        30.0, gt=0, description="A build begins when nothing has changed for so long …"
    )
    rebuild_seconds: float = Field(600.0, gt=0, description="… or so long after the first change.")
    keep_pictures: KeepPictures = Field(
        KeepPictures.FLAGGED, description="Of which uploads whole pictures are kept; of the others thumbnails."
    )
    retention_days: int = Field(
        0, ge=0, description="Pictures of allowed uploads are forgotten after so many days; 0 keeps them."
    )
    second_look_blocks: float = Field(
        0.02, ge=0, le=1, description="Share of automatic blocks that a person looks at too."
    )
    second_look_allows: float = Field(0.005, ge=0, le=1, description="The same of allows.")
    flood_factor: float = Field(
        10.0, gt=1, description="A set found so many times as often as in the two weeks before is marked."
    )
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
    public_url: str | None = Field(
        None, description="Address at which people reach the service, such as `https://screening.example.org`."
    )
    session_hours: float = Field(12.0, gt=0, le=720, description="How long people stay signed in.")
    sign_ins_per_minute: int = Field(10, ge=1, description="Attempts to sign in per address and minute.")
    oidc_issuer: str = Field("", description="URL of an OpenID Connect provider; empty for none.")
    oidc_client_id: str = Field("", description="The name of this service there.")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="Its secret there; empty for a public client.")
    oidc_roles: str = Field(
        "",
        description="Roles by the values of the claims `roles` and `groups`, separated by commas, each `value=role`.",
    )
    log_format: Literal["json", "console"] = Field("json", description="Form of the log lines.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged.")

    @field_validator("api_keys")
    @classmethod
    def _keys_are_readable(cls, value: str) -> str:
        parse_keys(value)
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer_is_an_address(cls, value: str) -> str:
        if value and not re.match(r"https://[^/]|http://(localhost|127\.0\.0\.1)[:/]", value):
            raise ValueError("begin it with https://")
        return value

    @field_validator("oidc_roles")
    @classmethod
    def _roles_are_readable(cls, value: str) -> str:
        parse_roles(value)
        return value

    @model_validator(mode="after")
    def _oidc_is_whole(self) -> Settings:
        needed = ("oidc_client_id", "oidc_roles", "public_url")
        missing = [name for name in needed if not getattr(self, name)] if self.oidc_issuer else []
        if missing:
            raise ValueError(f"oidc_issuer needs {', '.join(missing)} too")
        return self

    @property
    def keys(self) -> tuple[Key, ...]:
        """The API keys."""
        return parse_keys(self.api_keys)

    @property
    def roles_of_claims(self) -> Mapping[str, Role]:
        """The roles that an identity provider's claims give."""
        return parse_roles(self.oidc_roles)


def blobs_in(folder: Path) -> str:
    """Return the folder of pictures in the folder of a service."""
    return str(folder / "blobs")


def database_in(folder: Path) -> str:
    """Return the URL of the database in the folder of a service."""
    return f"sqlite:///{folder / 'lora-screening.db'}"
