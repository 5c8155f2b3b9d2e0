"""The training state on disk, as one safetensors file: weights, averages, optimiser, RNG.

Written atomically, and enough to go on bit-equal: the schedule and the data position follow from
the step alone.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from vocalsep.errors import ModelError


def save_state(
    path: Path,
    separator: nn.Module,
    average: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
    progress: dict[str, float],
) -> None:
    """Write everything; `progress` holds plain numbers such as the step and the best score."""
    tensors = {f"model.{name}": w for name, w in separator.state_dict().items()}
    tensors |= {f"average.{name}": w for name, w in average.items()}
    for index, slots in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{slot}": value for slot, value in slots.items()}
    tensors["rng.torch"] = torch.get_rng_state()
    # Copies: safetensors refuses tensors that share memory or are not contiguous.
    tensors = {name: w.detach().cpu().clone().contiguous() for name, w in tensors.items()}
    temporary = path.with_name(f".vocalsep-{path.name}.tmp")
    save_file(tensors, temporary, {"progress": json.dumps(progress)})
    temporary.replace(path)


def load_state(
    path: Path,
    separator: nn.Module,
    average: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
) -> dict[str, float]:
    """Fill everything in place; returns `progress`.

    Raises:
        ModelError: the file is damaged or belongs to another network.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            progress: dict[str, float] = json.loads((file.metadata() or {})["progress"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        separator.load_state_dict(_below(tensors, "model."))
        for name, value in _below(tensors, "average.").items():
            average[name].copy_(value)
    except (SafetensorError, KeyError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"{path}: cannot resume from it ({reason}); start a new run folder"
        ) from error
    whole = optimizer.state_dict()
    slots: dict[int, dict[str, Tensor]] = {}
    for name, value in _below(tensors, "optimizer.").items():
        index, slot = name.split(".")
        slots.setdefault(int(index), {})[slot] = value
    optimizer.load_state_dict({"state": slots, "param_groups": whole["param_groups"]})
    torch.set_rng_state(tensors["rng.torch"])
    return progress


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
