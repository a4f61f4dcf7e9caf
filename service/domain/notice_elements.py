"""What a notice or a counter-notice has to hold, by jurisdiction, and what one lacks.

Sources. China: Civil Code, Art. 1195(1) and 1196(1) (preliminary evidence, true identity); Regulation on the Protection
of the Right of Communication through Information Networks, Art. 14 and 16 (name, contact, address; title and place of
the work; preliminary proof; responsibility for its truth, Art. 24). European Union: Regulation 2022/2065, Art. 16(2)
and 20. United States: 17 USC 512(c)(3)(A) and 512(g)(3).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from service.domain.notice import CounterNotice, Notice
from service.domain.notice_terms import Jurisdiction
from service.domain.wording import Wording

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Element(StrEnum):
    """Something that a notice has to hold; the value is the place of the field."""

    NAME = "notifier.name"
    CONTACT = "notifier.contact"
    EMAIL = "notifier.email"
    ADDRESS = "notifier.address"
    IDENTITY = "notifier.identity"
    WORK = "work"
    RIGHTS_EVIDENCE = "rights_evidence"
    EXPLANATION = "explanation"
    ACCUSED = "accused"
    GOOD_FAITH = "good_faith"
    ACCURATE = "accurate"
    UNDER_PENALTY = "under_penalty"
    SIGNATURE = "signature"


ELEMENT_WORDS: Mapping[Element, Wording] = {
    Element.NAME: Wording("your name, or that of the rights holder", "您或权利人的姓名（名称）"),
    Element.CONTACT: Wording("how you can be reached: telephone or e-mail", "联系方式：电话或电子邮箱"),
    Element.EMAIL: Wording("an e-mail address in the contact", "联系方式中的电子邮箱"),
    Element.ADDRESS: Wording("your address", "您的通信地址"),
    Element.IDENTITY: Wording(
        "proof of who you are: a register number, or an attached copy of a document",
        "真实身份信息：登记号，或所附身份证明文件的副本",
    ),
    Element.WORK: Wording("the work or character whose rights are infringed", "被侵权的作品或角色"),
    Element.RIGHTS_EVIDENCE: Wording(
        "what proves the right in it: a registration, a publication, a contract",
        "权属证明：著作权登记、发表情况或合同",
    ),
    Element.EXPLANATION: Wording(
        "why the uploads infringe, with preliminary evidence", "侵权的理由，并附构成侵权的初步证据"
    ),
    Element.ACCUSED: Wording("which uploads: their id or address", "被投诉内容的编号或网络地址"),
    Element.GOOD_FAITH: Wording(
        "the statement that you believe in good faith that the use is not permitted", "善意相信该使用未经许可的声明"
    ),
    Element.ACCURATE: Wording(
        "the statement that the notice is true and complete, and that you answer for it",
        "对通知内容真实、完整并承担责任的声明",
    ),
    Element.UNDER_PENALTY: Wording(
        "the statement, under penalty of perjury, that you may act for the rights holder",
        "声明您有权代表权利人行事，如有虚假愿承担伪证责任",
    ),
    Element.SIGNATURE: Wording("your signature: type your full name", "签名：请输入您的全名"),
}

_PRESENT: Mapping[Element, Callable[[Notice], object]] = {
    Element.NAME: lambda notice: notice.notifier.name.strip(),
    Element.CONTACT: lambda notice: notice.notifier.contact.strip(),
    Element.EMAIL: lambda notice: _EMAIL.search(notice.notifier.contact),
    Element.ADDRESS: lambda notice: notice.notifier.address.strip(),
    Element.IDENTITY: lambda notice: notice.notifier.identity.strip(),
    Element.WORK: lambda notice: notice.claim.work.strip() or notice.reference_sets,
    Element.RIGHTS_EVIDENCE: lambda notice: notice.claim.rights_evidence.strip(),
    Element.EXPLANATION: lambda notice: notice.claim.explanation.strip(),
    Element.ACCUSED: lambda notice: notice.accused,
    Element.GOOD_FAITH: lambda notice: notice.claim.good_faith,
    Element.ACCURATE: lambda notice: notice.claim.accurate,
    Element.UNDER_PENALTY: lambda notice: notice.claim.under_penalty,
    Element.SIGNATURE: lambda notice: notice.claim.signature.strip(),
}

REQUIRED: Mapping[Jurisdiction, tuple[Element, ...]] = {
    Jurisdiction.PRC: (
        Element.NAME,
        Element.CONTACT,
        Element.ADDRESS,
        Element.IDENTITY,
        Element.WORK,
        Element.RIGHTS_EVIDENCE,
        Element.EXPLANATION,
        Element.ACCUSED,
        Element.ACCURATE,
    ),
    Jurisdiction.EU: (
        Element.NAME,
        Element.EMAIL,
        Element.EXPLANATION,
        Element.ACCUSED,
        Element.GOOD_FAITH,
        Element.ACCURATE,
    ),
    Jurisdiction.US: (
        Element.NAME,
        Element.CONTACT,
        Element.ADDRESS,
        Element.WORK,
        Element.ACCUSED,
        Element.GOOD_FAITH,
        Element.ACCURATE,
        Element.UNDER_PENALTY,
        Element.SIGNATURE,
    ),
}
"""What a notice has to hold under each law, in the order in which people are asked for it."""


class CounterElement(StrEnum):
    """Something that a counter-notice has to hold."""

    NAME = "name"
    CONTACT = "contact"
    ADDRESS = "address"
    UPLOADS = "uploads"
    EXPLANATION = "explanation"
    EVIDENCE = "evidence"
    GOOD_FAITH = "good_faith"
    CONSENT = "consents_to_jurisdiction"
    SIGNATURE = "signature"


COUNTER_WORDS: Mapping[CounterElement, Wording] = {
    CounterElement.NAME: Wording("your true name", "您的真实姓名（名称）"),
    CounterElement.CONTACT: Wording("how you can be reached: telephone or e-mail", "联系方式：电话或电子邮箱"),
    CounterElement.ADDRESS: Wording("your address", "您的通信地址"),
    CounterElement.UPLOADS: Wording("which of your uploads", "所涉及的您的上传内容"),
    CounterElement.EXPLANATION: Wording("why you do not infringe", "不构成侵权的理由"),
    CounterElement.EVIDENCE: Wording("preliminary evidence that you do not infringe", "不构成侵权的初步证据"),
    CounterElement.GOOD_FAITH: Wording(
        "the statement, under penalty of perjury where the law asks for it, that you believe in good faith that it was"
        " taken down by mistake",
        "声明您善意相信该内容系因错误而被移除；法律要求时，愿承担伪证责任",
    ),
    CounterElement.CONSENT: Wording(
        "the statement that you consent to the jurisdiction of the court, and will accept service",
        "声明您同意接受法院管辖并接收送达",
    ),
    CounterElement.SIGNATURE: Wording("your signature: type your full name", "签名：请输入您的全名"),
}

COUNTER_REQUIRED: Mapping[Jurisdiction, tuple[CounterElement, ...]] = {
    Jurisdiction.PRC: (
        CounterElement.NAME,
        CounterElement.CONTACT,
        CounterElement.ADDRESS,
        CounterElement.UPLOADS,
        CounterElement.EXPLANATION,
        CounterElement.EVIDENCE,
        CounterElement.GOOD_FAITH,
    ),
    Jurisdiction.EU: (CounterElement.UPLOADS, CounterElement.EXPLANATION),
    Jurisdiction.US: (
        CounterElement.NAME,
        CounterElement.CONTACT,
        CounterElement.ADDRESS,
        CounterElement.UPLOADS,
        CounterElement.GOOD_FAITH,
        CounterElement.CONSENT,
        CounterElement.SIGNATURE,
    ),
}


def missing(notice: Notice, jurisdiction: Jurisdiction) -> tuple[Element, ...]:
    """Name what a notice lacks under a law, in order."""
    return tuple(item for item in REQUIRED[jurisdiction] if not _PRESENT[item](notice))


def missing_from_counter(counter: CounterNotice, jurisdiction: Jurisdiction) -> tuple[CounterElement, ...]:
    """Name what a counter-notice lacks under a law, in order. A licence on record is evidence enough."""
    lacking = []
    for item in COUNTER_REQUIRED[jurisdiction]:
        given = getattr(counter, item.value)
        present = given.strip() if isinstance(given, str) else given
        if not present and not (item is CounterElement.EVIDENCE and counter.licence):
            lacking.append(item)
    return tuple(lacking)


def missing_words(elements: Sequence[Element]) -> Wording:
    """Say what is missing."""
    words = [ELEMENT_WORDS[item] for item in elements]
    return Wording("; ".join(item.en for item in words), "；".join(item.zh for item in words))
