"""What is wrong with one reference picture, told from its pixels and its signals."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from indexer.quality.lettering import lettering
from indexer.quality.remarks import Remark, Severity, remark
from indexer.reference_signals import ReferenceSignals
from indexer.signals.pixels.images import Picture

LEAST_SIDE: Final = 256
"""Shorter side, in pixels, below which details are lost: views as lines are made at 256 pixels (views.py), and those of
60 % of the side need 160 / 0.6 = 267 for the embedded model's 160.

Measured on 34 demo references made smaller, median cosine to the view at full size (whole / 60 % / outline): 256 pixels
1.000 / .998 / .997, 192 .999 / .990 / .976, 160 .998 / .978 / .950, 128 .991 / .958 / .913, 64 .923 / .864 / .753. PDQ
moves by 2 bits at most at 256 and by 22 at 64; points fall from some 330 to 161 at 256, 96 at 160 and 29 at 64.
False alarms: 0 of 102 demo references, whose shorter side is 512.
"""

MODEL_SIDE: Final = 160
"""Shorter side below which even the whole picture is enlarged for the embedded model: then it is more than advice."""

MUCH_LETTERING: Final = 0.1
"""Share of a picture in lines of text from which on it is text-heavy.

Measured: 0 of 102 demo references (most 0.02), 1 of 947 held-out pictures of 30 styles, no blurred or white noise;
mosaics of squares of two or three pixels are mistaken. Pages in six faces at 12 to 48 pixels: all of 72. English over
the lower third or right half of drawn pictures: most; Chinese there: a few; a caption or a title: none, as meant.
"""

LEAST_POINTS: Final = 5
"""Fewest local features at which any copy can be proved (features.py asks for five pairs).

Measured: 0 of 102 demo references (fewest 162); 1.2 % of the held-out pictures, simple signs, icons and small sprites.
"""

LEAST_FOREGROUND: Final = 0.02
"""Least share of a picture that differs from the colour of its border, so that there is something on the ground.

Measured: 0 of 102 demo references (least 0.17), none of the held-out pictures. Landscapes, patterns and pages pass.
"""

_FOREGROUND_SIDE = 64
_DIFFERENT = 24


def assess(picture: Picture, signals: ReferenceSignals) -> tuple[Remark, ...]:
    """Say what is wrong with one picture: `too_small`, `flat`, `text_heavy`, `no_character_found`."""
    remarks: list[Remark] = []
    side = min(picture.rgb.shape[:2])
    if side < LEAST_SIDE:
        severity = Severity.WARN if side < MODEL_SIDE else Severity.ADVICE
        remarks.append(remark("too_small", severity, side, side=side, least=LEAST_SIDE))
    if not signals.hashes.reliable:
        remarks.append(remark("flat", Severity.WARN, signals.hashes.quality))
    share = lettering(picture)
    if share >= MUCH_LETTERING:
        remarks.append(remark("text_heavy", Severity.WARN, share, share=share))
    points, drawn = len(signals.features.points), foreground(picture)
    if points < LEAST_POINTS or drawn < LEAST_FOREGROUND:
        remarks.append(remark("no_character_found", Severity.WARN, points if points < LEAST_POINTS else drawn))
    return tuple(remarks)


def foreground(picture: Picture) -> float:
    """Return the share of a picture (0..1) whose colour is not that of most of its border."""
    size = (_FOREGROUND_SIDE, _FOREGROUND_SIDE)
    small = np.asarray(cv2.resize(picture.rgb, size, interpolation=cv2.INTER_AREA), dtype=np.int16)
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    differs = np.abs(small - np.median(border, axis=0)).max(axis=2) > _DIFFERENT
    return float(differs.mean())
