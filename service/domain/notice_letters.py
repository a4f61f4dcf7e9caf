"""Letters of notices: what notifiers and uploaders are told at each step, in English and Chinese."""

from __future__ import annotations

from collections.abc import Sequence

from service.domain.notice import CounterNotice, Notice
from service.domain.notice_elements import Element, missing_words
from service.domain.wording import Wording

_MOST_LISTED = 20


def receipt(notice: Notice) -> Wording:
    """Tell the notifier that the notice arrived, and that it is complete."""
    return Wording(
        f"We received your notice {notice.id} about {len(notice.accused)} upload(s). It is complete, and will be passed"
        " on to the uploaders. You will be told what is done.",
        f"我们已收到您的通知 {notice.id}，涉及 {len(notice.accused)} 项上传内容。通知内容完整，将转送上传者。"
        "处理结果将另行告知。",
    )


def incomplete(notice: Notice, missing: Sequence[Element]) -> Wording:
    """Tell the notifier what is missing."""
    words = missing_words(missing)
    return Wording(
        f"We received your notice {notice.id}. Before anything can be done, please add: {words.en}.",
        f"我们已收到您的通知 {notice.id}。在处理之前，请补充：{words.zh}。",
    )


def forwarded(notice: Notice, uploads: Sequence[str]) -> Wording:
    """Pass a notice on to an uploader, with what they can do."""
    en, zh = _listed(uploads)
    explained = notice.claim.explanation.strip()
    return Wording(
        f"{notice.notifier.name} declares that these uploads infringe the rights in “{notice.claim.work}”: {en}."
        f"{' Reasons given: ' + explained if explained else ''}\n\nIf you think that this is wrong, send a"
        " counter-notice, with your true identity and preliminary evidence, or show a licence. It will be passed on to"
        " the notifier.",
        f"{notice.notifier.name} 声明以下上传内容侵犯了“{notice.claim.work}”的权利：{zh}。"
        f"{'所述理由：' + explained if explained else ''}\n\n如您认为该通知有误，可提交不存在侵权行为的声明，"
        "附真实身份信息及初步证据，或出示许可。该声明将转送通知人。",
    )


def counter_forwarded(counter: CounterNotice, due: str | None, files: Sequence[str] = ()) -> Wording:
    """Pass a counter-notice on to the notifier with the names of its files.

    `due` says when the uploads come back unless a suit is shown.
    """
    en, zh = _listed([external_id for _, external_id in counter.uploads])
    signed = counter.name or "an uploader"
    wait = Wording(
        f"Unless you show by {due} that you complained to the authority or went to court, the measures end."
        if due
        else "A person will decide about it; you may comment.",
        f"如您在 {due} 之前未证明已向主管部门投诉或向法院起诉，相关措施将终止。"
        if due
        else "将由人工作出决定，您可陈述意见。",
    )
    attached = Wording(f"\n\nAttached: {', '.join(files)}", f"\n\n所附文件：{'、'.join(files)}")
    with_it = attached if files else Wording("", "")
    return Wording(
        f"{signed} declares that these uploads do not infringe: {en}. Reasons given: {counter.explanation}"
        f"{with_it.en}\n\n{wait.en}",
        f"{counter.name or '上传者'} 声明以下上传内容不构成侵权：{zh}。所述理由：{counter.explanation}"
        f"{with_it.zh}\n\n{wait.zh}",
    )


def file_shown(name: str) -> Wording:
    """Tell the notifier of a file that an uploader, or their platform, gave."""
    return Wording(
        f"The uploader, or their platform, added a file: {name}. You find it with the notice.",
        f"上传者或其平台提交了文件：{name}。您可在通知页面查看。",
    )


def outcome(notice: Notice, what: Wording, why: str = "") -> Wording:
    """Tell how a notice, or a part of it, ended."""
    return Wording(
        f"Notice {notice.id}: {what.en}.{' ' + why if why else ''}",
        f"通知 {notice.id}：{what.zh}。{why}",
    )


REINSTATED = Wording(
    "the measures against the uploads of a counter-notice have ended", "反通知所涉上传内容的措施已终止"
)
KEPT = Wording("a complaint or suit was shown in time, and the measures stay", "已在期限内证明投诉或起诉，措施继续有效")
KEPT_BY_DECISION = Wording("a person decided that the measures stay", "经人工决定，措施继续有效")
WITHDRAWN = Wording("it was withdrawn, and its measures have ended", "已撤回，相关措施已终止")
REJECTED = Wording("it was rejected, and nothing was done because of it", "已驳回，未采取任何措施")
ABUSIVE = Wording("it was found to be abusive, and its measures have ended", "已认定为滥用通知，相关措施已终止")
CLOSED = Wording("it is closed; measures in force stay", "已结案，现有措施继续有效")


def _listed(uploads: Sequence[str]) -> tuple[str, str]:
    some, more = list(uploads[:_MOST_LISTED]), len(uploads) - _MOST_LISTED
    en, zh = ", ".join(some), "、".join(some)
    return (f"{en} and {more} more", f"{zh} 等另外 {more} 项") if more > 0 else (en, zh)
