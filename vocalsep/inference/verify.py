"""Null test and alignment test of written stems against their source, in constant memory.

Null test: source − Σ stems, at the stems' rate. Alignment test: the lag at
which the sum of the stems correlates best with the source, from cross-spectra added up over
the whole song.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vocalsep.audio.read import AudioReader, open_audio
from vocalsep.audio.resample import resample_blocks
from vocalsep.dsp.overlap import ChunkGeometry, chunks
from vocalsep.errors import VocalsepError
from vocalsep.inference.find_stems import WrittenStems, find_stems
from vocalsep.types import AudioInfo, Block

_STEP = ChunkGeometry(65536, 65536)
#: A lossy sum must be this similar to the source (correlation at lag 0).
MIN_CORRELATION = 0.7

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """What the tests found for one set of stems.

    Attributes:
        stems: the files.
        n_samples, n_expected: length of the longest stem, and the source's, at the stems' rate.
        lag_samples: the stems come so much later than the source.
        correlation: of sum and source at lag 0, 1 if they are the same.
        largest: the largest |residual|, full scale 1.
        residual_db: energy of the residual below that of the source; None if it is zero.
        step: one step of the stems' integer grid; None for float and lossy stems.
        tolerance: the largest |residual| that is right; None for lossy stems.
    """

    stems: dict[str, Path]
    n_samples: int
    n_expected: int
    lag_samples: int
    correlation: float
    largest: float
    residual_db: float | None
    step: float | None
    tolerance: float | None

    def problems(self) -> list[str]:
        """What is wrong, one line each; empty if the stems pass."""
        found = []
        if self.tolerance is not None and self.n_samples != self.n_expected:
            found.append(f"{self.n_samples} samples long, expected {self.n_expected}")
        if self.lag_samples:
            found.append(f"lag of {self.lag_samples} samples, expected 0")
        if self.tolerance is not None and self.largest > self.tolerance:
            found.append(
                f"residual up to {self.largest:.3g}, at most {self.tolerance:.3g} is right"
            )
        if self.tolerance is None and self.correlation < MIN_CORRELATION:
            found.append(f"correlation {self.correlation:.3f}, expected {MIN_CORRELATION} or more")
        return found

    def residual_text(self) -> str:
        """The residual in words, e.g. "exactly zero" or "-96.3 dB, at most 1.4 steps"."""
        if self.residual_db is None:
            return "exactly zero"
        text = f"{self.residual_db:.1f} dB"
        if self.step is not None:
            return f"{text}, at most {self.largest / self.step:.2f} steps"
        return f"{text}, at most {self.largest:.3g} of full scale"


def verify(source: Path, folder: Path) -> list[Verdict]:
    """Test all stems of `source` that lie in `folder`.

    Raises:
        VocalsepError: source or stems are missing or cannot be read.
    """
    return [_verify_set(source, stems) for stems in find_stems(source, folder)]


def _verify_set(source: Path, written: WrittenStems) -> Verdict:
    with ExitStack() as stack:
        reader = stack.enter_context(open_audio(source, written.span))
        stems = [stack.enter_context(open_audio(path)) for path in written.paths.values()]
        info = stems[0].info
        for stem in stems:
            if stem.info.n_channels != reader.info.n_channels:
                raise VocalsepError(
                    f"{stem.info.name}: {stem.info.n_channels} channels, the source has "
                    f"{reader.info.n_channels}"
                )
        comparison = _Comparison(written.gain)
        for original, *parts in _in_step(reader, stems):
            comparison.add(original, parts)
    return Verdict(
        stems=written.paths,
        n_samples=comparison.n_samples,
        n_expected=comparison.n_expected,
        lag_samples=comparison.lag_samples(),
        correlation=comparison.correlation(),
        largest=comparison.largest,
        residual_db=comparison.residual_db(),
        step=None if info.bit_depth is None else 2.0 ** (1 - info.bit_depth),
        tolerance=_tolerance(reader.info, info, written.gain),
    )


def _in_step(source: AudioReader, stems: list[AudioReader]) -> Iterator[tuple[Block, ...]]:
    """Chunks (C, n) of source and stems at the stems' rate, the last ones shorter or empty."""
    rate = stems[0].info.sample_rate
    streams = [resample_blocks(source.blocks(), source.info.sample_rate, rate)]
    streams += [stem.blocks() for stem in stems]
    nothing = np.zeros((source.info.n_channels, 0))
    return zip_longest(*(chunks(stream, _STEP) for stream in streams), fillvalue=nothing)


def _tolerance(source: AudioInfo, stem: AudioInfo, gain: float) -> float | None:
    """The largest residual that the format explains, full scale 1; None if lossy."""
    if stem.is_lossy:
        return None
    if stem.bit_depth is None:
        return 1e-6
    same_grid = (
        source.bit_depth is not None
        and source.bit_depth <= stem.bit_depth
        and source.sample_rate == stem.sample_rate
        and gain == 1.0
    )
    # One rounding and a dither of one step; the last digits are those of this sum in float64.
    return 0.0 if same_grid else 1.5 * 2.0 ** (1 - stem.bit_depth) + 1e-9


class _Comparison:
    """Adds up what source and stems have in common, chunk by chunk."""

    def __init__(self, gain: float) -> None:
        self.n_samples = 0
        self.n_expected = 0
        self.largest = 0.0
        self._gain = gain
        self._energies = np.zeros(4)  # of source, sum, source · sum, residual
        self._spectrum = np.zeros(_STEP.chunk_samples + 1, np.complex128)

    def add(self, original: Block, parts: list[Block]) -> None:
        wanted = _filled(original) * self._gain
        total = np.sum([_filled(part) for part in parts], axis=0)
        residual = total - wanted
        self.n_expected += original.shape[-1]
        self.n_samples += max(part.shape[-1] for part in parts)
        self.largest = max(self.largest, float(np.abs(residual).max()))
        products = ((wanted, wanted), (total, total), (wanted, total), (residual, residual))
        self._energies += [float(np.vdot(a, b)) for a, b in products]
        size = 2 * _STEP.chunk_samples  # room for lags without wrapping around
        cross = np.fft.rfft(total, size) * np.fft.rfft(wanted, size).conj()  # (C, size / 2 + 1)
        self._spectrum += cross.sum(axis=0)

    def lag_samples(self) -> int:
        """Lag of the sum behind the source at the best correlation; 0 for silence."""
        correlation = np.fft.irfft(self._spectrum)
        # A sum of FFTs has noise: a lag counts only if it is better than none at all.
        best = int(np.argmax(correlation))
        if correlation[best] <= correlation[0] * (1 + 1e-9):
            return 0
        return best - len(correlation) if best > len(correlation) // 2 else best

    def correlation(self) -> float:
        source, total, both, _ = self._energies
        return 1.0 if source == total == 0 else float(both / math.sqrt(source * total or 1.0))

    def residual_db(self) -> float | None:
        source, _, _, residual = self._energies
        return 10 * math.log10(residual / (source or 1.0)) if residual else None


def _filled(chunk: Block) -> Float64Array:
    """(C, n) -> (C, L) with silence behind it."""
    n_missing = _STEP.chunk_samples - chunk.shape[-1]
    return np.pad(chunk.astype(np.float64), ((0, 0), (0, n_missing)))
