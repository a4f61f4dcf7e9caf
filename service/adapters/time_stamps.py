"""Time stamps by RFC 3161 from an authority, over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import httpx
from cryptography import x509
from rfc3161_client import TimestampRequestBuilder, VerifierBuilder, decode_timestamp_response

from service.domain.errors import TimeStampError

_SECONDS = 15.0
_MAX_BYTES = 256 * 1024
_GRANTED = (0, 1)


class HttpTimeStamps:
    """TimeStamps from an authority's URL. A stamp is checked against `roots` before it is kept."""

    def __init__(self, url: str, roots: Sequence[x509.Certificate], client: httpx.Client | None = None) -> None:
        """Take the authority's address and the root certificates that are trusted for it."""
        self._url = url
        self._roots = roots
        self._client = client or httpx.Client(timeout=_SECONDS, follow_redirects=False)

    def stamp(self, data: bytes) -> bytes:
        """Return a time stamp of some bytes. Raises TimeStampError."""
        request = TimestampRequestBuilder().data(data).nonce(nonce=True).build()
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        try:
            with self._client.stream("POST", self._url, content=request.as_bytes(), headers=headers) as response:
                response.raise_for_status()
                body = b""
                for part in response.iter_bytes():
                    body += part
                    if len(body) > _MAX_BYTES:
                        raise TimeStampError(f"{self._url} answers with more than {_MAX_BYTES} bytes")
        except httpx.HTTPError as error:
            raise TimeStampError(f"{self._url} does not answer as it should: {error}") from error
        wrong = self._wrong(body, data, nonce=request.nonce)
        if wrong is not None:
            raise TimeStampError(f"{self._url} gave a time stamp that cannot be used: {wrong}")
        return body

    def check(self, stamp: bytes, data: bytes) -> str | None:
        """Say what is wrong with a stamp."""
        return self._wrong(stamp, data, nonce=None)

    def _wrong(self, stamp: bytes, data: bytes, nonce: int | None) -> str | None:
        try:
            response = decode_timestamp_response(stamp)
            if response.status not in _GRANTED:
                return f"the authority refused (status {response.status})"
            builder = VerifierBuilder(roots=list(self._roots))
            if nonce is not None:
                builder = builder.nonce(nonce)
            builder.build().verify_message(response, data)
        # What an authority sends may be wrong in more ways than the library names.
        except Exception as error:  # noqa: BLE001
            return str(error) or type(error).__name__
        return None


def read_roots(path: Path) -> list[x509.Certificate]:
    """Read root certificates (PEM). Raises TimeStampError naming the file."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise TimeStampError(f"{path} holds no certificates that can be read: {error}") from error
