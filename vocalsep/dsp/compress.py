"""Magnitudes for networks: logarithms that do not depend on the level of the song."""

from __future__ import annotations

import torch
from torch import Tensor

LOG_GAIN = 16.0  # brings typical magnitudes (near the mean level) into the bend of log1p
MAX_LOG = 20.0  # beyond, a value means e^20 times the mean level: a network gone astray


def mean_level(magnitude: Tensor) -> Tensor:
    """Mean magnitude of each example, kept above zero; (B, C, F, T) -> (B, 1, 1, 1)."""
    return magnitude.mean(dim=(1, 2, 3), keepdim=True).clamp_min(1e-6)


def compress_magnitude(magnitude: Tensor, level: Tensor | None = None) -> Tensor:
    """log1p(g·m / level of the example), (B, C, F, T) ≥ 0 -> the same shape.

    Args:
        magnitude: what to compress.
        level: (B, 1, 1, 1); None: its mean.
    """
    level = mean_level(magnitude) if level is None else level
    return torch.log1p(LOG_GAIN * magnitude / level)


def expand_magnitude(values: Tensor, mixture: Tensor) -> Tensor:
    """The magnitudes that `compress_magnitude` gives `values` for, at the level of a mixture.

    Args:
        values: (B, S, C, F, T); below zero counts as zero.
        mixture: (B, C, F, T) magnitude.

    Returns:
        (B, S, C, F, T) ≥ 0.
    """
    level = mean_level(mixture).unsqueeze(1)  # (B, 1, 1, 1, 1)
    return torch.expm1(torch.relu(values).clamp_max(MAX_LOG)) * (level / LOG_GAIN)
