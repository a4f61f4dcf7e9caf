"""What is looked for of an upload's picture: the whole, and each picture found inside it, hashed and made ready."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.model import ModelSpec, Region
from indexer.ports import FloatArray
from indexer.signals.pixels.images import Picture, cut
from indexer.signals.pixels.layout import inner_pictures
from indexer.signals.pixels.perceptual import PerceptualHashes, perceptual_hashes
from indexer.signals.pixels.views import WHOLE, pixels


@dataclass(frozen=True, slots=True)
class Prepared:
    """A part of a picture: where it is (None for the whole), its hashes, and its pixels as the model takes them."""

    region: Region | None
    hashes: PerceptualHashes
    pixels: FloatArray


def prepare_query(picture: Picture, spec: ModelSpec) -> list[Prepared]:
    """Prepare a picture and what is inside it, the whole first."""
    regions: list[Region | None] = [None, *inner_pictures(picture)]
    parts = [(region, picture if region is None else cut(picture, region)) for region in regions]
    return [Prepared(region, perceptual_hashes(part), pixels(part, WHOLE, spec)) for region, part in parts]
