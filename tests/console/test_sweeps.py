"""Sweeps in the console: proposed, followed, and acted upon."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

import pytest

from service.domain.identity import Caller, Role
from service.domain.measure import MeasureKind, Standing
from tests.conftest import RecordIn, TinySnapshot
from tests.console import notice_bench as bench
from tests.console.conftest import House
from tests.console.notice_bench import REFERENCE, SET

MO = Caller("mo", Role.MODERATOR, via="user")
NAMES = ("rook-1", "rook-2", "<b>rook-3</b>")


@pytest.fixture(scope="module")
def house(
    tiny_snapshot: TinySnapshot, tmp_path_factory: pytest.TempPathFactory, record_in: RecordIn
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("sweeps")
    with bench.started(folder, tiny_snapshot.out, record_in(folder)) as house:
        for name in NAMES:
            bench.screen(house, name, f"Evening of {name}", REFERENCE)
        bench.in_force(house)
        yield house


@pytest.fixture
def sweep_id(house: House) -> str:
    """Sweep for the set, and wait."""
    found = house.wired.sweeps.start([SET], MO).id
    bench.swept(house, found)
    return found


def values(page: str) -> list[str]:
    return [text.replace("&#34;", '"') for text in re.findall(r'name="uploads" value="([^"]+)"', page)]


def free(house: House) -> None:
    taken = [item.id for name in NAMES for item in house.wired.measures.find(upload=("atelier", name))]
    house.wired.measures.end(taken, house.wired.clock.now(), MO.actor, "for the next test")


def test_a_set_that_was_never_swept_for_is_proposed_and_swept_with_one_click(house: House) -> None:
    visitor = house.visitor("mo")
    page = visitor.get("/console/sweeps").text
    assert "Lamp Rook" in page
    assert "never swept for" in page
    answer = visitor.post("/console/sweeps", {"sets": SET})
    sweep_id = str(answer.url).rpartition("/")[2]
    bench.swept(house, sweep_id)
    assert "never swept for" not in visitor.get("/console/sweeps").text
    assert f"/console/sweeps/{sweep_id}" in visitor.get("/console/sweeps").text


def test_a_sweep_that_runs_asks_for_itself_again_and_one_that_is_over_does_not(house: House, sweep_id: str) -> None:
    page = house.visitor("mo").get(f"/console/sweeps/{sweep_id}").text
    assert "every 2s" not in page
    assert "<progress" not in page
    assert house.wired.sweeps.find(sweep_id).state == "finished"


def test_no_set_is_no_sweep(house: House) -> None:
    visitor = house.visitor("mo")
    visitor.get("/console/sweeps")
    assert "Choose one set" in visitor.post("/console/sweeps").text
    assert visitor.post("/console/sweeps", {"sets": "no-such-set"}).status_code == 422


def test_hits_are_shown_by_what_they_ask_for_with_pictures_and_evidence(house: House, sweep_id: str) -> None:
    visitor = house.visitor("mo")
    page = visitor.get(f"/console/sweeps/{sweep_id}").text
    assert page.count('class="sheet">') >= len(NAMES)
    assert "Evening of rook-1" in page
    assert "&lt;b&gt;rook-3" in page
    assert "<b>rook" not in page
    picture = re.search(r'<img src="(/console/screenings/[^"]+)"', page)
    assert picture is not None
    assert visitor.get(picture[1]).headers["content-type"].startswith("image/")
    assert "No upload in this group" in visitor.get(f"/console/sweeps/{sweep_id}?asks_for=allow").text
    assert visitor.get(f"/console/sweeps/{sweep_id}?asks_for=x&cursor=y").status_code == 200


@pytest.mark.parametrize("kind", list(MeasureKind))
def test_all_hits_are_taken_down_or_held_back_at_once(house: House, sweep_id: str, kind: MeasureKind) -> None:
    free(house)
    visitor = house.visitor("mo")
    visitor.get(f"/console/sweeps/{sweep_id}")
    done = visitor.post(f"/console/sweeps/{sweep_id}/measures", {"scope": "all", "kind": kind.value})
    assert "Measures taken: 3." in done.text
    wanted = Standing.UNPUBLISHED if kind is MeasureKind.UNPUBLISH else Standing.HELD
    assert set(house.wired.measures.standing([("atelier", name) for name in NAMES]).values()) == {wanted}


def test_only_the_chosen_are_taken_down(house: House, sweep_id: str) -> None:
    free(house)
    visitor = house.visitor("mo")
    chosen = [item for item in values(visitor.get(f"/console/sweeps/{sweep_id}").text) if "rook-2" in item]
    fields = {"scope": "chosen", "kind": "unpublish", "uploads": chosen}
    assert "Measures taken: 1." in visitor.post(f"/console/sweeps/{sweep_id}/measures", fields).text
    standing = house.wired.measures.standing([("atelier", name) for name in NAMES])
    assert [name for name in NAMES if standing["atelier", name] is Standing.UNPUBLISHED] == ["rook-2"]


@pytest.mark.parametrize("uploads", [[], ["x"], ['["atelier","model-9"]']])
def test_none_chosen_or_a_stranger_is_told_and_nothing_is_taken(
    house: House, sweep_id: str, uploads: list[str]
) -> None:
    free(house)
    visitor = house.visitor("mo")
    visitor.get(f"/console/sweeps/{sweep_id}")
    fields = {"scope": "chosen", "kind": "hold", "uploads": uploads}
    answer = visitor.post(f"/console/sweeps/{sweep_id}/measures", fields)
    assert (answer.status_code, 'id="uploads-fault"' in answer.text) == (422, True)
    assert not [
        name for name in NAMES for item in house.wired.measures.find(upload=("atelier", name)) if not item.ended
    ]


def test_a_sweep_that_is_over_cannot_be_stopped_and_gives_its_evidence(house: House, sweep_id: str) -> None:
    visitor = house.visitor("mo")
    visitor.get(f"/console/sweeps/{sweep_id}")
    assert visitor.post(f"/console/sweeps/{sweep_id}/cancel").status_code == 409
    pack = visitor.post(f"/console/sweeps/{sweep_id}/evidence-pack")
    assert "manifest.json" in zipfile.ZipFile(io.BytesIO(pack.content)).namelist()


def test_what_is_not_there_is_told(house: House) -> None:
    visitor = house.visitor("mo")
    assert visitor.get("/console/sweeps/swp_none").status_code == 404
    answer = visitor.get("/console/screenings/scr_none/thumbnail")
    assert answer.headers["content-type"] == "image/svg+xml"
