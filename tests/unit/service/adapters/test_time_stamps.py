"""Time stamps from an authority of the tests' own, over HTTP: the right one is kept, and no other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from service.adapters.time_stamps import HttpTimeStamps
from service.domain.errors import TimeStampError

DATA = b"what a seal signs"
_SHA256 = algos.DigestAlgorithm({"algorithm": "sha256"})


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, by: str, signer: ec.EllipticCurvePrivateKey, *, root: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(_name(by), _name(name), key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
    )
    if not root:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return made.sign(signer, hashes.SHA256())


@dataclass
class Authority:
    """Answers requests; `change` alters the hash that is stamped, `status` what HTTP says."""

    change: Callable[[bytes], bytes] = lambda digest: digest
    status: int = 200
    garbage: bool = False
    nonce: int | None = None

    def __post_init__(self) -> None:
        self.root_key, self._key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.root = _certificate("root", self.root_key, "root", self.root_key, root=True)
        self._own = _certificate("authority", self._key, "root", self.root_key, root=False)

    def answer(self, body: bytes) -> bytes:
        """Return a response (DER)."""
        if self.garbage:
            return b"no time stamp"
        asked = tsp.TimeStampReq.load(body)
        digest = self.change(asked["message_imprint"]["hashed_message"].native)
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.2.3.4",
                "message_imprint": {
                    "hash_algorithm": asked["message_imprint"]["hash_algorithm"],
                    "hashed_message": digest,
                },
                "serial_number": 7,
                "gen_time": datetime.now(UTC).replace(microsecond=0),
                "nonce": self.nonce or asked["nonce"].native,
            }
        )
        token = self._signed(info.dump())
        return bytes(tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump())

    def _signed(self, content: bytes) -> cms.ContentInfo:
        own = asn1.Certificate.load(self._own.public_bytes(serialization.Encoding.DER))
        sha256 = hashlib.sha256(own.dump()).digest()
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
                {
                    "type": "signing_certificate_v2",
                    "values": [tsp.SigningCertificateV2({"certs": [{"cert_hash": sha256}]})],
                },
            ]
        )
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number", {"issuer": own.issuer, "serial_number": own.serial_number}
            ),
            "digest_algorithm": _SHA256,
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": self._key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
        }
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [_SHA256],
                "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(content)},
                "certificates": [own],
                "signer_infos": [signer],
            }
        )
        return cms.ContentInfo({"content_type": "signed_data", "content": signed})


@contextmanager
def serving(authority: Authority) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(authority.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_a_right_stamp_is_given_and_checks_later() -> None:
    authority = Authority()
    with serving(authority) as url:
        stamps = HttpTimeStamps(url, [authority.root])
        stamp = stamps.stamp(DATA)
    assert stamps.check(stamp, DATA) is None
    assert stamps.check(stamp, DATA + b".") is not None
    assert stamps.check(b"garbage", DATA) is not None
    assert HttpTimeStamps(url, [Authority().root]).check(stamp, DATA) is not None


WRONG = {
    "another-hash": Authority(change=lambda _: hashlib.sha256(b"other").digest()),
    "another-nonce": Authority(nonce=12345),
    "no-stamp": Authority(garbage=True),
    "http-500": Authority(status=500),
    "redirect": Authority(status=302),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_is_refused(name: str) -> None:
    authority = WRONG[name]
    with serving(authority) as url, pytest.raises(TimeStampError):
        HttpTimeStamps(url, [authority.root]).stamp(DATA)


def test_a_stamp_of_an_authority_that_is_not_trusted_is_refused() -> None:
    with serving(Authority()) as url, pytest.raises(TimeStampError, match="cannot be used"):
        HttpTimeStamps(url, [Authority().root]).stamp(DATA)


def test_an_authority_that_does_not_answer_is_said_to() -> None:
    with serving(Authority()) as url:
        pass
    with pytest.raises(TimeStampError, match="does not answer"):
        HttpTimeStamps(url, [Authority().root]).stamp(DATA)
