"""The Wiener filter against closed forms and a naive implementation, bin by bin."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vocalsep.dsp.stft import STFT
from vocalsep.dsp.wiener import WienerFilter, posterior, spatial_model, wiener


def random_spectra(*shape: int, seed: int = 0) -> torch.Tensor:
    real = torch.randn(
        *shape, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )
    return torch.view_as_complex(real)


def naive(estimates: np.ndarray, mixture: np.ndarray, n_iterations: int) -> np.ndarray:
    """The formulas of the module, one matrix at a time, without a regulariser."""
    n_sources, _, n_bins, n_frames = estimates.shape
    y = estimates.copy()
    for _ in range(n_iterations):
        new = np.zeros_like(y)
        for f in range(n_bins):
            v = np.mean(np.abs(y[:, :, f]) ** 2, axis=1)  # (S, T)
            r = [
                sum(np.outer(y[j, :, f, t], y[j, :, f, t].conj()) for t in range(n_frames))
                / v[j].sum()
                for j in range(n_sources)
            ]
            for t in range(n_frames):
                total = sum(v[j, t] * r[j] for j in range(n_sources))
                white = np.linalg.inv(total) @ mixture[:, f, t]
                for j in range(n_sources):
                    new[j, :, f, t] = v[j, t] * r[j] @ white
        y = new
    return y


@pytest.mark.parametrize("n_channels", [1, 2, 3])
@pytest.mark.parametrize("n_iterations", [1, 3])
def test_against_the_naive_filter(n_channels: int, n_iterations: int) -> None:
    estimates = random_spectra(3, n_channels, 4, 9)
    mixture = random_spectra(n_channels, 4, 9, seed=1)
    found = wiener(estimates, mixture, n_iterations)
    wanted = naive(estimates.numpy(), mixture.numpy(), n_iterations)
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.sum(0).numpy(), mixture.numpy(), atol=1e-9)


def test_one_channel_is_the_power_ratio_mask() -> None:
    estimates, mixture = random_spectra(2, 1, 5, 7), random_spectra(1, 5, 7, seed=1)
    powers = estimates.abs().square()
    wanted = powers / powers.sum(0) * mixture
    torch.testing.assert_close(wiener(estimates, mixture), wanted, rtol=1e-6, atol=1e-7)


def test_sources_at_two_places_come_apart_exactly() -> None:
    # Two instantaneous panned sources: rank-1 covariances, which the filter inverts.
    dry = random_spectra(2, 1, 6, 50)
    pans = torch.tensor([[1.0, 0.2], [0.3, 1.0]], dtype=torch.float64)[:, :, None, None]
    sources = dry * pans
    found = posterior(sources.sum(0), *spatial_model(sources))
    torch.testing.assert_close(found, sources, rtol=1e-4, atol=1e-4)


def test_silence_stays_finite() -> None:
    nothing = torch.zeros(2, 2, 3, 4, dtype=torch.complex128)
    assert torch.equal(wiener(nothing, nothing[0]), nothing)
    mixture = random_spectra(2, 3, 4)
    torch.testing.assert_close(wiener(nothing, mixture).sum(0), mixture)


@pytest.mark.parametrize("n_samples", [1, 700, 9001])
def test_chunks_add_up_and_refine(n_samples: int, rng: np.random.Generator) -> None:
    sources = rng.standard_normal((2, 2, n_samples)).astype(np.float32)
    sources[0, 1] *= 0.1
    sources[1, 0] *= 0.1
    mixture = sources.sum(0)
    leaky = 0.8 * sources + 0.2 * sources[::-1]
    both = np.concatenate([mixture[None], leaky])
    refiner = WienerFilter(STFT(256, 64), 2, chunk_samples=2048)
    refined = np.concatenate(list(refiner.stream([both])), axis=-1)
    assert refined.shape == sources.shape
    np.testing.assert_allclose(refined.sum(0), mixture, atol=1e-4)
    if n_samples > 5000:
        assert np.square(refined - sources).mean() < 0.5 * np.square(leaky - sources).mean()
