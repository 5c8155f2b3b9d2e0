"""Metrics against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocalsep.evaluation.metrics import regression_coefficients, sdr, si_sdr


@given(st.floats(0.01, 0.99), st.integers(0, 2**32 - 1))
def test_scaled_reference_closed_form(scale: float, seed: int) -> None:
    reference = np.random.default_rng(seed).standard_normal((2, 500))
    assert sdr(reference, scale * reference) == pytest.approx(-20 * np.log10(1 - scale), abs=1e-3)


def test_known_values(rng: np.random.Generator) -> None:
    reference = rng.standard_normal((2, 1000))
    assert sdr(reference, np.zeros_like(reference)) == pytest.approx(0.0, abs=1e-6)
    assert sdr(reference, reference) > 80
    assert sdr(np.zeros((1, 10)), np.zeros((1, 10))) == 0.0
    with pytest.raises(ValueError, match="shapes differ"):
        sdr(reference, reference[:, :10])


def test_the_estimate_is_not_changed_by_level_of_both(rng: np.random.Generator) -> None:
    s, noise = rng.standard_normal((2, 2, 5000))
    assert sdr(s, s + 0.1 * noise) == pytest.approx(sdr(3 * s, 3 * s + 0.3 * noise), abs=1e-5)


@given(st.floats(0, 1), st.floats(0, 1))
def test_regression_finds_what_was_mixed(a: float, b: float) -> None:
    target, residual = np.random.default_rng(0).standard_normal((2, 2, 800))
    held = regression_coefficients(a * target + b * residual, target, residual)
    assert held == pytest.approx((a, b), abs=1e-6)


def test_regression_with_a_silent_source(rng: np.random.Generator) -> None:
    target = rng.standard_normal((2, 100))
    assert regression_coefficients(target, target, 0 * target) == pytest.approx((1.0, 0.0))


@given(st.floats(0.1, 10), st.integers(0, 99))
def test_si_sdr_does_not_hear_the_level(gain: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    reference, noise = rng.standard_normal((2, 2, 4000))
    noise -= reference * np.sum(noise * reference) / np.sum(reference**2)  # orthogonal
    estimate = gain * (reference + 0.1 * noise)
    wanted = 10 * np.log10(np.sum(reference**2) / np.sum((0.1 * noise) ** 2))
    assert si_sdr(reference, estimate) == pytest.approx(wanted, abs=1e-4)


def test_si_sdr_of_silence_is_finite() -> None:
    ones, zeros = np.ones((1, 9)), np.zeros((1, 9))
    assert si_sdr(zeros, zeros) == si_sdr(ones, zeros) == 0.0
    assert -90 < si_sdr(zeros, ones) < -70
    with pytest.raises(ValueError, match="shapes differ"):
        si_sdr(ones, ones[:, :3])
