"""Several losses at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from vocalsep.dsp.signals import Signals
from vocalsep.registry import Registry
from vocalsep.training.losses.base import LOSSES

LossT = TypeVar("LossT")


def build_parts(
    registry: Registry[Callable[..., LossT]], parts: Sequence[Mapping[str, Any]]
) -> tuple[list[float], list[LossT]]:
    """The weights and the losses of a sum.

    Args:
        registry: of the losses.
        parts: mappings with "name", and if wanted "params" and "weight" (1).

    Raises:
        ValueError: no parts, or other keys.
        RecipeError: an unknown loss, or it refuses its parameters.
    """
    if not parts:
        raise ValueError("parts is empty: expected at least one loss")
    for part in parts:
        unknown = set(part) - {"name", "params", "weight"}
        if unknown or "name" not in part:
            raise ValueError(f"part {dict(part)}: expected name, and perhaps params and weight")
    weights = [float(part.get("weight", 1.0)) for part in parts]
    return weights, [registry.build(part["name"], part.get("params", {})) for part in parts]


@LOSSES.register("weighted_sum")
class WeightedSum:
    """Σ w·loss. Signals are transformed once, whatever the number of parts.

    Args:
        parts: mappings with "name", and if wanted "params" and "weight" (1).
    """

    def __init__(self, parts: Sequence[Mapping[str, Any]]) -> None:
        self.weights, self.parts = build_parts(LOSSES, parts)

    def total(self, estimate: Signals, truth: Signals, valid: Tensor | None) -> Tensor:
        totals = (part.total(estimate, truth, valid) for part in self.parts)
        return torch.cat([w * each for w, each in zip(self.weights, totals, strict=True)])

    def weight(self, truth: Signals, valid: Tensor | None) -> Tensor:
        return torch.cat([part.weight(truth, valid) for part in self.parts])
