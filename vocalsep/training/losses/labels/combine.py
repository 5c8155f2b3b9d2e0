"""Several losses of labels at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from vocalsep.training.losses.combine import build_parts
from vocalsep.training.losses.labels.base import LABEL_LOSSES


@LABEL_LOSSES.register("weighted_sum")
class WeightedSum:
    """Σ w·loss, such as Dice and cross-entropy: each has its own mean.

    Args:
        parts: mappings with "name", and if wanted "params" and "weight" (1).
    """

    def __init__(self, parts: Sequence[Mapping[str, Any]]) -> None:
        self.weights, self.parts = build_parts(LABEL_LOSSES, parts)

    def total(self, logits: Tensor, labels: Tensor) -> Tensor:
        totals = (part.total(logits, labels) for part in self.parts)
        return torch.cat([w * each for w, each in zip(self.weights, totals, strict=True)])

    def weight(self, labels: Tensor) -> Tensor:
        return torch.cat([part.weight(labels) for part in self.parts])
