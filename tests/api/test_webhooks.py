"""Webhooks, messages and exchange over HTTP."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from standardwebhooks import Webhook

from service.adapters.signing import FileSigner
from tests.api.conftest import NAMED, REFERENCE, Api, Start, bearer, picture, wait_for
from tests.conftest import TinySnapshot


class Hook(BaseHTTPRequestHandler):
    """Keeps what is sent, and answers 200."""

    seen: ClassVar[list[tuple[dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name)
        """Say nothing."""


@pytest.fixture
def hook() -> Iterator[str]:
    Hook.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def own(start: Start, tiny_snapshot: TinySnapshot) -> Api:
    return start(snapshot=tiny_snapshot.out, webhooks_private=True)


def add(api: Api, url: str, who: str = "atelier", **fields: Any) -> dict[str, Any]:
    response = api.client.post("/v1/webhooks", json={"url": url, **fields}, headers=bearer(who))
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def test_who_sends_later_is_told_when_it_is_screened(own: Api, hook: str) -> None:
    made = add(own, hook)
    accepted = own.screen(NAMED, headers={"Prefer": "respond-async"})
    assert accepted.status_code == 202
    assert wait_for(lambda: bool(Hook.seen), 20)
    headers, body = Hook.seen[0]
    told = Webhook(made["secret"]).verify(body, headers)
    assert told["type"] == "screening.finished"
    assert told["data"]["external_id"] == NAMED["external_id"]
    assert wait_for(lambda: own.get("/v1/deliveries").json()["deliveries"][0]["state"] == "delivered", 10)
    (delivery,) = own.get("/v1/deliveries").json()["deliveries"]
    detail = own.get(f"/v1/deliveries/{delivery['id']}").json()
    assert [item["status"] for item in detail["receipts"]] == [200]
    again = own.client.post(f"/v1/deliveries/{delivery['id']}/replay", headers=bearer("atelier"))
    assert again.status_code == 200
    assert wait_for(lambda: len(Hook.seen) == 2, 10)
    assert Hook.seen[1][0]["webhook-id"] == headers["webhook-id"]


def test_who_has_no_webhook_reads_messages_and_nobody_those_of_others(own: Api) -> None:
    accepted = own.screen(NAMED, headers={"Prefer": "respond-async"})
    assert wait_for(lambda: bool(own.get("/v1/messages").json()["messages"]), 20)
    found = own.get("/v1/messages").json()
    assert [item["data"]["screening_id"] for item in found["messages"]] == [accepted.json()["screening_id"]]
    assert own.get("/v1/messages", params={"after": found["next"]}).json() == {"messages": [], "next": found["next"]}
    assert own.get("/v1/messages", "bazaar").json()["messages"] == []
    assert own.get("/v1/messages", "bazaar", params={"recipient": "platform:atelier"}).status_code == 422
    assert own.get("/v1/messages", "ad").status_code == 422
    assert own.get("/v1/messages", "ad", params={"recipient": "platform:atelier"}).json()["messages"]


def test_a_webhook_is_its_platforms_own(own: Api, hook: str) -> None:
    made = add(own, hook)
    path = f"/v1/webhooks/{made['id']}"
    for method, place in (("GET", path), ("DELETE", path), ("POST", f"{path}/test"), ("POST", f"{path}/rotate")):
        assert own.client.request(method, place, headers=bearer("bazaar")).status_code == 404
    assert own.get("/v1/webhooks", "bazaar").json() == {"webhooks": []}
    assert [item["id"] for item in own.get("/v1/webhooks", "ad").json()["webhooks"]] == [made["id"]]
    assert "secret" not in own.get(path).json()


def test_a_webhook_is_tested_rotated_disabled_and_removed(own: Api, hook: str) -> None:
    made = add(own, hook, kinds=["measure.*"])
    path = f"/v1/webhooks/{made['id']}"
    rotated = own.client.post(f"{path}/rotate", headers=bearer("atelier")).json()
    tested = own.client.post(f"{path}/test", headers=bearer("atelier")).json()
    assert (tested["status"], tested["succeeded"]) == (200, True)
    for secret in (made["secret"], rotated["secret"]):
        assert Webhook(secret).verify(Hook.seen[0][1], Hook.seen[0][0])["type"] == "webhook.test"
    changed = own.client.patch(path, json={"disabled": True}, headers=bearer("atelier")).json()
    assert changed["disabled_because"] == "disabled by key:atelier"
    assert own.client.patch(path, json={"disabled": False}, headers=bearer("atelier")).json()["disabled"] is None
    assert own.client.delete(path, headers=bearer("atelier")).status_code == 204
    assert own.get(path).status_code == 404


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"url": "http://hooks.example/"}, "url"),
        ({"url": "https://169.254.169.254/"}, "url"),
        ({"url": "https://hooks.example/", "kinds": ["measure"]}, "kinds[0]"),
        ({"url": "https://hooks.example/", "recipient": "platform:bazaar"}, "recipient"),
        ({"url": "https://hooks.example/", "secret": "mine"}, "secret"),
        ({}, "url"),
    ],
)
def test_a_webhook_that_is_wrong_is_refused_by_its_place(api: Api, document: dict[str, Any], place: str) -> None:
    response = api.client.post("/v1/webhooks", json=document, headers=bearer("atelier"))
    assert response.status_code == 422
    assert response.json()["errors"][0]["location"] == place


def test_two_services_exchange_and_what_a_partner_claims_is_reviewed_and_never_blocked(
    own: Api, tmp_path: Path
) -> None:
    headers = bearer("ad")
    key = own.get("/v1/exchange/key").json()
    assert base64.b64decode(key["public_key"]) == FileSigner(tmp_path / "signing-key.pem").public_key()
    partner = own.client.post(
        "/v1/exchange/partners", json={"name": "self", "public_key": key["public_key"]}, headers=headers
    )
    assert partner.status_code == 201
    export = own.get("/v1/exchange/export", "ad")
    assert export.status_code == 200
    taken = own.client.post("/v1/exchange/import", json=export.json(), headers=headers)
    assert (taken.status_code, taken.json()["refused"]) == (200, [])
    broken = export.json()
    broken["document"]["complete"] = False
    refused = own.client.post("/v1/exchange/import", json=broken, headers=headers)
    assert (refused.status_code, refused.json()["errors"][0]["location"]) == (422, "signature")


def test_a_known_picture_is_looked_up_as_hasher_matcher_actioner_would(api: Api) -> None:
    index = api.app.state.wired.index.get().snapshot
    own = index.pdq.stored(0)
    slug = index.sets[int(index.owners[index.hash_rows[0]])].slug
    asked = {"signal": own.tobytes().hex(), "signal_type": "pdq"}
    assert slug in api.get("/m/lookup", params=asked).json()
    assert api.get("/m/lookup", params={**asked, "signal": "00" * 32}).json() == []
    assert api.get("/m/lookup", params={**asked, "signal_type": "md5"}).status_code == 422
    assert api.screen(NAMED, picture("a.png", REFERENCE)).json()["verdict"] == "block"
