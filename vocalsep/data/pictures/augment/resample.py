"""Windows of scaled pictures: only the pixels of the window are computed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vocalsep.data.pictures.augment.base import Example
from vocalsep.data.pictures.codes import IGNORE

Indices: TypeAlias = npt.NDArray[np.int64]  # (n)


@dataclass(frozen=True)
class Span:
    """What is wanted along one axis of a picture.

    Attributes:
        n: pixels it has.
        n_scaled: pixels that it is scaled to.
        start: first of the wanted scaled pixels; negative: in the padding.
        n_out: how many are wanted.
    """

    n: int
    n_scaled: int
    start: int
    n_out: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing changes along this axis."""
        return self.start == 0 and self.n == self.n_scaled == self.n_out


def mirrored(index: Indices, n: int) -> Indices:
    """Indices before 0 and from n on, reflected at the first and last pixel.

    >>> mirrored(np.arange(-2, 6), 3).tolist()
    [2, 1, 0, 1, 2, 1, 0, 1]
    """
    if n == 1:
        return np.zeros_like(index)
    folded = np.abs(index) % (2 * n - 2)
    return np.asarray(np.minimum(folded, 2 * n - 2 - folded))


def window(example: Example, spans: Sequence[Span], pad_with_void: bool) -> Example:
    """A window of the scaled example, one span an axis.

    Pixels are interpolated linearly (over a triangle as wide as two pixels of the smaller
    picture, so that fine detail does not alias), labels taken from the nearest pixel.

    Args:
        pad_with_void: outside of the picture pixels are 0 and labels IGNORE; else both are
            mirrored.
    """
    labels, pixels = example.labels, example.pixels
    for axis, span in enumerate(spans):
        if not span.is_whole:
            wanted = mirrored(np.arange(span.start, span.start + span.n_out), span.n_scaled)
            labels = np.take(labels, _nearest(wanted, span), axis)
    # Rows first: they are copied whole, and what is not wanted of them costs nothing later.
    for axis, span in enumerate(spans):
        if not span.is_whole:
            pixels = _along(pixels, axis + 1, span)
    if pad_with_void:
        for axis, span in enumerate(spans):
            inside = np.arange(span.start, span.start + span.n_out)
            outside = (inside < 0) | (inside >= span.n_scaled)
            if outside.any():
                labels[(slice(None),) * axis + (outside,)] = IGNORE
                pixels[(slice(None),) * (axis + 1) + (outside,)] = 0
    return Example(pixels, labels)


def _nearest(wanted: Indices, span: Span) -> Indices:
    return (2 * wanted + 1) * span.n // (2 * span.n_scaled)


def _along(pixels: npt.NDArray[np.float32], axis: int, span: Span) -> npt.NDArray[np.float32]:
    wanted = mirrored(np.arange(span.start, span.start + span.n_out), span.n_scaled)
    if span.n == span.n_scaled:
        return np.take(pixels, wanted, axis)
    shape = [1] * pixels.ndim
    shape[axis] = span.n_out
    indices, weights = taps(wanted, span.n, span.n_scaled)
    out: npt.NDArray[np.float32] = np.take(pixels, indices[0], axis)
    out *= weights[0].reshape(shape)
    for index, weight in zip(indices[1:], weights[1:], strict=True):
        tap = np.take(pixels, index, axis)
        tap *= weight.reshape(shape)
        out += tap
    return out


def taps(wanted: Indices, n: int, n_scaled: int) -> tuple[Indices, npt.NDArray[np.float32]]:
    """Which pixels make up scaled pixels, and with what weights, which add up to 1.

    Args:
        wanted: (m) scaled pixels.
        n, n_scaled: pixels before and after.

    Returns:
        (n_taps, m) each.
    """
    width = max(n / n_scaled, 1.0)  # of a triangle's half
    centre = (wanted + 0.5) * n / n_scaled - 0.5
    first = np.ceil(centre - width).astype(np.int64)
    index = first + np.arange(math.ceil(2 * width))[:, None]
    weight = np.maximum(1 - np.abs(index - centre) / width, 0.0)
    weight[(index < 0) | (index >= n)] = 0.0
    weight /= weight.sum(axis=0)
    return np.clip(index, 0, n - 1), weight.astype(np.float32)
