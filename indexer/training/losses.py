"""The losses, all of unit vectors: one row a view, float32."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional


def nt_xent(first: torch.Tensor, second: torch.Tensor, temperature: float) -> tuple[torch.Tensor, float]:
    """Return the normalised-temperature cross entropy of pairs (SimCLR), and how often the nearest is the right one.

    Row i of `first` and row i of `second`, both (pairs, dim), belong together; all other views are negatives.
    """
    views = torch.cat([first, second])
    logits = views @ views.T / temperature
    logits.fill_diagonal_(float("-inf"))
    pairs = len(first)
    target = torch.arange(2 * pairs).roll(pairs)
    nearest = float((logits.argmax(dim=1) == target).float().mean())
    return functional.cross_entropy(logits, target), nearest


def against_siblings(
    first: torch.Tensor, second: torch.Tensor, families: Sequence[str], temperature: float
) -> torch.Tensor:
    """Return the same cross entropy among the members of each family alone; nought where every family has one.

    Among all other views a sibling is one negative of many, and soon the only one that counts: here it counts at once.
    """
    names = {name: number for number, name in enumerate(dict.fromkeys(families))}
    own = torch.tensor([names[name] for name in families]).repeat(2)
    kin = own[:, None] == own[None, :]
    kin.fill_diagonal_(fill_value=False)
    rows = kin.sum(dim=1) > 1
    if not bool(rows.any()):
        return torch.zeros(())
    views = torch.cat([first, second])
    logits = (views @ views.T / temperature).masked_fill(~kin, float("-inf"))
    target = torch.arange(len(views)).roll(len(first))
    return functional.cross_entropy(logits[rows], target[rows])


def koleo(views: torch.Tensor) -> torch.Tensor:
    """Return how closely views crowd: minus the mean logarithm of the distance to the nearest (Sablayrolles 2019)."""
    with torch.no_grad():
        likeness = views @ views.T
        likeness.fill_diagonal_(-1.0)
        nearest = likeness.argmax(dim=1)
    distance = (views - views[nearest]).square().sum(dim=1).clamp_min(1e-8).sqrt()
    return -distance.log().mean()


def distillation(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Return the mean of one minus the cosine between two models' vectors of the same views."""
    return (1.0 - (student * teacher).sum(dim=1)).mean()
