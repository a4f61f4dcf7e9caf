"""What a character is (identity, outfit) and what it does (pose).

Names of parts are keys understood by the drawing modules; colours are
``#rrggbb``; an empty colour means "without".
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Outfit:
    """Layered clothes, hat and hand-held item."""

    top: str = "tunic"
    top_colour: str = "#4a7fb5"
    inner: str = "#f4efe3"
    trim: str = "#e8b84a"
    sleeves: str = "long"
    sleeve_colour: str = ""
    bottom: str = "trousers"
    bottom_colour: str = "#4b4560"
    shoes: str = "boots"
    shoe_colour: str = "#6b4630"
    gloves: str = ""
    belt: str = "#5d3d28"
    collar: str = "none"
    collar_colour: str = "#d9523f"
    cape: str = "none"
    cape_colour: str = "#a63a3a"
    lining: str = "#e9c46a"
    hat: str = "none"
    hat_colour: str = "#4b4560"
    hat_trim: str = "#e8b84a"
    prop: str = "none"
    prop_colour: str = "#9a6b3f"
    prop_accent: str = "#ffd166"
    pattern: str = "none"
    shoulders: str = "none"


@dataclass(frozen=True)
class Identity:
    """The unchanging traits of one character.

    ``heads`` is the height in head heights (2.4-6.5); ``bulk``, ``shoulder`` and
    ``hip`` multiply widths (0.7-1.6); ``leg`` is the legs' share of the body
    below the head (0.35-0.65).
    """

    slug: str = "someone"
    heads: float = 4.0
    bulk: float = 1.0
    shoulder: float = 1.0
    hip: float = 1.0
    leg: float = 0.52
    head_shape: str = "round"
    head_size: float = 1.0
    skin: str = "#f2c7a5"
    belly: str = ""
    ears: str = "human"
    ear_inner: str = "#e8a08c"
    horns: str = "none"
    horn_colour: str = "#e9dcc0"
    muzzle: str = "none"
    muzzle_colour: str = "#fff3e2"
    nose_colour: str = "#4a2f35"
    tail: str = "none"
    tail_tip: str = ""
    wings: str = "none"
    wing_colour: str = "#bcd8f0"
    hair: str = "bob"
    bangs: str = "side"
    hair_colour: str = "#5b3a29"
    hair_accent: str = ""
    hair_length: float = 1.0
    eyes: str = "big"
    eye_colour: str = "#3f7fbf"
    eye_size: float = 1.0
    lashes: bool = False
    brow: float = 1.0
    marks: tuple[str, ...] = ()
    mark_colour: str = "#c0453c"
    lower: str = "legs"
    outfit: Outfit = Outfit()
    spare: tuple[Outfit, ...] = ()

    def wearing(self, number: int) -> Identity:
        """Return this character in another of its outfits (0 is the usual one)."""
        outfits = (self.outfit, *self.spare)
        return replace(self, outfit=outfits[number % len(outfits)])


@dataclass(frozen=True)
class Pose:
    """A posture, an expression and a framing.

    Arm and leg pairs are the angles of the upper and lower bone from straight
    down, positive away from the body; "l" and "r" are the viewer's left and
    right.  ``turn`` is -1 (viewer's left) to 1; ``lift`` raises the figure off
    the ground; ``thigh`` shortens thighs pointing at the viewer (sitting).
    """

    arm_l: tuple[float, float] = (14, 6)
    arm_r: tuple[float, float] = (16, 10)
    leg_l: tuple[float, float] = (5, 3)
    leg_r: tuple[float, float] = (5, 3)
    lean: float = 0.0
    tilt: float = 0.0
    turn: float = 0.0
    back: bool = False
    lift: float = 0.0
    thigh: float = 1.0
    prop_angle: float = 6.0
    face: str = "smile"
    framing: str = "full"
    look: float = 0.0


POSES: dict[str, Pose] = {
    "stand": Pose(),
    "relaxed": Pose(arm_l=(22, 4), leg_l=(3, 0), leg_r=(12, 6), lean=-2, tilt=4, turn=0.35),
    "wave": Pose(arm_l=(112, 168), tilt=-5, face="grin", lean=2, turn=-0.2),
    "hips": Pose(arm_l=(48, -46), leg_l=(11, 8), leg_r=(11, 8), face="smug", turn=0.25),
    "cheer": Pose(arm_l=(140, 165), arm_r=(138, 160), leg_l=(14, 10), leg_r=(14, 10), face="joy", prop_angle=14),
    "run": Pose(
        arm_l=(58, 8),
        arm_r=(34, 88),
        leg_l=(46, 88),
        leg_r=(44, 2),
        lean=9,
        turn=0.8,
        lift=20,
        prop_angle=30,
        face="determined",
    ),
    "run_left": Pose(
        arm_l=(34, 88),
        arm_r=(58, 20),
        leg_l=(44, 2),
        leg_r=(46, 88),
        lean=-9,
        turn=-0.8,
        lift=20,
        prop_angle=18,
        face="determined",
    ),
    "jump": Pose(
        arm_l=(128, 150),
        arm_r=(108, 130),
        leg_l=(38, -22),
        leg_r=(22, 48),
        lift=90,
        face="joy",
        turn=0.3,
        tilt=4,
        prop_angle=22,
    ),
    "point": Pose(arm_l=(92, 92), leg_l=(20, 14), leg_r=(8, 12), lean=-4, turn=-0.6, face="shout"),
    "guard": Pose(
        arm_l=(40, -70),
        arm_r=(70, 110),
        leg_l=(24, 10),
        leg_r=(24, 10),
        face="angry",
        turn=0.5,
        lean=-3,
        prop_angle=-28,
    ),
    "raise": Pose(
        arm_l=(36, 12),
        arm_r=(122, 160),
        leg_l=(14, 8),
        leg_r=(8, 10),
        face="determined",
        turn=0.45,
        tilt=-4,
        prop_angle=10,
    ),
    "think": Pose(arm_l=(24, -140), arm_r=(24, -6), tilt=7, face="thoughtful", turn=-0.4, leg_l=(2, 0), leg_r=(9, 4)),
    "shrug": Pose(arm_l=(34, 112), arm_r=(34, 112), tilt=-7, face="wry", prop_angle=18),
    "shy": Pose(arm_l=(14, -42), arm_r=(16, -30), leg_l=(1, -4), leg_r=(2, -5), tilt=8, face="shy", turn=0.3),
    "sad": Pose(arm_l=(6, 0), arm_r=(8, 2), lean=3, tilt=9, face="sad", turn=0.5),
    "startled": Pose(
        arm_l=(62, 128), arm_r=(60, 116), leg_l=(14, -6), leg_r=(18, 4), face="surprised", lean=-4, prop_angle=20
    ),
    "sit": Pose(arm_l=(26, 6), arm_r=(30, 20), leg_l=(14, 2), leg_r=(16, 6), thigh=0.42, turn=-0.25, tilt=4),
    "walk": Pose(arm_l=(30, 16), arm_r=(26, 50), leg_l=(22, 30), leg_r=(22, 6), turn=0.9, lean=3),
    "walk_left": Pose(arm_l=(26, 50), arm_r=(30, 12), leg_l=(22, 6), leg_r=(22, 30), turn=-0.9, lean=-3),
    "dance": Pose(
        arm_l=(118, 70),
        arm_r=(74, 128),
        leg_l=(4, 2),
        leg_r=(46, -26),
        lean=-5,
        tilt=8,
        face="happy",
        turn=-0.3,
        prop_angle=30,
    ),
    "kick": Pose(
        arm_l=(70, 92), arm_r=(48, 60), leg_l=(6, 4), leg_r=(76, 70), lean=-10, turn=0.6, face="shout", prop_angle=40
    ),
    "crouch": Pose(
        arm_l=(46, -8), arm_r=(50, 86), leg_l=(62, -24), leg_r=(58, -20), face="smug", lean=4, turn=0.3, prop_angle=24
    ),
    "back": Pose(back=True, arm_l=(22, 10), arm_r=(18, 10), leg_l=(8, 5), leg_r=(8, 5)),
    "back_wave": Pose(back=True, arm_l=(116, 160), arm_r=(20, 10), leg_l=(6, 4), leg_r=(10, 6), tilt=5),
}
