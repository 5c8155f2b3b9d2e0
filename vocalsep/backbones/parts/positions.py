"""Values and their positions: channels to positions, un-pooling, neighbourhoods, cropping."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def crop(features: Tensor, size: Sequence[int]) -> Tensor:
    """The first `size` positions of each spatial axis.

    Raises:
        ValueError: `features` are smaller than `size`.
    """
    if any(n < wanted for n, wanted in zip(features.shape[2:], size, strict=True)):
        raise ValueError(
            f"up-sampled to {list(features.shape[2:])}, expected at least {list(size)}"
        )
    kept = (slice(None), slice(None), *(slice(n) for n in size))
    return features[kept]


def bilinear_kernel(factor: int) -> Tensor:
    """The 2-D kernel with which a transposed convolution of this stride interpolates linearly.

    Its side is k = 2·factor − (factor mod 2); it is the outer product of w(i) = 1 − |i − c|/factor
    around the centre c = (k − 1)/2 (Long et al. 2015).

    >>> bilinear_kernel(2)[1].tolist()
    [0.1875, 0.5625, 0.5625, 0.1875]
    """
    length = 2 * factor - factor % 2
    line = 1 - (torch.arange(length) - (length - 1) / 2).abs() / factor
    return line[:, None] * line


def depth_to_space(features: Tensor, factor: int, class_fastest: bool = False) -> Tensor:
    """(B, D·s², H, W) -> (B, D, s·H, s·W): each group of s² channels becomes s×s positions.

    Channel c·s² + a·s + b goes to row a and column b of channel c (pixel shuffle, Shi et al.
    2016); with `class_fastest` channel (a·s + b)·D + c does (DUpsampling, Tian et al. 2019).
    """
    batch, channels, height, width = features.shape
    depth = channels // factor**2
    if class_fastest:
        parts = features.view(batch, factor, factor, depth, height, width)
        parts = parts.permute(0, 3, 4, 1, 5, 2)
    else:
        parts = features.view(batch, depth, factor, factor, height, width)
        parts = parts.permute(0, 1, 4, 2, 5, 3)
    return parts.reshape(batch, depth, height * factor, width * factor)


def max_pool_with_positions(features: Tensor) -> tuple[Tensor, Tensor]:
    """Halve both axes; also the flat position of each maximum in its H×W map."""
    pooled, positions = functional.max_pool2d(features, 2, return_indices=True)
    return pooled, positions


def max_unpool(features: Tensor, positions: Tensor, size: Sequence[int]) -> Tensor:
    """Put every value where its maximum was, zeros elsewhere: (B, D, H/2, W/2) -> (B, D, *size)."""
    batch, channels = features.shape[:2]
    flat = features.new_zeros(batch, channels, size[0] * size[1])
    flat = flat.scatter(2, positions.flatten(2), features.flatten(2))
    return flat.view(batch, channels, *size)


def neighbourhoods(features: Tensor, kernel: int) -> Tensor:
    """(B, D, H, W) -> (B, D, k², H, W): the k×k values around every position, zeros outside."""
    batch, width, *size = features.shape
    patches = functional.unfold(features, kernel, padding=kernel // 2)
    return patches.view(batch, width, kernel**2, *size)
