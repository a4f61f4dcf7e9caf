"""Turns proportions and a pose into joint positions (world units, y downwards)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from indexer.training.characters.identity import Identity, Pose
from indexer.training.characters.svg import Frame, Node, bend

GROUND = 1000.0


@dataclass
class Rig:
    """Measures of one posed figure.

    ``unit`` is the body's width measure (about 230); ``side`` entries 0 and 1
    are the viewer's left and right limbs.
    """

    unit: float
    head_scale: float
    head_y: float
    neck_y: float
    shoulder_y: float
    waist_y: float
    hip_y: float
    shoulder: float
    waist: float
    hip: float
    neck: float
    turn: float
    lean: float
    drop: float
    arms: list[list[Node]]
    arm_end: list[tuple[float, float, float]]
    legs: list[list[Node]]
    ankles: list[tuple[float, float, float]]
    arm_widths: list[float]
    leg_widths: list[float]
    frames: dict[str, Frame]

    def middle(self, share: float = 1.0) -> float:
        """Return the x of the body's front centre line (moves with the turn)."""
        return self.turn * self.shoulder * 0.32 * share


def build(who: Identity, pose: Pose) -> Rig:
    """Place every joint."""
    head = 1000.0 / who.heads
    body = 1000.0 - head * 0.93
    leg = body * who.leg
    torso = body - leg
    unit = math.sqrt(head * (1000.0 - head) * 0.3)
    hip_y = GROUND - leg
    neck_y = hip_y - torso
    shoulder_y = neck_y + torso * 0.11
    squeeze = 1.0 - 0.13 * abs(pose.turn)
    shoulder = 0.345 * unit * who.bulk * who.shoulder * squeeze
    waist = 0.28 * unit * (who.bulk**1.4) * squeeze
    hip = 0.31 * unit * who.bulk * who.hip * squeeze
    head_scale = head / 200.0 * who.head_size

    reach = 0.225 * (1000.0 - head)
    arms: list[list[Node]] = []
    arm_end: list[tuple[float, float, float]] = []
    for side, (upper, fore) in ((-1, pose.arm_l), (1, pose.arm_r)):
        x, y = side * (shoulder - 0.03 * unit), shoulder_y + 0.05 * unit
        ux, uy = side * math.sin(math.radians(upper)), math.cos(math.radians(upper))
        fx, fy = side * math.sin(math.radians(fore)), math.cos(math.radians(fore))
        elbow = (x + ux * reach, y + uy * reach)
        wrist = (elbow[0] + fx * reach * 0.92, elbow[1] + fy * reach * 0.92)
        arms.append(bend([(x, y), elbow, wrist]))
        arm_end.append((*wrist, math.degrees(math.atan2(-fx, fy))))

    legs: list[list[Node]] = []
    ankles: list[tuple[float, float, float]] = []
    foot = 0.12 * unit
    bone = (leg - foot) / 2
    low = 0.0
    for side, (upper, fore) in ((-1, pose.leg_l), (1, pose.leg_r)):
        x = side * hip * 0.52
        thigh = bone * pose.thigh
        knee = (x + side * math.sin(math.radians(upper)) * thigh, hip_y + math.cos(math.radians(upper)) * thigh)
        fx, fy = side * math.sin(math.radians(fore)), math.cos(math.radians(fore))
        ankle = (knee[0] + fx * bone, knee[1] + fy * bone)
        legs.append(bend([(x, hip_y - 4), knee, ankle]))
        ankles.append((*ankle, math.degrees(math.atan2(-fx, fy))))
        low = max(low, ankle[1] + foot)
    drop = GROUND - low - pose.lift

    world = f"translate(0 {drop:.1f})"
    if pose.back:
        world = f"scale(-1 1) {world}"
    chest = f"{world} rotate({pose.lean:g} 0 {hip_y:.1f})"
    head_y = neck_y - 100 * head_scale * 0.78
    tilt = f"{chest} rotate({pose.tilt:g} 0 {neck_y:.1f})"
    nod = f"{tilt} translate({pose.turn * 7:.1f} {head_y:.1f}) scale({head_scale:.4f})"
    thick = 0.35 + 0.68 * who.bulk
    return Rig(
        unit=unit,
        head_scale=head_scale,
        head_y=head_y,
        neck_y=neck_y,
        shoulder_y=shoulder_y,
        waist_y=neck_y + torso * 0.66,
        hip_y=hip_y,
        shoulder=shoulder,
        waist=waist,
        hip=hip,
        neck=0.105 * unit * thick,
        turn=0.0 if pose.back else pose.turn,
        lean=pose.lean,
        drop=drop,
        arms=arms,
        arm_end=arm_end,
        legs=legs,
        ankles=ankles,
        arm_widths=[v * unit * thick for v in (0.098, 0.088, 0.066)],
        leg_widths=[v * unit * thick for v in (0.158, 0.118, 0.086)],
        frames={
            "world": Frame(""),
            "body": Frame(world),
            "chest": Frame(chest),
            "head": Frame(nod, head_scale),
        },
    )
