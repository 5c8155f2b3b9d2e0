"""Overlays mix the picture with the colours of its classes; legends name those."""

from __future__ import annotations

import numpy as np
import pytest

from vocalsep.segmentation.overlay import ALPHA, displayed, legend, overlaid

PALETTE = ((0, 0, 0), (255, 0, 100))


def test_every_pixel_is_mixed_with_its_class(rng: np.random.Generator) -> None:
    rgb = rng.integers(0, 256, (9, 7, 3)).astype(np.uint8)
    labels = rng.integers(0, 2, (9, 7)).astype(np.uint8)
    wanted = (1 - ALPHA) * rgb + ALPHA * np.array(PALETTE)[labels]
    got = overlaid(rgb, labels, PALETTE)
    assert got.dtype == np.uint8
    assert np.abs(got - wanted).max() <= 0.5


def test_grey_and_sixteen_bits_are_shown_as_colours() -> None:
    grey = np.array([[[0], [65535], [256]]], np.uint16)
    np.testing.assert_array_equal(displayed(grey), [[[0] * 3, [255] * 3, [1] * 3]])


@pytest.mark.parametrize("width", [80, 400])
def test_a_legend_has_the_colours_and_names_of_all(width: int) -> None:
    entries = [("road", (10, 200, 30)), ("pedestrian", (200, 0, 200)), ("sky", (0, 0, 250))]
    picture = legend(width, entries)
    assert picture.shape[1:] == (width, 3)
    for _, colour in entries:
        assert (picture == colour).all(-1).sum() > 100
    plain = legend(width, [("", colour) for _, colour in entries])
    assert (picture.shape != plain.shape) or (picture != plain).any()  # names are drawn
    narrow = legend(80, entries)
    assert narrow.shape[0] >= picture.shape[0]
