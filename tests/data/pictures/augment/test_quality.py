"""Blur, noise and gamma, in closed form and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest

from vocalsep.data.pictures.augment import Example
from vocalsep.data.pictures.augment.quality import Blur, Gamma, LowResolution, Noise

scipy_ndimage = pytest.importorskip("scipy.ndimage")


def example(*size: int) -> Example:
    pixels = np.random.default_rng(4).random((2, *size), np.float32)
    return Example(pixels, np.zeros(size, np.uint8))


@pytest.mark.parametrize("size", [(20, 30), (9, 10, 11), (1, 3)])
def test_blur_is_scipys(size: tuple[int, ...], rng: np.random.Generator) -> None:
    before = example(*size)
    out = Blur((), [2.0, 2.0], 1.0)(rng, before).pixels
    for channel, sharp in zip(out, before.pixels, strict=True):
        expected = scipy_ndimage.gaussian_filter(sharp, 2.0, mode="mirror", radius=6)
        np.testing.assert_allclose(channel, expected, atol=1e-5)


def test_noise_has_its_deviation_and_stays_in_range(rng: np.random.Generator) -> None:
    grey = Example(np.full((1, 200, 200), 0.5, np.float32), np.zeros((200, 200), np.uint8))
    deviations = [(Noise((), 0.1, 1.0)(rng, grey).pixels - 0.5).std() for _ in range(30)]
    assert min(deviations) < 0.03
    assert 0.07 < max(deviations) <= 0.101
    loud = Noise((), 1.0, 1.0)(rng, example(50, 50)).pixels
    assert loud.min() >= 0
    assert loud.max() <= 1


def test_volumes_keep_a_wider_range(rng: np.random.Generator) -> None:
    values = np.linspace(-3, 5, 1000, dtype=np.float32).reshape(1, 10, 10, 10)
    before = Example(values, np.zeros((10, 10, 10), np.uint8))
    out = Noise((), 0.1, 1.0)(rng, before).pixels
    assert -3 <= out.min() < -2.5
    assert 4.5 < out.max() <= 5


def test_gamma_bends_between_the_ends(rng: np.random.Generator) -> None:
    before = example(20, 20)
    out = Gamma((), [2.0, 2.0], 1.0)(rng, before).pixels
    low, high = before.pixels.min(), before.pixels.max()
    expected = ((before.pixels - low) / (high - low)) ** 2 * (high - low) + low
    np.testing.assert_allclose(out, expected, atol=1e-6)
    order = np.argsort(before.pixels.ravel())
    assert (np.diff(out.ravel()[order]) >= 0).all()
    flat = Example(np.ones((1, 2, 2), np.float32), np.zeros((2, 2), np.uint8))
    assert Gamma((), [2.0, 2.0], 1.0)(rng, flat) is flat


def test_low_resolution_loses_detail_and_keeps_the_rest(rng: np.random.Generator) -> None:
    y, x = np.mgrid[:60, :80] / 80
    coarse, fine = np.cos(4 * x + 3 * y) / 4 + 0.5, np.indices((60, 80)).sum(0) % 2 / 4
    pixels = np.stack([coarse, coarse + fine]).astype(np.float32)
    before = Example(pixels, rng.integers(0, 9, (60, 80), np.uint8))
    out = LowResolution((), [0.5, 0.5], 1.0)(rng, before)
    assert out.labels is before.labels
    np.testing.assert_allclose(out.pixels[0], coarse, atol=0.02)
    np.testing.assert_allclose(out.pixels[1], coarse + fine.mean(), atol=0.03)
