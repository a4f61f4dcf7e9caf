"""Messages on their way: the outbox, where messages go, and what came of each attempt."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from service.domain.message import Attempt, Delivery, DeliveryState, Endpoint, Message


class Outbox(Protocol):
    """Reads messages. They are written by the stores, in the transaction of what they tell of."""

    def place(self, now: datetime, most: int) -> int:
        """Give places to messages that have none, and make their deliveries; return how many there were.

        Whoever reads a place can read all before it. An endpoint gets the messages that are placed after it was added.
        """
        ...

    def after(self, recipient: str, place: int, most: int) -> list[Message]:
        """Return the next messages to a recipient that were placed after one, in order of place."""
        ...


class Endpoints(Protocol):
    """Keeps endpoints; each change is one transaction with its audit entry, which never holds a secret."""

    def add(self, endpoint: Endpoint) -> None:
        """Keep a new one."""
        ...

    def find(self, *, endpoint_id: str | None = None, recipient: str | None = None) -> list[Endpoint]:
        """Return those that were not removed: one, those of a recipient, or all, in the order in which they came."""
        ...

    def change(self, endpoint_id: str, fields: Mapping[str, Any], by: str, now: datetime) -> bool:
        """Change some of url, kinds, disabled and disabled_because; tell whether it was there."""
        ...

    def rotate(self, endpoint_id: str, secret: str, until: datetime, by: str, now: datetime) -> bool:
        """Put a new secret; the one before stays valid until a time. Tell whether the endpoint was there."""
        ...

    def remove(self, endpoint_id: str, by: str, now: datetime) -> bool:
        """Remove one; what still waits for it is dead. Tell whether it was there."""
        ...


@dataclass(frozen=True, slots=True)
class Leased:
    """A delivery that is this process's to attempt until its lease runs out; `lease` names who has it."""

    delivery: Delivery
    endpoint: Endpoint
    lease: str


class Deliveries(Protocol):
    """Keeps deliveries and their attempts."""

    def take(self, now: datetime, until: datetime, most: int, *, but_not: Collection[str] = ()) -> list[Leased]:
        """Lease deliveries that are due until a time, and count the attempt; `but_not` are ids of endpoints.

        Of two processes that ask at once, each gets others.
        """
        ...

    def settle(self, leased: Leased, attempt: Attempt, due: datetime | None, now: datetime) -> None:
        """Note what came of an attempt; `due` is when there is to be another, None where there is none.

        What succeeded is delivered even where the lease had run out meanwhile. After 410 the endpoint is disabled.
        """
        ...

    def find(
        self,
        *,
        delivery_id: str | None = None,
        endpoint_ids: Sequence[str] | None = None,
        state: DeliveryState | None = None,
        most: int = 100,
    ) -> list[Delivery]:
        """Return deliveries, newest first."""
        ...

    def attempts(self, delivery_id: str) -> list[Attempt]:
        """Return the attempts of a delivery, in order."""
        ...

    def replay(self, delivery_id: str, by: str, now: datetime) -> bool:
        """Try one that is dead or delivered from the beginning; tell whether it could be, its endpoint being there."""
        ...


class Sender(Protocol):
    """Sends signed messages over HTTP."""

    def send(self, endpoint: Endpoint, message: Message, number: int, now: datetime) -> Attempt:
        """Attempt to deliver, once; whatever goes wrong stands in the attempt."""
        ...
