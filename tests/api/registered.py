"""A rights owner's set over HTTP, for the tests of the routes of reference sets."""

from __future__ import annotations

from typing import Any

import httpx

from tests.api.conftest import Api, bearer, picture
from tests.fakes import draw, encoded

OWN = "rook-lamp"
FIELDS: dict[str, Any] = {
    "slug": OWN,
    "title": {"en": "Rook of the Lamp", "zh": "灯鸦"},
    "work": "The Lamp",
    "fame": "known",
    "aliases": [{"text": "Rook Lampwing", "language": "en", "kind": "distinctive"}],
    "rights": {"holder": "Lamp Ltd", "identity": "register no. 7", "evidence": "series bible, p. 3"},
}
ROOK = [encoded(draw(40, number)) for number in range(3)]


def register_owners(api: Api) -> None:
    for owner in ("ro", "rival"):
        answer = send(api, "POST", "/v1/rights-owners", "ad", {"name": owner.title(), "id": owner})
        assert answer.status_code == 201, answer.text


def send(api: Api, method: str, path: str, who: str = "ro", body: Any = None) -> httpx.Response:
    return api.client.request(method, path, headers=bearer(who), json=body)


def made(api: Api, who: str = "ro", **changes: Any) -> dict[str, Any]:
    response = send(api, "POST", "/v1/reference-sets", who, {**FIELDS, **changes})
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


def add(api: Api, *files: tuple[str, bytes], who: str = "ro", slug: str = OWN) -> httpx.Response:
    parts = [("images", file) for file in files]
    return api.client.post(f"/v1/reference-sets/{slug}/references", files=parts, headers=bearer(who))


def read(api: Api, slug: str = OWN, who: str = "ro") -> dict[str, Any]:
    answer: dict[str, Any] = send(api, "GET", f"/v1/reference-sets/{slug}", who).json()
    return answer


def filled(api: Api) -> list[str]:
    """Register the set with three pictures; return their ids."""
    made(api)
    response = add(api, *[(f"{number}.png", data) for number, data in enumerate(ROOK)])
    assert response.status_code == 201, response.text
    return [item["id"] for item in response.json()["references"]]


def verdict(api: Api, data: bytes = ROOK[0]) -> str:
    response = api.screen({"external_id": "m", "model": {"name": "x"}}, picture("a.png", data))
    assert response.status_code == 200, response.text
    return str(response.json()["verdict"])
