"""Measure the stems while they are written: peak and mean level, relative to full scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vocalsep.types import Block


@dataclass(frozen=True)
class Level:
    """Levels of one stem in dB below full scale; None is digital silence."""

    peak_db: float | None
    rms_db: float | None


class LevelMeter:
    """Adds up the levels of one stem.

    Args:
        full_scale: the sample value that counts as 0 dB: 1 for float, 2^(depth − 1) for codes.
    """

    def __init__(self, full_scale: float) -> None:
        self._full_scale = full_scale
        self._largest = 0.0
        self._energy = 0.0
        self._n_values = 0

    def add(self, block: Block) -> None:
        """Take one block (C, n) into account."""
        if block.size:
            self._largest = max(self._largest, float(block.max()), -float(block.min()))
            # float32 is twice as fast, and its error far below the 0.01 dB that are shown.
            flat = (block / self._full_scale).astype(np.float32, copy=False).ravel()
            self._energy += float(flat @ flat)
            self._n_values += flat.size

    def level(self) -> Level:
        """The levels so far."""
        if not self._energy:
            return Level(None, None)
        rms = math.sqrt(self._energy / self._n_values)
        return Level(_decibels(self._largest / self._full_scale), _decibels(rms))


def _decibels(ratio: float) -> float:
    return round(20.0 * math.log10(ratio), 2)
