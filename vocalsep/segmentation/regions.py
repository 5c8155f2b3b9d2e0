"""Connected regions of a mask, found by its runs: vectorised, no pixel is looked at in Python."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


class Regions:
    """The 4-connected regions of a mask.

    Args:
        mask: (H, W).
    """

    def __init__(self, mask: npt.NDArray[np.bool_]) -> None:
        # One pixel of background after every row, and one before all: runs end with their row.
        self._stride = mask.shape[1] + 1
        flat = np.concatenate([[False], np.pad(mask, ((0, 0), (0, 1))).ravel()])
        changes = np.flatnonzero(flat[1:] != flat[:-1])
        self._starts, self._stops = changes[::2], changes[1::2]
        self._region = self._joined()

    def at(self, row: int, column: int) -> int:
        """The region of a pixel of the mask: numbers rise in reading order of first pixels."""
        run = np.searchsorted(self._starts, row * self._stride + column, side="right") - 1
        return int(self._region[run])

    def _joined(self) -> Integers:
        """The smallest run of the region of each run."""
        upper, lower = self._touching()
        smallest: Integers = np.arange(len(self._starts))
        while True:
            before = smallest
            a, b = smallest[upper], smallest[lower]
            smallest = smallest.copy()
            np.minimum.at(smallest, np.concatenate([a, b]), np.concatenate([b, a]))
            while (smallest != smallest[smallest]).any():
                smallest = smallest[smallest]
            if (smallest == before).all():
                return smallest

    def _touching(self) -> tuple[Integers, Integers]:
        """Pairs of runs that lie above each other somewhere."""
        below_start, below_stop = self._starts + self._stride, self._stops + self._stride
        first = np.searchsorted(self._stops, below_start, side="right")
        n_below = np.maximum(np.searchsorted(self._starts, below_stop, side="left") - first, 0)
        upper = np.repeat(np.arange(len(first)), n_below)
        within = np.arange(len(upper)) - np.repeat(np.cumsum(n_below) - n_below, n_below)
        return upper, first[upper] + within
