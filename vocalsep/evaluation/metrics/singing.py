"""What listeners of separated songs notice first: music in the pauses, dips under the voice.

Both look at frames of FRAME_S. A frame is sung where the true voice is within ACTIVE_DB of its
own loudest frame, and a pause where it is below PAUSE_DB of it; what lies between (breath,
reverberation, bleed of headphones) counts as neither.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vocalsep.evaluation.signals import SPAN, Signal

FRAME_S = 0.2
ACTIVE_DB = -30.0
PAUSE_DB = -60.0
DEEPEST_DB = 40.0  # a dip is not counted as deeper


def leakage_db(voice: Signal, mixture: Signal, estimate: Signal, sample_rate: int) -> float:
    """Level of the vocal estimate in pauses of the voice, re the mixture there, in dB.

    10·log10(Σ ŝ² / Σ x²) over all frames in which nobody sings; lower is better, −100 the least
    that is told. NaN where there is no pause.

    Args:
        voice, mixture, estimate: (C, N) true voice, mixture and estimated voice.
        sample_rate: Hz.
    """
    levels = _frame_energies(voice, sample_rate)
    pause = levels <= levels.max(initial=0.0) * 10 ** (PAUSE_DB / 10)
    heard = _frame_energies(mixture, sample_rate)[pause].sum()
    if heard == 0:
        return float("nan")
    leaked = _frame_energies(estimate, sample_rate)[pause].sum()
    return float(10 * np.log10(max(leaked / heard, 1e-10)))


def dip_db(voice: Signal, music: Signal, estimate: Signal, sample_rate: int) -> float:
    """How much of the accompaniment is lost where somebody sings, in dB; 0 is nothing.

    The mean over sung frames of −20·log10(g), where g = ⟨a, â⟩/|a|² is the share of the true
    accompaniment a in its estimate â: voice that is left over neither hides nor adds to a dip.
    g is cut to [0.01, 1]. NaN where nobody sings over music.

    Args:
        voice, music, estimate: (C, N) true voice, true and estimated accompaniment.
        sample_rate: Hz.
    """
    levels = _frame_energies(voice, sample_rate)
    energy = _frame_energies(music, sample_rate)
    sung = levels > levels.max(initial=0.0) * 10 ** (ACTIVE_DB / 10)
    sung &= energy > energy.max(initial=0.0) * 10 ** (ACTIVE_DB / 10)
    if not sung.any():
        return float("nan")
    held = _frame_sums(music, estimate, sample_rate)[sung] / energy[sung]
    held = np.clip(held, 10 ** (-DEEPEST_DB / 20), 1.0)
    return float(np.mean(-20 * np.log10(held)))


def _frame_energies(signal: Signal, sample_rate: int) -> npt.NDArray[np.float64]:
    return _frame_sums(signal, signal, sample_rate)


def _frame_sums(a: Signal, b: Signal, sample_rate: int) -> npt.NDArray[np.float64]:
    """(frames,) Σ a·b over channels and the samples of each whole frame."""
    length = min(max(1, round(FRAME_S * sample_rate)), max(1, a.shape[-1]))
    n_frames = a.shape[-1] // length
    step = max(1, SPAN // length)  # frames at a time
    sums = np.zeros(n_frames)
    for first in range(0, n_frames, step):
        last = min(first + step, n_frames)
        span = slice(first * length, last * length)
        cut = (len(a), last - first, length)
        pair = [np.asarray(x[..., span], np.float64).reshape(cut) for x in (a, b)]
        sums[first:last] = np.einsum("cfn,cfn->f", *pair)
    return sums
