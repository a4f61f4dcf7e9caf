"""The shapes of webhooks, deliveries and messages over HTTP."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

StateName = Literal["waiting", "delivered", "dead"]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewWebhookDocument(_Closed):
    """Where messages are to go; `kinds` are as `measure.taken` or `measure.*`, none for all; `recipient` for admins."""

    url: str
    kinds: list[str] = []
    recipient: str | None = None


class WebhookChangesDocument(_Closed):
    """Fields that are absent stay as they are."""

    url: str | None = None
    kinds: list[str] | None = None
    disabled: bool | None = None


class WebhookAnswer(BaseModel):
    """An endpoint; `secret_before_valid_until` while messages are signed with two secrets."""

    id: str
    recipient: str
    url: str
    kinds: list[str]
    created: str
    disabled: str | None
    disabled_because: str | None
    secret_before_valid_until: str | None


class WebhookWithSecret(WebhookAnswer):
    """The same with its secret, which is shown this once."""

    secret: str


class WebhookList(BaseModel):
    """Endpoints in the order in which they came."""

    webhooks: list[WebhookAnswer]


class AttemptAnswer(BaseModel):
    """What came of one attempt; `answer` is the first KiB of what was answered."""

    number: int
    at: str
    seconds: float
    status: int | None
    answer: str
    error: str | None
    succeeded: bool


class DeliveryAnswer(BaseModel):
    """One message on its way to one endpoint."""

    id: str
    message_id: str
    kind: str
    recipient: str
    webhook_id: str
    state: StateName
    attempts: int
    due: str | None
    changed: str
    last_error: str | None


class DeliveryList(BaseModel):
    """Deliveries, newest first."""

    deliveries: list[DeliveryAnswer]


class DeliveryDetail(DeliveryAnswer):
    """A delivery with the receipts of all its attempts."""

    receipts: list[AttemptAnswer]


class MessageAnswer(BaseModel):
    """A message, as a webhook would bring it."""

    id: str
    type: str
    timestamp: str
    data: dict[str, Any]


class MessageList(BaseModel):
    """Messages in order; `next` is what to ask for `after` the next time."""

    messages: list[MessageAnswer]
    next: int
