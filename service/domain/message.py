"""Messages to platforms, rights owners and partners, where they go, and when they are tried again.

    message ──(placed)──> a delivery for each endpoint that wants it ──> delivered
                                    └── tried again, ever later ──> dead ──(replayed)──> waiting

A message has a place once others can read it. Places are given in order: whoever has read up to one misses none.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
"""How long to wait after each failed attempt; after the last there is no other. The example schedule of the Standard
Webhooks specification (https://www.standardwebhooks.com): three days and a little more."""

JITTER = 0.2
"""By which share a wait is longer at most, so that what failed together is not tried again together."""

LEASE = timedelta(seconds=90)
"""How long a delivery is left to the process that took it: longer than any attempt takes."""

OVERLAP = timedelta(days=1)
"""For how long the secret before is still signed with."""

ANSWER_BYTES = 1024
"""So much of an answer is kept."""

MAX_URL = 2048
_RECIPIENT = re.compile(r"(platform|owner|partner):[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KIND = re.compile(r"[a-z][a-z_]{0,31}\.([a-z][a-z_]{0,31}|\*)")
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody has to be told. `place` is None until it was given one; the payload holds JSON values."""

    id: str
    recipient: str
    kind: str
    payload: Mapping[str, Any]
    written: datetime
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where messages to a recipient go. `kinds` narrow which: `measure.taken`, or `measure.*`; none means all.

    `secret` is `whsec_` and base64; the one before is valid until `secret_before_until`.
    """

    id: str
    recipient: str
    url: str
    kinds: tuple[str, ...]
    secret: str
    created: datetime
    created_by: str
    secret_before: str | None = None
    secret_before_until: datetime | None = None
    disabled: datetime | None = None
    disabled_because: str | None = None

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets to sign with, the present one first."""
        overlap = self.secret_before_until is not None and now < self.secret_before_until
        return (self.secret, self.secret_before) if overlap and self.secret_before is not None else (self.secret,)

    def wants(self, kind: str) -> bool:
        """Tell whether messages of a kind go here."""
        return not self.kinds or kind in self.kinds or f"{kind.partition('.')[0]}.*" in self.kinds


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver, numbered from 1: the status and the beginning of the answer, or the error without one."""

    number: int
    at: datetime
    seconds: float
    status: int | None = None
    answer: str = ""
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        """Tell whether it was taken: any 2xx."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 (as HTTP has it)

    @property
    def gone(self) -> bool:
        """Tell whether the receiver wants no more: 410."""
        return self.status == 410  # noqa: PLR2004 (as HTTP has it)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way to one endpoint. `due` is when it is tried next; `attempts` how often it was begun."""

    id: str
    message: Message
    endpoint_id: str
    state: DeliveryState
    attempts: int
    due: datetime
    changed: datetime
    last_error: str | None = None


def wait_after(delivery_id: str, attempts: int) -> timedelta | None:
    """Return how long to wait after so many failed attempts, None where there is no other.

    The jitter follows from delivery and attempt, so that it needs no chance.
    """
    if attempts > len(WAITS):
        return None
    digest = hashlib.sha256(f"{delivery_id}:{attempts}".encode()).digest()
    return WAITS[attempts - 1] * (1.0 + JITTER * int.from_bytes(digest[:4], "big") / 2.0**32)


def is_recipient(text: str) -> bool:
    """Tell whether a text names a recipient."""
    return _RECIPIENT.fullmatch(text) is not None


def is_kind(text: str) -> bool:
    """Tell whether a text is a kind of messages, or all kinds about one thing."""
    return _KIND.fullmatch(text) is not None


def fault_of_url(url: str, *, private: bool) -> str | None:  # noqa: PLR0911 (one for each fault)
    """Say what is wrong with the URL of an endpoint; None where nothing is.

    It begins with https://. With `private` it may go to an address that is not public, and to http:// at this machine.
    """
    if len(url) > MAX_URL or _UNPRINTABLE.search(url):
        return f"give a URL of at most {MAX_URL} printable ASCII characters"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "this is no URL"
    address = _address(host)
    here = host == "localhost" or (address is not None and address.is_loopback)
    if parts.scheme != "https" and not (parts.scheme == "http" and private and here):
        return "begin it with https://"
    if not host:
        return "it names no host"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "leave out user, password and fragment"
    if not private and (here or (address is not None and not may_be_reached(address, private=False))):
        return "this address is not public"
    return None


def may_be_reached(address: Address, *, private: bool) -> bool:
    """Tell whether messages may be sent to an address: public ones, and with `private` all but link-local ones.

    An IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64) counts as what it is. Link-local addresses answer
    with a machine's own credentials in many clouds, so that no setting opens them.
    """
    for inner in (address, *_inside(address)):
        if inner.is_link_local or inner.is_multicast or inner.is_unspecified:
            return False
        if not private and not inner.is_global:
            return False
    return True


def _inside(address: Address) -> tuple[Address, ...]:
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return tuple(item for item in found if item is not None)


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
