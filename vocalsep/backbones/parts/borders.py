"""Cut off or add what lies at the borders: for convolutions without padding."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def centre_crop(features: Tensor, size: Sequence[int]) -> Tensor:
    """The middle of every axis, (B, D, *larger) -> (B, D, *size)."""
    for axis, n in enumerate(size, start=2):
        features = features.narrow(axis, (features.shape[axis] - n) // 2, n)
    return features


def mirror_pad(features: Tensor, before: Sequence[int], after: Sequence[int]) -> Tensor:
    """Extend every axis by reflection at its first and last value, as often as it takes.

    PyTorch's own reflection refuses to pad by as much as the size; this one pads a single value.

    >>> mirror_pad(torch.tensor([[[1.0, 2.0, 3.0]]]), [1], [4])
    tensor([[[2., 1., 2., 3., 2., 1., 2., 3.]]])
    """
    for axis, (left, right) in enumerate(zip(before, after, strict=True), start=2):
        n = features.shape[axis]
        period = max(1, 2 * (n - 1))
        at = torch.arange(-left, n + right, device=features.device) % period
        features = features.index_select(axis, torch.minimum(at, period - at).clamp(max=n - 1))
    return features
