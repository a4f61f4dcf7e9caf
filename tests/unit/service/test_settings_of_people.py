"""Settings of sessions and of an identity provider."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from service.domain.identity import Role, parse_roles
from service.settings import Settings

WHOLE = {
    "oidc_issuer": "https://id.example.org/realms/staff",
    "oidc_client_id": "screening",
    "oidc_client_secret": "a-secret-of-two",
    "oidc_roles": "mods=moderator, /a=b/admins=admin,",
    "public_url": "https://screening.example.org",
}


def test_roles_of_claims_are_read_up_to_the_last_sign_of_equality() -> None:
    assert Settings(**WHOLE).roles_of_claims == {"mods": Role.MODERATOR, "/a=b/admins": Role.ADMIN}
    assert parse_roles("") == {}


def test_the_secret_is_never_shown() -> None:
    settings = Settings(**WHOLE)
    assert "a-secret-of-two" not in repr(settings) + str(settings.model_dump())
    assert settings.oidc_client_secret.get_secret_value() == "a-secret-of-two"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"oidc_issuer": "http://id.example.org"}, "oidc_issuer"),
        ({"oidc_issuer": "id.example.org"}, "oidc_issuer"),
        ({"oidc_client_id": ""}, "oidc_issuer needs oidc_client_id"),
        ({"oidc_roles": ""}, "oidc_issuer needs oidc_roles"),
        ({"public_url": None}, "oidc_issuer needs public_url"),
        ({"oidc_roles": "moderator"}, "entry 1 is not value=role"),
        ({"oidc_roles": "a=moderator,=admin"}, "entry 2 is not value=role"),
        ({"oidc_roles": "a=king"}, "entry 1: 'king' is none of"),
        ({"session_hours": 0}, "session_hours"),
        ({"session_hours": 10_000}, "session_hours"),
        ({"sign_ins_per_minute": 0}, "sign_ins_per_minute"),
    ],
)
def test_a_wrong_setting_is_named(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Settings(**{**WHOLE, **changes})
