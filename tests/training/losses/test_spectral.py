"""Losses on spectra: closed forms."""

from __future__ import annotations

import math

import pytest
import torch

from tests.training.losses.signals import of_spectra
from tests.training.losses.test_contract import value
from vocalsep.training.losses.spectral import ComplexL1, LogMSE, MagnitudeL1, MagnitudeL2


def stems(*values: complex) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.complex64).reshape(1, -1, 1, 1, 1)


def test_magnitude_l1() -> None:
    truth, estimate = of_spectra(stems(3, 1)), of_spectra(stems(2, 2))
    # |2 − 3| = 1 and |2 − 1| = 1, relative to |3 + 1|
    assert value(MagnitudeL1(), estimate, truth).item() == pytest.approx(2 / 4)
    assert value(MagnitudeL1(0.0), estimate, truth).item() == pytest.approx(1 / 4)


def test_magnitude_l1_of_a_mask() -> None:
    """‖M·|X| − |V|‖₁ + w·‖(1 − M)·|X| − |A|‖₁ relative to ‖|X|‖₁, as it was always trained."""
    torch.manual_seed(0)
    sources = torch.randn(2, 2, 2, 6, 5, dtype=torch.complex64)
    masks = torch.rand(2, 2, 6, 5)
    valid = torch.rand(2, 1, 1, 6, 1) > 0.3
    mixture = sources.sum(1)
    magnitude = mixture.abs()
    voice, music = sources.abs().unbind(1)
    error = (masks * magnitude - voice).abs() + 0.7 * ((1 - masks) * magnitude - music).abs()
    expected = (error * valid[:, 0]).sum() / (magnitude * valid[:, 0]).sum()
    estimate = torch.stack([masks * mixture, mixture - masks * mixture], 1)
    found = value(MagnitudeL1(0.7), of_spectra(estimate), of_spectra(sources), valid)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


def test_magnitude_l2() -> None:
    truth, estimate = of_spectra(stems(3, 1)), of_spectra(stems(1, 4))
    # (1 − 3)² = 4 and (4 − 1)² = 9, relative to 4²
    assert value(MagnitudeL2(), estimate, truth).item() == pytest.approx(13 / 16)


def test_complex_l1_counts_phase_and_by_default_one_side() -> None:
    truth, estimate = of_spectra(stems(2, 2)), of_spectra(stems(2j, 4 - 2j))
    # |2j − 2| = √8 for the voice, the rest has the same error
    assert value(ComplexL1(), estimate, truth).item() == pytest.approx(math.sqrt(8) / 4)
    assert value(ComplexL1(1.0), estimate, truth).item() == pytest.approx(2 * math.sqrt(8) / 4)


def test_log_mse() -> None:
    truth, estimate = of_spectra(stems(math.e - 1, 0)), of_spectra(stems(0, math.e - 1))
    # ln(1 + e − 1) = 1 against 0, for both stems
    assert value(LogMSE(), estimate, truth).item() == pytest.approx(2.0)
    gained = value(LogMSE(gain=2.0), estimate, truth).item()
    assert gained == pytest.approx(2 * math.log1p(2 * (math.e - 1)) ** 2)
