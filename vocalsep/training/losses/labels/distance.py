"""The exact Euclidean distance transform, on whatever device the labels are."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


@torch.no_grad()
def distances_to(targets: Tensor, sampling: Sequence[float] = ()) -> Tensor:
    """How far every pixel is from the nearest target.

    Separable: the squared distance is min over y of f(y) + (x − y)² along one axis after the
    other (Felzenszwalb, Huttenlocher, Theory of Computing 8, 2012). The minimum is taken over
    growing steps for all lines at once, until no larger step can be nearer: as many steps as the
    largest distance there is.

    Args:
        targets: (B, K, *S) bool.
        sampling: distance between neighbours along each axis of S; none: 1 each.

    Returns:
        (B, K, *S) float32; infinite where a picture has no target.
    """
    steps = checked_sampling(sampling, targets.ndim - 2)
    unreached = sum((step * n) ** 2 for step, n in zip(steps, targets.shape[2:], strict=True))
    squares = torch.full(targets.shape, unreached, device=targets.device).masked_fill_(targets, 0)
    for axis, step in enumerate(steps, start=2):
        lost = (squares >= unreached).all(axis, keepdim=True)  # lines that no target is on
        squares = _nearest_along(squares.masked_fill(lost, 0), axis, step)
        squares.masked_fill_(lost, unreached)
    return squares.masked_fill_(squares >= unreached, torch.inf).sqrt_()


def _nearest_along(squares: Tensor, axis: int, step: float) -> Tensor:
    """The minimum over y of squares(y) + (step·(x − y))² along one axis."""
    found, n = squares.clone(), squares.shape[axis]
    for offset in range(1, n):
        more = (step * offset) ** 2
        if more >= found.max():
            break
        for low, high in ((0, offset), (offset, 0)):  # from both sides
            nearest = found.narrow(axis, high, n - offset)
            torch.minimum(nearest, squares.narrow(axis, low, n - offset) + more, out=nearest)
    return found


def distances_across(masks: Tensor, known: Tensor, sampling: Sequence[float] = ()) -> Tensor:
    """How far every pixel is from the other side of a boundary: from the mask, or from the rest.

    Args:
        masks: (B, K, *S) bool.
        known: (B, 1, *S) bool: pixels on either side; others are on none.
        sampling: see `distances_to`.

    Returns:
        (B, K, *S) float32; 0 in pictures without a boundary.
    """
    inside, outside = masks & known, ~masks & known
    across = distances_to(outside, sampling).where(inside, distances_to(inside, sampling))
    return across.masked_fill_(across.isinf() | ~known, 0)


def checked_sampling(sampling: Sequence[float], ndim: int) -> tuple[float, ...]:
    """One distance between neighbours for each axis.

    Raises:
        ValueError: a wrong number of them, or one that is not positive.
    """
    steps = tuple(map(float, sampling)) or (1.0,) * ndim
    if len(steps) != ndim or min(steps) <= 0:
        raise ValueError(f"sampling {list(steps)}: expected {ndim} numbers above 0")
    return steps
