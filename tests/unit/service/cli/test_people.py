"""`lora-screening users …` and `lora-screening keys …`: for operators, on the service's own database."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from service.adapters.sql.accounts import SqlUsers
from service.adapters.sql.audit import SqlAuditLog
from service.adapters.sql.engine import open_database
from service.adapters.sql.keys import SqlApiKeys
from service.cli import app
from service.domain.identity import Role, key_sha256
from service.settings import database_in

PASSWORD = "correct horse battery\n"
COMMANDS = {
    "users": ("add", "list", "invite", "disable", "enable", "password", "role"),
    "keys": ("add", "list", "revoke"),
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def run(data: Path, *arguments: str, typed: str = "") -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [*arguments, "--data", str(data)], input=typed)
    return done.exit_code, done.stdout, done.stderr


def rows(data: Path, noun: str) -> list[dict[str, Any]]:
    code, printed, _ = run(data, noun, "list", "--json")
    assert code == 0
    return [json.loads(line) for line in printed.splitlines()]


def test_a_person_is_added_changed_disabled_and_enabled(data: Path) -> None:
    assert "there is no account" in run(data, "users", "list")[1]
    assert run(data, "users", "add", "Mo", "--role", "moderator", typed=PASSWORD)[0] == 0
    assert run(data, "users", "role", "mo", "admin")[0] == 0
    assert run(data, "users", "disable", "mo")[0] == 0
    (row,) = rows(data, "users")
    assert (row["name"], row["role"], row["disabled"]) == ("mo", "admin", True)
    assert "disabled" in run(data, "users", "list")[1]
    assert run(data, "users", "enable", "mo")[0] == 0
    assert run(data, "users", "password", "mo", typed="another password\n")[0] == 0
    engine = open_database(database_in(data))
    found = SqlUsers(engine).find("mo")
    actions = [(entry.actor.partition(":")[0], entry.action) for entry in SqlAuditLog(engine).all_entries()]
    engine.dispose()
    assert found is not None
    assert str(found[1]).startswith("$argon2id$")
    assert found[0].disabled is False
    assert actions == [
        ("cli", f"user.{what}") for what in ("added", "role_changed", "disabled", "enabled", "password_changed")
    ]


def test_passwords_stand_in_no_argument_and_in_no_output(data: Path) -> None:
    code, printed, said = run(data, "users", "add", "mo", "--role", "moderator", typed=PASSWORD)
    assert code == 0
    assert PASSWORD.strip() not in printed + said
    assert "argon2" not in json.dumps(rows(data, "users"))
    assert run(data, "users", "add", "bo", PASSWORD, "--role", "moderator")[0] == 2


def test_an_invitation_is_printed_as_a_link(data: Path) -> None:
    code, printed, _ = run(data, "users", "invite", "--role", "moderator", "--url", "https://screening.example.org/")
    assert code == 0
    assert re.fullmatch(r"https://screening\.example\.org/console/invitation/[\w-]{43}\n", printed)


def test_a_key_is_made_listed_and_revoked(data: Path) -> None:
    code, printed, _ = run(
        data, "keys", "add", "uploads", "platform", "atelier", "--scope", "screen", "--per-minute", "60"
    )
    assert code == 0
    text = printed.split()[-1]
    (row,) = rows(data, "keys")
    assert (row["holder"], row["scopes"], row["per_minute"]) == ("atelier", ["screen"], 60)
    assert text.startswith(row["prefix"])
    assert text not in json.dumps(row)
    assert _kept(data, text)
    assert run(data, "keys", "revoke", row["id"])[0] == 0
    assert not _kept(data, text)
    assert rows(data, "keys")[0]["revoked"]
    assert row["id"] in run(data, "keys", "list")[1]


def _kept(data: Path, text: str) -> bool:
    engine: sa.Engine = open_database(database_in(data))
    found = SqlApiKeys(engine).find(key_sha256(text))
    engine.dispose()
    return found is not None and found.role is Role.PLATFORM


@pytest.mark.parametrize(
    ("arguments", "typed", "told"),
    [
        (("users", "add", "mo", "--role", "moderator"), "short\n", "password: take 12 to 256 characters"),
        (("users", "add", "mo", "--role", "moderator"), "", "password: take"),
        (("users", "add", "a b", "--role", "moderator"), PASSWORD, "name: take"),
        (("users", "add", "mo", "--role", "platform"), PASSWORD, "role: a platform is a program"),
        (("users", "invite", "--role", "rights_owner", "--owner", "own_1"), "", "owner: there is no rights owner"),
        (("users", "disable", "mo"), "", "there is no account 'mo'"),
        (("keys", "add", "x", "platform", "two words"), "", "holder: take"),
        (("keys", "add", "x", "platform", "atelier", "--scope", "admin"), "", "scopes: the role platform may have"),
        (("keys", "revoke", "key_none"), "", "there is no key key_none in force"),
        (("users", "role", "mo", "king"), "", "'king' is not one of"),
    ],
)
def test_what_goes_wrong_is_told_plainly(data: Path, arguments: tuple[str, ...], typed: str, told: str) -> None:
    code, _, said = run(data, *arguments, typed=typed)
    assert code == 2
    assert told in re.sub(r"[\s│]+", " ", said)


@pytest.mark.parametrize(("noun", "verb"), [(noun, verb) for noun, verbs in COMMANDS.items() for verb in verbs])
def test_help_shows_an_example(noun: str, verb: str) -> None:
    done = CliRunner().invoke(app, [noun, verb, "--help"])
    assert done.exit_code == 0
    assert f"lora-screening {noun} {verb}" in re.sub(r"\s+", " ", done.stdout)
