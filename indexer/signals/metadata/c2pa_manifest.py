"""A picture's signed C2PA manifest, read by the optional package `c2pa` in a process of its own.

A manifest of 400 KB that names one assertion a thousand times makes the library write 400 MB, and it asks web servers
for what a picture says lies there. So it runs in `c2pa_worker`, offline and bounded in memory and time, and only for a
picture that carries a manifest. Without the package nothing is read here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal

SignatureState = Literal["valid", "invalid", "untrusted"]
MAX_SECONDS: Final = 10.0
"""Of waiting for the worker, which itself may compute for one second."""

_WORKER: Final = Path(__file__).with_name("c2pa_worker.py")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says, all of it claimed, or the `problem` that kept it from being read.

    `signature` is `valid` (the file is as it was signed, by a certificate that is trusted), `untrusted` (by any other)
    or `invalid`. `labels` are `name: value` lines: `claim_generator`, `action`, `software_agent`; `source_types` are
    IPTC's. `text` is JSON: a list of all manifests of the file, the active one first. `problem` is `c2pa_malformed`, or
    `c2pa_out_of_bounds` where reading took more than the worker is allowed.
    """

    signature: SignatureState | None = None
    labels: tuple[str, ...] = ()
    source_types: tuple[str, ...] = ()
    text: str = ""
    problem: str | None = None


class ManifestReader:
    """Reads manifests where the package is installed; `anchors` are trusted certificates, as PEM."""

    def __init__(self, package: str = "c2pa", anchors: str = "") -> None:
        self._installed = find_spec(package) is not None
        self._anchors = anchors

    def read(self, data: bytes, media_type: str) -> Manifest | None:
        """Read the manifest of a picture file that carries one; None without the package. Never raises."""
        if not self._installed:
            return None
        head = json.dumps({"media_type": media_type, "anchors": self._anchors}).encode()
        try:
            done = subprocess.run(  # noqa: S603 (our own file, by our own interpreter)
                [sys.executable, "-I", str(_WORKER)],
                input=head + b"\n" + data,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=MAX_SECONDS,
                check=False,
                env={},  # its secrets are no business of a process that a picture may subvert
            )
            # Memory, time or a fault of the library: whatever stopped it leaves no answer, or half of one.
            return _manifest(json.loads(done.stdout))
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return Manifest(problem="c2pa_out_of_bounds")


def _manifest(told: dict[str, Any]) -> Manifest:
    return Manifest(
        told.get("signature"),
        tuple(told.get("labels", ())),
        tuple(told.get("source_types", ())),
        told.get("text", ""),
        told.get("problem"),
    )
