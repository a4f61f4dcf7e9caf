"""The hand-designed cast: twelve characters from six invented works.

Two pairs are alike on purpose: Maren and her double Umbra wear the same coat,
and Pip and Pop are brothers.  They differ in hair or ears, accents, marks and
what they carry.
"""

from __future__ import annotations

from indexer.training.characters.cast_coast import MAREN, PIP, POP, UMBRA
from indexer.training.characters.cast_court import COMET_BAKER, HERON, RIVET, SERPENT_QUEEN
from indexer.training.characters.cast_woods import EMBER, FERN, SMITH, WINTER
from indexer.training.characters.identity import Identity

CAST: tuple[Identity, ...] = (
    MAREN,
    UMBRA,
    PIP,
    POP,
    SERPENT_QUEEN,
    HERON,
    COMET_BAKER,
    RIVET,
    FERN,
    EMBER,
    WINTER,
    SMITH,
)
