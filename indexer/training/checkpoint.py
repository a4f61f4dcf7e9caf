"""Checkpoints: everything a run needs to go on, in one safetensors file with the step and the plan as text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

_MOMENTS = ("exp_avg", "exp_avg_sq")


def save(
    path: Path,
    model: nn.Module,
    average: dict[str, torch.Tensor],
    optimiser: Any,
    *,
    step: int,
    plan: dict[str, Any],
) -> None:
    """Write the state after `step` steps; the file appears whole or not at all."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in average.items()}
    for number, parameter in enumerate(_parameters(optimiser)):
        state = optimiser.state.get(parameter, {})
        tensors |= {f"{moment}.{number}": state[moment] for moment in _MOMENTS if moment in state}
    partial = path.with_suffix(".partial")
    save_file(
        {name: value.contiguous() for name, value in tensors.items()},
        partial,
        metadata={"step": str(step), "plan": json.dumps(plan, sort_keys=True)},
    )
    partial.rename(path)


def restore(path: Path, model: nn.Module, average: dict[str, torch.Tensor], optimiser: Any) -> int:
    """Put a saved state back in place and return how many steps it had done."""
    with safe_open(path, "pt") as file:
        names = set(file.keys())
        step = int(file.metadata()["step"])
        model.load_state_dict(
            {name.removeprefix("model."): file.get_tensor(name) for name in names if name.startswith("model.")}
        )
        for name, value in average.items():
            value.copy_(file.get_tensor(f"average.{name}"))
        for number, parameter in enumerate(_parameters(optimiser)):
            if f"exp_avg.{number}" in names:
                moments = {moment: file.get_tensor(f"{moment}.{number}") for moment in _MOMENTS}
                optimiser.state[parameter] = {"step": torch.tensor(float(step)), **moments}
    return step


def plan_of(path: Path) -> dict[str, Any]:
    """Return the plan a checkpoint was made under."""
    with safe_open(path, "pt") as file:
        plan: dict[str, Any] = json.loads(file.metadata()["plan"])
    return plan


def average_of(path: Path) -> dict[str, torch.Tensor]:
    """Return the averaged weights of a checkpoint: those to use."""
    with safe_open(path, "pt") as file:
        names = [name for name in file.keys() if name.startswith("average.")]  # noqa: SIM118 (a file, not a dict)
        return {name.removeprefix("average."): file.get_tensor(name) for name in names}


def _parameters(optimiser: Any) -> list[Any]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]
