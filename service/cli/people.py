"""Commands of people and of API keys, on the service's own database.

A person's change holds at their next click; a key that is made or revoked is known within two seconds.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from service.adapters.clock import SystemClock
from service.adapters.passwords import Argon2Passwords
from service.adapters.sql.accounts import SqlInvitations, SqlSessions, SqlUsers
from service.adapters.sql.keys import SqlApiKeys
from service.adapters.sql.owners import SqlRightsOwners
from service.cli.record import Data, open_record, operator
from service.domain.identity import Caller, Role, Scope
from service.settings import Settings
from service.usecases.accounts import Accounts
from service.usecases.keys import Keys

users_app = typer.Typer(no_args_is_help=True, help="People with accounts: moderators, rights owners, admins.")
keys_app = typer.Typer(no_args_is_help=True, help="API keys: made, listed, revoked.")
console = Console()

Name = Annotated[str, typer.Argument(help="Name of the account.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
Owner = Annotated[str | None, typer.Option(help="Id of the rights owner that a rights_owner speaks for.")]


@dataclass(frozen=True)
class _Desk:
    accounts: Accounts
    keys: Keys
    by: Caller


@contextmanager
def _desk(data: Path | None) -> Iterator[_Desk]:
    with open_record(data) as (_, engine):
        clock, owners = SystemClock(), SqlRightsOwners(engine)
        stores = SqlUsers(engine), SqlSessions(engine), SqlInvitations(engine)
        accounts = Accounts(*stores, owners, passwords=Argon2Passwords(), clock=clock)
        yield _Desk(accounts, Keys(SqlApiKeys(engine), owners, clock), operator())


def _read_password() -> str:
    """Ask twice, or read a line where nobody can be asked. Passwords never come as arguments: others could see them."""
    if sys.stdin.isatty():
        return str(typer.prompt("password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


@users_app.command("add", epilog="Example: lora-screening users add mo --role moderator --data data")
def add_user(name: Name, role: Annotated[Role, typer.Option()], owner: Owner = None, data: Data = None) -> None:
    """Make an account; the password is asked for, or read from the standard input."""
    with _desk(data) as desk:
        made = desk.accounts.add(name, role, _read_password(), desk.by, owner)
        console.print(f"{made.name} can sign in as {made.role}", highlight=False)


@users_app.command("list", epilog="Example: lora-screening users list --json --data data")
def list_users(*, as_json: AsJson = False, data: Data = None) -> None:
    """List all accounts, by name."""
    with _desk(data) as desk:
        found = desk.accounts.list_all(desk.by)
    if as_json:
        for user in found:
            typer.echo(_json(asdict(user)))
        return
    table = Table("name", "role", "rights owner", "state", "since")
    now = SystemClock().now()
    for user in found:
        state = "disabled" if user.disabled else "locked" if user.locked(now) else ""
        table.add_row(user.name, user.role, user.owner or "", state, _day(user.created))
    console.print(table if found else "there is no account")


@users_app.command(epilog="Example: lora-screening users invite --role moderator --url https://screening.example.org")
def invite(
    role: Annotated[Role, typer.Option()],
    owner: Owner = None,
    url: Annotated[str, typer.Option(help="Address of the service; else public_url of the settings.")] = "",
    data: Data = None,
) -> None:
    """Make a link by which one person makes their own account, within a week."""
    with _desk(data) as desk:
        token = desk.accounts.invite(role, desk.by, owner)
        address = (url or Settings().public_url or "").rstrip("/")
        typer.echo(f"{address}/console/invitation/{token}")


@users_app.command(epilog="Example: lora-screening users disable mo --data data")
def disable(name: Name, data: Data = None) -> None:
    """Let somebody in no more; they are signed out at once."""
    with _desk(data) as desk:
        desk.accounts.disable(name, desk.by)
        console.print(f"{name} cannot sign in any more", highlight=False)


@users_app.command(epilog="Example: lora-screening users enable mo --data data")
def enable(name: Name, data: Data = None) -> None:
    """Let somebody in again, also one whom wrong passwords have locked out."""
    with _desk(data) as desk:
        desk.accounts.enable(name, desk.by)
        console.print(f"{name} can sign in again", highlight=False)


@users_app.command(epilog="Example: lora-screening users password mo --data data")
def password(name: Name, data: Data = None) -> None:
    """Give somebody another password, asked for or read from the standard input; they are signed out everywhere."""
    with _desk(data) as desk:
        desk.accounts.reset_password(name, _read_password(), desk.by)
        console.print(f"{name} has another password", highlight=False)


@users_app.command(epilog="Example: lora-screening users role mo admin --data data")
def role(name: Name, role: Annotated[Role, typer.Argument()], owner: Owner = None, data: Data = None) -> None:
    """Give somebody another role; they are signed out everywhere."""
    with _desk(data) as desk:
        desk.accounts.set_role(name, role, desk.by, owner)
        console.print(f"{name} is {role.value} now", highlight=False)


@keys_app.command("add", epilog="Example: lora-screening keys add 'uploads' platform atelier --per-minute 60")
def add_key(
    label: Annotated[str, typer.Argument(help="What people call it.")],
    role: Annotated[Role, typer.Argument()],
    holder: Annotated[str, typer.Argument(help="Name of the platform, or id of the rights owner.")],
    *,
    scope: Annotated[list[Scope] | None, typer.Option(help="Narrow it; may be given several times.")] = None,
    per_minute: Annotated[int | None, typer.Option(help="Most requests a minute; else the settings'.")] = None,
    per_day: Annotated[int | None, typer.Option(help="Most requests a day.")] = None,
    data: Data = None,
) -> None:
    """Make an API key, and print it, once."""
    with _desk(data) as desk:
        kept, text = desk.keys.make(
            label, role, holder, by=desk.by, scopes=scope or None, per_minute=per_minute, per_day=per_day
        )
        typer.echo(f"id   {kept.id}\nkey  {text}")


@keys_app.command("list", epilog="Example: lora-screening keys list --json --data data")
def list_keys(*, as_json: AsJson = False, data: Data = None) -> None:
    """List all keys of the database, also those revoked, newest first."""
    with _desk(data) as desk:
        found = desk.keys.list_all(desk.by)
    if as_json:
        for key in found:
            typer.echo(_json({**asdict(key), "scopes": sorted(key.scopes)}))
        return
    table = Table(Column("id", no_wrap=True), "label", "role", "holder", "begins", "scopes", "used", "revoked")
    for key in found:
        scopes = ", ".join(sorted(key.scopes))
        used, revoked = _day(key.last_used), _day(key.revoked)
        table.add_row(key.id, key.label, key.role, key.holder, key.prefix, scopes, used, revoked)
    console.print(table if found else "there is no key in the database")


@keys_app.command(epilog="Example: lora-screening keys revoke key_0123 --data data")
def revoke(
    ids: Annotated[list[str], typer.Argument(help="Identifiers, as `keys list` prints them.")], data: Data = None
) -> None:
    """Revoke keys; within two seconds nothing admits them any more."""
    with _desk(data) as desk:
        for key_id in ids:
            desk.keys.revoke(key_id, desk.by)
            console.print(f"{key_id} is revoked", highlight=False)


def _json(row: dict[str, Any]) -> str:
    written = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
    return json.dumps(written, ensure_ascii=False)


def _day(time: datetime | None) -> str:
    return time.strftime("%Y-%m-%d") if time else ""
