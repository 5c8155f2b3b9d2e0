"""Where a sound lies between the channels, and copies of it."""

from __future__ import annotations

import numpy as np

from vocalsep.data.augment.base import AUGMENTATIONS, Augmentation, Segment, Sound, decibels
from vocalsep.data.draws import checked_range, log_uniform


@AUGMENTATIONS.register("channel_swap")
class ChannelSwap(Augmentation):
    """Left becomes right.

    Args:
        p: probability.
    """

    def __init__(self, sample_rate: int, p: float = 0.5) -> None:
        super().__init__(sample_rate, p)

    def apply(self, rng: np.random.Generator, sound: Sound) -> Sound:
        """The sound in a mirror."""
        return Sound(sound.samples[::-1], sound.band_hz)


@AUGMENTATIONS.register("width")
class Width(Augmentation):
    """Places a centred or stereo sound: level pan, and a short delay between the ears.

    Args:
        max_pan_db: level difference of the channels, up to this either way, 0…60 dB.
        max_delay_ms: one channel is late by up to this, 0…100 ms.
        p: probability.
    """

    def __init__(
        self, sample_rate: int, max_pan_db: float = 8.0, max_delay_ms: float = 12.0, p: float = 0.4
    ) -> None:
        super().__init__(sample_rate, p)
        checked_range("max_pan_db", (0, max_pan_db), 0, 60)
        checked_range("max_delay_ms", (0, max_delay_ms), 0, 100)
        self.max_pan_db = max_pan_db
        self.max_delay_ms = max_delay_ms

    def apply(self, rng: np.random.Generator, sound: Sound) -> Sound:
        """The sound, panned and in half of the cases late on one side."""
        pan_db = rng.uniform(-self.max_pan_db, self.max_pan_db) / 2
        late = int(rng.integers(2))
        out = sound.samples * np.array([[decibels(pan_db)], [decibels(-pan_db)]], np.float32)
        if rng.random() < 0.5:
            delay = int(rng.uniform(0, self.max_delay_ms) * self.sample_rate / 1000)
            out[late] = delayed(out[late], delay)
        return Sound(out, sound.band_hz)


@AUGMENTATIONS.register("double")
class Double(Augmentation):
    """Adds late copies, left and right, as doubled takes, slap-back echoes and chorus do.

    Args:
        delay_ms: range of the copies' delays, within 1…1000 ms.
        copy_db: range of their level against the original, within −60…0 dB.
        p: probability.
    """

    def __init__(
        self,
        sample_rate: int,
        delay_ms: tuple[float, float] = (8.0, 350.0),
        copy_db: tuple[float, float] = (-18.0, -4.0),
        p: float = 0.3,
    ) -> None:
        super().__init__(sample_rate, p)
        checked_range("delay_ms", delay_ms, 1, 1000)
        checked_range("copy_db", copy_db, -60, 0)
        self.delay_ms = delay_ms
        self.copy_db = copy_db

    def apply(self, rng: np.random.Generator, sound: Sound) -> Sound:
        """The sound and its copies."""
        out: Segment = sound.samples.copy()
        for side in range(2):
            # Log-uniform: doubles of 10–40 ms are as likely as echoes of 100–400 ms.
            delay_ms = log_uniform(rng, self.delay_ms)
            gain = decibels(rng.uniform(*self.copy_db))
            n = min(int(delay_ms * self.sample_rate / 1000), out.shape[1])
            out[side, n:] += gain * sound.samples[side, : out.shape[1] - n]
        return Sound(out, sound.band_hz)


def delayed(signal: Segment, n_samples: int) -> Segment:
    """The same length, `n_samples` late; the end falls off.

    >>> delayed(np.array([1.0, 2.0, 3.0], np.float32), 1)
    array([0., 1., 2.], dtype=float32)
    """
    out = np.zeros_like(signal)
    out[..., n_samples:] = signal[..., : max(0, signal.shape[-1] - n_samples)]
    return out
