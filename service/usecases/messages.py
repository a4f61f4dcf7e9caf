"""Messages: sending them on their way, and where platforms, rights owners and partners want them.

    Dispatch.place() ── a delivery for each endpoint ── take() ── deliver() ── delivered, tried again, or dead

At least once: who dies between sending and noting it sends again, under the same webhook-id.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from service.domain.errors import FieldFault, InvalidFields, NotFound, WrongState
from service.domain.identity import Caller, Role, new_id
from service.domain.message import (
    LEASE,
    OVERLAP,
    Attempt,
    Delivery,
    DeliveryState,
    Endpoint,
    Message,
    fault_of_url,
    is_kind,
    is_recipient,
    wait_after,
)
from service.ports import Clock
from service.ports.messages import Deliveries, Endpoints, Leased, Outbox, Sender

log = structlog.get_logger()

MOST_ENDPOINTS = 10
MOST_ON_A_PAGE = 200
_MOST_KINDS = 32
_PLACED_AT_ONCE = 500
_SECRET_BYTES = 32
TEST = "webhook.test"


@dataclass(frozen=True, slots=True)
class EndpointChanges:
    """New values of fields; None leaves one as it is."""

    url: str | None = None
    kinds: Sequence[str] | None = None
    disabled: bool | None = None


class Dispatch:
    """Sends messages on their way."""

    def __init__(self, outbox: Outbox, deliveries: Deliveries, sender: Sender, clock: Clock) -> None:
        self._outbox = outbox
        self._deliveries = deliveries
        self._sender = sender
        self._clock = clock

    def place(self) -> int:
        """Make the deliveries of new messages; return how many messages there were."""
        placed = 0
        while some := self._outbox.place(self._clock.now(), _PLACED_AT_ONCE):
            placed += some
        return placed

    def take(self, most: int, *, but_not: Collection[str] = ()) -> list[Leased]:
        """Lease what is due."""
        now = self._clock.now()
        return self._deliveries.take(now, now + LEASE, most, but_not=but_not)

    def deliver(self, leased: Leased) -> Attempt:
        """Attempt a delivery, and note what came of it."""
        delivery = leased.delivery
        attempt = self._sender.send(leased.endpoint, delivery.message, delivery.attempts, self._clock.now())
        now = self._clock.now()
        wait = wait_after(delivery.id, delivery.attempts) if not attempt.gone else None
        self._deliveries.settle(leased, attempt, now + wait if wait is not None else None, now)
        if wait is None and not attempt.succeeded:
            log.warning("delivery_dead", delivery=delivery.id, endpoint=leased.endpoint.id)
        return attempt


class Webhooks:
    """Keeps endpoints, shows deliveries, and lets those read who have no endpoint."""

    def __init__(
        self,
        outbox: Outbox,
        endpoints: Endpoints,
        deliveries: Deliveries,
        sender: Sender,
        clock: Clock,
        *,
        private: bool = False,
    ) -> None:
        """`private` lets endpoints be at addresses that are not public."""
        self._outbox = outbox
        self._endpoints = endpoints
        self._deliveries = deliveries
        self._sender = sender
        self._clock = clock
        self._private = private

    def add(self, who: Caller, url: str, kinds: Sequence[str] = (), recipient: str | None = None) -> Endpoint:
        """Add an endpoint, with a secret of its own. `recipient` is for admins. Raises InvalidFields or NotFound."""
        whose = self._whose(who, recipient)
        self._check(url, kinds)
        if len(self._endpoints.find(recipient=whose)) >= MOST_ENDPOINTS:
            raise WrongState(f"{whose} has {MOST_ENDPOINTS} endpoints already; remove one")
        now = self._clock.now()
        made = Endpoint(new_id("whe"), whose, url, tuple(dict.fromkeys(kinds)), _new_secret(), now, who.actor)
        self._endpoints.add(made)
        log.info("webhook_added", endpoint=made.id, recipient=whose, by=who.actor)
        return made

    def list_all(self, who: Caller, recipient: str | None = None) -> list[Endpoint]:
        """Return the caller's endpoints; for admins those of a recipient, or all."""
        if who.role is Role.ADMIN and recipient is None:
            return self._endpoints.find()
        return self._endpoints.find(recipient=self._whose(who, recipient))

    def get(self, who: Caller, endpoint_id: str) -> Endpoint:
        """Return an endpoint of the caller. Raises NotFound."""
        found = self._endpoints.find(endpoint_id=endpoint_id)
        if not found or (who.role is not Role.ADMIN and found[0].recipient != recipient_of(who)):
            raise NotFound(f"there is no webhook {endpoint_id}")
        return found[0]

    def change(self, who: Caller, endpoint_id: str, changes: EndpointChanges) -> Endpoint:
        """Change an endpoint, disable it, or let it go on. Raises NotFound or InvalidFields."""
        known, now = self.get(who, endpoint_id), self._clock.now()
        url = known.url if changes.url is None else changes.url
        kinds = known.kinds if changes.kinds is None else tuple(dict.fromkeys(changes.kinds))
        self._check(url, kinds)
        fields: dict[str, Any] = {"url": url, "kinds": list(kinds)}
        if changes.disabled is not None and changes.disabled != (known.disabled is not None):
            because = f"disabled by {who.actor}" if changes.disabled else None
            fields |= {"disabled": now if changes.disabled else None, "disabled_because": because}
        if not self._endpoints.change(endpoint_id, fields, who.actor, now):
            raise NotFound(f"there is no webhook {endpoint_id}")
        return self.get(who, endpoint_id)

    def rotate(self, who: Caller, endpoint_id: str) -> Endpoint:
        """Give an endpoint a new secret; for OVERLAP messages are signed with both. Raises NotFound."""
        self.get(who, endpoint_id)
        now = self._clock.now()
        self._endpoints.rotate(endpoint_id, _new_secret(), now + OVERLAP, who.actor, now)
        return self.get(who, endpoint_id)

    def remove(self, who: Caller, endpoint_id: str) -> None:
        """Remove an endpoint. Raises NotFound."""
        self.get(who, endpoint_id)
        self._endpoints.remove(endpoint_id, who.actor, self._clock.now())

    def test(self, who: Caller, endpoint_id: str) -> Attempt:
        """Send a message of the kind TEST at once, and return what came of it. Raises NotFound."""
        endpoint, now = self.get(who, endpoint_id), self._clock.now()
        message = Message(new_id("msg"), endpoint.recipient, TEST, {"webhook_id": endpoint.id}, now)
        return self._sender.send(endpoint, message, 1, now)

    def deliveries(
        self, who: Caller, endpoint_id: str | None = None, state: DeliveryState | None = None, most: int = 100
    ) -> list[Delivery]:
        """Return the caller's deliveries, newest first; of one endpoint where it is named. Raises NotFound."""
        ids: list[str] | None = None
        if endpoint_id is not None:
            ids = [self.get(who, endpoint_id).id]
        elif who.role is not Role.ADMIN:
            ids = [endpoint.id for endpoint in self.list_all(who)]
        return self._deliveries.find(endpoint_ids=ids, state=state, most=max(1, min(most, MOST_ON_A_PAGE)))

    def delivery(self, who: Caller, delivery_id: str) -> tuple[Delivery, list[Attempt]]:
        """Return a delivery with the receipts of its attempts. Raises NotFound."""
        return self._delivery(who, delivery_id), self._deliveries.attempts(delivery_id)

    def replay(self, who: Caller, delivery_id: str) -> Delivery:
        """Try a delivery anew. Raises NotFound, or WrongState where it waits already."""
        self._delivery(who, delivery_id)
        if not self._deliveries.replay(delivery_id, who.actor, self._clock.now()):
            raise WrongState(f"the delivery {delivery_id} waits to be tried already, or its webhook was removed")
        return self._delivery(who, delivery_id)

    def messages(self, who: Caller, after: int = 0, most: int = 100, recipient: str | None = None) -> list[Message]:
        """Return the caller's messages behind a place. Raises InvalidFields where an admin names no recipient."""
        whose = self._whose(who, recipient)
        while self._outbox.place(self._clock.now(), _PLACED_AT_ONCE):
            pass
        return self._outbox.after(whose, after, max(1, min(most, MOST_ON_A_PAGE)))

    def _delivery(self, who: Caller, delivery_id: str) -> Delivery:
        found = self._deliveries.find(delivery_id=delivery_id, most=1)
        own = found and (who.role is Role.ADMIN or found[0].message.recipient == recipient_of(who))
        if not own:
            raise NotFound(f"there is no delivery {delivery_id}")
        return found[0]

    def _whose(self, who: Caller, recipient: str | None) -> str:
        own = recipient_of(who)
        if own is not None:
            if recipient not in (None, own):
                raise InvalidFields([FieldFault("recipient", "it is for admins")])
            return own
        if recipient is None or not is_recipient(recipient):
            raise InvalidFields([FieldFault("recipient", "give platform:NAME, owner:ID or partner:NAME")])
        return recipient

    def _check(self, url: str, kinds: Sequence[str]) -> None:
        faults = [
            FieldFault(f"kinds[{n}]", f"{kind[:64]!r} is no kind") for n, kind in enumerate(kinds) if not is_kind(kind)
        ]
        if len(kinds) > _MOST_KINDS:
            faults = [FieldFault("kinds", f"give {_MOST_KINDS} at most")]
        fault = fault_of_url(url, private=self._private)
        if fault is not None:
            faults.append(FieldFault("url", fault))
        if faults:
            raise InvalidFields(faults)


def recipient_of(who: Caller) -> str | None:
    """Return what messages to a caller are addressed to; None for those who get none."""
    if who.role is Role.PLATFORM:
        return f"platform:{who.name}"
    return f"owner:{who.owner}" if who.role is Role.RIGHTS_OWNER else None


def _new_secret() -> str:
    """Make a secret as the Standard Webhooks specification writes them: 24 to 64 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
