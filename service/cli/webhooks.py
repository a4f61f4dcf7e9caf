"""Commands of webhooks: where messages go, and what became of them. A running service knows a change at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from service.adapters.clock import SystemClock
from service.adapters.sql.deliveries import SqlDeliveries, SqlOutbox
from service.adapters.sql.endpoints import SqlEndpoints
from service.adapters.webhooks import HttpSender
from service.cli.record import Data, open_record, operator
from service.domain.message import DeliveryState
from service.usecases.messages import Webhooks

webhooks_app = typer.Typer(no_args_is_help=True, help="Webhooks: where messages go, and what became of them.")
console = Console()

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]


@contextmanager
def _webhooks(data: Path | None) -> Iterator[Webhooks]:
    with open_record(data) as (settings, engine):
        private = settings.webhooks_private
        stores = SqlOutbox(engine), SqlEndpoints(engine), SqlDeliveries(engine)
        yield Webhooks(*stores, HttpSender(private=private), SystemClock(), private=private)


@webhooks_app.command(epilog="Example: lora-screening webhooks add platform:atelier https://atelier.example/hooks")
def add(
    recipient: Annotated[str, typer.Argument(help="`platform:NAME`, `owner:ID` or `partner:NAME`.")],
    url: Annotated[str, typer.Argument(help="Where messages go; https.")],
    kind: Annotated[list[str] | None, typer.Option(help="Only these, such as `measure.taken` or `measure.*`.")] = None,
    data: Data = None,
) -> None:
    """Add a webhook. Prints its id and its secret, which is shown this once."""
    with _webhooks(data) as webhooks:
        made = webhooks.add(operator(), url, kind or [], recipient)
        typer.echo(f"id      {made.id}\nsecret  {made.secret}")


@webhooks_app.command("list", epilog="Example: lora-screening webhooks list --data data --json")
def list_all(*, recipient: str | None = None, as_json: AsJson = False, data: Data = None) -> None:
    """List webhooks, without their secrets."""
    with _webhooks(data) as webhooks:
        found = webhooks.list_all(operator(), recipient)
    if as_json:
        for item in found:
            disabled = item.disabled.isoformat() if item.disabled is not None else None
            row = {
                "id": item.id,
                "recipient": item.recipient,
                "url": item.url,
                "kinds": item.kinds,
                "disabled": disabled,
            }
            typer.echo(json.dumps(row, ensure_ascii=False))
        return
    table = Table(Column("id", no_wrap=True), "recipient", "url", "kinds", "state")
    for item in found:
        table.add_row(item.id, item.recipient, item.url, ", ".join(item.kinds) or "all", item.disabled_because or "")
    console.print(table if found else "there is no webhook")


@webhooks_app.command(epilog="Example: lora-screening webhooks remove whe_0123 --data data")
def remove(webhook_id: str, data: Data = None) -> None:
    """Remove a webhook; what waits for it is dead."""
    with _webhooks(data) as webhooks:
        webhooks.remove(operator(), webhook_id)
        console.print(f"{webhook_id} is sent nothing more", highlight=False)


@webhooks_app.command(epilog="Example: lora-screening webhooks deliveries --state dead --data data")
def deliveries(
    *,
    webhook: Annotated[str | None, typer.Option(help="Only of this webhook.")] = None,
    state: Annotated[DeliveryState | None, typer.Option(help="Only in this state.")] = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """List deliveries, newest first; those that are dead are tried no more until they are replayed."""
    with _webhooks(data) as webhooks:
        found = webhooks.deliveries(operator(), webhook, state)
    if as_json:
        for item in found:
            row = {
                "id": item.id,
                "message_id": item.message.id,
                "kind": item.message.kind,
                "recipient": item.message.recipient,
                "webhook_id": item.endpoint_id,
                "state": item.state.value,
                "attempts": item.attempts,
                "last_error": item.last_error,
            }
            typer.echo(json.dumps(row, ensure_ascii=False))
        return
    table = Table(Column("id", no_wrap=True), "what", "to", "state", "attempts", "why")
    for item in found:
        message, error = item.message, item.last_error or ""
        table.add_row(item.id, message.kind, message.recipient, item.state, str(item.attempts), error)
    console.print(table if found else "there is no such delivery")


@webhooks_app.command(epilog="Example: lora-screening webhooks replay dlv_0123 --data data")
def replay(delivery_ids: list[str], data: Data = None) -> None:
    """Try deliveries from the beginning, under the same ids of their messages."""
    with _webhooks(data) as webhooks:
        for delivery_id in delivery_ids:
            webhooks.replay(operator(), delivery_id)
            console.print(f"{delivery_id} is tried again", highlight=False)
