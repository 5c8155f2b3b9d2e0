"""Linear filters: frequency response, room, bandwidth.

They are applied by FFT. PyTorch's is twice as fast as NumPy's at these lengths.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vocalsep.data.augment.base import AUGMENTATIONS, Augmentation, Segment, Sound, decibels
from vocalsep.data.draws import checked_range, log_uniform


@AUGMENTATIONS.register("equaliser")
class Equaliser(Augmentation):
    """A random smooth frequency response: a straight line in dB between knots an octave apart.

    Args:
        max_db: knots are drawn from ±max_db, 0…40 dB.
        p: probability.
    """

    def __init__(self, sample_rate: int, max_db: float = 6.0, p: float = 0.5) -> None:
        super().__init__(sample_rate, p)
        checked_range("max_db", (0, max_db), 0, 40)
        self.max_db = max_db

    def apply(self, rng: np.random.Generator, sound: Sound) -> Sound:
        """The sound, coloured."""
        knots_hz = 62.5 * 2.0 ** np.arange(9)  # 62.5 Hz … 16 kHz
        knots_db = rng.uniform(-self.max_db, self.max_db, len(knots_hz))
        size = fast_fft_size(sound.samples.shape[1])
        # The response is smooth: 8 points per semitone of the lowest octave are plenty, and a
        # logarithm and a power for each of 65 000 bins would cost as much as the FFT.
        coarse_hz = np.geomspace(20.0, max(self.sample_rate / 2, 40.0), 1024)
        db = np.interp(np.log2(coarse_hz), np.log2(knots_hz), knots_db)
        bins_hz = np.linspace(0, self.sample_rate / 2, size // 2 + 1)
        response = np.interp(bins_hz, coarse_hz, 10 ** (db / 20)).astype(np.float32)
        return Sound(filtered(sound.samples, torch.from_numpy(response), size), sound.band_hz)


@AUGMENTATIONS.register("reverb")
class Reverb(Augmentation):
    """Decorrelated noise that decays exponentially, darkened, added to the dry sound.

    Args:
        rt60_s: range of the time in which the tail falls by 60 dB, within 0.05…10 s.
        wet_db: range of the tail's energy against the dry sound, within −60…20 dB.
        p: probability.
    """

    def __init__(
        self,
        sample_rate: int,
        rt60_s: tuple[float, float] = (0.2, 2.0),
        wet_db: tuple[float, float] = (-24.0, -4.0),
        p: float = 0.5,
    ) -> None:
        super().__init__(sample_rate, p)
        checked_range("rt60_s", rt60_s, 0.05, 10)
        checked_range("wet_db", wet_db, -60, 20)
        self.rt60_s = rt60_s
        self.wet_db = wet_db

    def apply(self, rng: np.random.Generator, sound: Sound) -> Sound:
        """The sound in a room."""
        n = sound.samples.shape[1]
        rt60 = rng.uniform(*self.rt60_s)
        predelay = min(n // 4, int(rng.uniform(0.0, 0.06) * self.sample_rate))
        n_tail = max(1, min(n // 2, int(rt60 * self.sample_rate)))
        decay = np.exp(np.float32(-3 * math.log(10) / rt60 / self.sample_rate) * _counting(n_tail))
        tail = rng.standard_normal((2, n_tail), np.float32) * decay
        tail[:, 1:] += np.float32(rng.uniform(0.3, 0.9)) * tail[:, :-1]  # a zero near Nyquist
        tail *= decibels(rng.uniform(*self.wet_db)) / np.sqrt(np.square(tail).sum(1, keepdims=True))
        # Echoes of the end come round to the start, as if the same had sounded before. Room for
        # them behind the segment would make the FFT two to four times slower.
        size = fast_fft_size(n)
        impulse = np.zeros((2, size), np.float32)
        impulse[:, 0] = 1.0
        impulse[:, predelay + 1 : predelay + 1 + n_tail] = tail
        response = torch.fft.rfft(torch.from_numpy(impulse))
        return Sound(filtered(sound.samples, response, size), sound.band_hz)


@AUGMENTATIONS.register("bandwidth")
class Bandwidth(Augmentation):
    """A low-pass as old, cheap or lossy recordings have; what lies above then counts as unknown.

    Args:
        cutoff_hz: range of the −6 dB point, at least 500 Hz; log-uniform. Above half of the sample
            rate nothing happens.
        p: probability.
    """

    def __init__(
        self, sample_rate: int, cutoff_hz: tuple[float, float] = (4000.0, 16000.0), p: float = 0.1
    ) -> None:
        super().__init__(sample_rate, p)
        checked_range("cutoff_hz", cutoff_hz, 500, 400_000)
        self.cutoff_hz = cutoff_hz

    def apply(self, rng: np.random.Generator, sound: Sound) -> Sound:
        """The sound, dull; its band ends where the filter's slope begins."""
        cutoff_hz = log_uniform(rng, self.cutoff_hz)
        size = fast_fft_size(sound.samples.shape[1])
        bins_hz = np.linspace(0, self.sample_rate / 2, size // 2 + 1)
        # A raised-cosine slope of a tenth of the cut-off is short in time and rings little.
        along = np.clip((bins_hz / cutoff_hz - 0.95) / 0.1, 0.0, 1.0)
        response = (0.5 + 0.5 * np.cos(np.pi * along)).astype(np.float32)
        samples = filtered(sound.samples, torch.from_numpy(response), size)
        return Sound(samples, min(sound.band_hz, 0.95 * cutoff_hz))


def filtered(segment: Segment, response: Tensor, size: int) -> Segment:
    """Multiply the spectrum of `size` points by a response; the length stays."""
    # Mirrored channels have negative strides, which PyTorch does not take.
    samples = torch.from_numpy(np.ascontiguousarray(segment))
    out = torch.fft.irfft(torch.fft.rfft(samples, size) * response, size)
    return np.ascontiguousarray(out[:, : segment.shape[1]].numpy())


def fast_fft_size(n: int) -> int:
    """The smallest 2^k, 3·2^k or 5·2^k that is at least n: large prime factors are 10 × slower.

    >>> fast_fft_size(130048), fast_fft_size(5)
    (131072, 5)
    """
    return min(factor << max(0, math.ceil(math.log2(n / factor))) for factor in (1, 3, 5))


def _counting(n: int) -> npt.NDArray[np.float32]:
    return np.arange(n, dtype=np.float32)
