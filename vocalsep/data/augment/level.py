"""Level and sign."""

from __future__ import annotations

import numpy as np

from vocalsep.data.augment.base import AUGMENTATIONS, Augmentation, Sound, decibels
from vocalsep.data.draws import checked_range


@AUGMENTATIONS.register("gain")
class Gain(Augmentation):
    """Another level.

    Args:
        gain_db: range, dB, within ±60.
        p: probability.
    """

    def __init__(
        self, sample_rate: int, gain_db: tuple[float, float] = (-12.0, 2.0), p: float = 1.0
    ) -> None:
        super().__init__(sample_rate, p)
        checked_range("gain_db", gain_db, -60, 60)
        self.gain_db = gain_db

    def apply(self, rng: np.random.Generator, sound: Sound) -> Sound:
        """The sound, louder or softer."""
        return Sound(sound.samples * decibels(rng.uniform(*self.gain_db)), sound.band_hz)


@AUGMENTATIONS.register("polarity")
class Polarity(Augmentation):
    """The sign flips.

    Args:
        p: probability.
    """

    def __init__(self, sample_rate: int, p: float = 0.5) -> None:
        super().__init__(sample_rate, p)

    def apply(self, rng: np.random.Generator, sound: Sound) -> Sound:
        """The sound upside down."""
        return Sound(-sound.samples, sound.band_hz)


@AUGMENTATIONS.register("silence")
class Silence(Augmentation):
    """A span falls silent, with ramps of 10 ms: voices pause, instruments drop out.

    Args:
        share: range of the span's length against the segment's, within 0…1.
        p: probability.
    """

    def __init__(
        self, sample_rate: int, share: tuple[float, float] = (0.1, 0.6), p: float = 0.1
    ) -> None:
        super().__init__(sample_rate, p)
        checked_range("share", share, 0, 1)
        self.share = share

    def apply(self, rng: np.random.Generator, sound: Sound) -> Sound:
        """The sound with a hole."""
        n = sound.samples.shape[1]
        n_silent = int(n * rng.uniform(*self.share))
        start = int(rng.integers(n - n_silent + 1))
        n_ramp = max(1, self.sample_rate // 100)
        # Distance from the silent span, in ramps: 0 inside, 1 where all is as before.
        index = np.arange(n)
        outside = np.maximum(start - index, index - (start + n_silent - 1))
        gain = np.clip(outside / n_ramp, 0.0, 1.0).astype(np.float32)
        return Sound(sound.samples * gain, sound.band_hz)
