"""The command `lora-screening`: the indexer's commands, and those that need the service."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
import uvicorn
from fastapi import FastAPI
from rich.console import Console
from rich.progress import track
from rich.table import Table

from indexer.cli import index_app, inspect, match, told_plainly
from indexer.errors import IndexerError
from service.adapters.logs import configure_logs
from service.cli.audit import audit_app
from service.cli.blocked import blocked_app
from service.cli.exchange import exchange_app
from service.cli.packs import make_pack, verify_pack
from service.cli.people import keys_app, users_app
from service.cli.sets import sets_app
from service.cli.sweep import sweep
from service.cli.webhooks import webhooks_app
from service.demo.medusa import run_medusa
from service.demo.run import run_demo
from service.domain.errors import NotReady, ServiceError
from service.domain.identity import Role, key_sha256
from service.local import LocalScreening, expand
from service.main import create_app
from service.settings import Settings, blobs_in, database_in

app = typer.Typer(
    no_args_is_help=True,
    help="Screen uploaded LoRAs for protected characters: block, review or allow, with evidence.",
    pretty_exceptions_show_locals=False,
)
app.add_typer(index_app, name="index")
app.command(epilog="Example: lora-screening match --snapshot build/snapshot picture.png --json")(match)
app.add_typer(blocked_app, name="blocked")
app.add_typer(audit_app, name="audit")
app.add_typer(sets_app, name="sets")
app.add_typer(users_app, name="users")
app.add_typer(keys_app, name="keys")
app.command(epilog="Example: lora-screening sweep amber-owl --data data --json")(sweep)
app.add_typer(webhooks_app, name="webhooks")
app.add_typer(exchange_app, name="exchange")
app.command("evidence-pack", epilog="Example: lora-screening evidence-pack case:case_1f… case.zip --data data")(
    make_pack
)
app.command("verify-pack", epilog="Example: lora-screening verify-pack case.zip --key 4f…")(verify_pack)
app.command(epilog="Example: lora-screening inspect cover.png model.safetensors --json")(inspect)

console = Console()
error_console = Console(stderr=True)
_COLOURS = {"block": "bold red", "review": "yellow", "allow": "green"}


@app.command(epilog="Example: lora-screening check --snapshot build/snapshot examples/new-pose picture.png")
def check(
    paths: Annotated[list[Path], typer.Argument(help="Pictures, LoRA files, or folders with an upload.json.")],
    snapshot: Annotated[Path, typer.Option(help="Folder of snapshots, or one generation in it.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    policy: Annotated[Path | None, typer.Option(help="Policy file instead of the shipped one.")] = None,
    platform: Annotated[str, typer.Option(help="Platform to screen as; licences may depend on it.")] = "local",
    data: Annotated[Path | None, typer.Option(help="Folder of a service, for its blocked LoRAs.")] = None,
) -> None:
    """Screen files of this machine without a server. Exits with 0 whatever the verdicts."""
    configure_logs("console", "warning")
    with told_plainly():
        try:
            screening = LocalScreening(snapshot, policy, platform, database_in(data) if data else "sqlite://")
            answers = []
            for path in track(expand(paths), "screening", console=error_console, disable=not error_console.is_terminal):
                answers.append((path, screening.check(path)))
                if as_json:
                    typer.echo(json.dumps({"path": str(path), **answers.pop()[1]}, ensure_ascii=False))
            screening.close()
        except (ServiceError, OSError) as error:
            raise IndexerError(str(error), code=getattr(error, "code", "file_unreadable")) from error
    if answers:
        console.print(_table(answers))


def _table(answers: list[tuple[Path, Mapping[str, Any]]]) -> Table:
    table = Table("upload", "verdict", "why", "not screened")
    for path, given in answers:
        colour = _COLOURS[given["verdict"]]
        why = "\n".join(item["explanation"]["en"] for item in given["grounds"]) or "nothing found"
        left_out = "\n".join(f"{item['source']}: {item['reason']}" for item in given["not_screened"])
        table.add_row(str(path), f"[{colour}]{given['verdict']}[/]", why, left_out)
    return table


@app.command(epilog="Example: lora-screening serve --data data --port 8000")
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    data: Annotated[
        Path | None, typer.Option(help="Folder for database and snapshots; else the settings name them.")
    ] = None,
) -> None:
    """Start the service. Without keys in the settings it makes one for this run, and prints it.

    While there is no admin, it prints a link by which the first one gets in; each start makes it anew.
    """
    if data is not None:
        for name, place in (
            ("SNAPSHOT", str(data / "snapshot")),
            ("DATABASE", database_in(data)),
            ("BLOBS", blobs_in(data)),
        ):
            os.environ.setdefault(f"LORA_SCREENING_{name}", place)
    if not os.environ.get("LORA_SCREENING_API_KEYS"):
        made = secrets.token_urlsafe(32)
        os.environ["LORA_SCREENING_API_KEYS"] = f"demo:{Role.PLATFORM}:{key_sha256(made)}"
        _tell(f"API key for this run (platform `demo`): {made}")

    def build() -> FastAPI:
        settings = Settings()
        reached = (settings.public_url or address).rstrip("/")
        return create_app(settings, lambda path: _tell(f"the first admin gets in here, once: {reached}{path}"))

    config = uvicorn.Config(build, factory=True, host=host, port=port, access_log=False, log_level="warning")
    listening = config.bind_socket()
    address = f"http://{host}:{listening.getsockname()[1]}"
    _tell(f"listening on {address}  (documentation at /docs)")
    uvicorn.Server(config).run(sockets=[listening])


def _tell(text: str) -> None:
    error_console.print(text, highlight=False, soft_wrap=True)


@app.command(epilog="Example: lora-screening key my-platform platform")
def key(
    name: Annotated[str, typer.Argument(help="Name of the platform or person.")],
    role: Annotated[Role, typer.Argument(help="What the key is for.")],
) -> None:
    """Make an API key: prints the key once, and the entry for LORA_SCREENING_API_KEYS."""
    made = secrets.token_urlsafe(32)
    typer.echo(f"key    {made}")
    typer.echo(f"entry  {name}:{role.value}:{key_sha256(made)}")


@app.command(epilog="Example: lora-screening demo --sets reference_sets --examples examples --out build/demo")
def demo(
    sets: Annotated[Path, typer.Option(help="Folder of reference sets.")] = Path("reference_sets"),
    examples: Annotated[Path, typer.Option(help="Folder of example uploads.")] = Path("examples"),
    out: Annotated[Path, typer.Option(help="Folder for the snapshot and the report.")] = Path("build/demo"),
) -> None:
    """Index the demo sets, start the service, screen the examples over HTTP, write a report; fail on a wrong answer."""
    with told_plainly():
        try:
            wrong = run_demo(sets, examples, out, console)
        except NotReady as error:
            raise IndexerError(str(error), code=error.code) from error
    if wrong:
        error_console.print(f"[bold red]{wrong} answers are not the expected ones[/]")
        raise typer.Exit(1)


@app.command("demo-notice", epilog="Example: lora-screening demo-notice --out build/demo-notice")
def demo_notice(
    sets: Annotated[Path, typer.Option(help="Folder of reference sets.")] = Path("reference_sets"),
    examples: Annotated[Path, typer.Option(help="Folder of example uploads.")] = Path("examples"),
    out: Annotated[Path, typer.Option(help="Folder for service and pack.")] = Path("build/demo-notice"),
) -> None:
    """Go from a complaint to its proof over HTTP: sweep, measures, webhooks, counter-notice, evidence pack."""
    with told_plainly():
        try:
            faults = run_medusa(sets, examples / "blocked" / "emberlin.safetensors", out, console)
        except (NotReady, httpx.HTTPError) as error:
            raise IndexerError(str(error), code=getattr(error, "code", "refused")) from error
    if faults:
        error_console.print(f"[bold red]{len(faults)} of what has to hold does not[/]")
        raise typer.Exit(1)
    console.print(f"all of it holds; the evidence pack is {out / 'pack.zip'}", highlight=False, soft_wrap=True)
