"""Statements of reasons for measures: what an uploader is told when an upload is taken down or held back.

What one has to say follows the EU's Digital Services Act (Regulation 2022/2065), Art. 17(3), as for decisions
(statement.py). A measure is taken before a person has decided about the upload itself, so it says that too, and which
notice or sweep it follows from.
"""

from __future__ import annotations

from collections.abc import Sequence

from service.domain.measure import MeasureKind
from service.domain.statement import MOST_FACTS, Concerned, concerned_titles, found_facts, ways_out
from service.domain.wording import Wording

UPLOAD, FOUND = "{upload}", "{found}"
"""Where a statement for many uploads has the name of each, and what was found about it."""


def measure_statement(
    kind: MeasureKind, because: str, upload: str, sets: Sequence[Concerned], facts: Sequence[Wording]
) -> Wording:
    """Write the statement for an upload, named as its platform names it.

    `because` is that of the measure: `notice:<id>`, `sweep:<id>` or `case:<id>`; `sets` are those that it concerns, and
    may be empty; of `facts`, the most telling first, MOST_FACTS are told.
    """
    en, zh = concerned_titles(sets)
    parts = [
        _what(kind, upload, en, zh),
        _why(because),
        *found_facts(facts[:MOST_FACTS]),
        _MEANS.get(because.partition(":")[0], _MEANS["sweep"]),
        _BASIS,
        ways_out(),
    ]
    return Wording("\n\n".join(part.en for part in parts), "\n\n".join(part.zh for part in parts))


def for_each(written: Wording, upload: str, facts: Sequence[Wording]) -> Wording:
    """Put an upload into a statement that somebody wrote for many; a line without a fact to tell is left out."""
    en = "\n- ".join(fact.en for fact in facts[:MOST_FACTS])
    zh = "\n- ".join(fact.zh for fact in facts[:MOST_FACTS])
    return Wording(_filled(written.en, upload, en), _filled(written.zh, upload, zh))


def _filled(text: str, upload: str, found: str) -> str:
    kept = text if found else "\n\n".join(part for part in text.split("\n\n") if FOUND not in part)
    # Names and facts are put in once each, whatever they hold themselves.
    parts = [piece.replace(UPLOAD, upload) for piece in kept.split(FOUND)]
    return found.join(parts)


def _what(kind: MeasureKind, upload: str, en: str, zh: str) -> Wording:
    if kind is MeasureKind.UNPUBLISH:
        return Wording(
            f"The upload “{upload}” was taken down: it is said to reproduce {en}. It may not be made public on this"
            " platform, anywhere, until this measure ends.",
            f"上传内容“{upload}”已下架：其被指再现了{zh}。在该措施终止之前，该内容不得在本平台任何地区公开。",
        )
    return Wording(
        f"The upload “{upload}” is held back: it may reproduce {en}. It is not public until a person has looked at it.",
        f"上传内容“{upload}”已暂缓公开：其可能再现了{zh}。在人工审核之前不予公开。",
    )


def _why(because: str) -> Wording:
    source, _, name = because.partition(":")
    if source == "notice":
        return Wording(
            f"Reason: the notice {name} of a rights holder, who declared that the use is not permitted.",
            f"原因：权利人发出的通知 {name}，其声明该使用未经许可。",
        )
    if source == "case":
        return Wording(f"Reason: the decision on the case {name}.", f"原因：对案件 {name} 作出的决定。")
    return Wording(
        f"Reason: the sweep {name}, in which what was uploaded before is compared with what is registered now.",
        f"原因：排查 {name}，即将此前上传的内容与现已登记的内容重新比对。",
    )


# DSA Art. 17(3)(c): whether automated means were used, and whether a notice or an own investigation led here.
_MEANS = {
    "notice": Wording(
        "The upload was named in the notice, or found by automated comparison with the registered character. The"
        " measure follows the notice; it is no finding that you infringe.",
        "该上传内容系由通知指明，或经自动化方式与已登记角色比对发现。该措施系依通知采取，并非认定您构成侵权。",
    ),
    "sweep": Wording(
        "The upload was found by automated comparison with registered characters, on the service’s own initiative.",
        "该上传内容系主动通过自动化方式与已登记角色比对发现。",
    ),
    "case": Wording(
        "The upload was compared with registered characters by automated means. The decision was made by a person.",
        "该上传内容系通过自动化方式与已登记角色比对，决定由人工作出。",
    ),
}

# DSA Art. 17(3)(d) and (e). Civil Code, Art. 1195(2), asks for necessary measures upon a notice; E-Commerce Law,
# Art. 42, likewise; 17 USC 512(c)(1)(C) makes expeditious removal the condition of the safe harbour.
_BASIS = Wording(
    "Basis: whoever reproduces a protected character, or makes it available to the public, needs a licence from its"
    " rights holder (in China: Copyright Law, Art. 10(1)(5) and (12)). A platform that learns of an alleged"
    " infringement has to take the necessary measures (in China: Civil Code, Art. 1195 to 1197; E-Commerce Law,"
    " Art. 42; in the European Union: Regulation 2022/2065, Art. 6 and 16; in the United States: 17 U.S.C. § 512(c)).",
    "依据：复制受保护的角色或向公众提供该角色，须获得权利人许可（《著作权法》第十条第一款第（五）项、第（十二）项）。"
    "平台知悉涉嫌侵权的，应当采取必要措施（《民法典》第一千一百九十五条至第一千一百九十七条，《电子商务法》第四十二条；"
    "欧盟：第 2022/2065 号条例第六条、第十六条；美国：《美国法典》第十七编第 512 条（c）款）。",
)
