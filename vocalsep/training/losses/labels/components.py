"""Connected components, for labels that tell classes but not cells apart."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


@torch.no_grad()
def components(masks: Tensor) -> Tensor:
    """Number the connected parts of masks; pixels that touch at a corner are connected.

    Every pixel takes the largest number around it, then the number of the pixel so called, which
    spreads numbers over twice the way each time.

    Args:
        masks: (B, K, *S) bool.

    Returns:
        (B, K, *S) int64: 0 outside, inside a number that no other part of the mask has.
    """
    shape = masks.shape
    places = torch.arange(1, masks[0, 0].numel() + 1, device=masks.device)
    numbers = places.reshape(shape[2:]) * masks
    while True:
        spread = (_largest_around(numbers) * masks).flatten(2)
        called = F.pad(spread, (1, 0))  # entry n belongs to the pixel of number n
        spread = called.gather(2, spread).reshape(shape)
        if torch.equal(spread, numbers):
            return numbers
        numbers = spread


def _largest_around(numbers: Tensor) -> Tensor:
    """The largest of each pixel's neighbours and itself, one axis after the other."""
    for axis in range(2, numbers.ndim):
        n = numbers.shape[axis]
        wider = numbers.clone()
        for low, high in ((0, 1), (1, 0)):
            here = wider.narrow(axis, high, n - 1)
            torch.maximum(here, numbers.narrow(axis, low, n - 1), out=here)
        numbers = wider
    return numbers
