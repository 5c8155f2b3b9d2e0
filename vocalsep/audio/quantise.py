"""From estimates to file samples: stems that add up to the source on the output's own grid."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from vocalsep.audio.formats import StemFormat
from vocalsep.types import AudioInfo, Block, Stems

Float64Array = npt.NDArray[np.float64]

#: Seed of the dither: a constant, so that the same source gives the same file.
DITHER_SEED = 20240229


NO_SUMS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def common_gain(peak: Mapping[str, float], stem_format: StemFormat, n_stems: int) -> float:
    """The one gain at which every stem of a song fits an integer format.

    Formats that do not clip (float) or are left alone (lossy) keep gain 1, as do stems that fit.

    Args:
        peak: of the stems that are written, from `StemQuantiser.peak` after a pass with gain 1.
        stem_format: the format the stems are written in.
        n_stems: how many stems add up to the mixture.

    Returns:
        0 < gain ≤ 1; a second pass of the same blocks with it has no overs.
    """
    if stem_format.bit_depth is None:
        return 1.0
    full = 2.0 ** (stem_format.bit_depth - 1)
    largest = max(peak.values(), default=0.0) * full
    if largest <= full - 1:
        return 1.0
    # A residual code is off by up to 1.5 steps for each of the signals it is made of (a rounding
    # of 0.5 and a dither of 1; mixture and estimates are as many as stems), when the peak was
    # measured and again in the second pass: gain·(largest + error) + error must stay ≤ full − 1.
    error = 1.5 * n_stems
    return (full - 1 - error) / (largest + error)


def float_stems(names: tuple[str, ...], mixture: Block, estimates: Block) -> Stems:
    """Estimates by name, and under the last name what they leave of the mixture.

    Args:
        names: of all stems, the residual last.
        mixture: (C, n).
        estimates: (S − 1, C, n) of all stems but the residual.
    """
    residual = mixture - estimates[0]
    for estimate in estimates[1:]:
        residual -= estimate
    return dict(zip(names, (*estimates, residual), strict=True))


class StemQuantiser:
    """Turns blocks of a mixture and of estimates into the stems as they are written.

    Integer formats give int32 codes; there the mixture X and every estimate Vₖ are rounded once
    and the residual is their difference X − Σ Vₖ, so the sum of the files is X:

    - where the output grid holds the source's own samples (integer PCM at its own or a greater
      depth, same rate, gain 1), X is exactly the source;
    - else all are rounded with triangular dither of ±1 step, |X − x| ≤ 1.5 steps however many
      stems there are. So is every estimate; the residual's error is that of all S signals it is
      made of, at most 1.5·S steps. The dither is drawn per sample and stem from a fixed seed:
      no block partition changes it. Exact zeros get none: silence stays digital silence.

    Float and lossy formats give estimates and mixture − Σ estimates, never clamped.

    Attributes:
        peak: largest |sample| per stem so far, full scale 1, before clipping.
        overs: samples per stem so far that do not fit: clipped in integer formats, beyond ±1 in
            lossy ones; always 0 in float formats.
    """

    def __init__(
        self,
        info: AudioInfo,
        stem_format: StemFormat,
        gain: float = 1.0,
        names: tuple[str, ...] = ("vocals", "accompaniment"),
        sums: Mapping[str, tuple[str, ...]] = NO_SUMS,
    ) -> None:
        """Start a pass over one song.

        Args:
            info: the source of the mixture blocks.
            stem_format: the format of all stems.
            gain: multiplies mixture and estimates.
            names: of all stems, the residual last.
            sums: further stems, each the sum of some of `names`, e.g. "accompaniment" of all
                but the vocals.
        """
        self.names = names
        self.peak = dict.fromkeys((*names, *sums), 0.0)
        self.overs = dict.fromkeys(self.peak, 0)
        self._sums = sums
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

    def __call__(self, mixture: Block, estimates: Block) -> Stems:
        """Quantise one block.

        Args:
            mixture: (C, n) at the format's sample rate, in float as the reader gives it.
            estimates: (S − 1, C, n) of all stems but the residual, in the order of `names`.

        Returns:
            Name → (C, n): int32 codes at the format's depth, or float samples.
        """
        if self._bit_depth is None:
            return self._as_floats(mixture, estimates)
        full = 2 ** (self._bit_depth - 1)
        # float64: float32 could not hold a 24-bit sample and its dither together.
        steps = np.concatenate([estimates, mixture[np.newaxis]], dtype=np.float64)  # (S, C, n)
        steps *= self._gain * full
        if self._dither is not None:
            audible = (steps != 0) & (steps[-1] != 0)
            steps += self._draw(steps.shape) * audible
        np.rint(steps, out=steps)
        steps[-1] -= steps[:-1].sum(axis=0)
        stems: Stems = {}
        for name, values in self._with_sums(dict(zip(self.names, steps, strict=True))).items():
            self._measure(name, values, full)
            stems[name] = np.clip(values, -full, full - 1).astype(np.int32)
        return stems

    def _as_floats(self, mixture: Block, estimates: Block) -> Stems:
        if self._gain != 1.0:
            mixture, estimates = mixture * self._gain, estimates * self._gain
        stems = self._with_sums(float_stems(self.names, mixture, estimates))
        for name, values in stems.items():
            largest = _largest(values)
            self.peak[name] = max(self.peak[name], largest)
            if not self._is_float and largest > 1.0:
                self.overs[name] += int(np.count_nonzero(np.abs(values) > 1.0))
        return stems

    def _with_sums(self, stems: Stems) -> Stems:
        """On the grid, before anything is clipped, these sums are exact too."""
        sums = {name: np.sum([stems[p] for p in parts], 0) for name, parts in self._sums.items()}
        return {**stems, **sums}

    def _measure(self, name: str, values: Block, full: int) -> None:
        largest = _largest(values)
        self.peak[name] = max(self.peak[name], largest / full)
        if largest >= full:
            self.overs[name] += int(np.count_nonzero((values < -full) | (values > full - 1)))

    def _draw(self, shape: tuple[int, ...]) -> Float64Array:
        """Triangular dithers (S, C, n) in steps, −1 < d < 1, for the next n samples of the song."""
        assert self._dither is not None
        n_stems, n_channels, n_samples = shape
        # Each 32-bit half of a 64-bit draw holds two uniform numbers, whose difference is
        # triangular. A sample takes as many draws as its S dithers need.
        n_draws = (n_stems + 1) // 2
        halves = self._dither.random_raw(n_samples * n_channels * n_draws).view(np.int32)
        steps = (halves & 0xFFFF) - ((halves >> 16) & 0xFFFF)
        by_sample = steps.reshape(n_samples, n_channels, 2 * n_draws)
        dither: Float64Array = np.multiply(by_sample.T[:n_stems], 2.0**-16, order="C")
        return dither


def _largest(values: Block) -> float:
    return float(np.abs(values).max()) if values.size else 0.0
