"""Commands of the registry of blocked LoRAs; a service on the same database knows a change at its next screening."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Column, Table

from service.adapters.clock import SystemClock
from service.adapters.sql.blocked import SqlBlockedLoras
from service.cli.record import Data, open_record
from service.usecases.blocking import Blocking

blocked_app = typer.Typer(no_args_is_help=True, help="Block LoRAs, so that they are known again on any upload.")
console = Console()
error_console = Console(stderr=True)


@contextmanager
def _blocking(data: Path | None) -> Iterator[Blocking]:
    with open_record(data) as (_, engine):
        yield Blocking(SqlBlockedLoras(engine), SystemClock())


@blocked_app.command(
    epilog='Example: lora-screening blocked add owl.safetensors --reference-set amber-owl --reason "court order"'
)
def add(
    files: Annotated[list[Path], typer.Argument(help="LoRA files (.safetensors).")],
    reason: Annotated[str, typer.Option(help="Why: a decision, a notice, a judgment.")],
    title: Annotated[str, typer.Option(help="What they reproduce; else the name of each file.")] = "",
    reference_set: Annotated[str | None, typer.Option(help="Slug of the reference set that they reproduce.")] = None,
    data: Data = None,
) -> None:
    """Block LoRA files: by their bytes, their tensors and the fingerprint of their weights."""
    with _blocking(data) as blocking:
        for path in track(files, "reading", console=error_console, disable=not error_console.is_terminal):
            with path.open("rb") as stream:
                kept = blocking.add(
                    stream,
                    path.stat().st_size,
                    name=path.name,
                    title=title or path.stem,
                    reason=reason,
                    by=f"cli:{getpass.getuser()}",
                    reference_set=reference_set,
                )
            console.print(f"{kept.id}  {path}", highlight=False, soft_wrap=True)


@blocked_app.command("list", epilog="Example: lora-screening blocked list --data data --json")
def list_all(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    data: Data = None,
) -> None:
    """List the blocked LoRAs in force, newest first."""
    with _blocking(data) as blocking:
        found = blocking.list_all()
    if as_json:
        for item in found:
            row = {
                "id": item.id,
                "title": item.title,
                "reference_set": item.reference_set,
                "reason": item.reason,
                "added": item.added.isoformat(),
                "added_by": item.added_by,
                "file": item.signals.name,
                "sha256": item.signals.sha256,
                "body_sha256": item.signals.body_sha256,
            }
            typer.echo(json.dumps(row, ensure_ascii=False))
        return
    table = Table(Column("id", no_wrap=True), "title", "reference set", "reason", "added", "by")
    for item in found:
        added = item.added.strftime("%Y-%m-%d %H:%M UTC")
        table.add_row(item.id, item.title, item.reference_set or "", item.reason, added, item.added_by)
    console.print(table if found else "no LoRA is blocked")


@blocked_app.command(epilog="Example: lora-screening blocked remove blk_0123 --data data")
def remove(
    ids: Annotated[list[str], typer.Argument(help="Identifiers, as `blocked list` prints them.")],
    data: Data = None,
) -> None:
    """Let blocked LoRAs pass again; that they were blocked stays recorded."""
    with _blocking(data) as blocking:
        for blocked_id in ids:
            blocking.remove(blocked_id, f"cli:{getpass.getuser()}")
            console.print(f"{blocked_id} passes again", highlight=False)
