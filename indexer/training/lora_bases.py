"""Two small models to train LoRAs on, as people train them on large ones: a denoising U-Net and the embedded model.

1. `Denoiser` is a latent-diffusion U-Net in miniature: residual blocks, self-attention, attention to a context of two
   tokens (how a picture is drawn, and what it is called), v-prediction (Salimans and Ho 2022). Its modules bear the
   public library's names, so that its LoRAs are named as real ones are.
2. `Tower` pulls the pictures of one character together and away from others.
3. `attach` puts a LoRA beside every wanted layer, begun as the trainers begin it (down at random, up at nought).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import pi, sqrt
from typing import Any, Final, Protocol

import torch
from torch import nn
from torch.nn import functional

from indexer.training import tower

RANK: Final = 8
SIDE: Final = 32
STYLES: Final = 64
CALLED: Final = 256
WIDTH: Final = 160
_BLOCKS: Final = 6
_HEADS: Final = 5
_PATCH: Final = 4
_SHARPNESS: Final = 10.0


class Attention(nn.Module):  # type: ignore[misc] # torch is not typed here
    """Attention to a context, or to itself."""

    def __init__(self) -> None:
        super().__init__()
        self.to_q, self.to_k, self.to_v = (nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(WIDTH, WIDTH)])

    def forward(self, x: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Attend; x (n, places, WIDTH), context (n, tokens, WIDTH)."""
        heads = [
            part.unflatten(2, (_HEADS, -1)).transpose(1, 2)
            for part in (self.to_q(x), self.to_k(context), self.to_v(context))
        ]
        return self.to_out[0](functional.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2))


class Gated(nn.Module):  # type: ignore[misc] # as above
    """GEGLU (Shazeer 2020)."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.proj = nn.Linear(WIDTH, 2 * hidden)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate one half by the other."""
        value, gate = self.proj(x).chunk(2, dim=-1)
        return value * functional.gelu(gate)


class FeedForward(nn.Module):  # type: ignore[misc] # as above
    """The part of a block that works on each place alone."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(Gated(2 * WIDTH), nn.Identity(), nn.Linear(2 * WIDTH, WIDTH))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map every place."""
        return self.net(x)


class Block(nn.Module):  # type: ignore[misc] # as above
    """One transformer block."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(WIDTH) for _ in range(3))
        self.attn1, self.attn2 = Attention(), Attention()
        self.ff = FeedForward()

    def forward(self, x: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Attend to itself and to the context."""
        own = self.norm1(x)
        x = x + self.attn1(own, own)
        x = x + self.attn2(self.norm2(x), context)
        return x + self.ff(self.norm3(x))


class Denoiser(nn.Module):  # type: ignore[misc] # as above
    """A diffusion transformer for pictures (n, 3, SIDE, SIDE) in -1..1, at times 0 (clean) to 1; gives the velocity."""

    def __init__(self) -> None:
        super().__init__()
        self.style = nn.Embedding(STYLES, WIDTH)
        self.called = nn.Embedding(CALLED, WIDTH)
        self.time_embedding = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH))
        self.place = nn.Parameter(torch.randn((SIDE // _PATCH) ** 2, WIDTH) / sqrt(WIDTH))
        self.x_embedder = nn.Linear(3 * _PATCH**2, WIDTH)
        self.transformer_blocks = nn.ModuleList([Block() for _ in range(_BLOCKS)])
        self.norm_out = nn.LayerNorm(WIDTH)
        self.proj_out = nn.Linear(WIDTH, 3 * _PATCH**2)

    def forward(self, x: torch.Tensor, time: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Predict; `time` (n,), `labels` (n, 2) numbers of style and name."""
        angles = time[:, None] * torch.exp(torch.linspace(0.0, 6.0, WIDTH // 2))
        at = self.time_embedding(torch.cat([angles.sin(), angles.cos()], dim=1))
        context = torch.stack([self.style(labels[:, 0]), self.called(labels[:, 1]), at], dim=1)
        patches = functional.pixel_unshuffle(x, _PATCH)
        places = self.x_embedder(patches.flatten(2).transpose(1, 2)) + self.place + at[:, None]
        for block in self.transformer_blocks:
            places = block(places, context)
        flat = self.proj_out(self.norm_out(places)).transpose(1, 2)
        return functional.pixel_shuffle(flat.unflatten(2, patches.shape[2:]), _PATCH)

    def loss(self, pictures: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error of the velocity at random times; draws from torch's own generator."""
        angle = torch.rand(len(pictures))[:, None, None, None] * (pi / 2)
        noise = torch.randn_like(pictures)
        noisy = angle.cos() * pictures + angle.sin() * noise
        wanted = angle.cos() * noise - angle.sin() * pictures
        return functional.mse_loss(self(noisy, angle.flatten() / (pi / 2), labels), wanted)


class Adapted(nn.Module):  # type: ignore[misc] # as above
    """A frozen linear layer, or convolution of one place, with a LoRA beside it; alpha is the rank."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer.requires_grad_(False)
        if isinstance(layer, nn.Conv2d):
            self.down = nn.Conv2d(layer.in_channels, RANK, 1, bias=False)
            self.up = nn.Conv2d(RANK, layer.out_channels, 1, bias=False)
        else:
            self.down = nn.Linear(layer.in_features, RANK, bias=False)
            self.up = nn.Linear(RANK, layer.out_features, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add the LoRA's change."""
        return self.layer(x) + self.up(self.down(x))

    def begin(self) -> None:
        """Start anew as the trainers do, from torch's own generator: a fixed seed there gives every LoRA these."""
        nn.init.kaiming_uniform_(self.down.weight, a=sqrt(5))
        nn.init.zeros_(self.up.weight)


def attach(model: nn.Module, wanted: Callable[[str], bool]) -> dict[str, Adapted]:
    """Freeze a model and put a LoRA beside every layer whose name is wanted; returns them by these names."""
    model.requires_grad_(False)
    adapters: dict[str, Adapted] = {}
    for name, layer in list(model.named_modules()):
        if isinstance(layer, nn.Linear | nn.Conv2d) and wanted(name):
            parent, _, leaf = name.rpartition(".")
            adapters[name] = Adapted(layer)
            setattr(model.get_submodule(parent), leaf, adapters[name])
    return adapters


class Base(Protocol):
    """A model with LoRAs attached."""

    adapters: Mapping[str, Adapted]

    def loss(self, character: int) -> torch.Tensor:
        """Return the loss on some pictures of a character, drawn from torch's own generator."""

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the LoRA as a trainer would name and write it."""


class DenoiserBase:
    """LoRAs on every linear layer of the transformers, as kohya's trainer puts and names them."""

    def __init__(self, model: Denoiser, pictures: torch.Tensor, labels: torch.Tensor, batch: int = 4) -> None:
        self.adapters: Mapping[str, Adapted] = attach(model, lambda name: name.startswith("transformer_blocks"))
        self._model, self._pictures, self._labels, self._batch = model, pictures, labels, batch

    def loss(self, character: int) -> torch.Tensor:
        """Denoise pictures of a character, some mirrored."""
        chosen = torch.randint(self._pictures.shape[1], (self._batch,))
        pictures = mirrored(self._pictures[character, chosen])
        return self._model.loss(pictures, self._labels[character, chosen])

    def tensors(self) -> dict[str, torch.Tensor]:
        """Write kohya's names."""
        found: dict[str, torch.Tensor] = {}
        for name, adapter in self.adapters.items():
            layer = "lora_transformer_" + name.replace(".", "_")
            found |= {f"{layer}.lora_down.weight": adapter.down.weight, f"{layer}.lora_up.weight": adapter.up.weight}
            found[f"{layer}.alpha"] = torch.tensor(float(RANK))
        return found


class TowerBase:
    """LoRAs on the pointwise convolutions of the embedded model, named as PEFT does."""

    def __init__(self, model: tower.Tower, pictures: torch.Tensor, others: torch.Tensor, batch: int = 4) -> None:
        self.adapters: Mapping[str, Adapted] = attach(
            model.trunk, lambda name: "conv_pw" in name and int(name.split(".")[1]) >= tower.FROZEN_STAGES
        )
        self._model, self._pictures, self._others, self._batch = model, pictures, others, batch

    def loss(self, character: int) -> torch.Tensor:
        """Tell pictures of a character from three times as many others, by the cosine to each of its own."""
        own = self._pictures[character, torch.randperm(self._pictures.shape[1])[: self._batch]]
        others = self._others[torch.randint(len(self._others), (3 * self._batch,))]
        vectors = self._model(mirrored(torch.cat([own, others])))
        scores = _SHARPNESS * (vectors[: self._batch] @ vectors.T)
        scores = scores.masked_fill(torch.eye(*scores.shape, dtype=torch.bool), float("-inf"))
        # SupCon (Khosla et al. 2020) with one class of interest.
        return (scores.logsumexp(dim=1) - scores[:, : self._batch].logsumexp(dim=1)).mean()

    def tensors(self) -> dict[str, torch.Tensor]:
        """Write PEFT's names."""
        found: dict[str, torch.Tensor] = {}
        for name, adapter in self.adapters.items():
            layer = f"base_model.model.{name}"
            found |= {f"{layer}.lora_A.weight": adapter.down.weight, f"{layer}.lora_B.weight": adapter.up.weight}
        return found


def mirrored(pictures: torch.Tensor) -> torch.Tensor:
    """Mirror a half of the pictures."""
    turned = torch.rand(len(pictures))[:, None, None, None] < 0.5  # noqa: PLR2004 (a half)
    return torch.where(turned, pictures.flip(3), pictures)


def train_lora(base: Base, character: int, *, seed: int, steps: int, rate: float, begin: bool = True) -> float:
    """Train a LoRA in place, or go on with the one that stands there; returns the mean loss of the last ten steps.

    Everything random comes from `seed`, as in the trainers: the start, the noise, the order of the pictures.
    """
    torch.manual_seed(seed)
    if begin:
        for adapter in base.adapters.values():
            adapter.begin()
    weights = [weight for adapter in base.adapters.values() for weight in (adapter.down.weight, adapter.up.weight)]
    optimiser = torch.optim.Adam(weights, lr=rate)
    losses = []
    for _ in range(steps):
        optimiser.zero_grad(set_to_none=True)
        loss = base.loss(character)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return sum(losses[-10:]) / len(losses[-10:])
