"""The record decides what is matched: at once, without a restart, and without silencing what it does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.index import snapshot as snapshots
from service.domain.registration import SetState
from tests.api.conftest import REFERENCE, Api, Start, bearer, picture, wait_for
from tests.conftest import TinySnapshot
from tests.fakes import draw, encoded

OWN = "rook-lamp"
ROOK = [encoded(draw(40, number)) for number in range(3)]
IN_FORCE_SECONDS = 2.0


def _found(api: Api, data: bytes) -> set[str]:
    """Return the sets of which a picture is an exact copy."""
    answer = api.screen({"external_id": "m"}, picture("a.png", data)).json()
    return {item["reference_set"] for item in answer["evidence"] if item["kind"] == "exact_copy"}


def _send(api: Api, method: str, path: str, body: object = None) -> None:
    response = api.client.request(method, path, headers=bearer("ad"), json=body)
    assert response.is_success, response.text


def _register(api: Api, slug: str = OWN) -> None:
    rights = {"holder": "Lamp Ltd", "identity": "register no. 7", "evidence": "series bible"}
    _send(api, "POST", "/v1/reference-sets", {"slug": slug, "title": {"en": "Rook"}, "rights": rights})


def _add(api: Api, data: bytes, slug: str = OWN) -> str:
    path = f"/v1/reference-sets/{slug}/references"
    response = api.client.post(path, files=[("images", ("a.png", data))], headers=bearer("ad"))
    assert response.status_code == 201, response.text
    return str(response.json()["references"][0]["id"])


@pytest.fixture
def own(start: Start, tiny_snapshot: TinySnapshot) -> Api:
    """Start an application on the folder's generation; nothing is rebuilt."""
    return start(snapshot=tiny_snapshot.out, rebuild=False)


def test_an_active_set_is_matched_within_two_seconds_and_a_removed_picture_no_more(own: Api) -> None:
    _register(own)
    for data in ROOK:
        _add(own, data)
    assert _found(own, ROOK[0]) == set()
    _send(own, "POST", f"/v1/reference-sets/{OWN}/activate")
    assert wait_for(lambda: _found(own, ROOK[0]) == {OWN}, IN_FORCE_SECONDS)
    late = encoded(draw(40, 9))
    added = _add(own, late)
    assert wait_for(lambda: _found(own, late) == {OWN}, IN_FORCE_SECONDS)
    _send(own, "DELETE", f"/v1/reference-sets/{OWN}/references/{added}")
    assert wait_for(lambda: _found(own, late) == set(), IN_FORCE_SECONDS)
    _send(own, "POST", f"/v1/reference-sets/{OWN}/suspend")
    assert wait_for(lambda: _found(own, ROOK[0]) == set(), IN_FORCE_SECONDS)


def test_an_alias_is_live_within_two_seconds(own: Api) -> None:
    _register(own)
    _add(own, ROOK[0])
    _send(own, "POST", f"/v1/reference-sets/{OWN}/activate")
    named = [{"text": "Rook Lampwing", "language": "en", "kind": "distinctive"}]
    _send(own, "PUT", f"/v1/reference-sets/{OWN}/aliases", {"aliases": named})

    def hits() -> int:
        return len(own.texts(b'{"texts": ["a picture of rook lampwing"]}').json()["results"][0]["hits"])

    assert wait_for(lambda: hits() == 1, IN_FORCE_SECONDS)


def test_a_licence_holds_within_two_seconds(own: Api) -> None:
    _register(own)
    for data in ROOK:
        _add(own, data)
    _send(own, "POST", f"/v1/reference-sets/{OWN}/activate")
    assert wait_for(lambda: _found(own, ROOK[0]) == {OWN}, IN_FORCE_SECONDS)
    _send(own, "POST", f"/v1/reference-sets/{OWN}/licences", {"platform": "atelier"})

    def licence() -> str | None:
        answer = own.screen({"external_id": "m"}, picture("a.png", ROOK[0])).json()
        given: str | None = answer["licence"]
        return given

    assert wait_for(lambda: licence() == f"{OWN}/licence-1", IN_FORCE_SECONDS)


@pytest.mark.parametrize("state", list(SetState))
def test_registering_one_set_silences_no_other(own: Api, state: SetState) -> None:
    """A set of the folder goes out of force only when the record has a set of its name that was active once."""
    _register(own)
    assert _found(own, REFERENCE) == {"amber-owl"}
    _register(own, "amber-owl")
    _add(own, ROOK[0], "amber-owl")
    if state is not SetState.DRAFT:
        _send(own, "POST", "/v1/reference-sets/amber-owl/activate")
    if state in (SetState.SUSPENDED, SetState.WITHDRAWN):
        step = "suspend" if state is SetState.SUSPENDED else "withdraw"
        _send(own, "POST", f"/v1/reference-sets/amber-owl/{step}", {"reason": "a test"} if step == "withdraw" else None)
    wanted = {"amber-owl"} if state is SetState.DRAFT else set()
    assert wait_for(lambda: _found(own, REFERENCE) == wanted, IN_FORCE_SECONDS)


def test_readiness_is_proved_also_when_the_canary_is_in_force_no_more(own: Api) -> None:
    _register(own, "amber-owl")
    _add(own, ROOK[0], "amber-owl")
    _send(own, "POST", "/v1/reference-sets/amber-owl/activate")
    assert wait_for(lambda: _found(own, REFERENCE) == set(), IN_FORCE_SECONDS)
    ready = own.client.get("/readyz")
    assert ready.status_code == 200
    assert "+" in ready.json()["snapshot"]


def test_the_first_generation_is_built_from_the_record_and_the_next_when_sets_changed(
    start: Start, tmp_path: Path
) -> None:
    api = start(rebuild_quiet_seconds=0.1, rebuild_seconds=1.0)
    assert api.client.get("/readyz").status_code == 503
    _register(api)
    for data in ROOK:
        _add(api, data)
    _send(api, "POST", f"/v1/reference-sets/{OWN}/activate")
    assert wait_for(lambda: api.client.get("/readyz").status_code == 200, 60)
    assert _found(api, ROOK[0]) == {OWN}
    late = encoded(draw(40, 9))
    _add(api, late)
    assert wait_for(lambda: _found(api, late) == {OWN}, IN_FORCE_SECONDS)
    folder = tmp_path / "snapshot"
    assert wait_for(lambda: len(snapshots.generations(folder)) == 2, 60)
    assert len(snapshots.load(folder).references) == 4
    assert wait_for(lambda: api.client.get("/readyz").json()["snapshot"] == "000002", 10)
    assert _found(api, late) == {OWN}
