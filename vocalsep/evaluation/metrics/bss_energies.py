"""Energies of the parts of an estimate, window by window, and the ratios that are made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalsep.evaluation.metrics.projection import Complex, Filters, in_threads
from vocalsep.evaluation.signals import Samples, Signal

Values = npt.NDArray[np.float64]

_CHUNK_WINDOWS = 2  # transformed at a time


@dataclass(frozen=True)
class BssScores:
    """(S, windows) dB each; NaN where there is no score. One window for version 3."""

    sdr: Values
    isr: Values
    sir: Values
    sar: Values

    def named(self) -> dict[str, Values]:
        """Name as the literature writes it -> (S, windows)."""
        return {"SDR": self.sdr, "ISR": self.isr, "SIR": self.sir, "SAR": self.sar}


@dataclass(frozen=True)
class Energies:
    """(S, windows) each, NaN where nothing was measured.

    Attributes:
        true: |s|².
        error: |ŝ − s|².
        spatial: |P_j − s|².
        own: |P_j|².
        interference: |P − P_j|².
        joint: |P|².
        artefacts: |ŝ − P|².
        own_error: |ŝ − P_j|².
    """

    true: Values
    error: Values
    spatial: Values
    own: Values
    interference: Values
    joint: Values
    artefacts: Values
    own_error: Values

    @classmethod
    def none(cls, n_sources: int, n_windows: int) -> Energies:
        """Nothing measured yet."""
        return cls(*np.full((8, n_sources, n_windows), np.nan))

    def put(self, source: int, windows: int | slice, values: Sequence[float] | Values) -> None:
        """Fill in all eight, in the order of the attributes."""
        for mine, value in zip(vars(self).values(), values, strict=True):
            mine[source, windows] = value

    def images(self) -> BssScores:
        """The ratios of the images version."""
        return BssScores(
            _ratio_db(self.true, self.error),
            _ratio_db(self.true, self.spatial),
            _ratio_db(self.own, self.interference),
            _ratio_db(self.joint, self.artefacts),
        )

    def sources(self) -> BssScores:
        """The ratios of the sources version, which has no ISR."""
        return BssScores(
            _ratio_db(self.own, self.own_error),
            np.full_like(self.own, np.nan),
            _ratio_db(self.own, self.interference),
            _ratio_db(self.joint, self.artefacts),
        )


def window_energies(
    references: Signal, estimates: Signal, filters: Filters, window: int, hop: int
) -> Energies:
    """Energies of every whole window of (S, C, N), by Parseval's theorem.

    A window is filtered with what lies outside of it taken as silence, and the tails of the
    filters behind it count. Windows in which any signal is silent are left out.
    """
    n_sources = len(references)
    n_windows = (references.shape[-1] - window) // hop + 1
    n_fft = fast_length(window + filters.joint.shape[-1] - 1)
    responses = _Responses(filters, n_fft)
    energies = Energies.none(n_sources, n_windows)

    def measure(start: int) -> tuple[int, Values]:
        """(first window, (S, 8, n)) of a chunk of windows."""
        cut = slice(start * hop, (start + _CHUNK_WINDOWS - 1) * hop + window)
        pair = [_windows(x[..., cut], window, hop) for x in (references, estimates)]
        heard = ~(_silent_windows(pair[0]) | _silent_windows(pair[1]))
        true, guess = (np.fft.rfft(x, n_fft) for x in pair)  # (S, C, n, F)
        found = [responses.energies(j, true, guess[j]) for j in range(n_sources)]
        return start, np.where(heard, np.stack(found), np.nan)

    for start, found in in_threads(measure, range(0, n_windows, _CHUNK_WINDOWS)):
        for j in range(n_sources):
            energies.put(j, slice(start, start + found.shape[-1]), found[j])
    return energies


def fast_length(n: int) -> int:
    """The least length ≥ n whose only prime factors are 2, 3 and 5: quick to transform.

    >>> fast_length(44611)
    45000
    """
    best = 1 << (n - 1).bit_length()
    five = 1
    while five < best:
        three = five
        while three < best:
            best = min(best, three << (-(-n // three) - 1).bit_length())
            three *= 3
        five *= 5
    return best


class _Responses:
    """Frequency responses of the distortion filters, and what Parseval's theorem needs."""

    def __init__(self, filters: Filters, n_fft: int) -> None:
        self._joint = np.fft.rfft(filters.joint, n_fft)  # (S, C, S·C, F)
        self._own = np.fft.rfft(filters.own, n_fft)  # (S, C, C, F)
        # 0 Hz and half the sample rate have no mirror image, all other bins count twice.
        self._weights = np.full(n_fft // 2 + 1, 2.0 / n_fft)
        self._weights[0] /= 2
        if n_fft % 2 == 0:
            self._weights[-1] /= 2

    def energies(self, j: int, true: Complex, guess: Complex) -> Values:
        """(8, n) energies of estimate j in the order of `Energies`.

        Args:
            true: (S, C, n, F) spectra of the windows of all references.
            guess: (C, n, F) of the estimate.
        """
        everything = true.reshape(-1, *true.shape[2:])  # (S·C, n, F)
        total = np.zeros((8, true.shape[2]))
        for c, heard in enumerate(guess):
            own = _filtered(self._own[j, c], true[j])
            joint = _filtered(self._joint[j, c], everything)
            image = true[j, c]
            parts = (image, heard - image, own - image, own, joint - own, joint, heard - joint)
            total += [self._energy(part) for part in (*parts, heard - own)]
        return total

    def _energy(self, spectra: Complex) -> Values:
        """(n, F) -> (n,)."""
        power = np.square(spectra.real)
        power += np.square(spectra.imag)
        found: Values = power @ self._weights
        return found


def _filtered(responses: Complex, spectra: Complex) -> Complex:
    """Σ_i responses[i]·spectra[i], (in, F) and (in, n, F) -> (n, F).

    Added up one by one: a batched complex product of such small matrices is ten times as slow.
    """
    total: Complex = responses[0] * spectra[0]
    product = np.empty_like(total)
    for response, spectrum in zip(responses[1:], spectra[1:], strict=True):
        total += np.multiply(response, spectrum, out=product)
    return total


def _windows(signals: Samples, window: int, hop: int) -> Values:
    """(S, C, N) -> (S, C, n, window)."""
    wide = np.asarray(signals, np.float64)
    return np.lib.stride_tricks.sliding_window_view(wide, window, -1)[:, :, ::hop]


def _silent_windows(windows: Values) -> npt.NDArray[np.bool_]:
    """(S, C, n, window) -> (n,): is any source silent, by museval's rule?"""
    found: npt.NDArray[np.bool_] = (windows.sum(1) == 0).all(-1).any(0)
    return found


def _ratio_db(signal: Values, noise: Values) -> Values:
    """10·log10(signal/noise); infinite without noise, NaN where unknown."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(noise == 0, np.inf, signal / noise)
        found: Values = np.where(np.isnan(signal), np.nan, 10 * np.log10(ratio))
    return found
