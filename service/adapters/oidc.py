"""Signing in with an OpenID Connect provider: authorisation code flow with PKCE (OpenID Connect Core 1.0, RFC 7636).

1. `begin` sends the person to the provider, with a state, a nonce and the hash of a verifier.
2. They come back with a code. `finish` compares the state with that of the person's own browser, so that nobody can
   make them come back as somebody else, and exchanges the code, with the verifier, for an ID token.
3. The token is believed when one of the provider's keys signed it, and issuer, audience, expiry and nonce fit.

What the provider says of itself is read once; its keys are read again when a token does not fit those that are known.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from service.domain.account import Identity
from service.domain.errors import NotAuthenticated, NotReady
from service.domain.identity import Role
from service.ports import Clock

log = structlog.get_logger()

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures by a key pair. With a shared secret, what a provider publishes as its key could be used to sign."""

_SCOPE = "openid profile email"
_LEEWAY_SECONDS = 60
_TIMEOUT_SECONDS = 10.0
_LONGEST_SUBJECT = 512
_BEGUN = ("state", "nonce", "verifier")


class Oidc:
    """An IdentityProvider. `roles` gives the roles of values of the claims `roles` and `groups`."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
        *,
        roles: Mapping[str, Role],
        clock: Clock,
    ) -> None:
        """Nothing is asked of the provider before somebody signs in: the service starts without it."""
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect_uri = redirect_uri
        self._roles = roles
        self._clock = clock
        self._said: Mapping[str, Any] | None = None
        self._keys: KeySet | None = None

    def begin(self) -> tuple[str, str]:
        """Return the address to send a person to, and what their browser keeps meanwhile. Raises NotReady."""
        begun = {part: secrets.token_urlsafe(48) for part in _BEGUN}
        with self._client() as client:
            endpoint = self._metadata(client)["authorization_endpoint"]
            url, _ = client.create_authorization_url(
                endpoint, state=begun["state"], nonce=begun["nonce"], code_verifier=begun["verifier"]
            )
        return str(url), base64.urlsafe_b64encode(json.dumps(begun).encode()).decode()

    def finish(self, params: Mapping[str, str], state: str) -> Identity:
        """Return who came back with these query parameters. Raises NotAuthenticated or NotReady."""
        begun = _read(state)
        if not secrets.compare_digest(params.get("state", "").encode(), begun["state"].encode()):
            raise NotAuthenticated("this sign-in was not begun in this browser")
        # RFC 9207: where the provider names itself, an answer of another one has been mixed in.
        if params.get("iss", self._issuer) != self._issuer:
            raise NotAuthenticated("another identity provider answered")
        if "error" in params or "code" not in params:
            log.warning("oidc_refused", error=params.get("error", "no code")[:100])
            raise NotAuthenticated("the identity provider did not let this person in")
        with self._client() as client:
            given = client.fetch_token(
                self._metadata(client)["token_endpoint"],
                grant_type="authorization_code",
                code=params["code"],
                code_verifier=begun["verifier"],
                redirect_uri=self._redirect_uri,
            )
            claims = self._believed(client, given, begun["nonce"])
        return self._identity(claims)

    @contextmanager
    def _client(self) -> Iterator[Any]:
        """Open a client; what goes wrong in its use is told as errors of ours."""
        try:
            with OAuth2Client(
                client_id=self._client_id,
                client_secret=self._client_secret or None,
                scope=_SCOPE,
                redirect_uri=self._redirect_uri,
                code_challenge_method="S256",
                timeout=_TIMEOUT_SECONDS,
            ) as client:
                yield client
        except (AuthlibBaseError, JoseError) as error:
            log.warning("oidc_refused", error=str(error)[:200])
            raise NotAuthenticated("what the identity provider answered does not fit") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError) as error:
            log.warning("oidc_unavailable", error=f"{type(error).__name__}: {error}"[:200])
            raise NotReady("the identity provider does not answer as it should") from error

    def _metadata(self, client: Any) -> Mapping[str, Any]:
        """Read what the provider says of itself (OpenID Connect Discovery 1.0, section 4)."""
        if self._said is None:
            said = _json(client, f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            if said["issuer"] != self._issuer:
                raise ValueError(f"the provider calls itself {said['issuer']!r}")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not str(said[name]).startswith("https:" if self._issuer.startswith("https:") else "http"):
                    raise ValueError(f"{name} is not served over https")
            self._said = said
        methods = self._said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if self._client_secret and "client_secret_basic" not in methods:
            client.token_endpoint_auth_method = "client_secret_post"  # noqa: S105 (the name of a method)
        return self._said

    def _believed(self, client: Any, given: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        """Return the claims of the ID token, when it is the provider's and for us. Raises JoseError."""
        text = given["id_token"]
        try:
            token = self._decoded(client, text, fresh=False)
        except JoseError:
            # The provider may have taken new keys since these were read.
            token = self._decoded(client, text, fresh=True)
        expected = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._client_id},
        }
        params = {"nonce": nonce, "client_id": self._client_id, "access_token": given.get("access_token")}
        claims = CodeIDToken(token.claims, token.header, expected, params)
        claims.validate(now=int(self._clock.now().timestamp()), leeway=_LEEWAY_SECONDS)
        return dict(claims)

    def _decoded(self, client: Any, text: str, *, fresh: bool) -> jwt.Token:
        if self._keys is None or fresh:
            self._keys = KeySet.import_key_set(_json(client, self._metadata(client)["jwks_uri"]))  # type: ignore[arg-type]
        return jwt.decode(text, self._keys, algorithms=ALGORITHMS)

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        subject = f"{self._issuer} {claims['sub']}"
        if len(subject) > _LONGEST_SUBJECT:
            raise NotAuthenticated("the identity provider's name for this person is too long")
        name = next((claims[key] for key in ("preferred_username", "email", "name") if claims.get(key)), "user")
        values: set[str] = set()
        for key in ("roles", "groups"):
            value = claims.get(key, [])
            values |= {item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)}
        roles = frozenset(role for value, role in self._roles.items() if value in values)
        return Identity(subject, str(name), roles)


def _read(state: str) -> dict[str, str]:
    """Read what `begin` gave to the browser."""
    try:
        begun = json.loads(base64.urlsafe_b64decode(state.encode()))
        return {part: str(begun[part]) for part in _BEGUN}
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise NotAuthenticated("this sign-in was begun too long ago, or in another browser") from error


def _json(client: Any, url: str) -> dict[str, Any]:
    answer = client.request("GET", url, withhold_token=True)
    answer.raise_for_status()
    content = answer.json()
    if not isinstance(content, dict):
        raise ValueError(f"{url} is no JSON object")  # noqa: TRY004 (what came over the network, not a type of ours)
    return content
