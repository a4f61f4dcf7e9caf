"""What a notice has to hold, by jurisdiction."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.domain.measure import MeasureKind
from service.domain.measure_statement import measure_statement
from service.domain.notice import Claim, Notifier
from service.domain.notice_elements import COUNTER_WORDS, ELEMENT_WORDS, REQUIRED, CounterElement, Element, missing
from service.domain.notice_terms import Jurisdiction
from service.domain.statement import Concerned
from service.domain.wording import Title, Wording
from tests.notices import CLAIM, notice

FULL = notice()
EMPTY = replace(FULL, notifier=Notifier("public:x", "", ""), claim=Claim(), accused=(), reference_sets=())


@pytest.mark.parametrize("law", Jurisdiction)
def test_a_whole_notice_lacks_nothing_and_an_empty_one_all(law: Jurisdiction) -> None:
    assert missing(FULL, law) == ()
    assert missing(EMPTY, law) == REQUIRED[law]


@pytest.mark.parametrize(
    ("law", "element"),
    [
        (Jurisdiction.PRC, Element.IDENTITY),
        (Jurisdiction.PRC, Element.EXPLANATION),
        (Jurisdiction.EU, Element.GOOD_FAITH),
        (Jurisdiction.EU, Element.EMAIL),
        (Jurisdiction.US, Element.UNDER_PENALTY),
        (Jurisdiction.US, Element.SIGNATURE),
    ],
)
def test_what_each_law_asks_for_is_missed(law: Jurisdiction, element: Element) -> None:
    without = {
        Element.IDENTITY: replace(FULL, notifier=replace(FULL.notifier, identity=" ")),
        Element.EMAIL: replace(FULL, notifier=replace(FULL.notifier, contact="+32 2 555")),
        Element.EXPLANATION: replace(FULL, claim=replace(CLAIM, explanation="")),
        Element.GOOD_FAITH: replace(FULL, claim=replace(CLAIM, good_faith=False)),
        Element.UNDER_PENALTY: replace(FULL, claim=replace(CLAIM, under_penalty=False)),
        Element.SIGNATURE: replace(FULL, claim=replace(CLAIM, signature="")),
    }[element]
    assert missing(without, law) == (element,)


def test_every_element_is_said_in_both_languages() -> None:
    assert set(ELEMENT_WORDS) == set(Element)
    assert set(COUNTER_WORDS) == set(CounterElement)
    assert all(item.en and item.zh for item in (*ELEMENT_WORDS.values(), *COUNTER_WORDS.values()))


@pytest.mark.parametrize("kind", MeasureKind)
@pytest.mark.parametrize("because", ["notice:ntc_1", "sweep:swp_1", "case:case_1"])
def test_a_statement_of_reasons_names_upload_character_reason_law_and_ways_out(kind: MeasureKind, because: str) -> None:
    about = Concerned(Title("Owl", "枭"), Title("", ""), "Lamp Ltd")
    made = measure_statement(kind, because, "model-1", [about], [Wording("It matches.", "相符。")])
    for text, words in (
        (made.en, ("model-1", "Owl", "It matches.", "1195", "512(c)", "appeal")),
        (made.zh, ("model-1", "枭", "相符。", "第一千一百九十五条", "申诉")),
    ):
        assert because.partition(":")[2] in text
        assert all(word in text for word in words)
