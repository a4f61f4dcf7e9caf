"""What may be written into the fields of notices and counter-notices, and what is wrong with what was."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from service.domain.errors import FieldFault
from service.domain.notice import Accused, Claim
from service.usecases.set_fields import Faults, line, prose

MAX_URL = 2_000


def of_notifier(name: str, contact: str, address: str, identity: str, authority: str) -> Faults:
    """Check who gives notice; what is missing is told by the completeness of the notice."""
    faults = line("notifier.name", name, required=False) + line("notifier.contact", contact, required=False)
    for place, value in (("address", address), ("identity", identity), ("authority", authority)):
        faults += prose(f"notifier.{place}", value)
    return faults


def of_claim(claim: Claim) -> Faults:
    """Check what a notice says."""
    faults = line("work", claim.work, required=False) + line("signature", claim.signature, required=False)
    return faults + prose("rights_evidence", claim.rights_evidence) + prose("explanation", claim.explanation)


def of_accused(accused: Sequence[Accused], most: int, platform: str | None, place: str = "accused") -> Faults:
    """Check the uploads that a notice names; a `platform` that passes one on accuses uploads of its own alone."""
    if len(accused) > most:
        return [FieldFault(place, f"name {most} uploads at most", f"最多 {most} 项")]
    faults: Faults = []
    for number, item in enumerate(accused):
        faults += _one(item, f"{place}[{number}]")
        if platform is not None and item.platform != platform:
            message = f"{item.platform[:64]} is another platform: pass on notices about your own uploads"
            faults.append(
                FieldFault(f"{place}[{number}].platform", message, "属于其他平台：只能转交关于本平台内容的通知")
            )
    return faults


def _one(item: Accused, place: str) -> Faults:
    faults = line(f"{place}.platform", item.platform, most=64) + prose(f"{place}.note", item.note)
    if item.external_id is None and item.url is None:
        faults.append(FieldFault(place, "name the upload by external_id or url", "请填写编号或网络地址"))
    if item.external_id is not None:
        faults += line(f"{place}.external_id", item.external_id)
    if item.url is not None:
        faults += line(f"{place}.url", item.url, most=MAX_URL) or _address(f"{place}.url", item.url)
    return faults


def _address(place: str, url: str) -> Faults:
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_one = False
    return (
        []
        if is_one
        else [FieldFault(place, "give an address that begins with https://", "请填写以 https:// 开头的网址")]
    )
