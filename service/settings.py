"""Every setting, read once from the environment (prefix LORA_SCREENING_). Nothing else in the service reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.domain.identity import Key, Role, parse_keys, parse_roles
from service.domain.notice_terms import parse_holidays
from service.domain.upload import KeepPictures

MIB = 1024 * 1024


class Settings(BaseSettings):
    """Settings of the service; docs/settings.md explains each, and a test holds it to that."""

    model_config = SettingsConfigDict(env_prefix="LORA_SCREENING_", frozen=True, hide_input_in_errors=True)

    snapshot: Path = Field(Path("data/snapshot"), description="Folder of published snapshots, or one generation in it.")
    database: str = Field("sqlite:///data/lora-screening.db", description="SQLAlchemy URL of the database.")
    blobs: str = Field("data/blobs", description="Folder of pictures and packed signals, or any URL of fsspec.")
    screened: str = Field(
        "",
        description="Signals of everything screened: a folder, `http://host:19530` of a Milvus, or a file of Milvus"
        " Lite, `*.db`. By default `screened` beside a SQLite database, or in `data`.",
    )
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
    public_forms_per_minute: int = Field(
        10, ge=1, description="Forms per address and minute of notices and counter-notices that need no account."
    )
    oidc_issuer: str = Field("", description="URL of an OpenID Connect provider; empty for none.")
    oidc_client_id: str = Field("", description="The name of this service there.")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="Its secret there; empty for a public client.")
    oidc_roles: str = Field(
        "",
        description="Roles by the values of the claims `roles` and `groups`, separated by commas, each `value=role`.",
    )
    webhooks_private: bool = Field(
        False, description="Let webhooks go to addresses that are not public, and to http:// at this machine."
    )
    notice_prc_wait_days: int = Field(
        15, ge=1, le=365, description="Days after a counter-notice until its uploads come back, under Chinese law."
    )
    notice_us_wait_days: int = Field(
        10, ge=10, le=14, description="Business days of the same under the law of the United States."
    )
    notice_act_days: int = Field(
        1, ge=1, le=90, description="Working days within which a complete notice is to be acted upon."
    )
    notice_eu_complain_months: int = Field(
        6, ge=6, le=120, description="Months in which uploaders may complain about a measure, in the European Union."
    )
    notice_holidays: str = Field(
        "",
        description="Days that are no working days, by jurisdiction: `prc:2026-10-01 2026-10-02,us:2026-11-26`.",
    )
    max_notice_uploads: int = Field(2_000, ge=1, le=2_000, description="Most uploads that one notice names.")
    max_attachments: int = Field(20, ge=0, le=1_000, description="Most files that each party attaches to one notice.")
    max_attachment_bytes: int = Field(10 * MIB, ge=1, description="Largest such file.")
    strike_days: int = Field(180, ge=1, description="For how many days a strike counts against an uploader.")
    signing_key: Path | None = Field(
        None,
        description="File of the Ed25519 key that signs exports; made at first use. By default `signing-key.pem` beside"
        " a SQLite database, or in `data`.",
    )
    earlier_public_keys: str = Field(
        "", description="Public keys (hexadecimal) with which the service signed before, separated by commas."
    )
    seal_entries: int = Field(1000, ge=1, description="The audit log is sealed after so many entries …")
    seal_hours: float = Field(24.0, gt=0, description="… or when an entry has waited so long.")
    time_stamp_url: str = Field("", description="URL of an RFC 3161 authority that stamps each seal; empty for none.")
    time_stamp_roots: Path | None = Field(None, description="Root certificates (PEM) trusted for it.")
    log_format: Literal["json", "console"] = Field("json", description="Form of the log lines.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged.")

    @field_validator("api_keys")
    @classmethod
    def _keys_are_readable(cls, value: str) -> str:
        parse_keys(value)
        return value

    @field_validator("earlier_public_keys")
    @classmethod
    def _public_keys_are_readable(cls, value: str) -> str:
        parse_public_keys(value)
        return value

    @field_validator("notice_holidays")
    @classmethod
    def _holidays_are_readable(cls, value: str) -> str:
        parse_holidays(value)
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

    @model_validator(mode="after")
    def _time_stamps_are_whole(self) -> Settings:
        if self.time_stamp_url and self.time_stamp_roots is None:
            raise ValueError("time_stamp_url needs time_stamp_roots too")
        return self

    @property
    def public_keys(self) -> tuple[bytes, ...]:
        """The raw public keys with which the service signed before."""
        return parse_public_keys(self.earlier_public_keys)

    @property
    def signing_key_file(self) -> Path:
        """The file of the signing key."""
        return self.signing_key or signing_key_beside(self.database)

    @property
    def screened_pictures(self) -> str:
        """Where the signals of everything screened are."""
        return self.screened or str(beside(self.database) / "screened")

    @property
    def roles_of_claims(self) -> Mapping[str, Role]:
        """The roles that an identity provider's claims give."""
        return parse_roles(self.oidc_roles)


def parse_public_keys(text: str) -> tuple[bytes, ...]:
    """Read raw public keys. Raises ValueError naming the entry."""
    keys = []
    for number, entry in enumerate(filter(None, (part.strip() for part in text.split(","))), start=1):
        if not re.fullmatch(r"[0-9a-f]{64}", entry):
            raise ValueError(f"entry {number} is no public key of 64 hexadecimal digits")
        keys.append(bytes.fromhex(entry))
    return tuple(keys)


def blobs_in(folder: Path) -> str:
    """Return the folder of pictures in the folder of a service."""
    return str(folder / "blobs")


def database_in(folder: Path) -> str:
    """Return the URL of the database in the folder of a service."""
    return f"sqlite:///{folder / 'lora-screening.db'}"


def settings_of(data: Path | None) -> Settings:
    """Return the settings, for the folder of a service where one is given."""
    if data is None:
        return Settings()
    return Settings(database=database_in(data), blobs=blobs_in(data), snapshot=data / "snapshot")


def signing_key_beside(database: str) -> Path:
    """Return where the signing key lies unless a setting says otherwise: beside a SQLite database, or in `data`."""
    return beside(database) / "signing-key.pem"


def beside(database: str) -> Path:
    """Return the folder of a SQLite database, or `data`."""
    scheme, _, path = database.partition(":///")
    return Path(path).parent if scheme == "sqlite" and path not in {"", ":memory:"} else Path("data")
