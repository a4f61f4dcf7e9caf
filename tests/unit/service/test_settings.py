"""Settings: read from the environment, refused where they cannot hold, and never shown."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from service.domain.identity import Key, Role, key_sha256
from service.settings import Settings

HASH = key_sha256("k")


def test_the_environment_is_read_under_one_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LORA_SCREENING_THREADS", "3")
    monkeypatch.setenv("LORA_SCREENING_API_KEYS", f"atelier:platform:{HASH}")
    settings = Settings()
    assert settings.threads == 3
    assert settings.keys == (Key("atelier", Role.PLATFORM, HASH),)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threads", 0),
        ("queue_size", 0),
        ("reload_seconds", 0),
        ("max_pictures", -1),
        ("max_text_characters", 200_001),
        ("runtime", "gpu"),
        ("log_level", "loud"),
        ("api_keys", "atelier:root:" + HASH),
    ],
)
def test_a_value_that_cannot_hold_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["the key itself", f"atelier:platform:{HASH}:more"])
def test_a_wrong_key_entry_is_never_shown(value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(api_keys=value)
    assert value not in str(caught.value)
    assert HASH[:16] not in str(caught.value)
