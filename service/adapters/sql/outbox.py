"""Writing messages: in the transaction of what they tell of, so that none is lost and none tells what never was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service.adapters.sql.tables import outbox
from service.adapters.sql.texts import clean_json
from service.domain.identity import new_id


def write_message(
    connection: sa.Connection, *, recipient: str, kind: str, payload: Mapping[str, Any], at: datetime
) -> str:
    """Write a message inside the caller's transaction, and return its id.

    `recipient` is `platform:<name>`, `owner:<id>` or `partner:<name>`; `kind` a noun and what happened to it, such as
    `measure.taken`; the payload holds JSON values.
    """
    message_id = new_id("msg")
    connection.execute(
        outbox.insert().values(id=message_id, recipient=recipient, kind=kind, payload=clean_json(payload), written=at)
    )
    return message_id
