"""Volumes as examples: spacing, scale, and what does not fit."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.volumes import write_ellipsoids
from vocalsep.data.pictures.layouts import read_pictures
from vocalsep.data.pictures.loader import read_example
from vocalsep.data.pictures.pair import Pair
from vocalsep.data.pictures.volumes import resized, size_at
from vocalsep.errors import DataError
from vocalsep.recipe.segmentation import Pixels

SPACING = (3.0, 1.0, 1.0)
PIXELS = Pixels(ndim=3, in_channels=1, tile=[8, 8, 8])


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return read_pictures(write_ellipsoids(tmp_path, {"train": 1}, (6, 18, 20), SPACING)).pairs[0]


def test_as_they_are(pair: Pair) -> None:
    found = read_example(pair, PIXELS)
    np.testing.assert_array_equal(found.pixels[0], np.load(pair.image))
    np.testing.assert_array_equal(found.labels, np.load(pair.labels))


def test_z_score_is_of_the_whole_volume(pair: Pair) -> None:
    found = read_example(pair, dataclasses.replace(PIXELS, z_score=True)).pixels
    assert found.mean() == pytest.approx(0, abs=1e-5) and found.std() == pytest.approx(1, abs=1e-5)
    assert np.corrcoef(found.ravel(), np.load(pair.image).ravel())[0, 1] == pytest.approx(1)


def test_a_flat_channel_stays_finite(pair: Pair) -> None:
    np.save(pair.image, np.full((6, 18, 20), 7.0))
    assert not read_example(pair, dataclasses.replace(PIXELS, z_score=True)).pixels.any()


def test_spacing_makes_volumes_alike(pair: Pair) -> None:
    found = read_example(pair, dataclasses.replace(PIXELS, spacing=[1.0, 1.0, 2.0]))
    assert found.labels.shape == found.pixels.shape[1:] == (18, 18, 10)
    before = np.load(pair.labels)
    shares = [np.bincount(each.ravel(), minlength=3) / each.size for each in (before, found.labels)]
    np.testing.assert_allclose(*shares, atol=0.02)
    means = [found.pixels[0][found.labels == label].mean() for label in range(3)]
    np.testing.assert_allclose(means, [300, 500, 100], atol=80)  # edges are blurred


@pytest.mark.parametrize(
    ("pixels", "says"),
    [
        (Pixels(), "expected a picture, as pixels.ndim is 2"),
        (dataclasses.replace(PIXELS, in_channels=2), "it has 1 channels, expected 2"),
    ],
)
def test_what_does_not_fit_is_told(pair: Pair, pixels: Pixels, says: str) -> None:
    with pytest.raises(DataError, match=says):
        read_example(pair, pixels)


def test_labels_of_another_size_are_told(pair: Pair) -> None:
    np.save(pair.labels, np.zeros((6, 18, 21), np.uint8))
    with pytest.raises(DataError, match="6 × 18 × 21 values, expected 6 × 18 × 20"):
        read_example(pair, PIXELS)
    pair.image.write_bytes(b"")
    with pytest.raises(DataError, match=r"0\.npy"):
        read_example(pair, PIXELS)


def test_resizing_keeps_ramps_and_goes_back() -> None:
    ramp = np.linspace(0, 1, 12, dtype=np.float32)[:, None, None] * np.ones((1, 5, 6), np.float32)
    values = np.stack([ramp, 2 - ramp])
    pixels = dataclasses.replace(PIXELS, spacing=[1.0, 2.0, 1.0])
    size = size_at(values.shape[1:], SPACING, pixels)
    assert size == (36, 2, 6)
    there = resized(values, size)
    assert there.shape == (2, *size)
    np.testing.assert_allclose(np.diff(there[0, 3:-3, 0, 0]), 1 / 33, rtol=1e-4)
    np.testing.assert_allclose(
        resized(there, values.shape[1:])[:, 1:-1], values[:, 1:-1], atol=0.01
    )
    assert resized(values, values.shape[1:]) is values
