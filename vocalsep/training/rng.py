"""The random numbers of dropout and the like, one stream for each process."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from vocalsep.training.world import World


def seed_rank(world: World) -> None:
    """Give every process but the first a stream of its own, after all built the same network."""
    if world.rank > 0:
        torch.manual_seed(torch.initial_seed() + world.rank)


def get_rng_state(device: torch.device) -> dict[str, Tensor]:
    """The generators' states."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def set_rng_state(states: Mapping[str, Tensor], device: torch.device) -> None:
    """Go on from `get_rng_state`."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
