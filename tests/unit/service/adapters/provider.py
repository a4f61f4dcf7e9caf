"""An OpenID Connect provider on a port of this machine, which can be made to answer wrongly."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwk, jwt

CLIENT, SECRET, BACK = "screening", "a secret of two", "https://screening.example.org/console/sign-in/return"


class Provider:
    """It lets everybody in at once; `claims`, `metadata` and `header` change what it says."""

    def __init__(self) -> None:
        self.key = new_key("first")
        self.signs_with: Any = self.key
        self.published = [self.key]
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "first"}
        self.asked: list[str] = []
        self.authorised: dict[str, Mapping[str, str]] = {}
        self.broken = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"

    def enter(self, url: str) -> dict[str, str]:
        """Sign a person in who was sent to `url`; return the parameters they come back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = f"code-{len(self.authorised)}"
        self.authorised[code] = asked
        return {"code": code, "state": asked["state"]}

    def rotate(self) -> None:
        """Sign with a new key from now on, and publish that one alone."""
        self.key = self.signs_with = new_key("second")
        self.published, self.header = [self.key], {"alg": "RS256", "kid": "second"}

    def token(self, form: Mapping[str, str], authorization: str | None) -> tuple[int, dict[str, Any]]:
        """Exchange a code, as RFC 6749 and RFC 7636 have it."""
        asked = self.authorised.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if asked is None or base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        if authorization != "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode():
            return 401, {"error": "invalid_client"}
        if (asked["code_challenge_method"], form["redirect_uri"]) != ("S256", asked["redirect_uri"]):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "sub-1",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "preferred_username": "ida",
            "roles": ["mods"],
            **self.claims,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        signed = jwt.encode(self.header, kept, self.signs_with, algorithms=["RS256", "HS256", "none"])
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": signed}

    @contextmanager
    def serving(self) -> Iterator[Provider]:
        """Answer until the end of the block."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            **self.metadata,
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                if self.path == "/keys":
                    keys = [key.as_dict(private=False) for key in provider.published]
                    self._answer(200, {"keys": keys})
                else:
                    self._answer(200, provider._discovery())

            def do_POST(self) -> None:
                provider.asked.append(self.path)
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                answer = (503, {}) if provider.broken else provider.token(form, self.headers["authorization"])
                self._answer(*answer)

            def _answer(self, status: int, content: Mapping[str, Any]) -> None:
                data = b"<html>" if provider.broken else json.dumps(content).encode()
                self.send_response(503 if provider.broken else status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler


def new_key(name: str) -> jwk.RSAKey:
    return jwk.RSAKey.generate_key(2048, {"kid": name, "use": "sig"})
