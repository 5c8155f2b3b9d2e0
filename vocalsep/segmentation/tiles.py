"""Estimate a picture or volume tile by tile and blend the overlapping answers.

    ┌────────┬ ─ ─ ┐           The tiles of one axis lie evenly spread, the first at its start,
    │ tile 0 │              the last at its end, neighbours sharing the fraction `overlap` or more.
    │     ┌──┼─────┐        Each is weighted by the same window w, which fades towards the
    │     │  │     │        borders, and the weights are made to sum to 1 along every axis:
    └─────┼──┘     │
    └ ─ ─ │ tile 1 │            w̃ₖ[n] = w[n − startₖ] / Σⱼ w[n − startⱼ]
          └────────┘

The weight of a tile is the product of those of its axes, so the weights of all tiles sum to 1 in
every pixel, and blended probabilities are probabilities. Whatever is known of no further tile is
handed on: only one strip of tiles along the first axis is ever held, however long that axis is.

Windows: Gaussian with σ = tile / 8 (nnU-Net, Isensee et al. 2021), or linear (a triangle).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Window: TypeAlias = Literal["gaussian", "linear"]
#: What of the picture a tile covers, one slice an axis.
Place: TypeAlias = tuple[slice, ...]

#: Part of a tile that one standard deviation of the Gaussian window spans (nnU-Net).
_SIGMA = 1 / 8


@dataclass(frozen=True)
class TiledAxis:
    """Where the tiles lie along one axis.

    Attributes:
        starts: first position of each tile, rising.
        weights: (n_tiles, tile length) float32; at every position of the axis they sum to 1.
    """

    starts: tuple[int, ...]
    weights: Floats

    @property
    def length(self) -> int:
        """Of a tile."""
        return int(self.weights.shape[1])

    def place(self, index: int) -> slice:
        """What tile number `index` covers."""
        return slice(self.starts[index], self.starts[index] + self.length)


def tiled_axis(size: int, tile: int, overlap: float, window: Window) -> TiledAxis:
    """Cover `size` positions with tiles of the length `tile` (or `size`, if that is less).

    Args:
        size: length of the axis, 1 or more.
        tile: length of a tile, 1 or more.
        overlap: fraction of a tile that neighbours share at least, 0 ≤ overlap < 1.
        window: how tiles fade towards their borders.
    """
    tile = min(tile, size)
    step = max(1, int(tile * (1.0 - overlap)))
    n_tiles = ceil((size - tile) / step) + 1
    starts = np.linspace(0, size - tile, n_tiles).round().astype(int)
    weights = np.tile(_window(tile, window), (n_tiles, 1))
    covered = starts[:, None] + np.arange(tile)
    total = np.zeros(size)
    np.add.at(total, covered, weights)
    shares = weights / total[covered]
    return TiledAxis(tuple(starts.tolist()), shares.astype(np.float32))


def _window(length: int, kind: Window) -> npt.NDArray[np.float64]:
    """(length,) strictly positive and symmetric."""
    distance = np.arange(length, dtype=np.float64) - (length - 1) / 2
    window: npt.NDArray[np.float64] = np.exp(-0.5 * (distance / (length * _SIGMA)) ** 2)
    if kind == "linear":
        window = length / 2 + 0.5 - np.abs(distance)
    return window


def tiled_axes(
    size: Sequence[int], tile: Sequence[int], overlap: float, window: Window
) -> tuple[TiledAxis, ...]:
    """One `tiled_axis` for each axis of a picture (H, W) or volume."""
    return tuple(
        tiled_axis(n, length, overlap, window) for n, length in zip(size, tile, strict=True)
    )


def n_tiles(axes: Sequence[TiledAxis]) -> int:
    """How often `blended` calls its estimate."""
    return int(np.prod([len(axis.starts) for axis in axes]))


def blended(axes: Sequence[TiledAxis], estimate: Callable[[Place], Floats]) -> Iterator[Floats]:
    """The blended estimate of the whole, from its start to its end along the first axis.

    Args:
        axes: where the tiles lie.
        estimate: the answer (K, *tile) for the tile at a place; called once for each.

    Yields:
        (K, n, *rest) float32, complete positions of the first axis; the n add up to its size.
    """
    first, *others = axes
    size = [axis.starts[-1] + axis.length for axis in others]
    strip: Floats | None = None
    for row, start in enumerate(first.starts):
        for column in product(*(range(len(axis.starts)) for axis in others)):
            place = tuple(axis.place(n) for axis, n in zip(others, column, strict=True))
            tile = estimate((first.place(row), *place))
            if strip is None:
                strip = np.zeros((tile.shape[0], first.length, *size), np.float32)
            inside = (slice(None), slice(None), *place)
            strip[inside] += tile * _outer(axes, (row, *column))
        assert strip is not None
        end = first.starts[row + 1] if row + 1 < len(first.starts) else start + first.length
        n_ready = end - start
        yield strip[:, :n_ready].copy()
        _advance(strip, n_ready)


def _outer(axes: Sequence[TiledAxis], index: Sequence[int]) -> Floats:
    """(*tile) the weights of one tile."""
    weights = np.ones((), np.float32)
    for axis, n in zip(axes, index, strict=True):
        weights = weights[..., None] * axis.weights[n]
    return weights


def _advance(strip: Floats, n_ready: int) -> None:
    """Move (K, n, *rest) back by `n_ready` positions of its second axis, in place."""
    n_kept = strip.shape[1] - n_ready
    strip[:, :n_kept] = strip[:, n_ready:].copy()
    strip[:, n_kept:] = 0.0


def mirrored(pixels: npt.NDArray[np.generic], least: Sequence[int]) -> npt.NDArray[np.generic]:
    """Bring the first axes of an array to `least` at least, mirroring it at its borders.

    The original lies in the middle; see `middle`. Mirroring is how U-Net (Ronneberger et al.
    2015) goes on beyond the border: the border itself is not repeated.
    """
    margins = [_margin(n, low) for n, low in zip(pixels.shape, least, strict=False)]
    if not any(map(any, margins)):
        return pixels
    margins += [(0, 0)] * (pixels.ndim - len(margins))
    return np.pad(pixels, margins, mode="reflect")


def middle(size: Sequence[int], least: Sequence[int]) -> Place:
    """Where the original of this size lies in what `mirrored` returns."""
    margins = [_margin(n, low) for n, low in zip(size, least, strict=True)]
    return tuple(slice(before, before + n) for n, (before, _) in zip(size, margins, strict=True))


def _margin(size: int, least: int) -> tuple[int, int]:
    missing = max(0, least - size)
    return missing // 2, missing - missing // 2
