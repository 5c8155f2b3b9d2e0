"""Metrics of whole signals that compare energies."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

EPSILON = 1e-7  # energy added to both sides, as in the MDX challenge: silence gives finite values

Signal = npt.NDArray[np.floating]


def sdr(reference: Signal, estimate: Signal) -> float:
    """Global signal-to-distortion ratio of a whole signal, in dB.

    10·log10((Σ s² + ε) / (Σ (s − ŝ)² + ε)), sums over channels and samples, ε = 1e-7: the "new
    SDR" of Mitsufuji et al., "Music Demixing Challenge 2021", Frontiers in Signal Processing
    2022. No distortion filter is allowed for, unlike BSS Eval.

    >>> round(sdr(np.ones((2, 1000)), 0.9 * np.ones((2, 1000))), 3)
    20.0

    Args:
        reference: (C, N) true source.
        estimate: (C, N), aligned with it.

    Raises:
        ValueError: the shapes differ.
    """
    if reference.shape != estimate.shape:
        raise ValueError(f"sdr: shapes differ, {reference.shape} and {estimate.shape}")
    true = np.asarray(reference, np.float64)
    error = true - np.asarray(estimate, np.float64)
    return float(10 * np.log10((np.sum(true**2) + EPSILON) / (np.sum(error**2) + EPSILON)))


def si_sdr(reference: Signal, estimate: Signal) -> float:
    """Scale-invariant signal-to-distortion ratio of a whole signal, in dB.

    10·log10((|α·s|² + ε) / (|α·s − ŝ|² + ε)), α = ⟨s, ŝ⟩/|s|², ε = 1e-7: Le Roux et al., "SDR –
    half-baked or well done?", ICASSP 2019. One scale for all channels, means are not removed.
    Silence on both sides gives 0, a silent estimate gives 0, a silent reference a low value.

    >>> round(si_sdr(np.array([[1.0, 1.0]]), np.array([[2.0, 0.0]])), 2)
    0.0

    Args:
        reference: (C, N) true source.
        estimate: (C, N), aligned with it.

    Raises:
        ValueError: the shapes differ.
    """
    if reference.shape != estimate.shape:
        raise ValueError(f"si_sdr: shapes differ, {reference.shape} and {estimate.shape}")
    true, guess = np.asarray(reference, np.float64), np.asarray(estimate, np.float64)
    energy = float(np.sum(true**2))
    scaled = (float(np.sum(true * guess)) / energy if energy > 0 else 0.0) * true
    error = np.sum((scaled - guess) ** 2)
    return float(10 * np.log10((np.sum(scaled**2) + EPSILON) / (error + EPSILON)))


def regression_coefficients(
    estimate: Signal, target: Signal, residual: Signal
) -> tuple[float, float]:
    """How much of the target and of the rest the estimate holds.

    Least squares of estimate ≈ a·target + b·residual over all channels and samples. a = 1, b = 0
    is perfect; a < 1 is a timid estimate, b > 0 is bleed. SDR alone does not tell them apart.

    Returns:
        (a, b); zeros where a signal is silent.
    """
    basis = np.stack([target.ravel(), residual.ravel()]).astype(np.float64)
    gram = basis @ basis.T
    a, b = np.linalg.lstsq(gram, basis @ estimate.ravel().astype(np.float64), rcond=1e-12)[0]
    return float(a), float(b)
