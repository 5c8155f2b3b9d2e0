"""Puts decoded frames at their time: silence where a player hears silence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from vocalsep.audio._source import DamageLog
from vocalsep.types import Block

# FFmpeg's own player rule (swresample's min_hard_comp): shorter gaps are jitter of time stamps.
_JITTER_S = 0.1
# Time stamps of Matroska and ASF are rounded to milliseconds.
_ROUNDING_S = 0.002


@dataclass(frozen=True)
class Clock:
    """How far time stamps can be believed.

    `end` bounds the samples of the presentation: a time stamp beyond it is damaged itself.
    `exact`: the time stamps count samples, so any gap in them is a lost frame.
    """

    sample_rate: int
    end: int
    exact: bool = False


class Stamps:
    """Turns time stamps into sample numbers, in whole numbers: there is one for every frame.

    Args:
        unit_s: seconds per unit of the time stamps.
        origin_s: the time of sample 0.
        sample_rate: in Hz.
    """

    def __init__(self, unit_s: Fraction, origin_s: Fraction, sample_rate: int) -> None:
        slope, start = unit_s * sample_rate, origin_s * sample_rate
        self._divisor = math.lcm(slope.denominator, start.denominator)
        self._slope = int(slope * self._divisor)
        self._start = int(start * self._divisor)

    def sample(self, stamp: int) -> int:
        """Return the sample nearest to a time stamp."""
        return (stamp * self._slope - self._start + self._divisor // 2) // self._divisor


class Timeline:
    """The growing sequence of samples, and where the next frame belongs."""

    def __init__(self, clock: Clock, damage: DamageLog) -> None:
        self.position = 0  # samples yielded so far
        self.broken = False  # a packet was lost since the last frame
        self._clock = clock
        self._damage = damage

    def place(self, block: Block, at: int | None) -> Iterator[Block]:
        """Yield what comes next: silence up to sample `at` if something is missing, then `block`.

        Args:
            block: (C, n) decoded samples.
            at: the sample at which its time stamp puts it; None without a time stamp: it is next.
        """
        gap = 0 if at is None else self._gap(at)
        if gap > 0:
            yield from self._silence(gap, block)
        elif self.broken:
            self._damage.silenced(self.position, self.position)
        self.broken = False
        self.position += block.shape[1]
        yield block

    def _gap(self, at: int) -> int:
        gap = at - self.position
        if at > self._clock.end:
            return 0
        if self._clock.exact:
            return max(gap, 0)
        shortest_s = _ROUNDING_S if self.broken else _JITTER_S
        return 0 if gap < shortest_s * self._clock.sample_rate else gap

    def _silence(self, n_samples: int, like: Block) -> Iterator[Block]:
        start = self.position
        # The silence before the first frame of a video is no damage.
        if start > 0 or self.broken:
            self._damage.silenced(start, start + n_samples)
        end = start + n_samples
        zeros = np.zeros((like.shape[0], min(n_samples, self._clock.sample_rate)), like.dtype)
        while self.position < end:
            piece = zeros[:, : end - self.position]
            self.position += piece.shape[1]
            yield piece
