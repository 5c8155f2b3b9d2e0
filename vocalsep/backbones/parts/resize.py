"""Bring features to a size: interpolation."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional

LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


def resize(features: Tensor, size: Sequence[int], align_corners: bool = False) -> Tensor:
    """Interpolate linearly along every axis, (B, D, *n) -> (B, D, *size).

    Output position i reads the input at (i + ½)·n/m − ½, clamped to the ends; with
    `align_corners` at i·(n − 1)/(m − 1), which puts the outermost values of both on each other.
    """
    if list(features.shape[2:]) == list(size):
        return features
    mode = LINEAR[features.ndim - 2]
    return functional.interpolate(features, list(size), mode=mode, align_corners=align_corners)
