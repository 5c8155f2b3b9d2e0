"""Time, pitch and formants.

Cost is the reason why there are so many: resampling (`speed`) is 20 × cheaper than the phase
vocoder of `pitch`, `harmony` and `time_stretch` (Signalsmith Stretch, extra `train`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import soxr
import torch
from torch import Tensor

from vocalsep.data.augment.base import AUGMENTATIONS, Augmentation, Segment, Sound, decibels
from vocalsep.data.augment.stereo import delayed
from vocalsep.data.draws import checked_range, log_uniform
from vocalsep.errors import DataError

if TYPE_CHECKING:
    from python_stretch.Signalsmith import Stretch


@AUGMENTATIONS.register("speed")
class Speed(Augmentation):
    """Resampling, as a record on the wrong speed: pitch, formants and tempo move together.

    Args:
        factor: range of the speed, within 0.25…4; log-uniform. 2^(1/12) = 1.0595 is a semitone.
        p: probability.
    """

    def __init__(
        self, sample_rate: int, factor: tuple[float, float] = (0.9, 1.11), p: float = 1.0
    ) -> None:
        super().__init__(sample_rate, p)
        checked_range("factor", factor, 0.25, 4)
        self.factor = factor
        self.needs = max(1.0, factor[1])

    def apply(self, rng: np.random.Generator, sound: Sound) -> Sound:
        """The sound, faster or slower; the band moves with it."""
        factor = log_uniform(rng, self.factor)
        # Channel by channel in memory, as here, is what soxr is quickest with.
        samples = np.ascontiguousarray(sound.samples)
        resampled = soxr.resample(samples.T, factor, 1.0, quality="MQ").T
        return Sound(np.ascontiguousarray(resampled, np.float32), sound.band_hz * min(factor, 1.0))


@AUGMENTATIONS.register("time_stretch")
class TimeStretch(Augmentation):
    """Another tempo at the same pitch.

    Args:
        factor: range of the speed, within 0.5…2; log-uniform.
        p: probability.
    """

    def __init__(
        self, sample_rate: int, factor: tuple[float, float] = (0.85, 1.18), p: float = 0.1
    ) -> None:
        super().__init__(sample_rate, p)
        checked_range("factor", factor, 0.5, 2)
        self.factor = factor
        self.needs = max(1.0, factor[1])
        _stretch_of(sample_rate, 1)  # say at once that the library is missing

    def apply(self, rng: np.random.Generator, sound: Sound) -> Sound:
        """The sound at another tempo."""
        stretch = _stretch_of(self.sample_rate, int(rng.integers(2**31)))
        stretch.setTimeFactor(log_uniform(rng, self.factor))
        samples = np.asarray(stretch.process(np.ascontiguousarray(sound.samples)), np.float32)
        return Sound(samples, sound.band_hz)


@AUGMENTATIONS.register("pitch")
class Pitch(Augmentation):
    """Another pitch (with its formants) at the same tempo.

    Args:
        semitones: range, within −24…24.
        p: probability.
    """

    def __init__(
        self, sample_rate: int, semitones: tuple[float, float] = (-3.0, 3.0), p: float = 0.1
    ) -> None:
        super().__init__(sample_rate, p)
        checked_range("semitones", semitones, -24, 24)
        self.semitones = semitones
        _stretch_of(sample_rate, 1)

    def apply(self, rng: np.random.Generator, sound: Sound) -> Sound:
        """The sound, higher or lower."""
        semitones = rng.uniform(*self.semitones)
        samples = _transposed(rng, sound.samples, semitones, self.sample_rate)
        return Sound(samples, sound.band_hz * min(1.0, 2 ** (semitones / 12)))


@AUGMENTATIONS.register("harmony")
class Harmony(Augmentation):
    """Backing voices: the singer once or twice more at an interval, a little late, to one side.

    A model that has only heard voices one at a time takes the harmonies of pop for instruments.
    The interval is a third, fourth, fifth or octave up or down and stays for the whole segment.

    Args:
        level_db: range of a backing voice's level against the singer, within −60…6 dB.
        max_pan_db: level difference of its channels, up to this either way, 0…60 dB.
        max_delay_ms: it is late by up to this, 0…200 ms.
        p: probability.
    """

    joint = False  # a phase vocoder does not do to a sum what it does to the parts
    INTERVALS = (-12, -7, -5, -4, -3, 3, 4, 5, 7, 12)  # semitones
    DETUNED = 0.15  # semitones: nobody sings an interval exactly

    def __init__(
        self,
        sample_rate: int,
        level_db: tuple[float, float] = (-12.0, 0.0),
        max_pan_db: float = 18.0,
        max_delay_ms: float = 40.0,
        p: float = 0.1,
    ) -> None:
        super().__init__(sample_rate, p)
        checked_range("level_db", level_db, -60, 6)
        checked_range("max_pan_db", (0, max_pan_db), 0, 60)
        checked_range("max_delay_ms", (0, max_delay_ms), 0, 200)
        self.level_db = level_db
        self.max_pan_db = max_pan_db
        self.max_delay_ms = max_delay_ms
        _stretch_of(sample_rate, 1)

    def apply(self, rng: np.random.Generator, sound: Sound) -> Sound:
        """The sound with its backing voices."""
        voices = [self._backing(rng, sound.samples) for _ in range(int(rng.integers(1, 3)))]
        return Sound(sum(voices, sound.samples), sound.band_hz)

    def _backing(self, rng: np.random.Generator, singer: Segment) -> Segment:
        semitones = rng.choice(self.INTERVALS) + rng.uniform(-self.DETUNED, self.DETUNED)
        voice = _transposed(rng, singer, semitones, self.sample_rate)
        n_late = int(rng.uniform(0, self.max_delay_ms) * self.sample_rate / 1000)
        pan_db = rng.uniform(-self.max_pan_db, self.max_pan_db) / 2
        gain = decibels(rng.uniform(*self.level_db))
        sides = np.array([[decibels(pan_db)], [decibels(-pan_db)]], np.float32)
        # The louder side keeps the level that was drawn.
        return delayed(voice * (gain * sides / sides.max()), n_late)


@AUGMENTATIONS.register("formant")
class Formant(Augmentation):
    """Other formants at the same pitch and tempo: a smaller or larger singer.

    The spectral envelope (the short-time spectrum's log magnitude, smoothed by keeping the lowest
    coefficients of its cepstrum) is moved along the frequency axis.

    Args:
        factor: range by which formant frequencies are multiplied, within 0.5…2; log-uniform.
        p: probability.
    """

    N_FFT = 2048
    ENVELOPE_S = 0.0015  # cepstral coefficients up to this: finer detail is pitch
    MAX_DB = 20.0  # of the correction: empty regions must not become noise

    def __init__(
        self, sample_rate: int, factor: tuple[float, float] = (0.85, 1.18), p: float = 0.1
    ) -> None:
        super().__init__(sample_rate, p)
        checked_range("factor", factor, 0.5, 2)
        self.factor = factor

    def apply(self, rng: np.random.Generator, sound: Sound) -> Sound:
        """The sound of another throat."""
        factor = log_uniform(rng, self.factor)
        n = sound.samples.shape[1]
        samples = torch.from_numpy(np.ascontiguousarray(sound.samples))
        window = torch.hann_window(self.N_FFT)
        hop = self.N_FFT // 4
        pad = (0, max(0, self.N_FFT - n))  # reflection at the borders wants some length
        spectra = torch.stft(
            torch.nn.functional.pad(samples, pad), self.N_FFT, hop, window=window,
            return_complex=True,
        )  # (2, F, T)  # fmt: skip
        shifted = torch.istft(
            spectra * self._correction(spectra, factor), self.N_FFT, hop, window=window,
            length=n + pad[1],
        )  # fmt: skip
        return Sound(shifted[:, :n].numpy(), sound.band_hz * min(1.0, factor))

    def _correction(self, spectra: Tensor, factor: float) -> Tensor:
        """(2, F, T) gain: the moved envelope over the true one."""
        log_magnitude = torch.log(spectra.abs() + 1e-6)
        cepstrum = torch.fft.irfft(log_magnitude, dim=1)  # (2, n_fft, T)
        n_kept = max(2, int(self.ENVELOPE_S * self.sample_rate))
        cepstrum[:, n_kept : self.N_FFT - n_kept + 1] = 0
        envelope = torch.fft.rfft(cepstrum, dim=1).real  # (2, F, T)
        position = (torch.arange(envelope.shape[1]) / factor).clamp_max(envelope.shape[1] - 1)
        low = position.floor().long()
        high = (low + 1).clamp_max(envelope.shape[1] - 1)
        along = (position - low)[:, None]
        moved = envelope[:, low] * (1 - along) + envelope[:, high] * along
        most = self.MAX_DB / 20 * math.log(10)
        return torch.exp((moved - envelope).clamp(-most, most))


def _transposed(
    rng: np.random.Generator, samples: Segment, semitones: float, sample_rate: int
) -> Segment:
    """The segment at another pitch, as long as it was."""
    stretch = _stretch_of(sample_rate, int(rng.integers(2**31)))
    stretch.setTransposeSemitones(semitones)
    return np.asarray(stretch.process(np.ascontiguousarray(samples)), np.float32)


def _stretch_of(sample_rate: int, seed: int) -> Stretch:
    """A stretcher for two channels, its cheaper preset.

    Raises:
        DataError: the library is not installed.
    """
    try:
        from python_stretch import Signalsmith
    except ImportError as error:
        raise DataError(
            "pitch, harmony and time_stretch need the package python-stretch, which is not "
            "installed: pip install 'vocalsep[train]', or use speed"
        ) from error
    stretch = Signalsmith.Stretch(seed)
    stretch.preset(2, sample_rate, True)
    return stretch
