"""Metrics of whole signals that compare energies."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from vocalsep.evaluation.signals import Signal, spans

EPSILON = 1e-7  # energy added to both sides, as in the MDX challenge: silence gives finite values

Float64 = npt.NDArray[np.float64]


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
    energy = error = 0.0
    for true, guess in _in_spans(reference, estimate):
        energy += float(np.sum(true**2))
        error += float(np.sum((true - guess) ** 2))
    return float(10 * np.log10((energy + EPSILON) / (error + EPSILON)))


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
    energy = product = error = 0.0
    for true, guess in _in_spans(reference, estimate):
        energy += float(np.sum(true**2))
        product += float(np.sum(true * guess))
    gain = product / energy if energy > 0 else 0.0
    for true, guess in _in_spans(reference, estimate):
        error += float(np.sum((gain * true - guess) ** 2))
    return float(10 * np.log10((gain**2 * energy + EPSILON) / (error + EPSILON)))


def regression_coefficients(
    estimate: Signal, target: Signal, residual: Signal
) -> tuple[float, float]:
    """How much of the target and of the rest the estimate holds.

    Least squares of estimate ≈ a·target + b·residual over all channels and samples. a = 1, b = 0
    is perfect; a < 1 is a timid estimate, b > 0 is bleed. SDR alone does not tell them apart.

    Returns:
        (a, b); zeros where a signal is silent.
    """
    gram, inner = np.zeros((2, 2)), np.zeros(2)
    for guess, true, rest in _in_spans(estimate, target, residual):
        basis = np.stack([true.ravel(), rest.ravel()])
        gram += basis @ basis.T
        inner += basis @ guess.ravel()
    a, b = np.linalg.lstsq(gram, inner, rcond=1e-12)[0]
    return float(a), float(b)


def _in_spans(*signals: Signal) -> Iterator[list[Float64]]:
    for span in spans(signals[0].shape[-1]):
        yield [np.asarray(signal[..., span], np.float64) for signal in signals]
