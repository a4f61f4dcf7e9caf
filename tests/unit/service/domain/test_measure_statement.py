from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.measure import MeasureKind
from service.domain.measure_statement import FOUND, UPLOAD, for_each, measure_statement
from service.domain.statement import MOST_FACTS
from service.domain.wording import Wording

FACT = Wording("a picture resembles it", "一张图片与其相似")
TEXT = st.text(max_size=40)


@pytest.mark.parametrize("kind", list(MeasureKind))
@pytest.mark.parametrize("because", ["notice:ntc_1", "sweep:swp_1", "case:cas_1"])
def test_the_usual_statement_with_places_becomes_the_usual_statement_of_an_upload(
    kind: MeasureKind, because: str
) -> None:
    places = measure_statement(kind, because, UPLOAD, [], [Wording(FOUND, FOUND)])
    for facts in ([], [FACT], [FACT, Wording("two", "二")]):
        assert for_each(places, "model-7", facts) == measure_statement(kind, because, "model-7", [], facts)


def test_a_paragraph_about_what_was_found_is_left_out_where_nothing_was() -> None:
    written = Wording(f"{UPLOAD} goes.\n\nSee {FOUND}.\n\nReply.", UPLOAD)
    assert for_each(written, "m", []).en == "m goes.\n\nReply."


def test_so_many_facts_are_told_at_most() -> None:
    assert for_each(Wording(FOUND, FOUND), "m", [FACT] * 100).en.count("picture") == MOST_FACTS


@given(TEXT, st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=3))
def test_what_a_name_or_a_fact_holds_is_put_in_as_it_is(name: str, facts: list[str]) -> None:
    told = [Wording(fact, fact) for fact in facts]
    listed = "\n- ".join(facts)
    assert for_each(Wording(f"<{UPLOAD}|{FOUND}>", ""), name, told).en == f"<{name}|{listed}>"
