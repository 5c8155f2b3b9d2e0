"""Colour jitter, in closed form."""

from __future__ import annotations

import colorsys

import numpy as np

from vocalsep.data.pictures.augment import Example
from vocalsep.data.pictures.augment.colour import ColourJitter, colour_matrix

LUMA = np.array([0.299, 0.587, 0.114])


def example(n_channels: int = 3) -> Example:
    pixels = np.random.default_rng(2).uniform(0.3, 0.6, (n_channels, 9, 11)).astype(np.float32)
    return Example(pixels, np.zeros((9, 11), np.uint8))


def test_brightness_multiplies(rng: np.random.Generator) -> None:
    before = example()
    jitter = ColourJitter((), 0.3, 0.0, 0.0, 0.0, 1.0)
    factors = []
    for _ in range(40):
        ratio = jitter(rng, before).pixels / before.pixels
        assert np.ptp(ratio) < 1e-5
        factors.append(ratio.mean())
    assert 0.7 <= min(factors) < 0.8
    assert 1.2 < max(factors) <= 1.3


def test_contrast_keeps_the_mean(rng: np.random.Generator) -> None:
    before = example(1)
    out = ColourJitter((), 0.0, 0.5, 0.0, 0.0, 1.0)(rng, before).pixels
    assert abs(out.mean() - before.pixels.mean()) < 1e-6
    factor = (out - out.mean()) / (before.pixels - before.pixels.mean())
    assert np.ptp(factor) < 1e-3
    assert abs(factor.mean() - 1) > 0.01


def test_saturation_and_hue_keep_luma_and_grey(rng: np.random.Generator) -> None:
    before = example()
    out = ColourJitter((), 0.0, 0.0, 0.9, 0.5, 1.0)(rng, before).pixels
    np.testing.assert_allclose(
        np.tensordot(LUMA, out, 1), np.tensordot(LUMA, before.pixels, 1), atol=1e-3
    )
    np.testing.assert_allclose(colour_matrix(0.3, 0.2) @ np.ones(3), np.ones(3), atol=1e-4)


def test_the_colour_matrix_is_no_change_grey_or_a_turn() -> None:
    np.testing.assert_allclose(colour_matrix(1.0, 0.0), np.eye(3), atol=1e-12)
    np.testing.assert_allclose(colour_matrix(0.0, 0.3), np.tile(LUMA, (3, 1)), atol=1e-3)
    np.testing.assert_allclose(colour_matrix(1.0, 1.0), np.eye(3), atol=1e-12)
    turned = np.linalg.matrix_power(colour_matrix(1.0, 0.25), 4)
    np.testing.assert_allclose(turned, np.eye(3), atol=1e-9)


def test_hue_turns_by_about_its_share() -> None:
    reddish = np.array([0.6, 0.5, 0.45])
    before, after = (
        colorsys.rgb_to_hsv(*c)[0] for c in (reddish, colour_matrix(1, 0.25) @ reddish)
    )
    assert 0.15 < min((after - before) % 1, (before - after) % 1) < 0.35


def test_pixels_stay_in_range(rng: np.random.Generator) -> None:
    pixels = rng.random((3, 8, 8), np.float32)
    jitter = ColourJitter((), 1.0, 1.0, 1.0, 0.5, 1.0)
    for _ in range(20):
        out = jitter(rng, Example(pixels, np.zeros((8, 8), np.uint8))).pixels
        assert 0 <= out.min() <= out.max() <= 1
