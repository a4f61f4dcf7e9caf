"""Messages on their way, as fields of `Wired`."""

from __future__ import annotations

from typing import TypedDict

from sqlalchemy import Engine

from service.adapters.dispatcher import Dispatcher
from service.adapters.sql.deliveries import SqlDeliveries, SqlOutbox
from service.adapters.sql.endpoints import SqlEndpoints
from service.adapters.webhooks import HttpSender
from service.ports import Clock
from service.settings import Settings
from service.usecases.messages import Dispatch, Webhooks


class MessageParts(TypedDict):
    """Where messages go, and what sends them; `dispatcher` runs from the start on."""

    webhooks: Webhooks
    dispatcher: Dispatcher


def message_parts(settings: Settings, engine: Engine, clock: Clock) -> MessageParts:
    """Wire messages, and begin to send."""
    private = settings.webhooks_private
    outbox, deliveries, sender = SqlOutbox(engine), SqlDeliveries(engine), HttpSender(private=private)
    dispatcher = Dispatcher(Dispatch(outbox, deliveries, sender, clock))
    dispatcher.start()
    return MessageParts(
        webhooks=Webhooks(outbox, SqlEndpoints(engine), deliveries, sender, clock, private=private),
        dispatcher=dispatcher,
    )
