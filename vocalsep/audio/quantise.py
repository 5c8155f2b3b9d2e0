"""From estimates to file samples: stems that add up to the source on the output's own grid."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from vocalsep.audio.formats import StemFormat
from vocalsep.types import AudioInfo, Block, Stems

Codes = npt.NDArray[np.int32]

#: Seed of the dither: a constant, so that the same source gives the same file.
DITHER_SEED = 20240229


def common_gain(peak: Mapping[str, float], stem_format: StemFormat) -> float:
    """The one gain at which every stem of a song fits an integer format.

    Formats that do not clip (float) or are left alone (lossy) keep gain 1, as do stems that fit.

    Args:
        peak: `StemQuantiser.peak` after a whole pass with gain 1.
        stem_format: the format the stems are written in.

    Returns:
        0 < gain ≤ 1; a second pass of the same blocks with it has no overs.
    """
    if stem_format.bit_depth is None:
        return 1.0
    full = 2.0 ** (stem_format.bit_depth - 1)
    largest = max(peak.values(), default=0.0) * full
    if largest <= full - 1:
        return 1.0
    # A residual code is off by up to 3 steps (two roundings of 0.5, two dithers of 1), when the
    # peak was measured and again in the second pass: gain·(largest + 3) + 3 must stay ≤ full − 1.
    return (full - 4) / (largest + 3)


class StemQuantiser:
    """Turns (mixture, voice) blocks into the two stems as they are written.

    Integer formats give int32 codes; there the mixture X and the voice V are rounded once and
    the residual is their difference X − V, so the sum of the files is X:

    - where the output grid holds the source's own samples (integer PCM at its own or a greater
      depth, same rate, gain 1), X is exactly the source;
    - else both are rounded with triangular dither of ±1 step, |X − x| ≤ 1.5 steps. The dither
      is drawn per sample from a fixed seed: no block partition changes it. Exact zeros get
      none: silence stays digital silence.

    Float and lossy formats give voice and mixture − voice, never clamped.

    Attributes:
        peak: largest |sample| per stem so far, full scale 1, before clipping.
        overs: samples so far that do not fit: clipped in integer formats, beyond ±1 in lossy
            ones; always 0 in float formats.
    """

    def __init__(
        self,
        info: AudioInfo,
        stem_format: StemFormat,
        gain: float = 1.0,
        names: tuple[str, str] = ("vocals", "accompaniment"),
    ) -> None:
        """Start a pass over one song.

        Args:
            info: the source of the mixture blocks.
            stem_format: the format of both stems.
            gain: multiplies mixture and voice.
            names: of the voice and of the residual.
        """
        self.names = names
        self.peak = dict.fromkeys(names, 0.0)
        self.overs = 0
        self._gain = gain
        self._is_float = stem_format.is_float
        self._bit_depth = stem_format.bit_depth
        on_grid = (
            info.bit_depth is not None
            and stem_format.bit_depth is not None
            and info.bit_depth <= stem_format.bit_depth
            and info.sample_rate == stem_format.sample_rate
            and gain == 1.0
        )
        self._dither = None if on_grid else np.random.PCG64(DITHER_SEED)

    def __call__(self, mixture: Block, voice: Block) -> Stems:
        """Quantise one block.

        Args:
            mixture: (C, n) at the format's sample rate, in float as the reader gives it.
            voice: (C, n) estimate of the first stem.

        Returns:
            Name → (C, n): int32 codes at the format's depth, or float samples.
        """
        if self._bit_depth is None:
            return self._subtract(mixture, voice)
        full = 2 ** (self._bit_depth - 1)
        # float64: float32 could not hold a 24-bit sample and its dither together.
        steps = mixture.astype(np.float64) * (self._gain * full)
        voice_steps = voice.astype(np.float64) * (self._gain * full)
        if self._dither is not None:
            mixture_dither, voice_dither = self._draw(mixture.shape)
            audible = steps != 0
            steps += mixture_dither * audible
            voice_steps += voice_dither * (audible & (voice_steps != 0))
        target = np.rint(voice_steps)
        residual = np.rint(steps) - target
        stems: Stems = {}
        for name, values in zip(self.names, (target, residual), strict=True):
            self._measure(name, values, full)
            stems[name] = np.clip(values, -full, full - 1).astype(np.int32)
        return stems

    def _subtract(self, mixture: Block, voice: Block) -> Stems:
        if self._gain != 1.0:
            mixture, voice = mixture * self._gain, voice * self._gain
        stems = dict(zip(self.names, (voice, mixture - voice), strict=True))
        for name, values in stems.items():
            largest = _largest(values)
            self.peak[name] = max(self.peak[name], largest)
            if not self._is_float and largest > 1.0:
                self.overs += int(np.count_nonzero(np.abs(values) > 1.0))
        return stems

    def _measure(self, name: str, values: npt.NDArray[np.float64], full: int) -> None:
        largest = _largest(values)
        self.peak[name] = max(self.peak[name], largest / full)
        if largest >= full:
            self.overs += int(np.count_nonzero((values < -full) | (values > full - 1)))

    def _draw(self, shape: tuple[int, ...]) -> tuple[npt.NDArray[np.float64], ...]:
        """Two (C, n) triangular dithers in steps, −1 < d < 1, the next n samples of the song."""
        assert self._dither is not None
        n_channels, n_samples = shape
        # One 64-bit draw per sample: each 32-bit half holds two uniform numbers, whose difference
        # is triangular.
        halves = self._dither.random_raw(n_channels * n_samples).view(np.int32)
        steps = ((halves & 0xFFFF) - ((halves >> 16) & 0xFFFF)).reshape(n_samples, n_channels, 2)
        voice, mixture = np.multiply(steps.transpose(2, 1, 0), 2.0**-16, order="C")
        return mixture, voice


def _largest(values: Block) -> float:
    return float(np.abs(values).max()) if values.size else 0.0
