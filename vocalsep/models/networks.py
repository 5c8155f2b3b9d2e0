"""The network of a model: one for all targets, or one for each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn

from vocalsep.backbones import Backbone, build_backbone
from vocalsep.backbones.context import ContextBackbone
from vocalsep.errors import RecipeError
from vocalsep.recipe import Part


@dataclass(frozen=True)
class Plan:
    """What a model wants of its network.

    Attributes:
        part: name and parameters in the recipe.
        ndim: 1 for samples, 2 for spectra and pictures, 3 for volumes.
        in_channels: D of the input.
        out_channels: D of the output for each target.
        n_targets: S; 1 for pictures.
        n_bins: F' of a spectrum; 0 for anything else.
    """

    part: Part
    ndim: int
    in_channels: int
    out_channels: int
    n_targets: int
    n_bins: int = 0


def build_network(plan: Plan, per_target: bool) -> nn.Module:
    """One network for all targets, or as many independent ones as there are targets.

    Raises:
        RecipeError: unknown, refuses its parameters, or is of another dimension.
    """
    if not isinstance(per_target, bool):
        raise RecipeError(f"per_target is {per_target!r}: expected true or false")
    if not per_target:
        return build_one(replace(plan, out_channels=plan.out_channels * plan.n_targets))
    return PerTarget([build_one(plan) for _ in range(plan.n_targets)])


def build_one(plan: Plan) -> Backbone:
    """A network with what the model knows better than the recipe: dimension and bins."""
    known = {"ndim": plan.ndim, **({"n_bins": plan.n_bins} if plan.n_bins else {})}
    channels = (plan.in_channels, plan.out_channels)
    backbone = build_backbone(plan.part.name, channels, plan.part.params, known)
    if backbone.ndim != plan.ndim:
        wanted = {1: "waveforms, 1-D", 2: "spectra or pictures, 2-D", 3: "volumes, 3-D"}[plan.ndim]
        raise RecipeError(
            f"backbone {plan.part.name!r} is {backbone.ndim}-D: expected one for {wanted}"
        )
    return backbone


class PerTarget(nn.Module):
    """Networks side by side, one for each target; nothing passes between them.

    Shape: (B, D, *size) -> (B, S·D_out, *size), the first D_out channels of the first target.
    """

    def __init__(self, networks: Sequence[Backbone]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def __iter__(self) -> Iterator[Backbone]:
        return iter(cast("Iterable[Backbone]", self.networks))

    def forward(self, features: Tensor, valid: bool = False) -> Tensor:
        answers = [inside(one, features) if valid else one(features) for one in self]
        return torch.cat(answers, dim=1)

    def forward_all(self, features: Tensor) -> list[tuple[float, Tensor]]:
        """See `Backbone.forward_all`: each output holds those of all networks."""
        outputs = zip(*(network.forward_all(features) for network in self), strict=True)
        return [(each[0][0], torch.cat([y for _, y in each], dim=1)) for each in outputs]


def context_of(network: nn.Module) -> int:
    """Values at each end that a network reads and gives no answer for; 0 for most."""
    first = next(iter(network)) if isinstance(network, PerTarget) else network
    return first.context if isinstance(first, ContextBackbone) else 0


def inside(network: nn.Module, features: Tensor) -> Tensor:
    """The answer between the context: (B, D, *(n + 2·context)) -> (B, D_out, *n)."""
    answer: Tensor = network(features, valid=True) if context_of(network) else network(features)
    return answer


def all_outputs(network: nn.Module, features: Tensor) -> list[tuple[float, Tensor]]:
    """The answer with weight 1, then auxiliary outputs with their weights in the loss."""
    assert isinstance(network, (Backbone, PerTarget))
    return network.forward_all(features)
