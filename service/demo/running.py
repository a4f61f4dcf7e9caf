"""A service of the demo's own: a process on a free port, and clients of it."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from service.domain.errors import NotReady
from service.domain.identity import Role, key_sha256

START_SECONDS = 60.0


@contextmanager
def running_service(
    settings: Mapping[str, str], people: Mapping[str, Role], log_path: Path
) -> Iterator[Mapping[str, httpx.Client]]:
    """Start the service with settings (without their prefix); give a client for each name, and stop it afterwards.

    Raises NotReady when it does not come up in START_SECONDS.
    """
    keys = {name: secrets.token_urlsafe(32) for name in people}
    port = _free_port()
    environment = {
        **os.environ,
        **{f"LORA_SCREENING_{name}": value for name, value in settings.items()},
        "LORA_SCREENING_API_KEYS": ",".join(
            f"{name}:{role.value}:{key_sha256(keys[name])}" for name, role in people.items()
        ),
    }
    command = [sys.executable, "-m", "service.cli", "serve", "--port", str(port)]
    with (
        log_path.open("wb") as log,
        subprocess.Popen(command, env=environment, stderr=log) as process,  # noqa: S603
    ):
        try:
            with ExitStack() as stack:
                clients = {name: stack.enter_context(_client(port, key)) for name, key in keys.items()}
                _wait_until_ready(next(iter(clients.values())), process, log_path)
                yield clients
        finally:
            process.terminate()


def _client(port: int, key: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, trust_env=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes], log_path: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if client.get("/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise NotReady(f"the service did not become ready; its log is {log_path}")
