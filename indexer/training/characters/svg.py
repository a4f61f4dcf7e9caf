"""A small layered SVG canvas with cel shading, and the geometry used with it.

Lengths are figure units (a standing figure is 1000 units tall).  Angles are
degrees.  A node is ``(x, y)`` for a smooth point or ``(x, y, 1)`` for a corner.
"""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: FBT001, FBT002, PLR2004

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

Node = tuple[float, ...]
Nodes = Sequence[Node]

INK = "#2b2233"
NUMBER = re.compile(r"-?\d+\.?\d*")


def rgb(colour: str) -> tuple[int, int, int]:
    """Return the 0-255 channels of ``#rrggbb``."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(first: str, second: str, share: float) -> str:
    """Blend two colours; ``share`` 0 gives the first, 1 the second."""
    pairs = zip(rgb(first), rgb(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def luminance(colour: str) -> float:
    """Return perceived brightness, 0 (black) to 1 (white)."""
    r, g, b = rgb(colour)
    return (0.299 * r + 0.587 * g + 0.114 * b) / 255


def shadow_of(colour: str) -> str:
    """Return the cool, darker tone used for the unlit side of a shape."""
    r, g, b = rgb(colour)
    return f"#{round(r * 0.74):02x}{round(g * 0.69):02x}{round(b * 0.80):02x}"


def darker(colour: str, share: float = 0.3) -> str:
    """Blend towards the ink colour by ``share`` (0-1)."""
    return mix(colour, INK, share)


def lighter(colour: str, share: float = 0.35) -> str:
    """Blend towards a warm white by ``share`` (0-1)."""
    return mix(colour, "#fffaf0", share)


def spline(nodes: Nodes, closed: bool = True) -> str:
    """Return a path through the nodes: smooth except at corner nodes."""
    n = len(nodes)

    def tangent(i: int) -> tuple[float, float]:
        if len(nodes[i]) > 2:
            return 0.0, 0.0
        if not closed and i in (0, n - 1):
            return 0.0, 0.0
        a, b = nodes[(i - 1) % n], nodes[(i + 1) % n]
        return (b[0] - a[0]) / 5.4, (b[1] - a[1]) / 5.4

    parts = [f"M{nodes[0][0]:.1f} {nodes[0][1]:.1f}"]
    for i in range(n if closed else n - 1):
        p, q = nodes[i], nodes[(i + 1) % n]
        t, u = tangent(i), tangent((i + 1) % n)
        parts.append(f"C{p[0] + t[0]:.1f} {p[1] + t[1]:.1f} {q[0] - u[0]:.1f} {q[1] - u[1]:.1f} {q[0]:.1f} {q[1]:.1f}")
    return "".join(parts) + ("Z" if closed else "")


def poly(nodes: Nodes, closed: bool = True) -> str:
    """Return a straight-edged path through the nodes."""
    return "M" + "L".join(f"{p[0]:.1f} {p[1]:.1f}" for p in nodes) + ("Z" if closed else "")


def ellipse(x: float, y: float, rx: float, ry: float) -> str:
    """Return an ellipse as a path."""
    return (
        f"M{x - rx:.1f} {y:.1f}A{rx:.1f} {ry:.1f} 0 1 1 {x + rx:.1f} {y:.1f}"
        f"A{rx:.1f} {ry:.1f} 0 1 1 {x - rx:.1f} {y:.1f}Z"
    )


def place(nodes: Nodes, x: float, y: float, angle: float = 0.0, scale: float = 1.0) -> list[Node]:
    """Scale, rotate (clockwise) and move nodes; corner marks are kept."""
    c, s = math.cos(math.radians(angle)) * scale, math.sin(math.radians(angle)) * scale
    return [(x + p[0] * c - p[1] * s, y + p[0] * s + p[1] * c, *p[2:]) for p in nodes]


def mirror(half: Nodes) -> list[Node]:
    """Close a right-hand outline (top to bottom, both ends on x = 0) into a whole."""
    left = [(-p[0], *p[1:]) for p in reversed(half[1:-1])]
    return [*half, *left]


def star(x: float, y: float, outer: float, points: int = 5, inner: float = 0.45) -> str:
    """Return a star path with ``inner`` the inner radius as a share of the outer."""
    nodes = []
    for i in range(points * 2):
        r = outer if i % 2 == 0 else outer * inner
        a = math.pi * i / points - math.pi / 2
        nodes.append((x + r * math.cos(a), y + r * math.sin(a)))
    return poly(nodes)


def sample(nodes: Nodes, steps: int = 7) -> list[Node]:
    """Return ``steps`` points per span of a smooth open curve through the nodes."""
    out: list[Node] = []
    for i in range(len(nodes) - 1):
        around = nodes[max(i - 1, 0)], nodes[i], nodes[i + 1], nodes[min(i + 2, len(nodes) - 1)]
        for k in range(steps):
            t = k / steps
            out.append((_blend([p[0] for p in around], t), _blend([p[1] for p in around], t)))
    return [*out, nodes[-1]]


def _blend(v: list[float], t: float) -> float:
    """Interpolate between v[1] and v[2] (Catmull-Rom)."""
    a = 2 * v[1] + (v[2] - v[0]) * t
    return 0.5 * (a + (2 * v[0] - 5 * v[1] + 4 * v[2] - v[3]) * t**2 + (3 * v[1] - v[0] - 3 * v[2] + v[3]) * t**3)


def bend(joints: Nodes, count: int = 24) -> list[Node]:
    """Sample a three-joint limb as a curve that rounds off the middle joint."""
    (ax, ay), (bx, by), (cx, cy) = ((p[0], p[1]) for p in joints[:3])
    k = 0.55
    px, py, qx, qy = ax + (bx - ax) * k, ay + (by - ay) * k, bx + (cx - bx) * (1 - k), by + (cy - by) * (1 - k)
    out: list[Node] = []
    for i in range(count + 1):
        t = i / count
        if t < 0.3:
            u = t / 0.3
            out.append((ax + (px - ax) * u, ay + (py - ay) * u))
        elif t > 0.7:
            u = (t - 0.7) / 0.3
            out.append((qx + (cx - qx) * u, qy + (cy - qy) * u))
        else:
            u = (t - 0.3) / 0.4
            v = 1 - u
            out.append((v * v * px + 2 * u * v * bx + u * u * qx, v * v * py + 2 * u * v * by + u * u * qy))
    return out


def tube(line: Nodes, widths: Sequence[float], start: float = 0.0, end: float = 1.0, round_end: bool = True) -> str:
    """Return the outline of a tapered tube.

    ``widths`` are half-widths spread evenly over the whole line; ``start`` and
    ``end`` (0-1) cut out the part to draw.
    """
    n = len(line) - 1
    first, last = round(start * n), max(round(end * n), round(start * n) + 1)
    left: list[Node] = []
    right: list[Node] = []
    start_cap: list[Node] = []
    heading = 0.0
    for i in range(first, last + 1):
        a, b = line[max(i - 1, 0)], line[min(i + 1, n)]
        heading = math.atan2(b[1] - a[1], b[0] - a[0])
        pos = i / n * (len(widths) - 1)
        j = min(int(pos), len(widths) - 2)
        w = widths[j] + (widths[j + 1] - widths[j]) * (pos - j)
        nx, ny = -math.sin(heading) * w, math.cos(heading) * w
        left.append((line[i][0] + nx, line[i][1] + ny))
        right.append((line[i][0] - nx, line[i][1] - ny))
        if i == first and start == 0.0:
            start_cap = _cap(line[i], w, heading + math.pi)
    cap = _cap(line[last], w, heading) if round_end else []
    return poly([*start_cap, *right, *cap, *reversed(left)])


def _cap(at: Node, radius: float, heading: float) -> list[Node]:
    angles = [heading - math.pi / 2 + math.pi * k / 8 for k in range(1, 8)]
    return [(at[0] + radius * math.cos(a), at[1] + radius * math.sin(a)) for a in angles]


@dataclass(frozen=True)
class Look:
    """How shapes are inked and filled.

    ``outline`` is the line width in figure units (0 for none); ``tint`` mixes the
    shape's own colour into its line, and ``soft`` makes the line just a darker
    edge; ``tones`` is "colour", "grey" or "ink".
    """

    outline: float = 6.0
    tint: float = 0.35
    shade: bool = True
    tones: str = "colour"
    soft: bool = False


@dataclass
class Frame:
    """A coordinate system: an SVG transform and its scale factor."""

    transform: str
    scale: float = 1.0


@dataclass
class Canvas:
    """Collects shapes by depth and joins them into one SVG fragment."""

    look: Look
    frames: dict[str, Frame] = field(default_factory=lambda: {"world": Frame("")})
    layers: list[tuple[float, int, str]] = field(default_factory=list)
    clips: int = 0

    def paint(self, colour: str) -> str:
        """Return the fill this look uses for a colour."""
        if self.look.tones == "colour":
            return colour
        value = luminance(colour)
        if self.look.tones == "grey":
            level = round(255 * (0.25 + 0.75 * value))
            return f"#{level:02x}{level:02x}{level:02x}"
        if value > 0.47:
            return "#fffdf8"
        return "url(#hatch)" if value > 0.25 else "#38343c"

    def line_colour(self, colour: str) -> str:
        """Return the outline colour for a shape of this colour."""
        if self.look.soft:
            return darker(colour, 0.26)
        return INK if self.look.tones == "ink" else mix(INK, darker(colour, 0.45), self.look.tint)

    def raw(self, z: float, frame: str, text: str) -> None:
        """Add ready SVG text at a depth (higher is nearer)."""
        transform = self.frames[frame].transform
        wrapped = f'<g transform="{transform}">{text}</g>' if transform else text
        self.layers.append((z, len(self.layers), wrapped))

    def patch(self, d: str, colour: str, opacity: float = 1.0) -> str:
        """Return a plain filled path as text, to go inside a shape."""
        return f'<path d="{d}" fill="{self.paint(colour)}" fill-opacity="{opacity:g}"/>'

    def stroke(self, d: str, colour: str, width: float, frame: str = "world") -> str:
        """Return a line as text; ``width`` is in figure units."""
        if self.look.tones == "ink":
            colour = INK if luminance(colour) < 0.8 else "#fffdf8"
        return (
            f'<path d="{d}" fill="none" stroke="{colour}" stroke-linecap="round"'
            f' stroke-linejoin="round" stroke-width="{width / self.frames[frame].scale:.2f}"/>'
        )

    def line(self, z: float, frame: str, d: str, colour: str, width: float = 4.0) -> None:
        """Draw an open line."""
        self.raw(z, frame, self.stroke(d, colour, width, frame))

    def shape(
        self,
        z: float,
        frame: str,
        d: str,
        colour: str,
        *,
        inside: str = "",
        shadow: float = 1.0,
        outline: float = 1.0,
    ) -> None:
        """Draw a filled shape with its outline, details and cel shadow.

        ``inside`` is SVG text clipped to the shape; ``shadow`` scales the width of
        the unlit crescent (0 for none); ``outline`` scales the line width.
        """
        scale = self.frames[frame].scale
        width = self.look.outline * outline / scale
        text = ""
        if self.look.tones == "ink" and width > 0:
            text += f'<path d="{d}" fill="#fffdf8"/>'
        if width > 0:
            text += (
                f'<path d="{d}" fill="{self.line_colour(colour)}" stroke="{self.line_colour(colour)}"'
                f' stroke-width="{width * 1.7:.2f}" stroke-linejoin="round"/>'
            )
            if self.look.tones == "ink":
                text += f'<path d="{d}" fill="#fffdf8"/>'
        fill = self.paint(colour)
        shaded = self.look.shade and shadow > 0
        if not shaded and not inside:
            self.raw(z, frame, text + f'<path d="{d}" fill="{fill}"/>')
            return
        self.clips += 1
        key = f"c{self.clips}"
        off = 11.0 * shadow / scale
        body = f'<path d="{d}" fill="{fill}"/>'
        if shaded and not inside:
            dark = "url(#hatch)" if self.look.tones == "ink" and fill == "#fffdf8" else self.paint(shadow_of(colour))
            body = f'<path d="{d}" fill="#fffdf8"/>' if dark.startswith("url") else ""
            body += (
                f'<path d="{d}" fill="{dark}"/><path d="{d}" fill="{fill}"'
                f' transform="translate({-off:.1f} {-off * 0.55:.1f})"/>'
            )
        body += inside
        if shaded and inside and self.look.tones != "ink":
            # The crescent is the inverse of the moved shape, laid over the details; the
            # surrounding box is kept tight because large layers are slow to render.
            numbers = [float(v) for v in NUMBER.findall(d)]
            lo, hi = min(numbers) - 40, max(numbers) + 40
            body += (
                f'<path d="M{lo:.0f} {lo:.0f}H{hi:.0f}V{hi:.0f}H{lo:.0f}Z{d}" fill-rule="evenodd" fill="#241a4a"'
                f' opacity="0.27" transform="translate({-off:.1f} {-off * 0.55:.1f})"/>'
            )
        text += f'<clipPath id="{key}"><path d="{d}"/></clipPath><g clip-path="url(#{key})">{body}</g>'
        self.raw(z, frame, text)

    def text(self) -> str:
        """Return everything drawn so far, far to near."""
        return "".join(item[2] for item in sorted(self.layers, key=lambda item: item[:2]))
