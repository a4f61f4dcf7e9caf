"""Characters of The Tidewarden Almanac and Quarter Past Clockhare."""

from __future__ import annotations

from dataclasses import replace

from indexer.training.characters.identity import Identity, Outfit

_TIDE_COAT = Outfit(
    top="raincoat",
    top_colour="#f2b632",
    inner="#fff3d6",
    trim="#1f8a8c",
    sleeves="long",
    bottom="trousers",
    bottom_colour="#2d4a63",
    shoes="high",
    shoe_colour="#23686e",
    belt="#7a4a2c",
    collar="scarf",
    collar_colour="#1f9a99",
    cape="capelet",
    cape_colour="#f2b632",
    lining="#1f8a8c",
    prop="lantern",
    prop_colour="#7a5236",
    prop_accent="#ffe27a",
)


MAREN = Identity(
    slug="maren-tidewarden",
    heads=3.75,
    skin="#e9b48c",
    ears="human",
    hair="flip",
    bangs="side",
    hair_colour="#17777d",
    hair_accent="#7fe0d0",
    eyes="big",
    eye_colour="#2f9e8f",
    eye_size=1.08,
    marks=("freckles",),
    outfit=_TIDE_COAT,
    spare=(
        replace(_TIDE_COAT, hat="sou", hat_colour="#f2b632", hat_trim="#1f8a8c"),
        replace(
            _TIDE_COAT,
            top="sweater",
            top_colour="#f7efe0",
            trim="#1f8a8c",
            inner="#f2b632",
            cape="none",
            bottom="shorts",
            pattern="none",
        ),
    ),
)


_UMBRA_COAT = replace(
    _TIDE_COAT,
    top_colour="#e2a02c",
    trim="#b22a44",
    bottom_colour="#33293f",
    shoe_colour="#6e2338",
    collar_colour="#c22f4a",
    cape_colour="#e2a02c",
    lining="#6e2338",
    prop="hook",
    prop_colour="#4b3a44",
    prop_accent="#c9ccd6",
)


UMBRA = Identity(
    slug="umbra-maren",
    heads=3.75,
    skin="#e9b48c",
    ears="human",
    hair="spiky",
    bangs="spikes",
    hair_colour="#ece6f2",
    hair_accent="#c22f4a",
    eyes="big",
    eye_colour="#b22a44",
    eye_size=1.08,
    marks=("scar",),
    mark_colour="#a8434a",
    outfit=_UMBRA_COAT,
    spare=(
        replace(_UMBRA_COAT, hat="hood", hat_colour="#e2a02c", hat_trim="#b22a44"),
        replace(
            _UMBRA_COAT,
            top="sweater",
            top_colour="#3a3044",
            trim="#b22a44",
            inner="#e2a02c",
            cape="none",
            bottom="shorts",
        ),
    ),
)


_HARE_SUIT = Outfit(
    top="vest",
    top_colour="#b8323f",
    inner="#fff4de",
    trim="#e9b949",
    sleeves="puff",
    bottom="baggy",
    bottom_colour="#5b4a3a",
    shoes="boots",
    shoe_colour="#4a332b",
    belt="#3f2c28",
    collar="bow",
    collar_colour="#e9b949",
    hat="top",
    hat_colour="#3c3350",
    hat_trim="#b8323f",
    prop="key",
    prop_colour="#b98d3c",
    prop_accent="#e9b949",
    gloves="#fff4de",
)


PIP = Identity(
    slug="pip-clockhare",
    heads=3.2,
    leg=0.46,
    head_shape="egg",
    skin="#b9aeb4",
    belly="#f5ede4",
    ears="rabbit",
    ear_inner="#f0b7b2",
    muzzle="cat",
    muzzle_colour="#fbf5ee",
    nose_colour="#a5505c",
    tail="puff",
    tail_tip="#fbf5ee",
    hair="none",
    eyes="tall",
    eye_colour="#c8862a",
    eye_size=1.05,
    marks=("blush",),
    outfit=_HARE_SUIT,
    spare=(
        replace(
            _HARE_SUIT,
            hat="goggles",
            hat_colour="#7a5236",
            hat_trim="#9fe0e6",
            top="overalls",
            top_colour="#b8323f",
            prop="wrench",
            prop_accent="#c9ccd6",
            belt="",
        ),
    ),
)


_POP_SUIT = replace(
    _HARE_SUIT,
    trim="#4fb3c9",
    collar="bowtie",
    collar_colour="#2f7fb0",
    hat_trim="#2f7fb0",
    prop="bell",
    prop_accent="#4fb3c9",
    prop_colour="#7a5236",
)


POP = replace(
    PIP,
    slug="pop-clockhare",
    ears="lop",
    eye_colour="#3b86b8",
    marks=("monocle",),
    mark_colour="#2f7fb0",
    outfit=_POP_SUIT,
    spare=(
        replace(
            _POP_SUIT,
            hat="goggles",
            hat_colour="#4a5566",
            hat_trim="#9fe0e6",
            top="overalls",
            top_colour="#b8323f",
            prop="hammer",
            prop_accent="#4fb3c9",
            belt="",
        ),
    ),
)
