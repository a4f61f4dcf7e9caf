"""Commands of exchange with partners: export, import, and who the partners are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from indexer.errors import IndexerError, SnapshotError
from service.adapters.blobs import open_blobs
from service.adapters.clock import SystemClock
from service.adapters.live_index import LiveIndex
from service.adapters.sql.sets import SqlSetDirectory
from service.bootstrap.exchange import exchange_parts
from service.cli.record import Data, open_record, operator
from service.usecases.exchange import Exchange

exchange_app = typer.Typer(no_args_is_help=True, help="Exchange names and hashes with partners, signed.")
partners_app = typer.Typer(no_args_is_help=True, help="With whom: partners by name and public key.")
exchange_app.add_typer(partners_app, name="partners")
console = Console()

MOST_BYTES = 32 * 1024 * 1024


@contextmanager
def _exchange(data: Path | None, *, reading: bool = False) -> Iterator[Exchange]:
    """Open the record; where hashes of pictures will be read, also the index in force."""
    with open_record(data) as (settings, engine):
        directory, blobs = SqlSetDirectory(engine), open_blobs(settings.blobs)
        index = LiveIndex(settings.snapshot, directory=directory, blobs=blobs, runtime=settings.runtime)
        try:
            if reading:
                index.refresh()
            yield exchange_parts(settings, engine, index, SystemClock())["exchange"]
        except SnapshotError as error:
            raise IndexerError(f"an export needs an index: {error}", code=error.code) from error
        finally:
            index.close()


@exchange_app.command(epilog="Example: lora-screening exchange key --data data")
def key(data: Data = None) -> None:
    """Print our public key, for partners to register; it is made where there is none."""
    with _exchange(data) as exchange:
        told = exchange.key()
        typer.echo(f"key_id      {told['key_id']}\npublic_key  {told['public_key']}")


@exchange_app.command(epilog="Example: lora-screening exchange export --since 2026-11-01 --out export.json")
def export(
    out: Annotated[Path | None, typer.Option(help="File to write; else it is printed.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only what changed since then (UTC).")] = None,
    data: Data = None,
) -> None:
    """Export names, hashes of pictures and hashes of blocked LoRAs, signed."""
    with _exchange(data, reading=True) as exchange:
        made = exchange.export(since.replace(tzinfo=UTC) if since is not None else None)
        text = json.dumps(made, ensure_ascii=False)
        if out is None:
            typer.echo(text)
            return
        out.write_text(text, encoding="utf-8")
        console.print(f"{len(made['document']['entries'])} entries -> {out}", highlight=False, soft_wrap=True)


@exchange_app.command("import", epilog="Example: lora-screening exchange import export.json --data data")
def take_in(file: Path, data: Data = None) -> None:
    """Take in what a registered partner signed."""
    with _exchange(data) as exchange:
        if file.stat().st_size > MOST_BYTES:
            raise IndexerError(f"{file} is larger than {MOST_BYTES:,} bytes", code="too_large")
        try:
            content = json.loads(file.read_bytes())
        except (ValueError, RecursionError) as error:
            raise IndexerError(f"{file} is not JSON: {error}", code="malformed_request") from error
        done = exchange.take_in(content, operator())
        for item in done.refused:
            console.print(f"refused  {item.place}: {item.reason}", highlight=False, soft_wrap=True)
        told = f"{done.kept} entries of {done.partner}, {len(done.refused)} refused, {done.withdrawn} withdrawn"
        console.print(told, highlight=False)


@partners_app.command("add", epilog="Example: lora-screening exchange partners add harbour PUBLIC_KEY --data data")
def add_partner(name: str, public_key: str, data: Data = None) -> None:
    """Register a partner by name and public key (Ed25519, base64)."""
    with _exchange(data) as exchange:
        made = exchange.add_partner(name, public_key, operator())
        console.print(f"{made.name} signs with {made.key_id}", highlight=False)


@partners_app.command("list", epilog="Example: lora-screening exchange partners list --data data")
def list_partners(data: Data = None) -> None:
    """List partners, and when each last told something."""
    with _exchange(data) as exchange:
        found = exchange.partners()
    table = Table("name", "key", "since", "last export")
    for item in found:
        last = item.last_issued.isoformat(timespec="seconds") if item.last_issued is not None else ""
        table.add_row(item.name, item.key_id, item.added.isoformat(timespec="seconds"), last)
    console.print(table if found else "there is no partner")


@partners_app.command("remove", epilog="Example: lora-screening exchange partners remove harbour --data data")
def remove_partner(name: str, data: Data = None) -> None:
    """Remove a partner with all it told."""
    with _exchange(data) as exchange:
        exchange.remove_partner(name, operator())
        console.print(f"{name} is no partner any more", highlight=False)
