"""The signing key: made once, kept to its owner, and refused where it is none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from service.adapters.signing import FileSigner, key_id, verify
from service.domain.errors import SigningKeyError

# RFC 8032, section 7.1, test 2.
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def test_a_signature_of_the_standard_holds_and_no_other() -> None:
    assert verify(PUBLIC, b"\x72", SIGNATURE)
    assert not verify(PUBLIC, b"\x73", SIGNATURE)
    assert not verify(PUBLIC[:31], b"\x72", SIGNATURE)
    assert not verify(PUBLIC, b"\x72", SIGNATURE[:63])


@given(st.binary(max_size=64), st.binary(max_size=64), st.binary(max_size=80))
def test_nothing_made_up_verifies(key: bytes, data: bytes, signature: bytes) -> None:
    assert not verify(key, data, signature) or key == PUBLIC


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "data" / "signing-key.pem"
    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(lambda _: FileSigner(path).public_key(), range(8)))
    assert len(made) == 1
    signer = FileSigner(path)
    assert verify(signer.public_key(), b"what", signer.sign(b"what"))
    assert signer.key_id() == key_id(made.pop())
    assert path.stat().st_mode & 0o777 == 0o600
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_a_key_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    FileSigner(path).public_key()
    path.chmod(0o644)
    with pytest.raises(SigningKeyError, match="chmod 600"):
        FileSigner(path).sign(b"")


def test_a_file_without_such_a_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("no key", encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(SigningKeyError, match="no private key"):
        FileSigner(path).sign(b"")
    path.write_bytes(
        X25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    with pytest.raises(SigningKeyError, match="no Ed25519"):
        FileSigner(path).sign(b"")


def test_a_key_that_is_gone_is_not_made_again_where_none_is_to_be_made(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    with pytest.raises(SigningKeyError, match="there is no signing key"):
        FileSigner(path, make=False).public_key()
    assert not path.exists()
    made = FileSigner(path).public_key()
    assert FileSigner(path, make=False).public_key() == made
