"""Run one fuzz target in this process, which libFuzzer wants for itself: `python -m tests.fuzz.run TARGET FOLDER ...`.

What follows the folder goes to libFuzzer, such as `-max_total_time=60`. The folder holds the inputs met so far and gets
those that lead to new places of the code; it is made with the seeds where it does not exist.
"""

from __future__ import annotations

import string
import sys
from collections.abc import Sequence
from pathlib import Path

import atheris

# atheris 3.0 never frees what a traced comparison of arrays gives: a kilobyte for each, a gigabyte in five minutes.
_ARRAYS = [f"indexer.signals.names.{module}" for module in ("foldings", "fuzzy", "pieces", "views")]

with atheris.instrument_imports(include=["indexer.signals"], exclude=_ARRAYS):
    from tests.fuzz.seeds import SEEDS
    from tests.fuzz.targets import TARGETS

_AS_THEY_ARE = frozenset(string.ascii_letters + string.digits)


def dictionary(words: Sequence[str | bytes]) -> str:
    """Write words in libFuzzer's form: quoted, everything but letters and digits by its number."""
    lines: list[str] = []
    for word in words:
        raw = word if isinstance(word, bytes) else word.encode()
        escaped = "".join(
            chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else f"\\x{byte:02x}" for byte in raw
        )
        lines.append(f'"{escaped}"')
    return "\n".join(lines)


def main(name: str, folder: Path, *options: str) -> None:
    """Fuzz until a finding or the end of the time; libFuzzer ends the process."""
    target = TARGETS[name]
    words = folder.with_suffix(".dict")
    if not folder.exists():
        folder.mkdir(parents=True)
        for number, seed in enumerate(SEEDS[name]()):
            (folder / f"seed-{number:03}").write_bytes(seed)
    words.write_text(dictionary(target.words), encoding="ascii")
    fixed = ["-timeout=20", "-rss_limit_mb=1536", "-len_control=0", f"-max_len={target.max_len}", f"-dict={words}"]
    atheris.Setup([sys.argv[0], str(folder), *fixed, *options], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
