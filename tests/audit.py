"""Ask pip-audit for known vulnerabilities, and tell apart "none known" from "could not be asked".

Exit code 1 when one is known. Where the vulnerability service does not answer, that is said loudly and is no failure:
a build on a closed network could otherwise never pass.
"""

from __future__ import annotations

import json
import subprocess
import sys

COMMAND = [sys.executable, "-m", "pip_audit", "--skip-editable", "--progress-spinner", "off", "--format", "json"]


def main() -> int:
    """Run the audit and print what it gave."""
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"AUDIT NOT DONE: pip-audit gave no answer: {done.stderr.strip()[-300:]}")
        return 0
    asked = [item for item in found if "vulns" in item]
    known = [(item["name"], item["version"], flaw["id"]) for item in asked for flaw in item["vulns"]]
    for name, version, flaw in known:
        print(f"known vulnerability: {name} {version}: {flaw}")
    if len(asked) < len(found):
        print(f"AUDIT INCOMPLETE: {len(found) - len(asked)} of {len(found)} packages could not be asked about")
    else:
        print(f"audit: {len(asked)} packages, {len(known)} known vulnerabilities")
    return 1 if known else 0


if __name__ == "__main__":
    sys.exit(main())
