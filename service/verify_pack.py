"""Verify an evidence pack: `python -m service.verify_pack FILE.zip --key PUBLIC_KEY`.

Needs the standard library and `cryptography`, and no service. What is verified:

1. the ZIP file is, to the last byte, as packs are written;
2. the manifest is signed by the key, and lists exactly the files that are there, with their sha256;
3. each entry of the audit log has the hash that it carries, and its proof leads to the root of its seal;
4. each seal is signed by the key, or by a key that was named too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from service.domain.audit import entry_sha256
from service.domain.pack_format import CHAIN, FORMAT, KEY, MANIFEST, MAX_BYTES, SIGNATURE, PackError, read_pack
from service.domain.seal import Step, root_by, signed_text

_KEY_DIGITS = 64
_REFUSED = 1


@dataclass(frozen=True, slots=True)
class Verified:
    """A pack that is whole: what it is of, when and by which key it was signed, and what was checked."""

    subject: str
    made: str
    public_key: str
    files: int
    entries: int
    withheld: int
    seals: int


def verify_pack(data: bytes, keys: Sequence[str] = ()) -> Verified:
    """Verify a pack; without `keys` (hexadecimal) the one inside is used, which proves less. Raises PackError."""
    files = read_pack(data)
    missing = next((name for name in (MANIFEST, SIGNATURE, KEY, CHAIN) if name not in files), None)
    if missing is not None:
        raise PackError(f"{missing}: is missing")
    key = _hexadecimal(files, KEY)
    if keys and key not in keys:
        raise PackError(f"{KEY}: is {key}, which is not a key that was given")
    if not _signed(key, files[MANIFEST], _hexadecimal(files, SIGNATURE)):
        raise PackError(f"{MANIFEST}: is not signed by the key {key}")
    try:
        manifest = json.loads(files[MANIFEST])
        _check_files(manifest, files)
        entries, withheld, seals = _check_chain(json.loads(files[CHAIN]), keys or (key,))
        return Verified(manifest["subject"], manifest["made"], key, len(files), entries, withheld, seals)
    except PackError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PackError(f"it is signed, but not of a form that this version reads: {error!r}") from error


def _check_files(manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    if manifest["format"] != FORMAT:
        raise PackError(f"{MANIFEST}: is of another format, {manifest['format']}")
    listed = manifest["files"]
    for name in sorted({*listed, *files} - {MANIFEST, SIGNATURE, KEY}):
        if name not in files:
            raise PackError(f"{name}: is missing")
        if name not in listed:
            raise PackError(f"{name}: is not in the manifest")
        if hashlib.sha256(files[name]).hexdigest() != listed[name]["sha256"]:
            raise PackError(f"{name}: does not have the sha256 of the manifest")


def _check_chain(chain: Mapping[str, Any], keys: Sequence[str]) -> tuple[int, int, int]:
    roots: dict[int, str] = {}
    for seal in chain["seals"]:
        parts = (seal["number"], seal["first"], seal["last"], seal["sha256"], seal["root"])
        text = signed_text(*parts, datetime.fromisoformat(seal["at"]))
        if seal["public_key"] not in keys or not _signed(seal["public_key"], text, seal["signature"]):
            raise PackError(f"{CHAIN}: seal {seal['number']} is not signed by a key that was given")
        roots[seal["number"]] = seal["root"]
    withheld = 0
    for entry in chain["entries"]:
        if entry.get("withheld"):
            withheld += 1
        else:
            _check_entry(entry)
        steps = [Step(sha256, left) for sha256, left in entry["proof"]]
        if root_by(entry["sha256"], steps) != roots[entry["seal"]]:
            raise PackError(f"{CHAIN}: entry {entry['number']} is not in the log that seal {entry['seal']} signs")
    return len(chain["entries"]), withheld, len(roots)


def _check_entry(entry: Mapping[str, Any]) -> None:
    parts = [entry[name] for name in ("actor", "action", "subject", "before", "after", "previous")]
    if entry_sha256(entry["number"], datetime.fromisoformat(entry["at"]), *parts) != entry["sha256"]:
        raise PackError(f"{CHAIN}: entry {entry['number']} does not have the hash that it carries")


def _hexadecimal(files: Mapping[str, bytes], name: str) -> str:
    text = files[name].decode("ascii", errors="replace").removesuffix("\n")
    try:
        if bytes.fromhex(text).hex() + "\n" == files[name].decode("ascii", errors="replace"):
            return text
    except ValueError:
        pass
    raise PackError(f"{name}: is not one line of hexadecimal digits")


def _signed(key: str, data: bytes, signature: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def run(path: Path, keys: Sequence[str]) -> tuple[bool, str]:
    """Verify a file; tell whether it is whole, and what to say."""
    for key in keys:
        if len(key) != _KEY_DIGITS or not all(digit in "0123456789abcdef" for digit in key):
            return False, f"a public key has {_KEY_DIGITS} hexadecimal digits; {key!r} has not"
    try:
        if path.stat().st_size > MAX_BYTES:
            return False, f"refused: {path} has more than {MAX_BYTES} bytes"
        found = verify_pack(path.read_bytes(), keys)
    except OSError as error:
        return False, f"refused: {path} cannot be read: {error.strerror}"
    except PackError as error:
        return False, f"refused: {error}"
    lines = [
        f"whole: {found.files} files about {found.subject}, made {found.made}",
        f"audit log: {found.entries} entries ({found.withheld} with their content withheld), {found.seals} seals",
        f"signed by the key {found.public_key}",
    ]
    if not keys:
        lines.append("this key came with the pack: compare it with the one that the service makes known, or give --key")
    return True, "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command."""
    parser = argparse.ArgumentParser(prog="verify-pack", description="Verify an evidence pack.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", action="append", default=[], help="public key, hexadecimal; may be given repeatedly")
    given = parser.parse_args(arguments)
    whole, told = run(given.file, given.key)
    (sys.stdout if whole else sys.stderr).write(told + "\n")
    return 0 if whole else _REFUSED


if __name__ == "__main__":
    sys.exit(main())
