"""Running it: health, live snapshots, metrics and logs."""

from __future__ import annotations

import io
import json
import threading
import time
from contextlib import redirect_stderr
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.conftest import DAMAGED, NAMED, REFERENCE, Api, Start, picture, publish, wait_for
from tests.conftest import TinySnapshot


def _generation(api: Api) -> str | None:
    response = api.client.get("/readyz")
    return response.json()["snapshot"] if response.status_code == 200 else None


def _metrics(api: Api) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(api.client.get("/metrics").text)
    return {(item.name, frozenset(item.labels.items())): item.value for family in families for item in family.samples}


class TestLiveSnapshot:
    @pytest.fixture
    def out(self, tmp_path: Path, tiny_snapshot: TinySnapshot) -> Path:
        """Make a folder on the disk of the tiny snapshot, with nothing published yet."""
        assert tiny_snapshot.path.is_dir()
        folder = tmp_path / "snapshot"
        folder.mkdir()
        return folder

    def test_without_one_the_service_lives_and_is_not_ready_until_one_is_published(
        self, start: Start, out: Path, tiny_snapshot: TinySnapshot
    ) -> None:
        api = start(snapshot=out)
        assert api.client.get("/healthz").json() == {"status": "ok"}
        refused = api.client.get("/readyz")
        assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")
        assert int(refused.headers["retry-after"]) > 0
        publish(tiny_snapshot.path, out, 1)
        assert wait_for(lambda: _generation(api) == "000001", 10)
        assert api.screen(NAMED, picture("a.png", REFERENCE)).json()["verdict"] == "block"

    def test_a_newer_one_is_in_force_within_two_seconds(
        self, start: Start, out: Path, tiny_snapshot: TinySnapshot
    ) -> None:
        publish(tiny_snapshot.path, out, 1)
        api = start(snapshot=out, reload_seconds=1.0)
        assert _generation(api) == "000001"
        publish(tiny_snapshot.path, out, 2)
        published = time.monotonic()
        assert wait_for(lambda: api.screen(NAMED).json()["snapshot"] == "000002", 5)
        assert time.monotonic() - published < 2.0
        assert _metrics(api)["lora_screening_snapshot_generation", frozenset()] == 2

    def test_a_new_name_is_found_within_two_seconds_and_without_a_restart(
        self, start: Start, out: Path, tiny_snapshot: TinySnapshot
    ) -> None:
        publish(tiny_snapshot.path, out, 1)
        api = start(snapshot=out, reload_seconds=1.0)
        query = json.dumps({"texts": ["a Lantern Heron at dusk"]}).encode()

        def found() -> bool:
            return bool(api.texts(query).json()["results"][0]["hits"])

        assert not found()
        publish(tiny_snapshot.path, out, 2, alias="Lantern Heron")
        published = time.monotonic()
        assert wait_for(found, 5)
        assert time.monotonic() - published < 2.0
        named = {"external_id": "m", "model": {"name": "LanternHeron v2"}}
        assert api.screen(named).json()["verdict"] == "review"

    def test_a_damaged_newer_one_leaves_the_old_one_in_force(
        self, start: Start, out: Path, tiny_snapshot: TinySnapshot
    ) -> None:
        publish(tiny_snapshot.path, out, 1)
        told = io.StringIO()
        with redirect_stderr(told):
            api = start(snapshot=out)
            publish(tiny_snapshot.path, out, 2, damaged=True)
            assert wait_for(lambda: "snapshot_refused" in told.getvalue(), 10)
        assert "vectors.faiss" in told.getvalue()
        assert wait_for(lambda: _metrics(api)["lora_screening_snapshots_refused_total", frozenset()] == 1, 5)
        assert _generation(api) == "000001"
        assert api.screen(NAMED, picture("a.png", REFERENCE)).json()["snapshot"] == "000001"
        publish(tiny_snapshot.path, out, 3)
        assert wait_for(lambda: _generation(api) == "000003", 10)

    def test_a_snapshot_of_another_model_than_the_one_insisted_on_is_refused(
        self, start: Start, tiny_snapshot: TinySnapshot
    ) -> None:
        api = start(snapshot=tiny_snapshot.out, expected_model="ViT-B-32")
        assert _generation(api) is None

    def test_thirty_swaps_under_load_drop_no_request(
        self, start: Start, out: Path, tiny_snapshot: TinySnapshot
    ) -> None:
        publish(tiny_snapshot.path, out, 1)
        api = start(snapshot=out, reload_seconds=0.01)
        stop = threading.Event()
        answers: dict[str, list[tuple[int, str, str]]] = {"block": [], "allow": []}

        def ask(verdict: str) -> None:
            parts = [picture("a.png", REFERENCE)] if verdict == "block" else []
            while not stop.is_set():
                response = api.screen(NAMED, *parts)
                content = response.json()
                answers[verdict].append((response.status_code, content.get("verdict"), content.get("snapshot")))

        askers = [threading.Thread(target=ask, args=(verdict,)) for verdict in answers]
        for asker in askers:
            asker.start()
        threads = []
        for number in range(2, 32):
            publish(tiny_snapshot.path, out, number)
            assert wait_for(lambda wanted=f"{number:06}": _generation(api) == wanted, 10)
            threads.append(_own_threads())
        stop.set()
        for asker in askers:
            asker.join()
        for verdict, mine in answers.items():
            assert {answer[:2] for answer in mine} == {(200, verdict)}
            generations = [answer[2] for answer in mine]
            assert generations == sorted(generations)
        assert len({answer[2] for mine in answers.values() for answer in mine}) > 5
        assert max(threads[20:]) <= max(threads[:10]) + 2


class TestMetrics:
    def test_screenings_are_counted_by_verdict(self, api: Api) -> None:
        blocked = ("lora_screening_verdicts_total", frozenset({("verdict", "block"), ("shadow", "false")}))
        left_out = ("lora_screening_not_screened_total", frozenset())
        before = _metrics(api)
        api.screen(NAMED, picture("a.png", REFERENCE), picture("b.png", DAMAGED))
        after = _metrics(api)
        assert after[blocked] == before.get(blocked, 0) + 1
        assert after[left_out] == before.get(left_out, 0) + 1

    def test_requests_are_counted_by_route_and_status_and_never_by_id(self, api: Api) -> None:
        for number in range(3):
            api.get(f"/v1/screenings/scr_{number}")
        labels = {("method", "GET"), ("route", "/v1/screenings/{screening_id}"), ("status", "404")}
        assert _metrics(api)["lora_screening_request_seconds_count", frozenset(labels)] >= 3
        assert "scr_1" not in api.client.get("/metrics").text

    def test_two_applications_count_apart(self, start: Start) -> None:
        first, second = start(), start()
        first.get("/v1/screenings/scr_1")
        labels = {("method", "GET"), ("route", "/v1/screenings/{screening_id}"), ("status", "404")}
        assert ("lora_screening_request_seconds_count", frozenset(labels)) not in _metrics(second)


def test_logs_tell_the_outcome_and_nothing_of_what_was_uploaded(start: Start, tiny_snapshot: TinySnapshot) -> None:
    told = io.StringIO()
    with redirect_stderr(told):
        api = start(snapshot=tiny_snapshot.out)
        document = {
            "external_id": "external-secret",
            "uploader": {"id": "uploader-secret"},
            "model": {"name": "Amber Owl name-secret", "description": "description-secret"},
            "images": [{"file": "file-secret.png", "prompt": "prompt-secret"}],
        }
        given = api.screen(
            document,
            picture("file-secret.png", REFERENCE),
            picture("damaged-secret.png", DAMAGED),
            ("lora_file", ("lora-secret.safetensors", b"x")),
            ("part-secret", ("a", b"x")),
            headers={"X-Request-Id": "req-1", "Idempotency-Key": "key-secret"},
        ).json()
        api.screen({"external_id": "m"}, picture("refused-secret.png", b"x"))
        api.screen({"external_id": "m", "stage": "stage-secret"})
        api.texts(b'{"texts": ["Amber Owl text-secret"]}')
        api.get("/v1/screenings", params={"external_id": "query-secret"})
    lines = [json.loads(line) for line in told.getvalue().splitlines()]
    screened = next(line for line in lines if line["event"] == "screened")
    assert (screened["request_id"], screened["verdict"]) == ("req-1", "block")
    assert screened["screening_id"] == given["screening_id"]
    assert [line["status"] for line in lines if line["event"] == "request"] == [200, 415, 422, 200, 200]
    for secret in ("secret", "Amber", "amber", "key-of-atelier"):
        assert secret not in told.getvalue()


def _own_threads() -> int:
    """Count threads, but for those that the web framework keeps for requests."""
    return sum(not thread.name.startswith(("AnyIO", "asyncio")) for thread in threading.enumerate())
