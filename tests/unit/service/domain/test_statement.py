"""Statements of reasons: they say what the law asks for, in both languages."""

from __future__ import annotations

import pytest

from service.domain.case import REASONS, DecisionKind, ReasonCode
from service.domain.statement import MOST_FACTS, REASON_WORDS, Concerned, statement
from service.domain.wording import Title, Wording

OWL = Concerned(Title("Amber Owl", "琥珀枭"), Title("The Tale", "传说"), "Amber Ltd")
FACTS = [Wording(f"fact {number}", f"事实{number}") for number in range(MOST_FACTS + 2)]
UPHOLD = (DecisionKind.UPHOLD, ReasonCode.SHOWS_CHARACTER)


def test_every_reason_has_words() -> None:
    assert set(REASON_WORDS) == set(ReasonCode)


def test_it_names_the_upload_the_set_its_work_and_whose_it_is() -> None:
    made = statement(*UPHOLD, "m-1", [OWL], FACTS)
    assert "“m-1”" in made.en
    assert "“Amber Owl” of “The Tale” (rights holder: Amber Ltd)" in made.en
    assert "“m-1”" in made.zh
    assert "《传说》中的“琥珀枭”（权利人：Amber Ltd）" in made.zh


@pytest.mark.parametrize(
    ("en", "zh"),
    [
        ("may not be made public", "不得在本平台任何地区公开"),
        ("fact 0", "事实0"),
        ("by automated means", "自动化方式"),
        ("made by a person", "由人工作出"),
        ("Copyright Law, Art. 10", "《著作权法》第十条"),
        ("Civil Code, Art. 1195", "《民法典》第一千一百九十五条"),
        ("another person will decide", "另一名人员重新决定"),
        ("Civil Code, Art. 1196", "第一千一百九十六条"),
        ("out-of-court dispute settlement", "庭外争议解决"),
        ("go to court", "提起诉讼"),
    ],
)
def test_upholding_says_what_is_restricted_why_by_what_means_and_what_can_be_done(en: str, zh: str) -> None:
    made = statement(*UPHOLD, "m-1", [OWL], FACTS)
    assert en in made.en
    assert zh in made.zh


def test_it_tells_the_most_telling_facts_and_no_more() -> None:
    made = statement(*UPHOLD, "m-1", [OWL], FACTS)
    assert made.en.count("- fact") == MOST_FACTS
    assert "What was found" not in statement(*UPHOLD, "m-1", [OWL], []).en


def test_dismissing_restricts_nothing_and_accuses_of_nothing() -> None:
    made = statement(DecisionKind.DISMISS, ReasonCode.SHARED_STYLE, "m-1", [OWL], FACTS)
    assert "not restricted" in made.en
    assert "不受限制" in made.zh
    assert "fact 0" not in made.en


@pytest.mark.parametrize("kind", DecisionKind)
def test_there_is_one_for_every_decision_and_reason(kind: DecisionKind) -> None:
    for reason in REASONS[kind]:
        for sets in ([], [OWL], [OWL, Concerned(Title("Fox", "狐"), Title("", ""), "")]):
            made = statement(kind, reason, "m-1", sets, FACTS)
            assert REASON_WORDS[reason].en in made.en
            assert REASON_WORDS[reason].zh in made.zh
            assert "{" not in made.en + made.zh
