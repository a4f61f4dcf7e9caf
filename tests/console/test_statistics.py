"""The statistics' page: it can be read in both languages, and given as a file."""

from __future__ import annotations

from tests.console.conftest import House


def test_the_page_and_the_file_are_there(house: House) -> None:
    mo = house.visitor("mo")
    page = mo.get("/console/statistics")
    assert page.status_code == 200
    assert "from a notice to its first measure" in page.text
    written = mo.get("/console/statistics.csv")
    assert written.headers["content-type"].startswith("text/csv")
    assert written.text.startswith("by,name,notices")


def test_a_rights_owner_does_not_see_it(house: House) -> None:
    assert house.visitor("owen").get("/console/statistics").status_code != 200
