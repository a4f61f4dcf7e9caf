"""Make the font of evidence packs from the web font as npm packs it: `make vendor` runs this.

The web font comes in many files by parts of Unicode; what GB 2312 and western scripts hold of them is put into one
file.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from fontTools import subset
from fontTools.merge import Merger
from fontTools.ttLib import TTFont

_WESTERN = (*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x370, 0x400), *range(0x400, 0x460), *range(0x2010, 0x2060))
_SIGNS = (0x20AC, 0x2116, 0x2122, *range(0x2190, 0x2194), 0x2260, 0x2264, 0x2265, 0xFFFD)
_FIRST, _LAST = 0xA1, 0xFE
# Layout rules are for what a browser does; without them the files can be joined, and reportlab would not read them.
_DROPPED = ["GSUB", "GPOS", "GDEF", "BASE", "STAT", "vhea", "vmtx", "VORG", "gasp", "prep"]


def wanted() -> set[int]:
    """Return the code points of GB 2312, of western scripts, and of some signs."""
    found = {*_WESTERN, *_SIGNS}
    for row in range(_FIRST, _LAST + 1):
        for cell in range(_FIRST, _LAST + 1):
            found.update(map(ord, bytes([row, cell]).decode("gb2312", errors="ignore")))
    return found


def make(folder: Path, out: Path) -> None:
    """Join the regular weight in a folder of .woff2 files."""
    left = wanted()
    with TemporaryDirectory() as beside:
        parts = []
        for path in sorted(folder.glob("noto-sans-sc-*-400-normal.woff2")):
            font = TTFont(path)
            here = left & set(font.getBestCmap())
            if not here:
                continue
            left -= here
            options = subset.Options(drop_tables=_DROPPED, layout_features=[], hinting=False, notdef_outline=True)
            cutter = subset.Subsetter(options)
            cutter.populate(unicodes=here)
            cutter.subset(font)
            font.flavor = None
            parts.append(str(Path(beside) / f"{path.stem}.ttf"))
            font.save(parts[-1])
        merged = Merger().merge(parts)
        # The time of making would make each run another file.
        merged["head"].created = merged["head"].modified = 0
        merged.recalcTimestamp = False
        merged.save(out)


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
