"""The service's Ed25519 key: made at first use, kept in a file that its owner alone may read."""

from __future__ import annotations

import hashlib
import os
import secrets
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from service.domain.errors import SigningKeyError

_KEY_ID_DIGITS = 16
_OTHERS = 0o007
_RAW = serialization.Encoding.Raw


class FileSigner:
    """Signs with the key of a file (PEM, PKCS 8, mode 0600). It is read, or made, when it is first needed.

    Each method raises SigningKeyError where the file is no Ed25519 key, where everybody may read it, or where it is
    absent and none is to be made.
    """

    def __init__(self, path: Path, *, make: bool = True) -> None:
        """Take the key's file; with `make` false a key that is absent stays so."""
        self._path = path
        self._makes = make

    def sign(self, data: bytes) -> bytes:
        """Return the signature of some bytes."""
        return self._key.sign(data)

    def public_key(self) -> bytes:
        """Return the public key, raw."""
        return self._key.public_key().public_bytes(_RAW, serialization.PublicFormat.Raw)

    def key_id(self) -> str:
        """Return the name of the key."""
        return key_id(self.public_key())

    @cached_property
    def _key(self) -> Ed25519PrivateKey:
        if not self._path.exists():
            if not self._makes:
                raise SigningKeyError(f"there is no signing key at {self._path}")
            _make(self._path)
        return _read(self._path)


def key_id(public_key: bytes) -> str:
    """Return the name of a raw public key."""
    return hashlib.sha256(public_key).hexdigest()[:_KEY_ID_DIGITS]


def verify(public_key: bytes, data: bytes, signature: bytes) -> bool:
    """Tell whether the owner of a raw public key signed some bytes; what is no key has signed nothing."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def _make(path: Path) -> None:
    """Make a key. Of two processes that do so at once, the first one's is kept, and it appears whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass  # another process was first
    finally:
        draft.unlink()


def _read(path: Path) -> Ed25519PrivateKey:
    if path.stat().st_mode & _OTHERS:
        raise SigningKeyError(f"everybody may read {path}; take that away: chmod 600 {path}")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SigningKeyError(f"{path} holds no private key that can be read: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyError(f"{path} holds a key, but no Ed25519 key")
    return key
