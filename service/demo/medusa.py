"""A notice from the first complaint to the proof, over HTTP, as a platform was cleared for in court.

forty uploads pass -> a set is registered -> a notice names one of them -> the sweep finds the others -> measures, with
signed webhooks -> its weights are found again -> new names -> partners -> a counter-notice -> the proof -> tampering

Each step says what has to hold, and is a fault where it does not.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console

from indexer import build as builds
from indexer import reference_sets
from indexer.cli import progress_bars
from service.demo.medusa_uploads import LICENSED, NAMED, RECAST, Upload, uploads
from service.demo.receiver import Receiver, receiving
from service.demo.running import running_service
from service.domain.identity import Role
from service.verify_pack import run

SLUG = "serpent-queen"
OWNER = "reedglass"
PLATFORM = "gallery"
PEOPLE = {PLATFORM: Role.PLATFORM, "moderation": Role.MODERATOR, OWNER: Role.RIGHTS_OWNER, "operator": Role.ADMIN}
FOUND = 12
_PATIENCE = 60.0
_TRIES = 200


@dataclass
class Story:
    """What is told, and what did not hold."""

    console: Console
    faults: list[str] = field(default_factory=list)

    def holds(self, said: str, *, true: bool, seen: object = None) -> None:
        """Say a sentence that has to hold."""
        mark = "[green]yes[/]" if true else "[bold red]NO[/]"
        told = f"  ({seen})" if seen is not None else ""
        self.console.print(f"{mark:<5} {said}{told}", highlight=False, soft_wrap=True)
        if not true:
            self.faults.append(f"{said}: {seen}")


def run_medusa(sets: Path, lora: Path, out: Path, console: Console) -> list[str]:
    """Run everything in a folder of its own below `out`; returns what did not hold.

    `lora` is the file that the upload brings which the notice names.
    """
    data = out / "service"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    story = Story(console)
    with progress_bars() as progress:
        others = [(item, sets / item.slug) for item in reference_sets.read_all(sets) if item.slug != SLUG]
        builds.build(others, data / "snapshot", progress=progress)
    settings = {
        "SNAPSHOT": str(data / "snapshot"),
        "DATABASE": f"sqlite:///{data / 'lora-screening.db'}",
        "BLOBS": str(data / "blobs"),
        "REBUILD": "false",
        "WEBHOOKS_PRIVATE": "true",
        "SECOND_LOOK_ALLOWS": "0",
    }
    with receiving() as platform, receiving() as partner, running_service(settings, PEOPLE, out / "service.log") as who:
        _listen(who, platform, partner)
        _screened(story, who[PLATFORM], uploads(sets / SLUG / "images", lora))
        _registered(story, who, sets / SLUG)
        notice_id = _noticed(story, who)
        _swept(story, who["moderation"], notice_id)
        _measured(story, who["moderation"], platform, notice_id)
        _known_again(story, who["moderation"], notice_id)
        _named(story, who, notice_id)
        _passed_on(story, who["operator"], partner, notice_id)
        _reinstated(story, who, platform, notice_id)
        pack = who["moderation"].get(f"/v1/notices/{notice_id}/evidence-pack")
        story.holds("the evidence pack is made", true=pack.is_success, seen=f"{len(pack.content):,} bytes")
        key = _json(who["operator"].get("/v1/exchange/key"))
        (out / "pack.zip").write_bytes(pack.content)
        told = platform.refused + partner.refused
        story.holds("every webhook had a valid signature", true=told == 0, seen=f"{len(platform.messages)} messages")
    _proved(story, out, str(key["public_key"]))
    _log_proved(story, data, out / "tampered")
    return story.faults


def _listen(who: Mapping[str, httpx.Client], platform: Receiver, partner: Receiver) -> None:
    """Add the platform's webhook, and a partner abroad with one of its own."""
    platform.secret = _json(who[PLATFORM].post("/v1/webhooks", json={"url": platform.url}))["secret"]
    public = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    known = {"name": "overseas", "public_key": base64.b64encode(public).decode()}
    _json(who["operator"].post("/v1/exchange/partners", json=known))
    asked = {"url": partner.url, "recipient": "partner:overseas"}
    partner.secret = _json(who["operator"].post("/v1/webhooks", json=asked))["secret"]


def _screened(story: Story, platform: httpx.Client, every: list[Upload]) -> None:
    verdicts = []
    for item in every:
        files: list[tuple[str, Any]] = [("upload", (None, json.dumps(item.document)))]
        files += [("images", (f"{number}.png", data)) for number, data in enumerate(item.pictures)]
        if item.lora is not None:
            files.append(("lora_file", (f"{item.external_id}.safetensors", item.lora)))
        verdicts.append(_json(platform.post("/v1/screen", files=files))["verdict"])
    passed = verdicts.count("allow")
    story.holds("forty uploads pass while nobody has registered the character", true=passed == len(every), seen=passed)


def _registered(story: Story, who: Mapping[str, httpx.Client], folder: Path) -> None:
    content = reference_sets.read(folder)
    _json(who["operator"].post("/v1/rights-owners", json={"name": content.holder or OWNER, "id": OWNER}))
    aliases = [{"text": item.text, "language": item.language, "kind": item.kind.value} for item in content.aliases]
    asked = {
        "slug": SLUG,
        "title": dict(content.title),
        "work": dict(content.work),
        "fame": content.fame.value,
        "aliases": aliases,
        "rights": {"holder": content.holder, "identity": "demo", "evidence": "Demo registration RG-0042"},
    }
    _json(who[OWNER].post("/v1/reference-sets", json=asked))
    pictures = sorted((folder / "images").glob("*.png"))[:7]
    files = [("images", (path.name, path.read_bytes())) for path in pictures]
    _json(who[OWNER].post(f"/v1/reference-sets/{SLUG}/references", files=files))
    _json(who["operator"].post(f"/v1/reference-sets/{SLUG}/activate"))

    def in_force() -> bool:
        found = _json(who[PLATFORM].post("/v1/screen/text", json={"texts": ["Ysmeraude Veyl"]}))
        return SLUG in json.dumps(found)

    story.holds("her set is registered, and in force", true=_until(in_force), seen=f"{len(pictures)} pictures")


def _noticed(story: Story, who: Mapping[str, httpx.Client]) -> str:
    asked = {
        "jurisdiction": "prc",
        "notifier": {
            "name": "Reedglass Games (demo)",
            "contact": "rights@reedglass.example",
            "address": "1 Reed Lane",
            "identity": "Register no. 0042",
        },
        "work": "Court of the Glass Reeds",
        "rights_evidence": "Demo registration RG-0042: model sheets and first public trailer.",
        "explanation": "The model reproduces the character Ysmeraude Veyl.",
        "good_faith": True,
        "accurate": True,
        "reference_sets": [SLUG],
        "accused": [],
    }
    received = _json(who[OWNER].post("/v1/notices", json=asked))
    lacks = [item["element"] for item in received["missing"]]
    story.holds("a notice that names no upload is told what it lacks", true=bool(lacks), seen=", ".join(lacks))
    asked["accused"] = [{"platform": PLATFORM, "external_id": NAMED}]
    complete = _json(who[OWNER].put(f"/v1/notices/{received['id']}", json=asked))
    story.holds("naming one upload completes it", true=complete["state"] == "complete", seen=complete["state"])
    return str(received["id"])


def _swept(story: Story, moderator: httpx.Client, notice_id: str) -> None:
    found = _found(moderator, notice_id)
    mine = {f"model-{number:02}" for number in range(1, FOUND)}
    story.holds("its sweep finds all of her pictures, whatever they are called", true=mine == found, seen=len(found))


def _measured(story: Story, moderator: httpx.Client, platform: Receiver, notice_id: str) -> None:
    taken = _json(moderator.post(f"/v1/notices/{notice_id}/measures", json={"kind": "unpublish"}))["measures"]
    arrived = _until(lambda: len(platform.of("measure.taken")) >= len(taken))
    seen = f"{len(taken)} measures, {len(platform.of('measure.taken'))} told"
    story.holds(
        "all of them are taken down, and the platform is told", true=arrived and len(taken) == FOUND - 1, seen=seen
    )
    told = [entry for item in platform.of("notice.forwarded") for entry in item["to"]]
    story.holds("each uploader is passed the notice", true=len(told) == FOUND - 1, seen=len(told))
    statements = [item["statement"] for item in platform.of("measure.taken")]
    story.holds("each measure has its reasons, in two languages", true=all(i["en"] and i["zh"] for i in statements))


def _known_again(story: Story, moderator: httpx.Client, notice_id: str) -> None:
    """The weights of what was taken down are blocked, and looked for among everything that was screened."""

    def blocked() -> bool:
        return bool(_json(moderator.get("/v1/blocked-loras"))["blocked_loras"])

    story.holds("the weights of the named model are blocked", true=_until(blocked))
    _json(moderator.put(f"/v1/notices/{notice_id}/reference-sets", json={"reference_sets": [SLUG]}))
    found = _found(moderator, notice_id)
    seen = f"{len(found)} of {FOUND}"
    story.holds("swept for again, they are found in a file with other numbers", true=RECAST in found, seen=seen)
    chosen = [{"platform": PLATFORM, "external_id": RECAST}]
    again = _json(moderator.post(f"/v1/notices/{notice_id}/measures", json={"kind": "unpublish", "uploads": chosen}))
    story.holds("that one is taken down too", true=len(again["measures"]) == 1)


def _named(story: Story, who: Mapping[str, httpx.Client], notice_id: str) -> None:
    proposed = [item["text"] for item in _json(who[OWNER].get(f"/v1/notices/{notice_id}/aliases"))["proposed"]]
    name = next((item for item in proposed if item.casefold() == "jadecoil"), "")
    story.holds("the name that several of them share is proposed", true=bool(name), seen=", ".join(proposed[:5]))
    taken = {"reference_set": SLUG, "aliases": [{"text": name or "jadecoil", "language": "en"}]}
    _json(who[OWNER].post(f"/v1/notices/{notice_id}/aliases", json=taken))

    def known() -> bool:
        return SLUG in json.dumps(_json(who[PLATFORM].post("/v1/screen/text", json={"texts": ["Jadecoil in rain"]})))

    story.holds("accepted, it is found in the next text", true=_until(known))


def _passed_on(story: Story, operator: httpx.Client, partner: Receiver, notice_id: str) -> None:
    asked = {"reference_set": SLUG, "because": f"notice:{notice_id}"}
    _json(operator.post("/v1/exchange/forward", json=asked))
    arrived = _until(lambda: bool(partner.of("partner.alert")))
    story.holds("a partner abroad is told, with names and hashes and no pictures", true=arrived)
    log = _json(operator.get("/v1/audit", params={"subject": f"set:{SLUG}"}))
    told = any("forward" in item["action"] for item in log["entries"])
    story.holds("the audit log says so", true=told, seen=", ".join(sorted({item["action"] for item in log["entries"]})))


def _reinstated(story: Story, who: Mapping[str, httpx.Client], platform: Receiver, notice_id: str) -> None:
    reply = {
        "name": "Wen Yi",
        "contact": "wen@studio.example",
        "address": "2 Lotus Street",
        "explanation": "We have a licence for fan material.",
        "evidence": "Contract 2026-17 with Reedglass Games.",
        "good_faith": True,
        "consents_to_jurisdiction": True,
        "signature": "Wen Yi",
        "uploads": [{"platform": PLATFORM, "external_id": LICENSED}],
    }
    counter = _json(who[PLATFORM].post(f"/v1/notices/{notice_id}/counter-notice", json=reply))
    story.holds(
        "the uploader's counter-notice waits for the right holder", true=counter["due"] is not None, seen=counter["due"]
    )
    granted = {"platform": PLATFORM, "uploader": f"u-{LICENSED.removeprefix('model-')}"}
    _json(who[OWNER].post(f"/v1/reference-sets/{SLUG}/licences", json=granted))
    decided = {"reinstate": True, "reason": "the rights owner confirmed the licence"}
    path = f"/v1/notices/{notice_id}/counter-notices/{counter['id']}/decision"
    _json(who["moderation"].post(path, json=decided))
    back = _until(lambda: any(item["external_id"] == LICENSED for item in platform.of("measure.ended")))
    story.holds("with the licence on record its upload is back, and the platform is told", true=back)
    ended = {item["external_id"] for item in platform.of("measure.ended")}
    story.holds("nothing else comes back", true=ended == {LICENSED}, seen=len(ended))


def _proved(story: Story, out: Path, key: str) -> None:
    """Verify the pack as a stranger does; then change a byte here and there."""
    pack = out / "pack.zip"
    raw = base64.b64decode(key).hex() if not _is_hexadecimal(key) else key
    command = [sys.executable, "-m", "service.verify_pack", str(pack), "--key", raw]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    story.holds(
        "a stranger verifies the pack with one command", true=done.returncode == 0, seen=done.stdout.strip()[:160]
    )
    data, unnoticed = pack.read_bytes(), []
    places = range(0, len(data), max(1, len(data) // _TRIES))
    changed = out / "changed.zip"
    for place in places:
        changed.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        if run(changed, [raw])[0]:
            unnoticed.append(place)
    changed.unlink()
    story.holds("a changed byte of it is found, wherever it is", true=not unnoticed, seen=f"{len(places)} places tried")


def _log_proved(story: Story, data: Path, copy: Path) -> None:
    """Verify the audit log; then change an entry of a copy, as somebody with the file in their hands could."""
    verify = [sys.executable, "-m", "service.cli", "audit", "verify", "--data"]
    done = subprocess.run([*verify, str(data)], check=False, capture_output=True, text=True)  # noqa: S603
    story.holds("the audit log is whole", true=done.returncode == 0, seen=_last_line(done.stdout))
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(data, copy)
    engine = sa.create_engine(f"sqlite:///{copy / 'lora-screening.db'}")
    with engine.begin() as connection:
        refused = False
        try:
            with connection.begin_nested():
                connection.execute(sa.text("UPDATE audit_entries SET actor = 'nobody' WHERE number = 7"))
        except sa.exc.DBAPIError:
            refused = True
        story.holds("the database itself refuses to change an entry", true=refused)
        triggers = connection.scalars(
            sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_entries'")
        ).all()
        for name in triggers:
            connection.execute(sa.text(f'DROP TRIGGER "{name}"'))
        connection.execute(sa.text("UPDATE audit_entries SET actor = 'nobody' WHERE number = 7"))
    engine.dispose()
    done = subprocess.run([*verify, str(copy)], check=False, capture_output=True, text=True)  # noqa: S603
    told = _last_line(done.stdout + done.stderr)
    story.holds(
        "an entry changed behind its back is found and named", true=done.returncode != 0 and "7" in told, seen=told
    )
    shutil.rmtree(copy)


def _found(moderator: httpx.Client, notice_id: str) -> set[str]:
    """Wait for the sweep of a notice; return what it found and may be taken down."""
    sweep: dict[str, Any] = {}

    def over() -> bool:
        sweep_id = _json(moderator.get(f"/v1/notices/{notice_id}"))["sweep_id"]
        if sweep_id is None:
            return False
        sweep.update(_json(moderator.get(f"/v1/sweeps/{sweep_id}", params={"limit": 200})))
        return sweep["state"] in {"finished", "failed"}

    _until(over)
    return {item["external_id"] for item in sweep.get("found", []) if item["asks_for"] != "allow"}


def _until(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.2)
    return holds()


def _json(response: httpx.Response) -> dict[str, Any]:
    """Read an answer. Raises HTTPStatusError with what the service said where it refused."""
    if response.is_error:
        raise httpx.HTTPStatusError(
            f"{response.request.method} {response.request.url.path}: {response.text}",
            request=response.request,
            response=response,
        )
    answer: dict[str, Any] = response.json() if response.content else {}
    return answer


def _is_hexadecimal(key: str) -> bool:
    return len(key) == 64 and all(letter in "0123456789abcdef" for letter in key)  # noqa: PLR2004 (32 bytes)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]
