"""Backgrounds, drawn on a canvas 1000 units wide.

Colours are soft so that a figure stands out; every scene takes its random
details from the generator passed in.
"""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: C901, E501, PLR0911, PLR0912, PLR0915, PLR2004

from __future__ import annotations

import math

import numpy as np

from indexer.training.characters.svg import Node, darker, ellipse, lighter, mix, poly, spline, star

SCENES = (
    "plain",
    "spot",
    "split",
    "dots",
    "rays",
    "forest",
    "city",
    "sea",
    "hills",
    "room",
    "snow",
    "desert",
    "cave",
    "night",
    "library",
    "market",
    "garden",
)
PASTELS = ("#f3e9dc", "#dcecef", "#e9e3f4", "#f7e2e0", "#e4efdc", "#fdf1cf", "#d9e4f5", "#efe0ea", "#f5f5f0", "#cfe6df")


def _fill(d: str, colour: str, opacity: float = 1.0) -> str:
    return f'<path d="{d}" fill="{colour}" opacity="{opacity:g}"/>'


def _gradient(key: str, top: str, bottom: str, height: float) -> str:
    return (
        f'<linearGradient id="{key}" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="{top}"/>'
        f'<stop offset="1" stop-color="{bottom}"/></linearGradient><rect width="1000" height="{height}" fill="url(#{key})"/>'
    )


def draw_scene(name: str, height: float, rng: np.random.Generator) -> str:
    """Return the SVG of a scene ``height`` units high (the ground is at 82 %)."""
    h, g = height, height * 0.82
    tone = PASTELS[int(rng.integers(len(PASTELS)))]
    plain = f'<rect width="1000" height="{h}" fill="{tone}"/>'
    deep = mix(tone, "#6a5f8c", 0.25)

    def uniform(a: float, b: float) -> float:
        return float(rng.uniform(a, b))

    if name == "plain":
        return plain
    if name == "spot":
        return (
            plain
            + _fill(ellipse(500, h * 0.5, 400, 400), lighter(tone, 0.6))
            + _fill(ellipse(500, h * 0.93, 330, 34), deep, 0.35)
        )
    if name == "split":
        return plain + _fill(
            poly([(0, h * uniform(0.5, 0.75)), (1000, h * uniform(0.2, 0.45)), (1000, h), (0, h)]), deep, 0.5
        )
    if name == "dots":
        return plain + "".join(
            _fill(ellipse(x * 100 + (y % 2) * 50, y * 90, 16, 16), deep, 0.4)
            for y in range(int(h / 90) + 2)
            for x in range(11)
        )
    if name == "rays":
        return plain + "".join(
            _fill(
                poly(
                    [
                        (500, h * 0.45),
                        (500 + 1400 * math.cos(a), h * 0.45 + 1400 * math.sin(a)),
                        (500 + 1400 * math.cos(a + 0.17), h * 0.45 + 1400 * math.sin(a + 0.17)),
                    ]
                ),
                lighter(tone, 0.65),
            )
            for a in (k * 0.349 for k in range(18))
        )
    if name == "forest":
        out = _gradient("sky", "#d8efe4", "#f4f2d4", h)
        for layer, colour in enumerate(("#b9d8c2", "#94bfa0", "#6f9f80")):
            for k in range(7):
                x, w = k * 165 + uniform(-40, 40), uniform(90, 130)
                top = h * (0.12 + layer * 0.13) + uniform(-50, 50)
                out += _fill(
                    poly([(x - 12, g), (x + 12, g), (x + 12, top + 150), (x - 12, top + 150)]), darker(colour, 0.25)
                )
                out += _fill(
                    spline(
                        [
                            (x, top, 1),
                            (x + w * 0.6, top + 140),
                            (x + w, top + 290),
                            (x, top + 320),
                            (x - w, top + 290),
                            (x - w * 0.6, top + 140),
                        ]
                    ),
                    colour,
                )
        return out + _fill(
            spline([(-20, g, 1), (300, g - 26), (700, g + 10), (1020, g - 16, 1), (1020, h, 1), (-20, h, 1)]), "#a9cf8e"
        )
    if name in ("city", "night"):
        out = (
            _gradient("sky", "#27315c", "#6c5f94", h) if name == "night" else _gradient("sky", "#f7d9c0", "#e9b7b0", h)
        )
        if name == "night":
            out += "".join(
                _fill(star(uniform(0, 1000), uniform(0, h * 0.6), uniform(4, 10), 4), "#fff4c8") for _ in range(40)
            )
            out += _fill(ellipse(780, h * 0.18, 70, 70), "#fdf0c2") + _fill(ellipse(808, h * 0.165, 60, 60), "#38427a")
            return out + _fill(
                spline([(-20, g, 1), (250, g - 70), (600, g), (1020, g - 60, 1), (1020, h, 1), (-20, h, 1)]), "#39436f"
            )
        for layer, colour in enumerate(("#d7a2a8", "#b1819c", "#85658c")):
            x = -20.0
            while x < 1000:
                w, top = uniform(70, 130), h * (0.28 + layer * 0.13) + uniform(-70, 70)
                out += _fill(
                    poly([(x, g), (x, top), (x + w / 2, top - uniform(0, 60)), (x + w, top), (x + w, g)]), colour
                )
                out += "".join(
                    _fill(
                        poly(
                            [
                                (x + 18 + (k % 2) * 34, top + 26 + k // 2 * 52),
                                (x + 36 + (k % 2) * 34, top + 26 + k // 2 * 52),
                                (x + 36 + (k % 2) * 34, top + 50 + k // 2 * 52),
                                (x + 18 + (k % 2) * 34, top + 50 + k // 2 * 52),
                            ]
                        ),
                        "#ffe3a3",
                        0.8,
                    )
                    for k in range(6)
                )
                x += w
        return out + f'<rect y="{g}" width="1000" height="{h - g}" fill="#a88f9f"/>'
    if name == "sea":
        out = _gradient("sky", "#bfe3f2", "#fdf3dc", h) + _fill(ellipse(760, h * 0.2, 80, 80), "#fff6d0")
        for k, colour in enumerate(("#8cc9d6", "#6fb6c9", "#57a2b9")):
            y = h * (0.5 + k * 0.09)
            out += _fill(
                spline(
                    [
                        (-20, y, 1),
                        *[(x * 100.0, y + (12 if x % 2 else -12)) for x in range(1, 10)],
                        (1020, y, 1),
                        (1020, h, 1),
                        (-20, h, 1),
                    ]
                ),
                colour,
            )
        return out + _fill(
            spline([(-20, g - 20, 1), (400, g - 60), (1020, g, 1), (1020, h, 1), (-20, h, 1)]), "#f1dcae"
        )
    if name in ("hills", "garden", "snow", "desert"):
        sky, land = {
            "hills": (("#cfe6f5", "#fbf3de"), ("#c3d9b0", "#a5c792", "#8ab679")),
            "garden": (("#fbe6ea", "#fdf6e3"), ("#d5dfae", "#b7d09a", "#9cc487")),
            "snow": (("#cddcef", "#f1f3fa"), ("#dde7f4", "#eaf1fa", "#fbfdff")),
            "desert": (("#fbe2b8", "#fcefd8"), ("#eec48f", "#e3ad76", "#d99c66")),
        }[name]
        out = _gradient("sky", sky[0], sky[1], h)
        for k, colour in enumerate(land):
            y = h * (0.5 + 0.13 * k)
            nodes: list[Node] = [(-20, y + uniform(-40, 40), 1)]
            nodes += [(x, y + uniform(-70, 50)) for x in (200.0, 450.0, 700.0, 900.0)]
            out += _fill(spline([*nodes, (1020, y, 1), (1020, h, 1), (-20, h, 1)]), colour)
        if name == "snow":
            out += "".join(
                _fill(ellipse(uniform(0, 1000), uniform(0, h), r, r), "#ffffff", 0.9)
                for r in (uniform(4, 11) for _ in range(50))
            )
        if name == "garden":
            out += "".join(
                _fill(star(uniform(0, 1000), uniform(g - 60, h), 14, 6, 0.6), tone)
                for tone in ("#f29aa8", "#ffd36b", "#b79ae0")
                for _ in range(16)
            )
        if name == "desert":
            for x in (120, 850):
                out += _fill(
                    spline([(x - 22, g), (x - 24, g - 210), (x, g - 240), (x + 24, g - 210), (x + 22, g)]), "#8fae79"
                )
        return out
    if name in ("room", "library"):
        out = plain + "".join(
            f'<rect x="{k * 80}" width="30" height="{g}" fill="{lighter(tone, 0.5)}"/>' for k in range(13)
        )
        out += f'<rect y="{g}" width="1000" height="{h - g}" fill="#cda67c"/><rect y="{g - 24}" width="1000" height="24" fill="#f6efe2"/>'
        if name == "room":
            out += f'<rect x="620" y="{h * 0.14:.0f}" width="270" height="300" fill="#8a6a50"/><rect x="640" y="{h * 0.14 + 20:.0f}" width="230" height="260" fill="#bfe0ee"/><path d="M755 {h * 0.14 + 20:.0f}v260M640 {h * 0.14 + 150:.0f}h230" stroke="#8a6a50" stroke-width="14"/>'
            return out + _fill(ellipse(500, h * 0.93, 400, 46), "#b7656a", 0.7)
        shades = ("#b5554f", "#4f7d8c", "#c99a45", "#5e6a4b", "#7d5b83", "#d8c9a8")
        for row in range(5):
            y = h * 0.06 + row * g * 0.185
            x = 30.0
            while x < 960:
                w, tall = uniform(20, 42), uniform(0.1, 0.145) * g
                out += f'<rect x="{x:.0f}" y="{y + g * 0.15 - tall:.0f}" width="{w:.0f}" height="{tall:.0f}" fill="{lighter(shades[int(rng.integers(6))], 0.35)}"/>'
                x += w + 4
            out += f'<rect y="{y + g * 0.15:.0f}" width="1000" height="16" fill="#a67d5b"/>'
        return out
    if name == "cave":
        out = _gradient("sky", "#3b3560", "#5b5a90", h)
        for k in range(14):
            x, tall, up = uniform(0, 1000), uniform(120, 320), k % 2
            colour = ("#7fb4d8", "#9d8fd6", "#6f78b8")[k % 3]
            base = 0.0 if up else g + 60
            way = 1 if up else -1
            out += _fill(
                poly(
                    [
                        (x - 40, base),
                        (x - 26, base + way * tall * 0.7),
                        (x, base + way * tall),
                        (x + 30, base + way * tall * 0.6),
                        (x + 44, base),
                    ]
                ),
                colour,
                0.75,
            )
        return out + f'<rect y="{g}" width="1000" height="{h - g}" fill="#454272"/>'
    if name == "market":
        out = _gradient("sky", "#3f3a63", "#8a5f7f", h)
        for k in range(4):
            x = k * 270 - 60
            out += f'<rect x="{x}" y="{g - 300:.0f}" width="220" height="300" fill="#6d4a5e"/>'
            out += "".join(
                _fill(
                    poly(
                        [
                            (x - 20 + j * 43, g - 320),
                            (x + 23 + j * 43, g - 320),
                            (x + 23 + j * 43, g - 240),
                            (x - 20 + j * 43, g - 240),
                        ]
                    ),
                    "#e8b87a" if j % 2 else "#c9605f",
                )
                for j in range(6)
            )
        for k in range(9):
            x, y = 60 + k * 112, h * 0.12 + 60 * math.sin(k * 1.3)
            out += _fill(ellipse(x, y, 50, 56), "#ffd98a", 0.25) + _fill(ellipse(x, y, 26, 32), "#ffcf70")
        return out + f'<rect y="{g}" width="1000" height="{h - g}" fill="#5a4560"/>'
    raise ValueError(f"unknown scene: {name}")
