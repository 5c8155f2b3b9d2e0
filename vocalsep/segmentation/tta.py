"""Test-time augmentation: look several times, mirrored and scaled, and average the answers.

Probabilities are averaged, not logits: a view that is sure does not drown the others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, combinations
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vocalsep.backbones.parts.resize import resize
from vocalsep.segmentation.tiles import Floats

#: (B, C, *size) -> (B, K, *size).
Estimate: TypeAlias = Callable[[Tensor], Tensor]

#: Letters for the axes that can be mirrored, from the last one on: left-right, up-down, front-back.
AXES = "hvd"


def mirrorings(letters: str, ndim: int) -> list[tuple[int, ...]]:
    """The sets of axes to mirror: every subset of `letters`, the empty one first.

    >>> mirrorings("hv", 2)
    [(), (3,), (2,), (3, 2)]
    """
    axes = [ndim + 1 - AXES.index(letter) for letter in letters]
    return list(chain.from_iterable(combinations(axes, n) for n in range(len(axes) + 1)))


def mean_over_mirrorings(estimate: Estimate, mirrored: Sequence[tuple[int, ...]]) -> Estimate:
    """An estimate that looks at every mirror image and turns the answers back.

    Args:
        estimate: called once, with all mirror images in one batch.
        mirrored: sets of axes of (B, C, *size); see `mirrorings`.
    """

    def mean(pictures: Tensor) -> Tensor:
        views = torch.cat([pictures.flip(axes) for axes in mirrored])
        answers = estimate(views).chunk(len(mirrored))
        turned = [answer.flip(axes) for answer, axes in zip(answers, mirrored, strict=True)]
        return torch.stack(turned).mean(0)

    return mean


def at_scale(estimate: Estimate, scale: float) -> Estimate:
    """An estimate that looks at the picture enlarged (scale > 1) or reduced."""

    def scaled(pictures: Tensor) -> Tensor:
        size = list(pictures.shape[2:])
        return resize(estimate(_scaled(pictures, scale)), size)

    return scaled if scale != 1.0 else estimate


def _scaled(pictures: Tensor, scale: float) -> Tensor:
    size = [max(1, round(n * scale)) for n in pictures.shape[2:]]
    if scale < 1.0 and len(size) == 2:
        # Without a low-pass fine texture becomes coarse patterns; torch has one for pictures only.
        return functional.interpolate(pictures, size, mode="bilinear", antialias=True)
    return resize(pictures, size)


def mean_of_streams(streams: Sequence[Iterator[Floats]]) -> Iterator[Floats]:
    """The mean of several streams of rows that end together but are cut differently.

    Args:
        streams: of (K, n, *rest) each, of the same length in all.

    Yields:
        (K, n, *rest) as soon as every stream has come so far; only what is ahead waits.
    """
    waiting: list[deque[Floats]] = [deque() for _ in streams]
    while True:
        for stream, rows in zip(streams, waiting, strict=True):
            if not rows:
                rows.extend(each for each in [next(stream, None)] if each is not None)
        if not all(waiting):
            return
        n_rows = min(rows[0].shape[1] for rows in waiting)
        yield np.mean([_take(rows, n_rows) for rows in waiting], axis=0, dtype=np.float32)


def _take(rows: deque[Floats], n_rows: int) -> Floats:
    """Remove `n_rows` from the front, which has as many at least."""
    front = rows.popleft()
    if front.shape[1] > n_rows:
        rows.appendleft(front[:, n_rows:])
    return front[:, :n_rows]
