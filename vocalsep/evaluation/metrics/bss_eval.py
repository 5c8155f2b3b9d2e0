"""BSS Eval, versions 3 and 4: how much of an estimate is source, and what the rest is.

An estimate ŝ of the source image s is taken apart by two projections: P_j onto filtered copies of
its own source and P onto filtered copies of all sources (512 taps; see projection.py):

    ŝ = s + e_spat + e_interf + e_artif,
    e_spat = P_j − s,  e_interf = P − P_j,  e_artif = ŝ − P

    images    SDR = |s|²/|ŝ − s|²             ISR = |s|²/|e_spat|²
              SIR = |P_j|²/|e_interf|²        SAR = |P|²/|e_artif|²           (10·log10, dB)
    sources   SDR = |P_j|²/|ŝ − P_j|²         SIR and SAR as above

Version 4 (museval: Stöter, Liutkus & Ito, "The 2018 Signal Separation Evaluation Campaign",
LVA/ICA 2018) finds the filters once for the whole song and takes the energies window by window.
Version 3 (mir_eval 0.8; Vincent et al., "The Signal Separation Evaluation Campaign (2007-2010)",
Signal Processing 92, 2012) takes them over the whole song.

Silence is handled as there: a window in which any reference or any estimate is silent (its
channels add up to zero) has no scores (NaN, not part of any median); a song in which one is
silent throughout has none at all. A window without error scores infinity, which museval's files
and so its medians leave out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vocalsep.evaluation.metrics.bss_energies import BssScores, Energies, window_energies
from vocalsep.evaluation.metrics.projection import Filters, Float64, Projection
from vocalsep.evaluation.signals import Signal, spans


class BssEval:
    """BSS Eval of any number of methods against the references of one song.

    >>> rng = np.random.default_rng(0)
    >>> references = rng.standard_normal((2, 1, 3000))
    >>> scores = BssEval(references, n_taps=32).images(0.9 * references)
    >>> scores.sdr.round(2).tolist()
    [[20.0], [20.0]]

    Args:
        references: (S, C, N) float, S ≥ 2.
        n_taps: length of the distortion filters; everybody uses 512.
    """

    def __init__(self, references: Signal, n_taps: int = 512) -> None:
        self._references = references
        # A silent reference makes the normal equations singular, and the scores meaningless.
        silent = bool(silent_sources(references).any())
        self._projection = None if silent else Projection(references, n_taps)
        self._last: tuple[Signal, Filters] | None = None

    def framewise(self, estimates: Signal, window: int, hop: int) -> BssScores:
        """Version 4: images, one set of scores for each window.

        Args:
            estimates: (S, C, N), in the order of the references.
            window, hop: samples; museval's protocol is 1 s and 1 s. Samples behind the last
                whole window count for the filters only. A shorter song is one window.

        Raises:
            ValueError: the shapes differ.
        """
        filters = self._filters(estimates)
        window = min(window, estimates.shape[-1])
        if filters is None:
            n_windows = (estimates.shape[-1] - window) // hop + 1
            return Energies.none(len(estimates), n_windows).images()
        return window_energies(self._references, estimates, filters, window, hop).images()

    def images(self, estimates: Signal) -> BssScores:
        """Version 3, images: one set of scores for the whole song, channels kept apart.

        Raises:
            ValueError: the shapes differ.
        """
        return self._whole(estimates).images()

    def sources(self, estimates: Signal) -> BssScores:
        """Version 3, sources: filtered copies of the reference are as good as itself.

        Meant for mono (C = 1), as in MIREX and the iKala and MIR-1K tables; there is no ISR.

        Raises:
            ValueError: the shapes differ.
        """
        return self._whole(estimates).sources()

    def _filters(self, estimates: Signal) -> Filters | None:
        """The distortion filters, kept for the next call; None where a silent signal has none."""
        if estimates.shape != self._references.shape:
            raise ValueError(
                f"BSS Eval: shapes differ, {self._references.shape} and {estimates.shape}"
            )
        if self._projection is None or silent_sources(estimates).any():
            return None
        if self._last is None or self._last[0] is not estimates:
            self._last = (estimates, self._projection.filters(estimates))
        return self._last[1]

    def _whole(self, estimates: Signal) -> Energies:
        filters = self._filters(estimates)
        energies = Energies.none(len(estimates), 1)
        if filters is None or self._projection is None:
            return energies
        plain = _plain_energies(self._references, estimates)
        for j, of_source in enumerate(plain.T):
            energies.put(j, 0, _whole_energies(self._projection, filters, j, of_source))
        return energies


def silent_sources(signals: Signal) -> npt.NDArray[np.bool_]:
    """Which of (S, C, ...) are silent by museval's rule: their channels add up to zero."""
    heard = np.zeros(len(signals), np.bool_)
    for span in spans(signals.shape[-1]):
        heard |= np.any(np.sum(signals[..., span], axis=1) != 0, axis=-1)
    return ~heard


def _plain_energies(references: Signal, estimates: Signal) -> Float64:
    """(3, S) energies of sources, estimates and their differences."""
    total = np.zeros((3, len(references)))
    for span in spans(references.shape[-1]):
        true, guess = (np.asarray(x[..., span], np.float64) for x in (references, estimates))
        total += [np.square(x).sum((1, 2)) for x in (true, guess, guess - true)]
    return total


def _whole_energies(
    projection: Projection, filters: Filters, j: int, plain: Float64
) -> list[float]:
    """Energies of estimate j over the whole signal, in the order of `Energies`.

    Beside those of `_plain_energies` they follow from the filters and the Gram matrix:
    |Σ_k c_k * s_k|² = cᵀ G c.
    """
    gram, n_channels = projection.gram, projection.n_channels
    joint = filters.joint[j]  # (C, S·C, L)
    first = j * n_channels
    own = np.zeros_like(joint)
    own[:, first : first + n_channels] = filters.own[j]
    through = np.zeros_like(joint)  # lets the reference through as it is
    channels = np.arange(n_channels)
    through[channels, first + channels, 0] = 1.0

    def energy(c: Float64) -> float:
        flat = c.reshape(n_channels, -1)  # (C, S·C·L)
        return float(((flat @ gram) * flat).sum())

    def error(c: Float64) -> float:
        # Rounding may leave a perfect estimate with a touch less than nothing.
        return max(0.0, total - 2 * float((c * filters.inner[j]).sum()) + energy(c))

    true, total, difference = map(float, plain)
    return [
        true,
        difference,
        energy(own - through),
        energy(own),
        energy(joint - own),
        energy(joint),
        error(joint),
        error(own),
    ]
