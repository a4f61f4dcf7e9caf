"""Evidence packs: what was done about a case, a notice or a sweep, so that a stranger can verify it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from service.domain.audit import Entry
from service.domain.errors import FieldFault, InvalidFields, NotFound, TooLarge
from service.domain.identity import Caller, Role, new_id
from service.domain.pack_format import CHAIN, KEY, MANIFEST, MAX_BYTES, SIGNATURE, as_json, manifest, write_pack
from service.domain.report import Report, Timeline
from service.domain.seal import Seal, proof_of
from service.domain.wording import Wording
from service.ports import AuditLog, Clock, EvidenceRecord, ReportPrinter, Signer
from service.usecases.dossiers import Dossier, Dossiers
from service.usecases.sealing import Sealing

log = structlog.get_logger()
MOST_ENTRIES = 10_000
_ROWS = 200
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack as it was made; `name` is that of its file."""

    id: str
    name: str
    data: bytes
    sha256: str


class EvidencePacks:
    """Makes packs."""

    def __init__(
        self,
        dossiers: Dossiers,
        *,
        sealing: Sealing,
        audit: AuditLog,
        record: EvidenceRecord,
        printer: ReportPrinter,
        signer: Signer,
        clock: Clock,
    ) -> None:
        self._dossiers = dossiers
        self._sealing = sealing
        self._audit = audit
        self._record = record
        self._printer = printer
        self._signer = signer
        self._clock = clock

    def make(self, subject: str, who: Caller) -> Pack:
        """Make the pack of `case:<id>`, `notice:<id>` or `sweep:<id>`. The audit log is sealed first, and tells it.

        A rights owner gets those of their own notices, without other people's data. Raises NotFound, InvalidFields or
        TooLarge.
        """
        kind, _, name = subject.partition(":")
        dossier = self._dossier(kind, name, who)
        pack_id, now = new_id("pck"), self._clock.now()
        entries = self._entries(dossier)
        document = as_json(dossier.document)
        sha256 = hashlib.sha256(document).hexdigest()
        rows = tuple((entry.at, "" if dossier.closed else entry.actor, entry.action) for entry in entries)
        timeline = Timeline(Wording("Timeline", "时间线"), rows[:_ROWS], max(0, len(rows) - _ROWS))
        report = Report(dossier.title, subject, now, f"{kind}.json", sha256, (*dossier.sections, timeline))
        files: dict[str, bytes] = {
            **dossier.files,
            f"{kind}.json": document,
            CHAIN: as_json(self._chain(entries, closed=dossier.closed)),
            "report.pdf": self._printer.print(report),
            "README.txt": _README.encode(),
        }
        files |= self._stamps(entries)
        data = self._signed({"pack": pack_id, "subject": subject, "made": now.isoformat()}, files)
        if len(data) > MAX_BYTES:
            raise TooLarge(f"the evidence pack of {subject} would have more than {MAX_BYTES} bytes")
        digest = hashlib.sha256(data).hexdigest()
        self._record.note(subject, pack_id, digest, who.actor, self._clock.now())
        log.info("pack_made", subject=subject, pack=pack_id, bytes=len(data))
        return Pack(pack_id, f"{kind}-{name}-{pack_id}.zip", data, digest)

    def _dossier(self, kind: str, name: str, who: Caller) -> Dossier:
        if who.role is Role.RIGHTS_OWNER:
            if kind != "notice" or who.owner is None:
                raise NotFound(f"there is no {kind} {name}")
            return self._dossiers.of_notice(name, who.owner)
        match kind:
            case "case":
                return self._dossiers.of_case(name)
            case "notice":
                return self._dossiers.of_notice(name)
            case "sweep":
                return self._dossiers.of_sweep(name)
        raise InvalidFields([FieldFault("subject", "write case:<id>, notice:<id> or sweep:<id>")])

    def _entries(self, dossier: Dossier) -> list[Entry]:
        found: list[Entry] = []
        for subject in (*dossier.subjects, *dossier.named):
            after = 0
            while len(found) < MOST_ENTRIES and (some := self._audit.entries(subject=subject, after=after, most=_PAGE)):
                found += some if subject not in dossier.named else [item for item in some if _is_for(item, dossier)]
                after = some[-1].number
        if len(found) >= MOST_ENTRIES:
            raise TooLarge(f"more than {MOST_ENTRIES} entries of the audit log belong to this")
        return sorted(found, key=lambda entry: entry.number)

    def _seals(self, entries: Sequence[Entry]) -> dict[int, Seal]:
        """Return the seals over some entries, by entry."""
        seals: dict[int, Seal] = {}
        last: Seal | None = None
        for entry in entries:
            if last is None or entry.number > last.last:
                last = self._sealing.sealed(entry.number)
                if last is None:
                    raise NotFound(f"entry {entry.number} of the audit log is gone")
            seals[entry.number] = last
        return seals

    def _chain(self, entries: Sequence[Entry], *, closed: bool) -> Mapping[str, Any]:
        seals = self._seals(entries)
        hashes = {seal.number: self._sealing.hashes(seal) for seal in {id(s): s for s in seals.values()}.values()}
        told = []
        for entry in entries:
            seal = seals[entry.number]
            steps = proof_of(hashes[seal.number], entry.number - seal.first)
            told.append(
                {
                    **_entry(entry, closed=closed),
                    "seal": seal.number,
                    "proof": [[step.sha256, step.left] for step in steps],
                }
            )
        used = {seal.number: seal for seal in seals.values()}
        return {"entries": told, "seals": [_seal(used[number]) for number in sorted(used)]}

    def _stamps(self, entries: Sequence[Entry]) -> dict[str, bytes]:
        used = {seal.number: seal for seal in self._seals(entries).values()}
        files = {}
        for seal in used.values():
            files[f"seals/{seal.number}.txt"] = seal.signed_text()
            if seal.stamp is not None:
                files[f"seals/{seal.number}.tsr"] = seal.stamp
        return files

    def _signed(self, about: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
        listed = manifest({**about, "key_id": self._signer.key_id()}, files)
        signed = {
            MANIFEST: listed,
            SIGNATURE: (self._signer.sign(listed).hex() + "\n").encode(),
            KEY: (self._signer.public_key().hex() + "\n").encode(),
        }
        return write_pack({**files, **signed})


def _is_for(entry: Entry, dossier: Dossier) -> bool:
    """Tell whether an entry about something else was written for the reason of a dossier."""
    if dossier.reason is None or dossier.reason not in entry.after:
        return False
    after = json.loads(entry.after)
    return isinstance(after, dict) and after.get("because") == dossier.reason


def _entry(entry: Entry, *, closed: bool) -> dict[str, Any]:
    told = {"number": entry.number, "at": entry.at.isoformat(), "action": entry.action, "sha256": entry.sha256}
    if closed:
        return {**told, "withheld": True}
    parts = ("actor", "subject", "before", "after", "previous")
    return {**told, **{name: getattr(entry, name) for name in parts}}


def _seal(seal: Seal) -> dict[str, Any]:
    names = ("number", "first", "last", "sha256", "root", "public_key", "signature")
    return {**{name: getattr(seal, name) for name in names}, "at": seal.at.isoformat()}


_README = """Evidence pack / 证据包

report.pdf      the same for people, in Chinese and English / 供阅读的中英文报告
case.json, notice.json or sweep.json
                what is known / 全部事实
pictures/       the pictures that were compared / 被比对的图片
attachments/    files that came with a notice / 通知所附文件
chain.json      entries of the audit log, each with its proof / 审计日志条目及其证明
seals/          what each seal signs; *.tsr are RFC 3161 time stamps of it / 封印签署的内容及可信时间戳
manifest.json   sha256 of every file; manifest.sig is its Ed25519 signature, public_key.txt the key
                各文件的 sha256 及其 Ed25519 签名与公钥

To verify / 验证方法:

    lora-screening verify-pack FILE.zip --key PUBLIC_KEY

or, with nothing but Python and the package `cryptography`, beside the source of lora-screening:
或者，仅需 Python 与 cryptography 库，在 lora-screening 源代码目录中运行：

    python -m service.verify_pack FILE.zip --key PUBLIC_KEY

Take PUBLIC_KEY from the service itself, not from this pack: whoever forges a pack can put a key into it.
公钥请从该服务处取得，不要使用本包内的公钥：伪造者可以放入自己的公钥。

The time stamps / 时间戳:

    openssl ts -verify -in seals/1.tsr -data seals/1.txt -CAfile ROOT.pem
"""
