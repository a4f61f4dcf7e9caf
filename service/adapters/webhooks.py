"""Sending webhooks as the Standard Webhooks specification has them (https://www.standardwebhooks.com).

The address that is connected to is the one that was checked: a name is looked up here, once, and its addresses are
judged before any connection. Redirects are not followed, and a whole attempt takes `seconds` at most.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import httpcore
import structlog
from standardwebhooks import Webhook

from service.domain.message import ANSWER_BYTES, Address, Attempt, Endpoint, Message, fault_of_url, may_be_reached

log = structlog.get_logger()
Resolve = Callable[[str, int], Sequence[str]]


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host. Raises OSError."""
    return list(dict.fromkeys(str(item[4][0]) for item in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


def body_of(message: Message) -> str:
    """Write what is sent: the same text on every attempt."""
    content = {"type": message.kind, "timestamp": message.written.isoformat(), "data": dict(message.payload)}
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def signed_headers(endpoint: Endpoint, message: Message, body: str, now: datetime) -> dict[bytes | str, bytes | str]:
    """Sign with each secret that is valid; receivers take whichever they know."""
    signatures = [Webhook(secret).sign(message.id, now, body) for secret in endpoint.secrets(now)]
    return {
        "webhook-id": message.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


class HttpSender:
    """Sends messages, each over a connection of its own."""

    def __init__(self, *, private: bool = False, seconds: float = 15.0, resolving: Resolve = resolve) -> None:
        """`private` lets messages go to addresses that are not public."""
        self._private = private
        self._seconds = seconds
        self._resolving = resolving

    def send(self, endpoint: Endpoint, message: Message, number: int, now: datetime) -> Attempt:
        """Attempt to deliver, once."""
        started = time.monotonic()
        try:
            status, answer = self._post(endpoint, message, now, started + self._seconds)
            return Attempt(number, now, time.monotonic() - started, status, answer)
        # Whatever a receiver does must not stop the messages to others.
        except Exception as error:  # noqa: BLE001
            reason = f"{type(error).__name__}: {error}".rstrip(": ")
            log.info("webhook_failed", endpoint=endpoint.id, message=message.id, reason=reason)
            return Attempt(number, now, time.monotonic() - started, error=reason)

    def _post(self, endpoint: Endpoint, message: Message, now: datetime, deadline: float) -> tuple[int, str]:
        fault = fault_of_url(endpoint.url, private=self._private)
        if fault is not None:
            raise httpcore.UnsupportedProtocol(fault)
        body = body_of(message)
        headers: dict[bytes | str, bytes | str] = {"Content-Type": "application/json", "User-Agent": "lora-screening"}
        headers |= signed_headers(endpoint, message, body, now)
        network = _Network(self._private, self._resolving, deadline)
        with (
            httpcore.ConnectionPool(self._tls, max_keepalive_connections=0, network_backend=network) as pool,
            pool.stream("POST", endpoint.url, headers=headers, content=body.encode()) as response,
        ):
            answer = b""
            for part in response.iter_stream():
                answer += part[:ANSWER_BYTES]
                if len(answer) >= ANSWER_BYTES:
                    break
            return response.status, answer[:ANSWER_BYTES].decode(errors="replace").replace("\x00", "\ufffd")

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()


class _Network(httpcore.NetworkBackend):
    """Connects to addresses that may be reached, and gives up at a deadline."""

    def __init__(self, private: bool, resolving: Resolve, deadline: float) -> None:  # noqa: FBT001 (as it is set)
        self._private = private
        self._resolving = resolving
        self._deadline = deadline
        self._own = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        del timeout
        found: list[Address] = [ipaddress.ip_address(text.partition("%")[0]) for text in self._resolving(host, port)]
        # A name with one address inside is a name that somebody points inside: none of its addresses is tried.
        closed = [str(item) for item in found if not may_be_reached(item, private=self._private)]
        if closed or not found:
            raise httpcore.ConnectError(f"{host} is at {', '.join(closed) or 'no address'}, which may not be reached")
        own = self._own.connect_tcp(str(found[0]), port, _left(self._deadline), local_address, socket_options)
        return _Stream(own, self._deadline)


class _Stream(httpcore.NetworkStream):
    """A connection that lasts until a deadline, however slowly the other side speaks."""

    def __init__(self, own: httpcore.NetworkStream, deadline: float) -> None:
        self._own = own
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        return self._own.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        self._own.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._own.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        del timeout
        return _Stream(self._own.start_tls(ssl_context, server_hostname, _left(self._deadline)), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._own.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.TimeoutException("it took too long")
    return left
