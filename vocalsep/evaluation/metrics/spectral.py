"""Distances of spectra."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vocalsep.evaluation.signals import Samples, Signal

N_FFT = 2048  # samples, periodic Hann window
HOP_LENGTH = 512
FLOOR = 1e-8  # of the power of a full-scale sine's bin: −80 dB
_CHUNK_FRAMES = 512


def log_spectral_distance(reference: Signal, estimate: Signal) -> float:
    """Log-spectral distance in dB; 0 is perfect, and it hears holes that the SDR does not.

    The mean over frames and channels of sqrt(mean_f (10·log10(P[f]/P̂[f]))²), P the power
    spectrum above a floor of −80 dB re full scale, frames of 2048 samples every 512: Gray &
    Markel, "Distance measures for speech processing", IEEE TASSP 24(5), 1976. Frames that are
    silent on both sides are left out; NaN if all are.

    Args:
        reference, estimate: (C, N), aligned.

    Raises:
        ValueError: the shapes differ.
    """
    if reference.shape != estimate.shape:
        raise ValueError(f"LSD: shapes differ, {reference.shape} and {estimate.shape}")
    total, n_frames = 0.0, 0
    step = _CHUNK_FRAMES * HOP_LENGTH
    for start in range(0, max(1, reference.shape[-1]), step):
        cut = slice(start, start + step + N_FFT - HOP_LENGTH)
        powers = [_power(x[..., cut]) for x in (reference, estimate)]  # (C, T, F)
        difference = 10 * (np.log10(powers[0]) - np.log10(powers[1]))
        heard = (np.maximum(*powers) > FLOOR).any(-1)
        total += float(np.sqrt(np.mean(difference**2, axis=-1))[heard].sum())
        n_frames += int(heard.sum())
    return total / n_frames if n_frames else float("nan")


def _power(signal: Samples) -> npt.NDArray[np.float64]:
    """(C, N) -> (C, T, F) power re a full-scale sine, not below the floor."""
    missing = max(0, N_FFT - signal.shape[-1])
    padded = np.pad(np.asarray(signal, np.float64), ((0, 0), (0, missing)))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT, -1)[:, ::HOP_LENGTH]
    spectra = np.fft.rfft(frames * window) / (0.5 * window.sum())
    power: npt.NDArray[np.float64] = np.maximum(np.abs(spectra) ** 2, FLOOR)
    return power
