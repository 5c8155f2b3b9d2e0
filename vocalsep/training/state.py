"""The training state on disk, as one safetensors file: weights, averages, optimiser, RNG.

Written atomically, and enough to go on bit-equal: the schedule and the data position follow from
the step alone.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from vocalsep.errors import ModelError
from vocalsep.models.checkpoint import write_tensors


def save_state(
    path: Path,
    separator: nn.Module,
    average: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
    progress: dict[str, float],
) -> None:
    """Write everything; `progress` holds plain numbers such as the step and the best score.

    Raises:
        OutputError: it cannot be written; the state before it is kept.
    """
    tensors = {f"model.{name}": w for name, w in separator.state_dict().items()}
    tensors |= {f"average.{name}": w for name, w in average.items()}
    for index, slots in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{slot}": value for slot, value in slots.items()}
    tensors["rng.torch"] = torch.get_rng_state()
    # Copies: safetensors refuses tensors that share memory or are not contiguous.
    tensors = {name: w.detach().cpu().clone().contiguous() for name, w in tensors.items()}
    write_tensors(path, tensors, {"progress": json.dumps(progress)})


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
        optimizer.load_state_dict(
            {"state": _slots(tensors), "param_groups": optimizer.state_dict()["param_groups"]}
        )
        torch.set_rng_state(tensors["rng.torch"])
    except (OSError, SafetensorError, KeyError, RuntimeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"{path}: cannot resume from it ({reason}); start a new run folder"
        ) from error
    return progress


def _slots(tensors: dict[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    """The optimiser's memory of every parameter, by the parameter's index."""
    slots: dict[int, dict[str, Tensor]] = {}
    for name, value in _below(tensors, "optimizer.").items():
        index, slot = name.split(".")
        slots.setdefault(int(index), {})[slot] = value
    return slots


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
