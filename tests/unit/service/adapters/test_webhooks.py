"""Webhooks: signed as the specification has it, sent nowhere they should not go, and lost by no kill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from service.adapters.sql.deliveries import SqlDeliveries, SqlOutbox
from service.adapters.sql.endpoints import SqlEndpoints
from service.adapters.sql.engine import open_database, writing
from service.adapters.sql.outbox import write_message
from service.adapters.webhooks import HttpSender, body_of, signed_headers
from service.domain.message import JITTER, WAITS, DeliveryState, Endpoint, Message, fault_of_url, wait_after

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECRET, OLD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "QUJD" * 8
MESSAGE = Message("msg_1", "platform:atelier", "measure.taken", {"text": "蛇后 \ud800"}, NOON)


def endpoint(url: str = "https://hooks.example/", **changes: Any) -> Endpoint:
    return Endpoint("whe_1", "platform:atelier", url, (), SECRET, NOON, "key:atelier", **changes)


def test_the_signature_is_that_of_the_specifications_example() -> None:
    body = '{"test": 2432232314}'
    message = Message("msg_p5jXN8AQM9LWM0D4loKWxJek", "platform:a", "a.b", {}, NOON)
    headers = signed_headers(endpoint(), message, body, datetime.fromtimestamp(1614265330, UTC))
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_for_a_while_after_a_rotation_either_secret_verifies() -> None:
    now = datetime.now(UTC)
    rotated = endpoint(secret_before=OLD, secret_before_until=now + timedelta(hours=1))
    body = body_of(MESSAGE)
    headers = {str(name): str(value) for name, value in signed_headers(rotated, MESSAGE, body, now).items()}
    for secret in (SECRET, OLD):
        assert Webhook(secret).verify(body, headers)["type"] == "measure.taken"


@pytest.mark.parametrize(
    ("url", "private", "wrong"),
    [
        ("https://hooks.example/a?b=1", False, None),
        ("https://8.8.8.8:8443/", False, None),
        ("http://hooks.example/", False, "https://"),
        ("http://hooks.example/", True, "https://"),
        ("http://localhost:9/", False, "https://"),
        ("http://localhost:9/", True, None),
        ("http://[::1]:9/", True, None),
        ("https://localhost/", False, "not public"),
        ("https://127.0.0.1/", False, "not public"),
        ("https://10.0.0.7/", False, "not public"),
        ("https://10.0.0.7/", True, None),
        ("https://169.254.169.254/", False, "not public"),
        ("https://[::ffff:10.0.0.7]/", False, "not public"),
        ("https://[64:ff9b::a00:7]/", False, "not public"),
        ("https://[2002:a00:7::]/", False, "not public"),
        ("https://user:pw@hooks.example/", False, "user"),
        ("https://hooks.example/#x", False, "fragment"),
        ("https://hooks.example:port/", False, "no URL"),
        ("https:///path", False, "no host"),
        ("file:///etc/passwd", False, "https://"),
        ("https://hooks.example/\n", False, "printable"),
        ("https://" + "x" * 2048, False, "2048"),
    ],
)
def test_a_url_that_leads_inside_is_refused(url: str, private: bool, wrong: str | None) -> None:  # noqa: FBT001
    fault = fault_of_url(url, private=private)
    assert (wrong is None and fault is None) or (wrong is not None and fault is not None and wrong in fault)


@pytest.mark.parametrize(
    ("addresses", "private"),
    [
        (["127.0.0.1"], False),
        (["10.1.2.3"], False),
        (["192.168.0.1"], False),
        (["100.64.0.1"], False),
        (["0.0.0.0"], False),  # noqa: S104 (an address to refuse)
        (["fd00::1"], False),
        (["fe80::1%eth0"], True),
        (["169.254.169.254"], True),
        (["224.0.0.1"], True),
        (["8.8.8.8", "10.0.0.1"], False),
        (["::ffff:127.0.0.1"], False),
        ([], True),
    ],
)
def test_a_name_that_leads_inside_is_refused_when_it_is_connected_to(addresses: list[str], private: bool) -> None:  # noqa: FBT001
    sender = HttpSender(private=private, resolving=lambda *_: addresses)
    attempt = sender.send(endpoint(), MESSAGE, 1, NOON)
    assert attempt.status is None
    assert "may not be reached" in str(attempt.error)


@given(st.text(max_size=40), st.integers(1, len(WAITS)))
def test_waits_grow_and_jitter_stays_within_its_share(delivery: str, attempts: int) -> None:
    wait = wait_after(delivery, attempts)
    assert wait is not None
    assert WAITS[attempts - 1] <= wait <= WAITS[attempts - 1] * (1 + JITTER)
    assert wait_after(delivery, len(WAITS) + 1) is None


class Receiver(BaseHTTPRequestHandler):
    """Answers as the path says."""

    seen: ClassVar[list[tuple[str, dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        if self.path == "/drip":
            for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.05)
            return
        self.send_response({"/redirect": 302, "/broken": 500}.get(self.path, 200))
        if self.path == "/redirect":
            self.send_header("Location", "/inside")
        self.end_headers()
        self.wfile.write(b"x" * (50_000 if self.path == "/long" else 3))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name)
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[str]:
    Receiver.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_is_sent_verifies_and_what_is_answered_is_kept_up_to_a_bound(receiver: str) -> None:
    attempt = HttpSender(private=True).send(endpoint(f"{receiver}/long"), MESSAGE, 1, datetime.now(UTC))
    ((_, headers, body),) = Receiver.seen
    assert Webhook(SECRET).verify(body, headers)["data"] == {"text": "蛇后 \ud800"}
    assert headers["webhook-id"] == "msg_1"
    assert (attempt.status, attempt.answer) == (200, "x" * 1024)


def test_redirects_are_not_followed(receiver: str) -> None:
    attempt = HttpSender(private=True).send(endpoint(f"{receiver}/redirect"), MESSAGE, 1, NOON)
    assert (attempt.status, attempt.succeeded) == (302, False)
    assert [path for path, _, _ in Receiver.seen] == ["/redirect"]


def test_who_answers_byte_by_byte_is_given_up(receiver: str) -> None:
    started = time.monotonic()
    attempt = HttpSender(private=True, seconds=0.5).send(endpoint(f"{receiver}/drip"), MESSAGE, 1, NOON)
    assert attempt.status is None
    assert time.monotonic() - started < 5


_SENDING = """
import sys, time
from service.adapters.clock import SystemClock
from service.adapters.dispatcher import Dispatcher
from service.adapters.sql.deliveries import SqlDeliveries, SqlOutbox
from service.adapters.sql.engine import open_database
from service.adapters.webhooks import HttpSender
from service.usecases import messages
from datetime import timedelta
messages.LEASE = timedelta(seconds=1)
engine = open_database(sys.argv[1])
dispatch = messages.Dispatch(SqlOutbox(engine), SqlDeliveries(engine), HttpSender(private=True), SystemClock())
Dispatcher(dispatch, 0.05).start()
time.sleep(60)
"""


@pytest.mark.slow
def test_a_kill_loses_no_message_and_changes_no_id(receiver: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'record.db'}"
    engine = open_database(url)
    SqlEndpoints(engine).add(endpoint(receiver))
    written = set()
    with writing(engine) as connection:
        for n in range(60):
            payload = {"n": n}
            written.add(write_message(connection, recipient="platform:atelier", kind="a.b", payload=payload, at=NOON))
    deadline = time.monotonic() + 90
    while len(SqlDeliveries(engine).find(state=DeliveryState.DELIVERED)) < 60 and time.monotonic() < deadline:
        process = subprocess.Popen([sys.executable, "-c", _SENDING, url], cwd=Path(__file__).parents[4])  # noqa: S603 (ours)
        before = len(Receiver.seen)
        while len(Receiver.seen) < before + 15 and time.monotonic() < deadline:
            time.sleep(0.01)
            if len(SqlDeliveries(engine).find(state=DeliveryState.DELIVERED)) == 60:
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
    # A sender that was killed between the head of a message and its body has sent none.
    whole = [(headers, body) for _, headers, body in Receiver.seen if len(body) == int(headers["content-length"])]
    received = {(headers["webhook-id"], json.loads(body)["data"]["n"]) for headers, body in whole}
    assert {message for message, _ in received} == written
    assert len(received) == 60
    assert len(SqlDeliveries(engine).find(state=DeliveryState.DELIVERED)) == 60
    assert SqlOutbox(engine).place(NOON, 10) == 0
    engine.dispose()
