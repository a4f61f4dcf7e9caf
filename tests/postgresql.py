"""A PostgreSQL of the tests' own: the machine's server programs on a data folder that is thrown away.

`python -m tests.postgresql` says whether there is one, and installs Debian's package where it may (`--install`).
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GIVEN = "LORA_SCREENING_TEST_POSTGRES_URL"
"""The environment may name a server instead; the tests make databases of their own on it."""

MISSING = "there is no PostgreSQL here: `make services` installs Debian's, or name a server in " + GIVEN
_USER = "postgres"
_ROOM = 2**31


def programs() -> Path | None:
    """Return the folder of the newest server programs, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@contextmanager
def server() -> Iterator[str | None]:
    """Give the URL of a server, without a database; None where there is none."""
    given = os.environ.get(GIVEN)
    if given is not None:
        yield given.rsplit("/", 1)[0]
        return
    found = programs()
    if found is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="lora-screening-pg-", dir=_in_memory()))
    try:
        with _started(found, folder) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_memory() -> Path | None:
    """Return a folder in memory, where there is room: a database for each test is a great many files."""
    folder = Path("/dev/shm")  # noqa: S108 (`mkdtemp` makes a folder of its own in it)
    roomy = folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= _ROOM
    return folder if roomy else None


@contextmanager
def _started(found: Path, folder: Path) -> Iterator[str]:
    data, port = folder / "data", _free_port()
    if os.geteuid() == 0:
        # The server refuses to run as root.
        os.chown(folder, pwd.getpwnam(_USER).pw_uid, pwd.getpwnam(_USER).pw_gid)
    _run(found / "initdb", "-D", data, "-U", _USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    # Crashes of the machine are not what these tests are about.
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
    _run(found / "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start")
    try:
        yield f"postgresql+pg8000://{_USER}@127.0.0.1:{port}"
    finally:
        _run(found / "pg_ctl", "-D", data, "-m", "immediate", "stop")


def _run(program: Path, *arguments: object) -> None:
    command = [str(program), *map(str, arguments)]
    as_user = _USER if os.geteuid() == 0 else None
    # pg_ctl's server would keep a pipe open for ever.
    subprocess.run(  # noqa: S603
        command, check=True, user=as_user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(0 if programs() else MISSING)
