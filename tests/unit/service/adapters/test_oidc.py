"""Signing in with an identity provider, against a small one on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwk

from service.adapters.clock import SystemClock
from service.adapters.oidc import Oidc
from service.domain.errors import NotAuthenticated, NotReady
from service.domain.identity import Role
from tests.unit.service.adapters.provider import BACK, CLIENT, SECRET, Provider, new_key

ROLES = {"mods": Role.MODERATOR, "admins": Role.ADMIN, "/staff/owners": Role.RIGHTS_OWNER}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider().serving() as provider:
        yield provider


@pytest.fixture
def oidc(provider: Provider) -> Oidc:
    return client(provider.issuer)


def client(issuer: str, secret: str = SECRET) -> Oidc:
    return Oidc(issuer, CLIENT, secret, BACK, roles=ROLES, clock=SystemClock())


def test_who_comes_back_is_known_with_their_roles(oidc: Oidc, provider: Provider) -> None:
    provider.claims = {"roles": ["mods", "others"], "groups": ["/staff/owners"]}
    url, state = oidc.begin()
    identity = oidc.finish(provider.enter(url), state)
    assert identity.subject == f"{provider.issuer} sub-1"
    assert (identity.name, identity.roles) == ("ida", {Role.MODERATOR, Role.RIGHTS_OWNER})


def test_what_is_asked_carries_state_nonce_and_the_hash_of_a_verifier(oidc: Oidc, provider: Provider) -> None:
    urls = [oidc.begin()[0] for _ in range(2)]
    first, second = ({name: values[0] for name, values in parse_qs(urlsplit(url).query).items()} for url in urls)
    assert urls[0].startswith(f"{provider.issuer}/authorize?")
    assert (first["response_type"], first["client_id"], first["redirect_uri"]) == ("code", CLIENT, BACK)
    assert first["code_challenge_method"] == "S256"
    assert "openid" in first["scope"].split()
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43
        assert first[name] != second[name]


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({"roles": None}, set()),
        ({"roles": []}, set()),
        ({"roles": "admins"}, {Role.ADMIN}),
        ({"roles": {"admins": True}}, set()),
        ({"roles": [["admins"], 1, None]}, set()),
        ({"roles": ["Admins", "admin"]}, set()),
    ],
)
def test_roles_are_given_by_whole_values_alone(
    oidc: Oidc, provider: Provider, claims: dict[str, object], roles: set[Role]
) -> None:
    provider.claims = claims
    url, state = oidc.begin()
    assert oidc.finish(provider.enter(url), state).roles == roles


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "another client"},
        {"aud": None},
        {"aud": [CLIENT, "another client"]},
        {"azp": "another client"},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"exp": "never"},
        {"nbf": int(time.time()) + 3600},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"sub": None},
        {"sub": 1},
        {"sub": "s" * 600},
        {"at_hash": "of another access token"},
    ],
    # Not by their values: times would differ from one collection to the next.
    ids="-".join,
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    oidc: Oidc, provider: Provider, claims: dict[str, object]
) -> None:
    provider.claims = claims
    url, state = oidc.begin()
    with pytest.raises(NotAuthenticated):
        oidc.finish(provider.enter(url), state)


def _by_another_key(provider: Provider) -> None:
    provider.signs_with = new_key("first")


def _by_an_unknown_key(provider: Provider) -> None:
    provider.signs_with, provider.header = new_key("third"), {"alg": "RS256", "kid": "third"}


def _by_the_secret(provider: Provider) -> None:
    provider.signs_with, provider.header = jwk.OctKey.import_key(SECRET), {"alg": "HS256"}


def _by_nobody(provider: Provider) -> None:
    provider.header = {"alg": "none"}


@pytest.mark.parametrize("signed", [_by_another_key, _by_an_unknown_key, _by_the_secret, _by_nobody])
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_token_that_the_provider_did_not_sign_is_refused(
    oidc: Oidc, provider: Provider, signed: Callable[[Provider], None]
) -> None:
    signed(provider)
    url, state = oidc.begin()
    with pytest.raises(NotAuthenticated):
        oidc.finish(provider.enter(url), state)


def test_new_keys_of_the_provider_are_taken_up(oidc: Oidc, provider: Provider) -> None:
    for _ in range(2):
        url, state = oidc.begin()
        assert oidc.finish(provider.enter(url), state).name == "ida"
    assert provider.asked.count("/keys") == provider.asked.count("/.well-known/openid-configuration") == 1
    provider.rotate()
    url, state = oidc.begin()
    assert oidc.finish(provider.enter(url), state).name == "ida"
    assert provider.asked.count("/keys") == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "of another browser"},
        {"state": ""},
        {"code": "made-up"},
        {"error": "access_denied"},
        {"iss": "https://elsewhere.example"},
    ],
)
def test_what_comes_back_otherwise_is_refused(oidc: Oidc, provider: Provider, changes: dict[str, str]) -> None:
    url, state = oidc.begin()
    with pytest.raises(NotAuthenticated):
        oidc.finish({**provider.enter(url), **changes}, state)


@pytest.mark.parametrize("kept", ["", "x", "é", "e30=", "W10=", "bnVsbA=="])
def test_without_what_the_browser_kept_nobody_comes_in(oidc: Oidc, provider: Provider, kept: str) -> None:
    url, _ = oidc.begin()
    with pytest.raises(NotAuthenticated):
        oidc.finish(provider.enter(url), kept)


def test_a_code_of_another_browser_cannot_be_slipped_in(oidc: Oidc, provider: Provider) -> None:
    theirs, _ = oidc.begin()
    mine, state = oidc.begin()
    code = provider.enter(theirs)["code"]
    with pytest.raises(NotAuthenticated):
        oidc.finish({**provider.enter(mine), "code": code}, state)


def test_a_code_works_once(oidc: Oidc, provider: Provider) -> None:
    url, state = oidc.begin()
    back = provider.enter(url)
    oidc.finish(back, state)
    with pytest.raises(NotAuthenticated):
        oidc.finish(back, state)


def test_a_wrong_secret_lets_nobody_in(provider: Provider) -> None:
    wrong = client(provider.issuer, "another secret")
    url, state = wrong.begin()
    with pytest.raises(NotAuthenticated):
        wrong.finish(provider.enter(url), state)


def test_a_provider_that_is_not_there_is_tried_anew(oidc: Oidc, provider: Provider) -> None:
    provider.broken = True
    with pytest.raises(NotReady):
        oidc.begin()
    provider.broken = False
    url, state = oidc.begin()
    back = provider.enter(url)
    provider.broken = True
    with pytest.raises(NotReady):
        oidc.finish(back, state)
    provider.broken = False
    assert oidc.finish(back, state)


@pytest.mark.parametrize("metadata", [{"issuer": "https://elsewhere.example"}, {"authorization_endpoint": None}])
def test_a_provider_that_says_wrong_things_of_itself_is_not_used(
    oidc: Oidc, provider: Provider, metadata: dict[str, object]
) -> None:
    provider.metadata = metadata
    with pytest.raises(NotReady):
        oidc.begin()


def test_nobody_at_the_address_is_not_ready() -> None:
    with pytest.raises(NotReady):
        client("http://127.0.0.1:1").begin()
