"""Level that depends on the sound: saturation, compression, limiting.

Gains follow the louder channel, so that the stereo picture stays. They are computed for blocks of
one millisecond and drawn as straight lines between, which costs almost nothing.
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from vocalsep.data.augment.base import AUGMENTATIONS, Augmentation, Segment, Sound, decibels
from vocalsep.data.draws import checked_range

FloatArray = npt.NDArray[np.floating]


@AUGMENTATIONS.register("saturate")
class Saturate(Augmentation):
    """Soft clipping by tanh: compression, warmth and distortion, by drive.

    Args:
        drive_db: range of the level above the knee at the segment's peak, within −40…40 dB.
        p: probability.
    """

    joint: ClassVar[bool] = False

    def __init__(
        self, sample_rate: int, drive_db: tuple[float, float] = (-6.0, 12.0), p: float = 0.3
    ) -> None:
        super().__init__(sample_rate, p)
        checked_range("drive_db", drive_db, -40, 40)
        self.drive_db = drive_db

    def apply(self, rng: np.random.Generator, sound: Sound) -> Sound:
        """The sound, bent."""
        drive = np.float32(decibels(rng.uniform(*self.drive_db)))
        peak = np.abs(sound.samples).max()
        if peak == 0.0:
            return sound
        drive /= peak
        return Sound(np.tanh(sound.samples * drive) / drive, sound.band_hz)


@AUGMENTATIONS.register("compressor")
class Compressor(Augmentation):
    """Levels above a threshold rise more slowly (feed-forward, as in Giannoulis et al., JAES 2012).

    Args:
        threshold_db: range of the threshold against the segment's RMS, within −40…20 dB.
        ratio: range of input dB per output dB above it, within 1…50.
        p: probability.
    """

    joint: ClassVar[bool] = False
    ATTACK_S, RELEASE_S = 0.005, 0.1

    def __init__(
        self,
        sample_rate: int,
        threshold_db: tuple[float, float] = (-10.0, 3.0),
        ratio: tuple[float, float] = (1.5, 8.0),
        p: float = 0.3,
    ) -> None:
        super().__init__(sample_rate, p)
        checked_range("threshold_db", threshold_db, -40, 20)
        checked_range("ratio", ratio, 1, 50)
        self.threshold_db = threshold_db
        self.ratio = ratio

    def apply(self, rng: np.random.Generator, sound: Sound) -> Sound:
        """The sound with less distance between loud and soft, as loud on the whole as before."""
        threshold_db, ratio = rng.uniform(*self.threshold_db), rng.uniform(*self.ratio)
        rms = _rms(sound.samples)
        if rms == 0.0:
            return sound
        size = max(1, self.sample_rate // 1000)
        energy = _blocks(np.square(sound.samples).max(0), size).mean(1)
        level_db = 10 * np.log10(energy + 1e-12) - 20 * math.log10(rms)
        wanted_db = np.maximum(level_db - threshold_db, 0.0) * (1 / ratio - 1)  # ≤ 0
        gains = 10 ** (self._smoothed(wanted_db) / 20)
        out = sound.samples * _lines(gains, size, sound.samples.shape[1])
        return Sound(out * np.float32(rms / _rms(out)), sound.band_hz)

    def _smoothed(self, wanted_db: FloatArray) -> FloatArray:
        """One-pole smoothing, quick down and slow up; one value a millisecond."""
        attack, release = (math.exp(-0.001 / s) for s in (self.ATTACK_S, self.RELEASE_S))
        state, out = 0.0, []
        for wanted in wanted_db.tolist():
            keep = attack if wanted < state else release
            state = keep * state + (1 - keep) * wanted
            out.append(state)
        return np.array(out)


@AUGMENTATIONS.register("limiter")
class Limiter(Augmentation):
    """Peaks stay below a ceiling, as on mastered records; nothing is bent.

    Args:
        ceiling_db: range of the ceiling against the segment's peak, within −30…0 dB.
        p: probability.
    """

    joint: ClassVar[bool] = False
    RELEASE_DB = 0.06  # per millisecond

    def __init__(
        self, sample_rate: int, ceiling_db: tuple[float, float] = (-10.0, -1.0), p: float = 0.2
    ) -> None:
        super().__init__(sample_rate, p)
        checked_range("ceiling_db", ceiling_db, -30, 0)
        self.ceiling_db = ceiling_db

    def apply(self, rng: np.random.Generator, sound: Sound) -> Sound:
        """The sound with its peaks turned down."""
        ceiling_db = rng.uniform(*self.ceiling_db)
        magnitude = np.abs(sound.samples).max(0)
        peak = float(magnitude.max())
        if peak == 0.0:
            return sound
        size = max(1, self.sample_rate // 1000)
        over = _blocks(magnitude, size).max(1) / (peak * decibels(ceiling_db))
        allowed_db = -20 * np.log10(np.maximum(over, 1.0))
        # After a peak the gain comes back slowly; a lower bound stays a bound.
        state, released = 0.0, []
        for allowed in allowed_db.tolist():
            state = min(allowed, state + self.RELEASE_DB)
            released.append(state)
        gains = 10 ** (np.array(released) / 20)
        return Sound(sound.samples * _lines(gains, size, sound.samples.shape[1]), sound.band_hz)


def _rms(segment: Segment) -> float:
    return float(np.sqrt(np.mean(np.square(segment))))


def _blocks(signal: FloatArray, size: int) -> FloatArray:
    """(n_blocks, size); the last one is filled with its edge value."""
    n_missing = -len(signal) % size
    return np.pad(signal, (0, n_missing), mode="edge").reshape(-1, size)


def _lines(gains: FloatArray, size: int, n_samples: int) -> Segment:
    """(n_samples,) gain that nowhere exceeds that of its block of `size` samples.

    At a border it is the smaller of the two neighbours, straight between; the gain thus falls one
    block before a peak, as with a look-ahead.
    """
    edges = np.minimum(np.append(gains, gains[-1]), np.append(gains[0], gains))
    positions = np.arange(len(edges)) * size
    lines: Segment = np.interp(np.arange(n_samples), positions, edges).astype(np.float32)
    return lines
