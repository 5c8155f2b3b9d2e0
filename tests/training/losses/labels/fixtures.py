"""The small pictures that published implementations were compared on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vocalsep.recipe import Part
from vocalsep.training.losses.labels import LabelLoss, build_label_loss

ONE_LOGIT = torch.sin(torch.arange(16.0)).reshape(1, 1, 4, 4)
TWO_LOGITS = torch.cat([torch.zeros_like(ONE_LOGIT), ONE_LOGIT], 1)  # their softmax: 1 - p, p
MASK = torch.tensor([[[0, 0, 1, 1], [0, 1, 1, 1], [0, 0, 1, 0], [0, 0, 0, 0]]])
THREE_LOGITS = torch.cos(torch.arange(48.0)).reshape(1, 3, 4, 4)
LABELS = torch.tensor([[[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 1, 1], [2, 2, 2, 1]]])


def value(loss: LabelLoss, logits: Tensor, labels: Tensor) -> Tensor:
    """The loss of a batch."""
    total, weight = loss.total(logits, labels), loss.weight(labels)
    assert total.shape == weight.shape and total.ndim == 1
    assert not weight.requires_grad
    return (total / weight.clamp_min(1e-6)).sum()


def of_two(name: str, params: dict[str, Any] | None = None) -> float:
    """A loss of the binary picture, as one of two classes."""
    return value(build_label_loss(Part(name, params or {})), TWO_LOGITS, MASK).item()


def of_three(name: str, params: dict[str, Any] | None = None) -> float:
    """A loss of the picture of three classes."""
    return value(build_label_loss(Part(name, params or {})), THREE_LOGITS, LABELS).item()
