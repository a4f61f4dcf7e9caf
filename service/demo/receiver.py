"""A platform's end of a webhook: a small server that keeps what it is sent, where the signature is right."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError


@dataclass
class Receiver:
    """What arrived: messages with a valid signature by their id, and how many had none.

    `secret` is known only after the webhook was added.
    """

    url: str
    secret: str = ""
    messages: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    again: int = 0
    refused: int = 0

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        """Return the data of the messages of a kind, in the order in which they came."""
        return [item["data"] for item in list(self.messages.values()) if item["type"] == kind]

    def take(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Take a message; tell whether its signature is right."""
        try:
            Webhook(self.secret).verify(body, dict(headers))
        except WebhookVerificationError:
            self.refused += 1
            return False
        message_id = headers["webhook-id"]
        self.again += message_id in self.messages
        self.messages[message_id] = json.loads(body)
        return True


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Take a message."""
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            valid = receiver.take({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(204 if valid else 401)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}/webhooks")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
