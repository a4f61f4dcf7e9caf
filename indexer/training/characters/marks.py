"""Freckles, scars, spectacles, beards and other marks of the face."""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: C901, E501, PLR0912

from __future__ import annotations

from indexer.training.characters.identity import Identity
from indexer.training.characters.svg import Canvas, Node, darker, ellipse, poly, spline, star
from indexer.training.characters.turning import slide, squash


def draw_under(c: Canvas, who: Identity, turn: float) -> None:
    """Draw marks that lie on the skin, below the eyes."""
    tone = who.mark_colour
    if "freckles" in who.marks:
        for px, py in ((-60, 44), (-50, 52), (-44, 42), (44, 42), (50, 52), (60, 44)):
            c.raw(34, "head", c.patch(ellipse(slide(px, turn), py, 3.4, 3.4), darker(who.skin, 0.35)))
    if "stars" in who.marks:
        for px, py, r in ((-62, 46, 9), (-46, 56, 6), (58, 46, 9), (44, 58, 5), (66, 62, 5)):
            c.raw(34, "head", c.patch(star(slide(px, turn), py, r), tone))
    if "stripes" in who.marks:
        for s in (-1, 1):
            for py in (42, 56):
                x = slide(s * 74, turn)
                c.raw(34, "head", c.patch(poly([(x, py - 5), (x, py + 5), (slide(s * 42, turn), py + 2)]), tone))
    if "band" in who.marks:
        c.raw(
            34,
            "head",
            c.patch(
                spline(
                    [
                        (slide(-92, turn), 30),
                        (slide(0, turn), 34),
                        (slide(92, turn), 30),
                        (slide(92, turn), 50),
                        (slide(0, turn), 54),
                        (slide(-92, turn), 50),
                    ]
                ),
                tone,
                0.9,
            ),
        )
    if "teardrops" in who.marks:
        for s in (-1, 1):
            x = slide(s * 44, turn)
            c.raw(34, "head", c.patch(spline([(x, 44, 1), (x + 7, 64), (x, 72), (x - 7, 64)]), tone))
    if "spots" in who.marks:
        for px, py, r in ((-70, -30, 13), (-52, -54, 9), (66, 56, 11), (50, 72, 7), (74, -10, 9)):
            c.raw(33.5, "head", c.patch(ellipse(slide(px, turn), py, r, r * 0.9), tone))
    if "patch" in who.marks:
        c.raw(33.5, "head", c.patch(ellipse(slide(43, turn), 14, 38 * squash(43, turn), 44), tone))


def draw_over(c: Canvas, who: Identity, turn: float) -> None:
    """Draw marks that lie over the eyes."""
    tone = who.mark_colour
    if "scar" in who.marks:
        x = slide(46, turn)
        c.line(37.5, "head", f"M{x - 10:.1f} -22L{x + 14:.1f} 62M{x - 10:.1f} 40l22 -8M{x - 6:.1f} 54l20 -7", tone, 5)
    if "gem" in who.marks:
        x = slide(0, turn)
        c.shape(41, "head", poly([(x, -50), (x + 10, -36), (x, -20), (x - 10, -36)]), tone, shadow=0.3, outline=0.7)
    if "eyepatch" in who.marks:
        x = slide(44, turn)
        c.line(39, "head", f"M{slide(-92, turn):.1f} -52Q{x * 0.4:.1f} -30 {x + 40:.1f} 20", "#3a2f3f", 7)
        c.shape(
            39.1, "head", spline([(x - 28, 2), (x, -6), (x + 28, 4), (x + 18, 40), (x - 16, 40)]), "#3a2f3f", shadow=0.4
        )
    if "glasses" in who.marks or "monocle" in who.marks:
        ring = "#c98f2b" if "monocle" in who.marks else "#4b3b52"
        for s in (-1, 1) if "glasses" in who.marks else (1,):
            x, k = slide(s * 43, turn), squash(s * 43, turn)
            c.raw(38, "head", c.patch(ellipse(x, 18, 32 * k, 32), "#e8f6ff", 0.28))
            c.line(38.1, "head", ellipse(x, 18, 32 * k, 32), ring, 6)
        x = slide(43, turn)
        if "monocle" in who.marks:
            c.line(38.1, "head", f"M{x + 24:.1f} 40Q{x + 40:.1f} 80 {x + 24:.1f} 118", ring, 3.5)
        else:
            c.line(
                38.1,
                "head",
                f"M{slide(-43, turn) + 30 * squash(-43, turn):.1f} 14Q{slide(0, turn):.1f} 6 {x - 30 * squash(43, turn):.1f} 14",
                ring,
                6,
            )
    if "moustache" in who.marks:
        x = slide(0, turn)
        c.shape(
            38.8,
            "head",
            spline(
                [
                    (x, 54),
                    (x + 24, 52),
                    (x + 50, 66, 1),
                    (x + 20, 72),
                    (x, 62),
                    (x - 20, 72),
                    (x - 50, 66, 1),
                    (x - 24, 52),
                ]
            ),
            who.hair_colour,
            shadow=0.3,
        )
    if "beard" in who.marks:
        x = slide(0, turn) * 0.7
        beard: list[Node] = [
            (-92, 20, 1),
            (-70, 52),
            (-34, 54),
            (0, 50),
            (34, 54),
            (70, 52),
            (92, 20, 1),
            (86, 84),
            (46, 134),
            (0, 158, 1),
            (-46, 134),
            (-86, 84),
        ]
        c.shape(38.2, "head", spline([(p[0] + x * (1 - abs(p[0]) / 110), *p[1:]) for p in beard]), who.hair_colour)
