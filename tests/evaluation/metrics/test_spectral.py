"""The log-spectral distance against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from vocalsep.evaluation.metrics import log_spectral_distance


def test_a_gain_is_its_decibels(rng: np.random.Generator) -> None:
    signal = 0.3 * rng.standard_normal((2, 300_000))
    assert log_spectral_distance(signal, signal) == 0.0
    assert log_spectral_distance(signal, 0.5 * signal) == pytest.approx(6.0206, abs=1e-3)
    assert log_spectral_distance(0.1 * signal, signal) == pytest.approx(20.0, abs=0.05)


def test_silence_goes_down_to_the_floor_and_no_further(rng: np.random.Generator) -> None:
    loud = np.sin(0.2 * np.arange(20_000))[None]
    assert 5 < log_spectral_distance(loud, 0 * loud) < 80
    assert np.isnan(log_spectral_distance(0 * loud, 0 * loud))
    half = np.concatenate([loud, 0 * loud], axis=1)  # silent frames are not averaged in
    whole = log_spectral_distance(loud, 0.5 * loud)
    assert log_spectral_distance(half, 0.5 * half) > 0.9 * whole


def test_short_signals_and_unequal_ones() -> None:
    short = np.ones((1, 900))
    assert log_spectral_distance(short, 0.1 * short) > 1
    with pytest.raises(ValueError, match="shapes differ"):
        log_spectral_distance(short, short[:, :3])
