"""Where a point of the face goes when the head turns (head units)."""

from __future__ import annotations

import math


def slide(x: float, turn: float, radius: float = 96.0) -> float:
    """Return where a face point at ``x`` appears after turning the head."""
    angle = math.asin(max(-1.0, min(1.0, x / radius))) + turn * 0.55
    return radius * math.sin(angle)


def squash(x: float, turn: float) -> float:
    """Return the horizontal foreshortening (0.5-1.05) of a feature at ``x``."""
    angle = math.asin(max(-1.0, min(1.0, x / 96.0))) + turn * 0.55
    return max(0.5, min(1.05, math.cos(angle) / math.cos(math.asin(x / 96.0))))
