"""Optimisers by name, with rates of their own for parts of the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from vocalsep.errors import RecipeError
from vocalsep.recipe import Training
from vocalsep.registry import Registry, did_you_mean

Groups = list[dict[str, Any]]
OPTIMISERS: Registry[Callable[..., torch.optim.Optimizer]] = Registry("optimizer")


@OPTIMISERS.register("adamw")
def adamw(
    groups: Groups, decay: float, betas: Sequence[float] = (0.9, 0.999), eps: float = 1e-8
) -> torch.optim.Optimizer:
    """Adam with decoupled weight decay (Loshchilov & Hutter, ICLR 2019)."""
    first, second = betas
    return torch.optim.AdamW(groups, betas=(first, second), eps=eps, weight_decay=decay)


@OPTIMISERS.register("adam")
def adam(
    groups: Groups, decay: float, betas: Sequence[float] = (0.9, 0.999), eps: float = 1e-8
) -> torch.optim.Optimizer:
    """Adam (Kingma & Ba, ICLR 2015); the decay is part of the gradient."""
    first, second = betas
    return torch.optim.Adam(groups, betas=(first, second), eps=eps, weight_decay=decay)


@OPTIMISERS.register("sgd")
def sgd(
    groups: Groups, decay: float, momentum: float = 0.9, nesterov: bool = False
) -> torch.optim.Optimizer:
    """Stochastic gradient descent with momentum."""
    return torch.optim.SGD(
        groups, lr=1e-3, momentum=momentum, nesterov=nesterov, weight_decay=decay
    )


def build_optimiser(network: nn.Module, training: Training) -> torch.optim.Optimizer:
    """The optimiser of a recipe over the parameters of a network.

    Raises:
        RecipeError: unknown, it refuses its parameters, or `rates` names no part of the network.
    """
    part = training.optimizer
    groups = parameter_groups(network, training.rates)
    optimiser: torch.optim.Optimizer = OPTIMISERS.build(
        part.name, part.params, groups, training.weight_decay
    )
    return optimiser


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate; every group keeps its own factor of it."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["rate_factor"]


def parameter_groups(network: nn.Module, rates: Mapping[str, float]) -> Groups:
    """One group for each name prefix of `rates`, and one for the rest; the longest prefix wins.

    Raises:
        RecipeError: no parameter has that prefix.
    """
    members: dict[str, list[nn.Parameter]] = {prefix: [] for prefix in ("", *rates)}
    by_length = sorted(rates, key=len, reverse=True)
    for name, parameter in network.named_parameters():
        members[next((p for p in by_length if name.startswith(p)), "")].append(parameter)
    for prefix in rates:
        if not members[prefix]:
            parts = sorted({n.rpartition(".")[0] for n, _ in network.named_parameters()})
            raise RecipeError(
                f"training.rates: no parameter's name starts with {prefix!r}; "
                f"{did_you_mean(prefix, parts)}"
            )
    factors = {"": 1.0, **rates}
    return [
        {"params": parameters, "rate_factor": factors[prefix]}
        for prefix, parameters in members.items()
        if parameters
    ]
