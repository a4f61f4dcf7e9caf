"""Letters and messages of notices: to the notifier, to the uploaders through their platforms, to the platforms."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from service.domain import notice_letters
from service.domain.identity import key_sha256, new_id
from service.domain.notice import Accused, Direction, Letter, Notice
from service.domain.wording import Wording
from service.ports import Message, Token
from service.usecases.notice_access import party_of

COUNTER_NOTICE_PATH = "/console/counter-notice/"
"""Where an uploader's link leads: this, the notice's id, a slash and the token."""


def letter(notice: Notice, kind: str, party: str, at: datetime, text: Wording, *, sent: bool = True) -> Letter:
    """Make a letter of a notice."""
    return Letter(new_id("ltr"), notice.id, Direction.SENT if sent else Direction.RECEIVED, kind, party, at, text)


def told_notifier(notice: Notice, kind: str) -> tuple[Message, ...]:
    """Tell the rights owner, or the platform that passed it on, how a notice stands."""
    payload = {"notice_id": notice.id, "state": notice.state.value, "missing": list(notice.missing)}
    recipients = [f"owner:{notice.owner}"] if notice.owner else []
    recipients += [f"platform:{notice.platform}"] if notice.platform else []
    return tuple(Message(recipient, kind, payload) for recipient in recipients)


def told_all(notice: Notice, kind: str) -> tuple[Message, ...]:
    """Tell also the platforms to which it was forwarded."""
    told = {item.recipient: item for item in told_notifier(notice, kind)}
    if notice.forwarded is not None:
        payload = {"notice_id": notice.id, "state": notice.state.value}
        for name in sorted({item.platform for item in notice.accused}):
            told.setdefault(f"platform:{name}", Message(f"platform:{name}", kind, payload))
    return tuple(told.values())


def forwarding(
    notice: Notice, accused: Sequence[Accused], now: datetime
) -> tuple[tuple[Letter, ...], tuple[Message, ...], tuple[Token, ...]]:
    """Make one letter and one link for each uploader, and one message for each platform."""
    letters, messages, tokens = [], [], []
    for platform in sorted({item.platform for item in accused}):
        told = []
        own = [item for item in accused if item.platform == platform]
        for uploader in dict.fromkeys(item.uploader for item in own):
            theirs = [item for item in own if item.uploader == uploader]
            secret = secrets.token_urlsafe(32)
            names = [item.external_id or item.url or "" for item in theirs]
            text = notice_letters.forwarded(notice, names)
            letters.append(letter(notice, "forwarded", party_of(platform, uploader), now, text))
            tokens.append(Token(key_sha256(secret), notice.id, platform, uploader))
            told.append(
                {
                    "uploader": uploader,
                    "uploads": [{"external_id": item.external_id, "url": item.url} for item in theirs],
                    "text": {"en": text.en, "zh": text.zh},
                    "counter_notice_token": secret,
                    "counter_notice_path": f"{COUNTER_NOTICE_PATH}{notice.id}/{secret}",
                }
            )
        payload = {"notice_id": notice.id, "notifier": notice.notifier.name, "work": notice.claim.work, "to": told}
        messages.append(Message(f"platform:{platform}", "notice.forwarded", payload))
    return tuple(letters), tuple(messages), tuple(tokens)
