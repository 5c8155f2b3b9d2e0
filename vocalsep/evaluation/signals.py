"""Signals that are worked on span by span: an hour of music needs little more memory than a minute.

What is long lies in a file (audio/spill.py). What follows from it (rounded, stacked, mixed down)
is made span by span, see `Lazy`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import EllipsisType

import numpy as np
import numpy.typing as npt

from vocalsep.audio.spill import room

Samples = npt.NDArray[np.floating]
Audio = npt.NDArray[np.float32]

SPAN = 2**18  # samples that are worked on at a time


class Lazy:
    """Samples (…, N) that are made when a span of them is asked for.

    >>> twice = Lazy((1, 4), lambda span: 2 * np.arange(4.0)[None, span])
    >>> twice[..., 1:3].tolist(), len(twice)
    ([[2.0, 4.0]], 1)

    Args:
        make: a slice of 0 … N -> the samples (…, n) there.
    """

    def __init__(self, shape: tuple[int, ...], make: Callable[[slice], Samples]) -> None:
        self.shape = shape
        self._make = make

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: tuple[EllipsisType, slice]) -> Samples:
        return self._make(key[1])


#: What the metrics take: (…, N), read as `signal[..., start:stop]`.
Signal = Samples | Lazy


def spans(n_samples: int) -> Iterator[slice]:
    """Spans of at most SPAN that cover 0 … n_samples."""
    for start in range(0, n_samples, SPAN):
        yield slice(start, min(start + SPAN, n_samples))


def stacked(signals: Sequence[Signal]) -> Lazy:
    """Signals (…, N) of one shape as (S, …, N)."""
    shape = (len(signals), *signals[0].shape)
    return Lazy(shape, lambda span: np.stack([signal[..., span] for signal in signals]))


def mapped(signal: Signal, of: Callable[[Samples], Samples], shape: tuple[int, ...]) -> Lazy:
    """What `of` makes of each span of a signal, of the given shape."""
    return Lazy(shape, lambda span: of(signal[..., span]))


def filled(shape: tuple[int, ...], make: Callable[[slice], Samples]) -> Audio:
    """(…, N) float32, made span by span."""
    found = room(shape)
    for span in spans(shape[-1]):
        found[..., span] = make(span)
    return found
