"""Statements of reasons: what an uploader is told about a decision, in English and Chinese.

What one has to say follows the EU's Digital Services Act (Regulation 2022/2065), Art. 17(3): what is restricted, where
and for how long; the facts; whether automated means were used to find it or to decide; the legal ground, and why it
applies; and what can be done against it. The ways out add those of China's Civil Code, Art. 1196.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.domain.case import DecisionKind, ReasonCode
from service.domain.wording import Title, Wording

MOST_FACTS = 8

REASON_WORDS: Mapping[ReasonCode, Wording] = {
    ReasonCode.SHOWS_CHARACTER: Wording("its pictures show the character", "其图片展示了该角色"),
    ReasonCode.COPIED_PICTURES: Wording("it holds copies of registered pictures", "其中含有已登记图片的副本"),
    ReasonCode.NAMED_CHARACTER: Wording(
        "it is named after the character, and offered as the character", "其以该角色命名，并作为该角色提供"
    ),
    ReasonCode.BLOCKED_BEFORE: Wording("it was blocked before", "其此前已被拦截"),
    ReasonCode.OTHER_CHARACTER: Wording("it shows another character", "其展示的是另一角色"),
    ReasonCode.SHARED_STYLE: Wording(
        "it shares a style with the character, and no more: styles are free", "其仅与该角色画风相近，而画风不受保护"
    ),
    ReasonCode.GENERIC_NAME: Wording("it uses a name that is nobody’s", "其使用的名称属于通用名称"),
    ReasonCode.LICENSED: Wording("it is covered by a licence", "其已获权利人许可"),
    ReasonCode.NOT_PROTECTED: Wording("what it shows is not protected", "其展示的内容不受保护"),
    ReasonCode.LAWFUL_USE: Wording("the law allows this use", "该使用属于法律允许的范围"),
    ReasonCode.UNCLEAR_RIGHTS: Wording("whose the rights are is not clear yet", "权利归属尚不明确"),
    ReasonCode.LEGAL_QUESTION: Wording("it raises a question of law", "其涉及法律问题"),
    ReasonCode.CANNOT_TELL: Wording("it cannot be told yet", "目前尚无法判断"),
}


@dataclass(frozen=True, slots=True)
class Concerned:
    """A reference set that a decision speaks of; `work` and `holder` are empty where they are not known."""

    title: Title
    work: Title
    holder: str


def statement(
    kind: DecisionKind, reason: ReasonCode, upload: str, sets: Sequence[Concerned], facts: Sequence[Wording]
) -> Wording:
    """Write the statement for an upload, named as its platform names it; a person may change every word of it.

    `facts` are what was found, the most telling first; MOST_FACTS of them are told.
    """
    why = REASON_WORDS[reason]
    en, zh = concerned_titles(sets)
    found = facts[:MOST_FACTS]
    parts: list[Wording] = []
    if kind is DecisionKind.UPHOLD:
        parts = [
            Wording(
                f"The upload “{upload}” was looked at by a person, who found that it reproduces {en}: {why.en}. It may"
                " not be made public on this platform, anywhere, unless a licence is shown or the decision is changed.",
                f"上传内容“{upload}”已由人工审核，认定其再现了{zh}：{why.zh}。"
                "除非出示许可或该决定被变更，该内容不得在本平台任何地区公开。",
            ),
            *found_facts(found),
            _MEANS,
            _BASIS,
            ways_out(),
        ]
    elif kind is DecisionKind.DISMISS:
        parts = [
            Wording(
                f"The upload “{upload}” was looked at by a person, who found nothing that stands against it"
                f"{' regarding ' + en if sets else ''}: {why.en}. It is not restricted.",
                f"上传内容“{upload}”已由人工审核，{'就' + zh + '而言，' if sets else ''}未发现应予限制之处：{why.zh}。"
                "该内容不受限制。",
            ),
            _MEANS,
        ]
    else:
        parts = [
            Wording(
                f"The upload “{upload}” is being looked at further: {why.en}. It stays held back until then.",
                f"上传内容“{upload}”正在进一步审核：{why.zh}。在此之前暂不公开。",
            )
        ]
    return Wording("\n\n".join(part.en for part in parts), "\n\n".join(part.zh for part in parts))


# DSA Art. 17(3)(c).
_MEANS = Wording(
    "The upload was compared with registered characters by automated means. The decision was made by a person.",
    "该上传内容系通过自动化方式与已登记角色比对，决定由人工作出。",
)

# DSA Art. 17(3)(d). The rights are those of China's Copyright Law, Art. 10(1)(5) and (12), as its courts applied them
# to character LoRAs; the platform's duty follows from the Civil Code, Art. 1195 and 1197.
_BASIS = Wording(
    "Basis: whoever reproduces a protected character, or makes it available to the public, needs a licence from its"
    " rights holder (in China: Copyright Law, Art. 10(1)(5) and (12)). A platform that knows of an infringement has to"
    " end it (Civil Code, Art. 1195 and 1197).",
    "依据：复制受保护的角色或向公众提供该角色，须获得权利人许可（《著作权法》第十条第一款第（五）项、第（十二）项）。"
    "平台知道侵权的，应当采取必要措施（《民法典》第一千一百九十五条、第一千一百九十七条）。",
)

# DSA Art. 17(3)(f) with Art. 20 and 21; Civil Code, Art. 1196.
_WAYS = Wording(
    "What you can do: appeal through the platform, free of charge, and another person will decide; show a licence of"
    " the rights holder; send the platform a declaration that you do not infringe, with preliminary evidence and your"
    " true identity, which it has to pass on to the rights holder (in China: Civil Code, Art. 1196); in the European"
    " Union, turn to a certified body for out-of-court dispute settlement; or go to court.",
    "您可以：通过平台免费申诉，将由另一名人员重新决定；出示权利人的许可；"
    "向平台提交不存在侵权行为的声明，附初步证据及您的真实身份信息，平台应将其转送权利人（《民法典》第一千一百九十六条）；"
    "在欧盟，可向经认证的庭外争议解决机构提出申请；或向法院提起诉讼。",
)


def ways_out() -> Wording:
    """Say what the uploader can do."""
    return _WAYS


def found_facts(facts: Sequence[Wording]) -> list[Wording]:
    """List what was found, as one paragraph; none where nothing was."""
    if not facts:
        return []
    en = "\n".join(f"- {fact.en}" for fact in facts)
    zh = "\n".join(f"- {fact.zh}" for fact in facts)
    return [Wording(f"What was found:\n{en}", f"所发现的内容：\n{zh}")]


def concerned_titles(sets: Sequence[Concerned]) -> tuple[str, str]:
    """Name the sets, each with its work and whose it is; a decision may speak of none."""
    if not sets:
        return "a protected character", "受保护的角色"
    en = [
        f"“{item.title.en}”"
        + (f" of “{item.work.en}”" if item.work.en else "")
        + (f" (rights holder: {item.holder})" if item.holder else "")
        for item in sets
    ]
    zh = [
        (f"《{item.work.zh}》中的" if item.work.zh else "")
        + f"“{item.title.zh}”"
        + (f"（权利人：{item.holder}）" if item.holder else "")
        for item in sets
    ]
    return ", ".join(en), "、".join(zh)
