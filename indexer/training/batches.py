"""Batches of pairs: two views of each identity, and among the others as many look-alikes as may be.

40-70 % of a batch are of one kind, and drawn characters come with their siblings: the negatives are hard. The batch of
a step depends on the seed, the step and the library alone, so that a run that was interrupted goes on as if it was not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from indexer.ports import ByteArray
from indexer.training import shards
from indexer.training.augment import Shared, shared, view
from indexer.training.families import HELD_OUT_STYLES
from indexer.training.shards import Item, Shard

# How often a kind makes up most of a batch; the avatars' share is for all their styles together.
KIND_WEIGHTS: Final = {"characters": 0.62, "avatars": 0.18, "emoji": 0.07, "clipart": 0.13}
_SAME_PICTURE: Final = 0.25
_WITH_SIBLINGS: Final = 0.6


@dataclass(frozen=True)
class Batch:
    """Views uint8 (2 × pairs, side, side, 3): the first views, then the second ones in the same order.

    `identities` names the pairs, `families` their families; `foreign` marks the pairs that are not drawn characters:
    the earlier model is kept to on those.
    """

    views: ByteArray
    identities: tuple[str, ...]
    families: tuple[str, ...]
    foreign: tuple[bool, ...]


class Library:
    """All pictures that may be trained on, by kind, family and identity. Finished shards are found by `refresh`."""

    def __init__(self, cache: Path, is_held_out: Callable[[Item], bool]) -> None:
        self._cache = cache
        self._is_held_out = is_held_out
        self._shards: dict[str, Shard] = {}
        self._places: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self._families: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._scenes: ByteArray = shards.read(cache / "scenes", "scenes").pictures
        self.refresh()

    def refresh(self) -> int:
        """Take in the shards finished since; return how many pictures there are."""
        for name in shards.names(self._cache / "pictures"):
            if name not in self._shards:
                self._add(shards.read(self._cache / "pictures", name))
        return sum(len(places) for places in self._places.values())

    def _add(self, shard: Shard) -> None:
        self._shards[shard.name] = shard
        for index, item in enumerate(shard.items):
            if item.style in HELD_OUT_STYLES or self._is_held_out(item):
                continue
            if item.identity not in self._places:
                self._families[item.kind][item.family].append(item.identity)
            self._places[item.identity].append((shard.name, index))

    def items(self) -> list[Item]:
        """Return what may be trained on."""
        return [self._item(place) for places in self._places.values() for place in places]

    def kinds(self) -> tuple[str, ...]:
        """Return the kinds there are, sorted."""
        return tuple(sorted(self._families))

    def batch(self, step: int, pairs: int, side: int, seed: int) -> Batch:
        """Make the batch of a step."""
        rng = np.random.default_rng((seed, step))
        chosen = self._choose(pairs, rng)
        first, second = [], []
        for identity in chosen:
            common = shared(rng)
            one, other = self._pair(identity, rng)
            # Hues may be turned in one view where both show one picture: a recoloured copy is a copy.
            copied = one == other
            first.append(self._view(one, side, rng, common, recolour=copied))
            second.append(self._view(other, side, rng, common, recolour=copied))
        items = [self._item(self._places[identity][0]) for identity in chosen]
        families = tuple(item.family for item in items)
        foreign = tuple(item.kind != "characters" for item in items)
        return Batch(np.stack(first + second), tuple(chosen), families, foreign)

    def _choose(self, pairs: int, rng: np.random.Generator) -> list[str]:
        """Choose as many different identities: first those of the main kind, then of any."""
        chosen: dict[str, None] = {}
        main = self._kind(rng)
        wanted = round(pairs * rng.uniform(0.4, 0.7))
        tries = 0
        while len(chosen) < pairs:
            tries += 1
            kind = main if len(chosen) < wanted and tries < 4 * pairs else self._kind(rng)
            families = self._families[kind]
            names = list(families)
            members = families[names[int(rng.integers(len(names)))]]
            if kind in {"emoji", "clipart"}:
                # A series of clip art may be one drawing twice, and the forms of an emoji are hardly two.
                if chosen.keys().isdisjoint(members):
                    chosen[members[int(rng.integers(len(members)))]] = None
                continue
            count = len(members) if rng.random() < _WITH_SIBLINGS else 1
            for index in rng.permutation(len(members))[: min(count, 4, pairs - len(chosen))]:
                chosen[members[int(index)]] = None
        return list(chosen)

    def _kind(self, rng: np.random.Generator) -> str:
        """Choose a kind by weight, of the avatars one style."""
        groups: dict[str, list[str]] = defaultdict(list)
        for kind in self.kinds():
            groups[kind.partition(":")[0]].append(kind)
        names = list(groups)
        weights = np.array([KIND_WEIGHTS.get(name, 0.1) for name in names])
        group = groups[names[int(rng.choice(len(names), p=weights / weights.sum()))]]
        return group[int(rng.integers(len(group)))]

    def _pair(self, identity: str, rng: np.random.Generator) -> tuple[tuple[str, int], tuple[str, int]]:
        """Choose two pictures of an identity, different ones in three of four where there are two."""
        places = self._places[identity]
        if len(places) == 1 or rng.random() < _SAME_PICTURE:
            place = places[int(rng.integers(len(places)))]
            return place, place
        one, other = rng.permutation(len(places))[:2]
        return places[int(one)], places[int(other)]

    def _view(
        self, place: tuple[str, int], side: int, rng: np.random.Generator, common: Shared, *, recolour: bool
    ) -> ByteArray:
        shard, index = place
        item = self._item(place)
        backdrop = self._scenes[int(rng.integers(len(self._scenes)))]
        cutout = self._shards[shard].pictures[index]
        return view(cutout, backdrop, item.style, side, rng=rng, common=common, recolour=recolour)

    def _item(self, place: tuple[str, int]) -> Item:
        return self._shards[place[0]].items[place[1]]
