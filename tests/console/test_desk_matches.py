"""What the desk tells of uploads: to owners no more than a notice needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from indexer.model import Alias, AliasKind
from service.adapters.sql.case_queue import SqlCaseQueue
from service.adapters.sql.screening_history import SqlScreeningHistory
from service.adapters.sql.sets import SqlSetDirectory
from service.adapters.sql.traffic import SqlSetTraffic
from service.domain.case import REASONS, DecisionKind
from service.domain.identity import Caller, Role
from service.ports import QueueFilter
from service.usecases.desk import Desk
from tests.conftest import RecordIn, TinySnapshot
from tests.console.desk_bench import ADMIN, OWN, OWNERS, PICTURES, Bench, screened, started
from tests.fakes import FixedClock, draw, encoded

EMBEDDED = "data:image/webp;base64,"
ALIKE, STRANGER = encoded(draw(40, 12)), encoded(draw(70, 3))


@pytest.fixture(scope="module")
def bench(
    tiny_snapshot: TinySnapshot, tmp_path_factory: pytest.TempPathFactory, record_in: RecordIn
) -> Iterator[Bench]:
    """Start an application with an active set; its tests look at the newest upload alone."""
    folder = tmp_path_factory.mktemp("matches")
    with started(folder, tiny_snapshot.out, record_in(folder)) as bench:
        bench.made_set(pictures=4)
        name = Alias("Rook Lampwing", "en", AliasKind.DISTINCTIVE)
        bench.wired.registration.put_aliases(ADMIN, OWN, [name])
        bench.wired.registration.activate(ADMIN, OWN)
        bench.wired.index.refresh()
        yield bench


def newest(bench: Bench, who: str) -> str:
    """Return the first line of the table of matches."""
    return bench.browser(who).get(f"/desk/sets/{OWN}/matches").text.split("<tbody>")[1].split("</tr>")[0]


def test_a_blocked_upload_is_shown_to_the_owner_with_the_pictures_that_matched(bench: Bench) -> None:
    assert screened(bench, "m-1", PICTURES[0]) == "block"
    told = newest(bench, "olive")
    assert "atelier" in told
    assert "blocked" in told
    assert told.count(EMBEDDED) == 1


def test_neither_the_uploader_nor_the_upload_is_named_to_the_owner(bench: Bench) -> None:
    screened(bench, "m-secret", PICTURES[0])
    page = bench.browser("olive").get(f"/desk/sets/{OWN}/matches").text
    assert "secret" not in page
    assert "scr_" not in page
    assert bench.browser("rival").get(f"/desk/sets/{OWN}/matches").status_code == 404


def test_the_desk_counts_the_matches_of_the_last_days(bench: Bench) -> None:
    screened(bench, "m-1", PICTURES[0])
    assert re.search(rf'href="/console/desk/sets/{OWN}/matches">[1-9]\d*</a>', bench.browser("olive").get("/desk").text)


def test_pictures_of_an_upload_under_review_are_not_shown_to_the_owner(bench: Bench) -> None:
    assert screened(bench, "m-1", ALIKE) == "review"
    told = newest(bench, "olive")
    assert "Likeness" in told
    assert "unrelated pictures would" in told
    assert EMBEDDED not in told
    assert EMBEDDED in newest(bench, "ada")


@pytest.mark.parametrize(("decision", "shown"), [(DecisionKind.UPHOLD, True), (DecisionKind.DISMISS, False)])
def test_what_a_person_concluded_stands_above_the_verdict_once_it_is_final(
    bench: Bench, decision: DecisionKind, *, shown: bool
) -> None:
    assert screened(bench, "m-1", ALIKE) == "review"
    case = bench.wired.review.page(QueueFilter(), order="newest").cases[0]
    bench.wired.review.decide(case.id, Caller("mo", Role.MODERATOR), decision, REASONS[decision][0])
    olive = Caller("olive", Role.RIGHTS_OWNER, OWNERS["olive"], via="user")
    for minutes, final in ((0, False), (2, True)):
        match = desk_after(bench, timedelta(minutes=minutes)).matches(olive, OWN, thumbnails=True)[0]
        assert match.decision == (decision if final else None)
        assert bool(match.thumbnails) == (shown and final)


def test_a_name_has_no_rate(bench: Bench) -> None:
    assert screened(bench, "m-1", STRANGER, model={"name": "Rook Lampwing"}) == "review"
    told = newest(bench, "olive")
    assert "Name in the upload" in told
    assert "unrelated pictures" not in told


def test_a_trial_run_gives_owners_figures_and_admins_pictures_too(bench: Bench) -> None:
    screened(bench, "m-1", PICTURES[0])
    page = bench.browser("olive").post(f"/desk/sets/{OWN}/trial").text
    assert len(re.findall(r"<strong>[1-9]\d* of [1-9]\d*</strong>", page)) == 1, "of the control set none"
    assert "does not reach beyond its character" in page
    assert EMBEDDED not in page
    assert EMBEDDED in bench.browser("ada").post(f"/desk/sets/{OWN}/trial").text


def desk_after(bench: Bench, wait: timedelta) -> Desk:
    """Return the desk as it is later."""
    engine = bench.wired.database
    return Desk(
        SqlSetDirectory(engine),
        SqlScreeningHistory(engine),
        SqlCaseQueue(engine),
        SqlSetTraffic(engine),
        bench.wired.blobs,
        clock=FixedClock(bench.wired.clock.now() + wait),
    )
