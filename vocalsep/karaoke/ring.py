"""The last seconds of a stream, by absolute sample number."""

from __future__ import annotations

import numpy as np

from vocalsep.karaoke.sliding import Float32Array


class Ring:
    """Keeps the newest `capacity` samples; what was never written is silence.

    Args:
        n_channels: C.
        capacity: samples per channel.
    """

    def __init__(self, n_channels: int, capacity: int) -> None:
        self._samples = np.zeros((n_channels, capacity), np.float32)
        self.end = 0  # the sample after the newest

    def append(self, block: Float32Array) -> None:
        """Add (C, n) samples at the end."""
        capacity = self._samples.shape[1]
        kept = block[:, -capacity:]
        places = np.arange(self.end + block.shape[1] - kept.shape[1], self.end + block.shape[1])
        self._samples[:, places % capacity] = kept
        self.end += block.shape[1]

    def read(self, start: int, end: int) -> Float32Array:
        """(C, end − start): silence for what is too old, not there yet, or before the start."""
        found = np.zeros((self._samples.shape[0], end - start), np.float32)
        first = max(start, self.end - self._samples.shape[1], 0)
        last = min(end, self.end)
        if first < last:
            places = np.arange(first, last) % self._samples.shape[1]
            found[:, first - start : last - start] = self._samples[:, places]
        return found
