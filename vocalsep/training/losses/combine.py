"""Several losses at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from vocalsep.dsp.signals import Signals
from vocalsep.training.losses.base import LOSSES, Loss


@LOSSES.register("weighted_sum")
class WeightedSum:
    """Σ w·loss. Signals are transformed once, whatever the number of parts.

    Args:
        parts: mappings with "name", and if wanted "params" and "weight" (1).
    """

    def __init__(self, parts: Sequence[Mapping[str, Any]]) -> None:
        if not parts:
            raise ValueError("parts is empty: expected at least one loss")
        for part in parts:
            unknown = set(part) - {"name", "params", "weight"}
            if unknown or "name" not in part:
                raise ValueError(f"part {dict(part)}: expected name, and perhaps params and weight")
        self.weights = [float(part.get("weight", 1.0)) for part in parts]
        self.parts: list[Loss] = [
            LOSSES.build(part["name"], part.get("params", {})) for part in parts
        ]

    def total(self, estimate: Signals, truth: Signals, valid: Tensor | None) -> Tensor:
        totals = (part.total(estimate, truth, valid) for part in self.parts)
        return torch.cat([w * each for w, each in zip(self.weights, totals, strict=True)])

    def weight(self, truth: Signals, valid: Tensor | None) -> Tensor:
        return torch.cat([part.weight(truth, valid) for part in self.parts])
