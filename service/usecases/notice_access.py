"""Who may see a notice, and what of it: what all jobs about notices share.

A rights owner sees its own; a platform what it passed on, and what was forwarded to it, of which its own uploads alone;
moderators and admins all. The public comes with a token: the receipt shows the whole notice, an uploader's link what
concerns that uploader.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from service.domain.errors import NotFound, NotPermitted
from service.domain.identity import Caller, Role, key_sha256
from service.domain.notice import Accused, CounterNotice, Letter, Notice
from service.ports import Attachment, Correspondence, NoticeLookups, Notices, Token

Who = Caller | Token
"""A caller with a key or account, or whoever came by a link."""

NOTIFIER = "notifier"
MODERATORS = "moderators"

_JUDGES = (Role.MODERATOR, Role.ADMIN)


def actor_of(who: Who) -> str:
    """Say how the audit log names them."""
    if isinstance(who, Caller):
        return who.actor
    return f"notifier:{who.notice_id}" if who.is_receipt else f"uploader:{who.platform}/{who.uploader or ''}"[:160]


def token_of(lookups: NoticeLookups, notice_id: str, secret: str) -> Token:
    """Return whom a secret speaks for. Raises NotFound."""
    found = lookups.token(key_sha256(secret))
    if found is None or found.notice_id != notice_id:
        raise NotFound(f"there is no notice {notice_id} for this link")
    return found


def seen_notice(notices: Notices, who: Who, notice_id: str) -> Notice:
    """Return a notice that somebody may see, whole. Raises NotFound."""
    found = notices.get(notice_id)
    if found is None or not _may_see(who, found):
        raise NotFound(f"there is no notice {notice_id}")
    return found


def check_judge(who: Who) -> None:
    """Let moderators and admins pass. Raises NotPermitted."""
    if not isinstance(who, Caller) or who.role not in _JUDGES:
        raise NotPermitted("moderators and admins do this")


def is_judge(who: Who) -> bool:
    """Tell whether they are a moderator or an admin."""
    return isinstance(who, Caller) and who.role in _JUDGES


def is_notifier(who: Who, notice: Notice) -> bool:
    """Tell whether a notice is theirs."""
    if isinstance(who, Token):
        return who.is_receipt and who.notice_id == notice.id
    if who.role is Role.RIGHTS_OWNER:
        return who.owner is not None and notice.owner == who.owner
    return who.role is Role.PLATFORM and notice.platform == who.name


def own_party(who: Who, notice: Notice) -> str:
    """Name the party for which somebody gives files: as letters do, `unknown:<platform>`, or MODERATORS."""
    if is_notifier(who, notice) or actor_of(who) == notice.received_by:
        return NOTIFIER
    if is_judge(who):
        return MODERATORS
    return party_of_files(who.platform or "", who.uploader) if isinstance(who, Token) else party_of(who.name, None)


def party_of_files(platform: str, uploader: str | None) -> str:
    """Name an uploader as a party that gives files; those of one whom nobody knows are not the platform's."""
    return party_of(platform, uploader) if uploader is not None else f"unknown:{platform}"


def check_notifier(who: Who, notice: Notice) -> None:
    """Let the notifier pass, and those who may do all. Raises NotPermitted."""
    if not is_judge(who) and not is_notifier(who, notice):
        raise NotPermitted("the notifier does this, or a moderator")


def concerns(who: Who, platform: str, uploader: str | None) -> bool:
    """Tell whether an upload is one of those that somebody may speak for or read about."""
    if isinstance(who, Token):
        return who.is_receipt or (who.platform == platform and who.uploader == uploader)
    return who.role is not Role.PLATFORM or who.name == platform


def shown_to(who: Who, notice: Notice, of: Correspondence) -> tuple[Notice, Correspondence]:
    """Leave out what somebody may not read: others' uploads and letters, and how the notifier can be reached."""
    if is_judge(who):
        return notice, of
    if is_notifier(who, notice):
        letters = tuple(item for item in of.letters if item.party == NOTIFIER)
        # What an uploader shows is passed on, as its counter-notice is; what moderators note is theirs.
        attachments = tuple(item for item in of.attachments if item.party != MODERATORS)
        return notice, replace(of, letters=letters, attachments=attachments)
    hidden = replace(notice.notifier, key="", contact="", address="", identity="", authority="")
    accused = tuple(item for item in notice.accused if _accused_of(who, item))
    letters = tuple(item for item in of.letters if _is_theirs(who, item))
    counters = tuple(item for item in of.counter_notices if _countered_by(who, item))
    attachments = tuple(item for item in of.attachments if _may_read(who, item))
    return replace(notice, notifier=hidden, accused=accused), Correspondence(letters, counters, attachments)


def notifier_key(contact: str, who: Caller | None) -> str:
    """Return the key under which a notifier's reputation is kept; of the public no address is kept in it."""
    if who is not None and who.role is Role.RIGHTS_OWNER:
        return f"owner:{who.owner}"
    if who is not None and who.role is Role.PLATFORM:
        return f"platform:{who.name}"
    return f"public:{hashlib.sha256(contact.strip().casefold().encode()).hexdigest()[:32]}"


def party_of(platform: str, uploader: str | None) -> str:
    """Name an uploader as a party of letters."""
    return f"uploader:{platform}/{uploader}" if uploader is not None else f"platform:{platform}"


def _accused_of(who: Who, item: Accused) -> bool:
    return concerns(who, item.platform, item.uploader)


def _countered_by(who: Who, item: CounterNotice) -> bool:
    return concerns(who, item.platform, item.uploader)


def _is_theirs(who: Who, item: Letter) -> bool:
    if isinstance(who, Token):
        return who.platform is not None and item.party == party_of(who.platform, who.uploader)
    return item.party == f"platform:{who.name}" or item.party.startswith(f"uploader:{who.name}/")


def _may_read(who: Who, item: Attachment) -> bool:
    """Tell whether a file is theirs. All unknown uploaders of a platform have one link: it gives nothing back."""
    if isinstance(who, Token):
        return who.uploader is not None and item.party == party_of(who.platform or "", who.uploader)
    return item.party in {party_of(who.name, None), f"unknown:{who.name}"} or item.party.startswith(
        f"uploader:{who.name}/"
    )


def _may_see(who: Who, notice: Notice) -> bool:
    if isinstance(who, Token):
        return who.notice_id == notice.id
    if is_judge(who) or is_notifier(who, notice):
        return True
    forwarded = notice.forwarded is not None
    return who.role is Role.PLATFORM and forwarded and any(item.platform == who.name for item in notice.accused)
