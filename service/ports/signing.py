"""Signatures by which others can tell that something came from this service."""

from __future__ import annotations

from typing import Protocol


class Signer(Protocol):
    """Signs in the name of this service."""

    def sign(self, data: bytes) -> bytes:
        """Return the Ed25519 signature (RFC 8032) of some bytes: 64 bytes."""
        ...

    def public_key(self) -> bytes:
        """Return the public key, raw: 32 bytes."""
        ...

    def key_id(self) -> str:
        """Return the name of the key: the first 16 hexadecimal digits of the sha256 of the raw public key."""
        ...
