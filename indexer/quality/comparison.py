"""How the pictures of one set stand to each other, and what they lack together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from indexer.ports import FloatArray
from indexer.quality.remarks import Advice, Remark, Severity, remark
from indexer.reference_signals import ReferenceSignals
from indexer.signals.pixels.views import REFERENCE_VIEWS

NEAR_COSINE: Final = 0.96
"""Cosine to another picture, as it is or mirrored, from which on a picture adds nothing.

Measured: none of the 384 pairs within demo sets (most 0.92); held-out characters in other poses 0.2 % of 3,850 drawn
pairs and 0.9 % of 900 pairs of sprites, which are frames of animations. Found of 34 demo references saved as JPEG,
halved, mirrored or cropped by 3 %: all; cropped by 5 %: nine of ten; by 10 % or framed: hardly any.
"""

NEAR_BITS: Final = 31
SIMILAR_COSINE: Final = 0.9
"""PDQ distance at which two pictures usually count as copies, and the cosine asked for beside it: what differs in
colour alone adds something.

Measured: no demo pair (least 36 bits), no drawn pair, 0.7 % of the pairs of sprites.
"""

ODD: Final = 0.7
FEWEST_TO_COMPARE: Final = 3
"""A picture is odd where its mean cosine to the others is below this share of what is usual among them; and the fewest
others.

Measured: 2 of 102 demo references, a robot and a hare in another outfit; held-out drawn characters in one style 1 to
2 %, in mixed styles 3 to 7 %, sprites 1 to 2 %. Found: 94 % of the pictures of other demo works, 91 to 95 % of other
drawn characters, 67 % of other sprites; of drawn look-alikes that differ in a trait or two 16 %.
"""

FEW: Final = 8
"""References below which more are asked for.

Measured with 70 held-out drawn characters in five styles, whole views and plain cosines: with 1, 2, 4, 6, 8 and 10
references 42, 54, 70, 76, 75 and 82 % of new pictures found the right set first and beyond what 1 % of 3,000 unrelated
pictures reach.
"""

ALIKE: Final = 0.88
"""Mean cosine between the pictures of a set from which on they show one view.

Measured: 0 of 12 demo sets (most 0.81), 0 of 70 drawn in mixed styles, 2 to 5 % of sprites, which are animations.
Found: 21 of 21 sets of light edits of one picture (least 0.90), and 5 of 8 of one pose before five scenes.
"""

CLOSER: Final = 0.11
FEWEST_FOR_CLOSE_UPS: Final = 5
"""How much more a picture must be like the others' middles than its own middle is like them, to be a close-up.

Measured: 0 of 12 demo sets, whose close-ups reach 0.14 to 0.31; in a trial 1 of 30 other characters that have one.
Found: 9 of the demo sets without theirs (the others have half figures), and in that trial all of 30 without one.
"""

_VIEW = {view.name: number for number, view in enumerate(REFERENCE_VIEWS)}
_WHOLE, _MIRRORED = _VIEW["whole"], _VIEW["whole_mirrored"]
_MIDDLES = (_VIEW["upper_60"], _VIEW["centre_60"])


def compare(new: ReferenceSignals, others: Mapping[str, ReferenceSignals]) -> tuple[Remark, ...]:
    """Compare a picture with the others of its set, by their names: at most one remark.

    The codes are `same_picture`, `near_duplicate` (each about the other picture) and `odd_one_out`; the value is the
    cosine, for `odd_one_out` the share of what is usual.
    """
    for name, other in others.items():
        if other.pixel_sha256 == new.pixel_sha256:
            return (remark("same_picture", Severity.WARN, 1.0, name),)
    near = {name: likeness for name, other in others.items() if (likeness := _nearness(new, other)) is not None}
    if near:
        name = max(near, key=near.__getitem__)
        return (remark("near_duplicate", Severity.ADVICE, near[name], name),)
    share = oddness(new, list(others.values()))
    if share is not None and share < ODD:
        return (remark("odd_one_out", Severity.WARN, share),)
    return ()


def oddness(new: ReferenceSignals, others: Sequence[ReferenceSignals]) -> float | None:
    """Return the mean cosine of a picture to others as a share of theirs to each other; None where they are too few."""
    if len(others) < FEWEST_TO_COMPARE:
        return None
    known = _whole(others)
    usual = float(np.median(((known @ known.T).sum(axis=1) - 1.0) / (len(others) - 1)))
    # Of pictures that have nothing in common none is odd.
    return float((known @ new.vectors[_WHOLE]).mean()) / usual if usual > 0.0 else None


def coverage(signals: Sequence[ReferenceSignals]) -> tuple[Advice, ...]:
    """Say what the pictures of a set lack together: `few_pictures`, `all_alike`, `no_close_up`."""
    advice: list[Advice] = []
    count = len(signals)
    if count < FEW:
        advice.append(remark("few_pictures", Severity.ADVICE, count, count=count))
    if count >= FEWEST_TO_COMPARE and (mean := mean_cosine(signals)) >= ALIKE:
        return (*advice, remark("all_alike", Severity.ADVICE, mean))
    if count >= FEWEST_FOR_CLOSE_UPS and (closest := float(closeness(signals).max())) < CLOSER:
        advice.append(remark("no_close_up", Severity.ADVICE, closest))
    return tuple(advice)


def mean_cosine(signals: Sequence[ReferenceSignals]) -> float:
    """Return the mean cosine of all pairs of two pictures or more."""
    whole = _whole(signals)
    return float((whole @ whole.T)[np.triu_indices(len(signals), 1)].mean())


def closeness(signals: Sequence[ReferenceSignals]) -> FloatArray:
    """Tell of each of two pictures or more how much closer it shows the character than the others: (n,).

    A close-up is like the middle of a whole figure, and its own middle is like no picture: the median over the others
    of the one cosine less the other.
    """
    whole = _whole(signals)
    as_middle = np.max([whole @ np.stack([item.vectors[view] for item in signals]).T for view in _MIDDLES], axis=0)
    gain = as_middle - as_middle.T
    others = ~np.eye(len(signals), dtype=bool)
    return np.asarray(np.median(gain[others].reshape(len(signals), -1), axis=1), dtype=np.float32)


def _nearness(new: ReferenceSignals, other: ReferenceSignals) -> float | None:
    """Return the cosine of two pictures, the better of both ways round, where the one adds nothing to the other."""
    cosine = float((other.vectors[[_WHOLE, _MIRRORED]] @ new.vectors[_WHOLE]).max())
    if cosine >= NEAR_COSINE:
        return cosine
    if cosine < SIMILAR_COSINE or not (new.hashes.reliable and other.hashes.reliable):
        return None
    bits = np.bitwise_count(other.hashes.pdq ^ new.hashes.pdq[0]).sum(axis=1)
    return cosine if int(bits.min()) <= NEAR_BITS else None


def _whole(signals: Sequence[ReferenceSignals]) -> FloatArray:
    return np.stack([item.vectors[_WHOLE] for item in signals])
