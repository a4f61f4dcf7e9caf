"""Pictures with a signed C2PA manifest, by certificates made on the spot; skips what imports it without the package."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image

from tests.fakes import encoded

c2pa = pytest.importorskip("c2pa", reason="the extra c2pa is not installed")

from cryptography import x509  # noqa: E402 (comes with the package)
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
MANIFEST: dict[str, Any] = {
    "claim_generator_info": [{"name": "heron maker", "version": "1.0"}],
    "title": "juno by the sea",
    "assertions": [
        {
            "label": "c2pa.actions.v2",
            "data": {
                "actions": [
                    {
                        "action": "c2pa.created",
                        "softwareAgent": {"name": "Heron Diffusion", "version": "3"},
                        "digitalSourceType": SOURCE_TYPE,
                        "parameters": {"prompt": "clockwork heron"},
                    }
                ]
            },
        },
        {"label": "org.example.note", "data": {"deep": [{"er": "amber owl 星环"}]}},
    ],
}


def _name(common: str) -> x509.Name:
    parts = {x509.NameOID.ORGANIZATION_NAME: "Heron Works", x509.NameOID.COMMON_NAME: common}
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts.items()])


def _certificate(
    subject: ec.EllipticCurvePrivateKey, issuer: ec.EllipticCurvePrivateKey, *, is_root: bool
) -> x509.Certificate:
    """A root that signs certificates, or a leaf under it that signs documents, as the standard asks."""
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name("root" if is_root else "leaf"))
        .issuer_name(_name("root"))
        .public_key(subject.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not is_root, key_cert_sign=is_root, crl_sign=is_root, decipher_only=False, **usage
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(subject.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
    )
    if not is_root:
        usages = [x509.ExtendedKeyUsageOID.EMAIL_PROTECTION]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return builder.sign(issuer, hashes.SHA256())


@functools.cache
def chain() -> tuple[bytes, bytes, bytes]:
    """Return the certificates, leaf first, the leaf's key, and the root: each as PEM."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM
    root = _certificate(root_key, root_key, is_root=True).public_bytes(pem)
    leaf = _certificate(key, root_key, is_root=False).public_bytes(pem)
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return leaf + root, secret, root


def signed(
    file_format: str = "PNG",
    manifest: dict[str, Any] = MANIFEST,
    *,
    ingredients: Iterable[tuple[str, bytes]] = (),
    remote: str | None = None,
    compressed: bool = False,
) -> bytes:
    """Make a picture and sign it; `ingredients` are titles and PNG files, at `remote` its manifest is said to lie."""
    certificates, key, _ = chain()
    settings = {
        "builder": {"thumbnail": {"enabled": False}},
        "core": {"prefer_compress_manifests": compressed},
        "verify": {"remote_manifest_fetch": False},
    }
    media_type = f"image/{file_format.lower()}"
    out = io.BytesIO()
    info = c2pa.C2paSignerInfo(alg=c2pa.C2paSigningAlg.ES256, sign_cert=certificates, private_key=key, ta_url=None)
    with (
        c2pa.Context.from_dict(settings) as context,
        c2pa.Builder(manifest, context) as builder,
        c2pa.Signer.from_info(info) as signer,
    ):
        for title, data in ingredients:
            about = {"title": title, "relationship": "componentOf"}
            builder.add_ingredient(about, "image/png", io.BytesIO(data))
        if remote is not None:
            builder.set_no_embed()
            builder.set_remote_url(remote)
        plain = encoded(Image.effect_noise((64, 64), 30).convert("RGB"), file_format)
        builder.sign(signer, media_type, io.BytesIO(plain), out)
    return out.getvalue()


def replaced(picture: bytes, old: bytes, new: bytes) -> bytes:
    """Put other bytes into the manifest of a signed PNG; the lengths of the boxes around them follow."""
    data, at = bytearray(picture), picture.index(old)
    start = picture.index(b"caBX") - 4
    places, box = [start], start + 8
    while True:
        size = int.from_bytes(data[box : box + 4], "big")
        if box + size <= at:
            box += size
            continue
        places.append(box)
        if data[box + 4 : box + 8] != b"jumb":
            break
        box += 8
    for place in places:
        size = int.from_bytes(data[place : place + 4], "big") + len(new) - len(old)
        data[place : place + 4] = size.to_bytes(4, "big")
    data[at : at + len(old)] = new
    return bytes(data)
