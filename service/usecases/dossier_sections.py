"""Sections of the readable report in evidence packs: measures, letters, counter-notices, attachments, messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from service.domain.measure import Measure, MeasureKind, Standing
from service.domain.notice import CounterNotice, CounterState, Direction, Letter, NoticeState
from service.domain.report import Facts, Section, Text
from service.domain.sweep import SweepState
from service.domain.wording import Wording

MOST_TOLD = 100
"""How many measures, letters or messages the readable report tells; the document has all."""

OUTCOMES = {
    "allow": Wording("allow", "放行"),
    "review": Wording("review", "人工审核"),
    "block": Wording("block", "拦截"),
}
STANDINGS = {
    Standing.PUBLISHED: Wording("public", "公开"),
    Standing.HELD: Wording("held back", "暂缓公开"),
    Standing.UNPUBLISHED: Wording("not public", "未公开"),
}
_KINDS = {
    MeasureKind.UNPUBLISH: Wording("Take down", "下架"),
    MeasureKind.HOLD: Wording("Hold back", "暂缓公开"),
}
_COUNTERS = {
    CounterState.WAITING: Wording("waits", "等待中"),
    CounterState.REINSTATED: Wording("uploads reinstated", "上传内容已恢复"),
    CounterState.KEPT: Wording("measures kept", "措施维持"),
}
NOTICES = {
    NoticeState.RECEIVED: Wording("received", "已收到"),
    NoticeState.INCOMPLETE: Wording("incomplete", "不完整"),
    NoticeState.COMPLETE: Wording("complete", "完整"),
    NoticeState.FORWARDED_TO_UPLOADER: Wording("forwarded to the uploaders", "已转送上传者"),
    NoticeState.MEASURES_TAKEN: Wording("measures taken", "已采取措施"),
    NoticeState.COUNTER_NOTICE_RECEIVED: Wording("counter-notice received", "已收到反通知"),
    NoticeState.FORWARDED_TO_RIGHT_HOLDER: Wording("counter-notice forwarded", "反通知已转送"),
    NoticeState.REINSTATED: Wording("reinstated", "已恢复"),
    NoticeState.KEPT: Wording("measures kept", "措施维持"),
    NoticeState.CLOSED: Wording("closed", "已结案"),
    NoticeState.WITHDRAWN: Wording("taken back", "已撤回"),
    NoticeState.REJECTED: Wording("rejected", "已驳回"),
    NoticeState.ABUSIVE: Wording("abusive", "滥用"),
}
SWEEPS = {
    SweepState.WAITING: Wording("waits", "等待中"),
    SweepState.RUNNING: Wording("running", "进行中"),
    SweepState.FINISHED: Wording("finished", "已完成"),
    SweepState.CANCELLED: Wording("cancelled", "已取消"),
    SweepState.FAILED: Wording("failed", "失败"),
}


def measures_section(taken: Sequence[Measure], messages: Sequence[Mapping[str, Any]]) -> list[Section]:
    """Tell measures, each with the messages about it and what became of them."""
    if not taken:
        return []
    rows = []
    for item in taken[:MOST_TOLD]:
        about = [told for told in messages if told["payload"].get("measure_id") == item.id]
        lines = [
            f"{item.platform} / {item.external_id}",
            f"{item.id} · {item.because}",
            f"确认 confirmed: {when(item.confirmed)}",
            *([f"终结 ended: {when(item.ended)} · {item.ended_because or ''}"] if item.ended is not None else []),
            *(_told(message) for message in about),
        ]
        kind = _KINDS[item.kind]
        name = Wording(f"{kind.en}\n{when(item.taken)}", kind.zh)
        rows.append((name, "\n".join(lines)))
    return [Facts(Wording("Measures", "采取的措施"), tuple(rows), max(0, len(taken) - MOST_TOLD))]


def statements_section(taken: Sequence[Measure]) -> list[Section]:
    """Tell the statement of reasons of each measure."""
    return [
        Text(
            Wording(
                f"Statement of reasons: {item.platform} / {item.external_id}",
                f"理由说明：{item.platform} / {item.external_id}",
            ),
            item.statement,
        )
        for item in taken[:MOST_TOLD]
    ]


def letters_section(letters: Sequence[Letter]) -> list[Section]:
    """Tell letters, whole."""
    return [
        Text(
            Wording(
                f"Letter {_way(item)} {item.party}: {item.kind}, {when(item.at)}",
                f"函件（{'发出' if item.direction is Direction.SENT else '收到'}）",
            ),
            item.text,
        )
        for item in letters[:MOST_TOLD]
    ]


def counters_section(counters: Sequence[CounterNotice]) -> list[Section]:
    """Tell counter-notices, whole."""
    sections: list[Section] = []
    for item in counters[:MOST_TOLD]:
        state = both(_COUNTERS[item.state])
        uploads = "\n".join(f"{platform} / {external_id}" for platform, external_id in item.uploads[:MOST_TOLD])
        rows = (
            (Wording("Counter-notice", "反通知"), item.id),
            (Wording("From", "提出人"), f"{item.name}\n{item.contact}\n{item.address}"),
            (Wording("Uploader", "上传者"), f"{item.platform} / {item.uploader or '–'}"),
            (Wording("Uploads", "上传内容"), uploads),
            (Wording("Received", "收到时间"), f"{when(item.received)} · {item.received_by}"),
            (Wording("Time runs out", "期限"), when(item.due)),
            (Wording("State", "状态"), f"{state}\n{when(item.settled)} · {item.settled_by or '–'}"),
            (Wording("Licence", "许可"), item.licence or "–"),
        )
        sections += [
            Facts(Wording("Counter-notice", "反通知"), rows),
            as_written(Wording("What the uploader says", "上传者的说明"), f"{item.explanation}\n\n{item.evidence}"),
        ]
    return sections


def attachments_section(files: Sequence[Mapping[str, Any]]) -> list[Section]:
    """Tell attachments with their files in the pack."""
    if not files:
        return []
    rows = tuple(
        (Wording(str(number), ""), f"{item['name']} · {item['party']}\n{item['file'] or '– '}\nsha256 {item['sha256']}")
        for number, item in enumerate(files[:MOST_TOLD], 1)
    )
    return [Facts(Wording("Attachments", "附件"), rows, max(0, len(files) - MOST_TOLD))]


def messages_section(heading: Wording, messages: Sequence[Mapping[str, Any]]) -> list[Section]:
    """Tell messages and what became of them."""
    if not messages:
        return []
    rows = tuple((Wording(str(item["recipient"]), ""), _told(item)) for item in messages[:MOST_TOLD])
    return [Facts(heading, rows, max(0, len(messages) - MOST_TOLD))]


def as_written(heading: Wording, text: str) -> Text:
    """Tell a text in the language in which it was written."""
    return Text(heading, Wording("", text))


def both(wording: Wording) -> str:
    """Write both languages in one line."""
    return f"{wording.zh} {wording.en}"


def when(time: datetime | None) -> str:
    """Write a time to the second."""
    return time.isoformat(timespec="seconds") if time is not None else "–"


def _way(item: Letter) -> str:
    return "to" if item.direction is Direction.SENT else "from"


def _told(message: Mapping[str, Any]) -> str:
    lines = [f"{message['kind']} → {message['recipient']}: {_second(message['written'])} ({message['id']})"]
    if not message["deliveries"]:
        lines.append("未经 webhook 送达 not sent to a webhook")
    for delivery in message["deliveries"]:
        last = delivery["attempts"][-1] if delivery["attempts"] else None
        came = f"{_second(last['at'])} HTTP {last['status'] or last['error']}" if last is not None else "–"
        lines.append(f"→ {delivery['state']}: {delivery['url']} · {came}")
    return "\n".join(lines)


def _second(written: str) -> str:
    return when(datetime.fromisoformat(written))
