"""Augmentations of one stem: each a small class, `(rng, segment) -> segment`.

All act on a (2, N) float32 segment, keep its shape, draw everything from the generator they are
given, and are linear-time in N. Levels are drawn by the mixer, so none of them cares about level.
Frequencies assume the recipe's sample rate, which every class takes first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vocalsep.registry import Registry

Segment: TypeAlias = npt.NDArray[np.float32]
Augmentation: TypeAlias = Callable[[np.random.Generator, Segment], Segment]

AUGMENTATIONS: Registry[Callable[..., Augmentation]] = Registry("augmentation")


@AUGMENTATIONS.register("channel_swap")
class ChannelSwap:
    """Left becomes right with probability `p`."""

    def __init__(self, sample_rate: int, p: float = 0.5) -> None:
        self.p = p

    def __call__(self, rng: np.random.Generator, segment: Segment) -> Segment:
        return segment[::-1] if rng.random() < self.p else segment


@AUGMENTATIONS.register("polarity")
class Polarity:
    """The sign flips with probability `p`."""

    def __init__(self, sample_rate: int, p: float = 0.5) -> None:
        self.p = p

    def __call__(self, rng: np.random.Generator, segment: Segment) -> Segment:
        return -segment if rng.random() < self.p else segment


@AUGMENTATIONS.register("equaliser")
class Equaliser:
    """A random smooth frequency response: a straight line in dB between knots an octave apart.

    Args:
        max_db: knots are drawn from ±max_db.
        p: probability.
    """

    def __init__(self, sample_rate: int, max_db: float = 6.0, p: float = 0.5) -> None:
        self.sample_rate = sample_rate
        self.max_db = max_db
        self.p = p

    def __call__(self, rng: np.random.Generator, segment: Segment) -> Segment:
        if rng.random() >= self.p:
            return segment
        n = segment.shape[1]
        knots_hz = 62.5 * 2.0 ** np.arange(9)  # 62.5 Hz … 16 kHz
        knots_db = rng.uniform(-self.max_db, self.max_db, len(knots_hz))
        size = fast_fft_size(n)
        hz = np.fft.rfftfreq(size, 1 / self.sample_rate)
        db = np.interp(np.log2(np.maximum(hz, 1.0)), np.log2(knots_hz), knots_db)
        response = (10 ** (db / 20)).astype(np.float32)
        return filtered(segment, response, size)


@AUGMENTATIONS.register("reverb")
class Reverb:
    """Decorrelated noise that decays exponentially, darkened, added to the dry sound.

    Args:
        rt60_s: range of the time in which the tail falls by 60 dB, seconds.
        wet_db: range of the tail's energy against the dry sound, dB.
        p: probability.
    """

    def __init__(
        self,
        sample_rate: int,
        rt60_s: tuple[float, float] = (0.2, 2.0),
        wet_db: tuple[float, float] = (-24.0, -4.0),
        p: float = 0.5,
    ) -> None:
        self.sample_rate = sample_rate
        self.rt60_s = rt60_s
        self.wet_db = wet_db
        self.p = p

    def __call__(self, rng: np.random.Generator, segment: Segment) -> Segment:
        if rng.random() >= self.p:
            return segment
        n = segment.shape[1]
        rt60 = rng.uniform(*self.rt60_s)
        predelay = int(rng.uniform(0.0, 0.06) * self.sample_rate)
        n_tail = min(n // 2, int(rt60 * self.sample_rate))
        t = np.arange(n_tail, dtype=np.float32) / self.sample_rate
        tail = rng.standard_normal((2, n_tail), np.float32) * 10 ** (-3 * t / rt60)
        tail[:, 1:] += rng.uniform(0.3, 0.9) * tail[:, :-1]  # one zero near Nyquist darkens it
        tail *= 10 ** (rng.uniform(*self.wet_db) / 20) / np.sqrt(np.sum(tail**2, 1, keepdims=True))
        impulse = np.zeros((2, n_tail + predelay + 1), np.float32)
        impulse[:, 0] = 1.0
        impulse[:, predelay + 1 :] = tail
        size = fast_fft_size(n + impulse.shape[1])
        return filtered(segment, np.fft.rfft(impulse, size), size)


@AUGMENTATIONS.register("width")
class Width:
    """Places a centred or stereo sound: level pan, and a short delay between the ears.

    Args:
        max_pan_db: level difference of the channels, up to this either way.
        max_delay_ms: one channel is late by up to this.
        p: probability.
    """

    def __init__(
        self, sample_rate: int, max_pan_db: float = 8.0, max_delay_ms: float = 12.0, p: float = 0.4
    ) -> None:
        self.sample_rate = sample_rate
        self.max_pan_db = max_pan_db
        self.max_delay_ms = max_delay_ms
        self.p = p

    def __call__(self, rng: np.random.Generator, segment: Segment) -> Segment:
        if rng.random() >= self.p:
            return segment
        pan_db = rng.uniform(-self.max_pan_db, self.max_pan_db) / 2
        gains = np.array([[10 ** (pan_db / 20)], [10 ** (-pan_db / 20)]], np.float32)
        late = int(rng.integers(2))
        out = segment * gains
        if rng.random() < 0.5:
            delay = int(rng.uniform(0, self.max_delay_ms) * self.sample_rate / 1000)
            out[late] = delayed(out[late], delay)
        return out


@AUGMENTATIONS.register("double")
class Double:
    """Adds late copies, left and right, as doubled takes, slap-back echoes and chorus do.

    Args:
        delay_ms: range of the copies' delays.
        copy_db: range of their level against the original.
        p: probability.
    """

    def __init__(
        self,
        sample_rate: int,
        delay_ms: tuple[float, float] = (8.0, 350.0),
        copy_db: tuple[float, float] = (-18.0, -4.0),
        p: float = 0.3,
    ) -> None:
        self.sample_rate = sample_rate
        self.delay_ms = delay_ms
        self.copy_db = copy_db
        self.p = p

    def __call__(self, rng: np.random.Generator, segment: Segment) -> Segment:
        if rng.random() >= self.p:
            return segment
        out: Segment = segment.copy()
        for side in range(2):
            # Log-uniform: doubles of 10–40 ms are as likely as echoes of 100–400 ms.
            delay_ms = np.exp(rng.uniform(*np.log(self.delay_ms)))
            gain = 10 ** (rng.uniform(*self.copy_db) / 20)
            delay = int(delay_ms * self.sample_rate / 1000)
            out[side] += np.float32(gain) * delayed(segment[side], delay)
        return out


@AUGMENTATIONS.register("saturate")
class Saturate:
    """Soft clipping by tanh: compression, warmth and distortion, by drive.

    Args:
        drive_db: range of the level above the knee at the segment's peak.
        p: probability.
    """

    def __init__(
        self, sample_rate: int, drive_db: tuple[float, float] = (-6.0, 12.0), p: float = 0.3
    ) -> None:
        self.drive_db = drive_db
        self.p = p

    def __call__(self, rng: np.random.Generator, segment: Segment) -> Segment:
        peak = float(np.abs(segment).max())
        if rng.random() >= self.p or peak == 0.0:
            return segment
        drive = 10 ** (rng.uniform(*self.drive_db) / 20) / peak
        softened: Segment = np.tanh(segment * np.float32(drive)) / np.float32(drive)
        return softened


def filtered(segment: Segment, response: npt.NDArray[np.inexact], size: int) -> Segment:
    """Multiply the spectrum of `size` points by a response; the length stays."""
    out = np.fft.irfft(np.fft.rfft(segment, size) * response, size)
    return np.ascontiguousarray(out[:, : segment.shape[1]], np.float32)


def fast_fft_size(n: int) -> int:
    """The smallest 2^k, 3·2^k or 5·2^k that is at least n: large prime factors are 10 × slower.

    >>> fast_fft_size(130048), fast_fft_size(5)
    (131072, 5)
    """
    return min(factor << max(0, math.ceil(math.log2(n / factor))) for factor in (1, 3, 5))


def delayed(signal: Segment, n_samples: int) -> Segment:
    """The same length, `n_samples` late; the end falls off.

    >>> delayed(np.array([1.0, 2.0, 3.0], np.float32), 1)
    array([0., 1., 2.], dtype=float32)
    """
    out = np.zeros_like(signal)
    out[..., n_samples:] = signal[..., : signal.shape[-1] - n_samples]
    return out
