"""Tiles cover everything, their weights sum to 1, and no more than one strip is held."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES
from vocalsep.segmentation.tiles import (
    Floats,
    Place,
    Window,
    blended,
    middle,
    mirrored,
    n_tiles,
    tiled_axes,
    tiled_axis,
)

WINDOWS: tuple[Window, ...] = ("gaussian", "linear")
OVERLAPS = st.floats(0.0, 0.9)


def reader(network: Callable[[Tensor], Tensor], picture: Tensor) -> Callable[[Place], Floats]:
    """What `blended` calls for a picture (C, *size)."""

    def estimate(place: Place) -> Floats:
        with torch.no_grad():
            return network(picture[(slice(None), *place)][None])[0].softmax(0).numpy()

    return estimate


def whole(network: Callable[[Tensor], Tensor], picture: Tensor) -> Floats:
    with torch.no_grad():
        return network(picture[None])[0].softmax(0).numpy()


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), OVERLAPS, st.sampled_from(WINDOWS))
def test_the_weights_of_all_tiles_sum_to_one(
    size: int, tile: int, overlap: float, window: Window
) -> None:
    axis = tiled_axis(size, tile, overlap, window)
    total = np.zeros(size)
    for index in range(len(axis.starts)):
        total[axis.place(index)] += axis.weights[index]
    np.testing.assert_allclose(total, 1.0, atol=1e-6)
    assert axis.weights.min() > 0


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), OVERLAPS)
def test_tiles_go_from_end_to_end_and_overlap_as_asked(
    size: int, tile: int, overlap: float
) -> None:
    axis = tiled_axis(size, tile, overlap, "linear")
    assert axis.starts[0] == 0
    assert axis.starts[-1] + axis.length == size
    for left, right in itertools.pairwise(axis.starts):
        # Spread evenly in whole pixels: the distance of two neighbours is one off at most.
        assert 0 < right - left <= max(1, axis.length * (1 - overlap)) + 1


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("size", [(37, 50), (5, 6), (12, 9, 20)])
def test_a_network_that_looks_at_single_pixels_sees_no_tiles(
    size: tuple[int, ...], window: Window
) -> None:
    conv = (nn.Conv2d if len(size) == 2 else nn.Conv3d)(3, 5, 1)
    picture = torch.rand(3, *size, generator=torch.Generator().manual_seed(0))
    axes = tiled_axes(size, (16, 8, 6)[: len(size)], 0.5, window)
    rows = list(blended(axes, reader(conv, picture)))
    got = np.concatenate(rows, axis=1)
    np.testing.assert_allclose(got, whole(conv, picture), atol=1e-6)


def test_a_real_network_tiled_is_the_same_away_from_the_borders_of_tiles() -> None:
    """Without blending (each pixel from one tile), pixels whose field lies in the tile agree."""
    torch.manual_seed(0)
    parts = BACKBONES.build("unet", {"widths": [4, 6]}, 3, 4).eval()
    radius = receptive_radius(parts)
    size, tile = (96, 40), (48, 40)
    picture = torch.rand(3, *size)
    axes = tiled_axes(size, tile, 0.0, "linear")
    got = np.concatenate(list(blended(axes, reader(parts, picture))), axis=1)
    wanted = whole(parts, picture)
    inside = [*range(48 - radius), *range(48 + radius, 96)]
    assert len(inside) > 40
    np.testing.assert_allclose(got[:, inside], wanted[:, inside], atol=1e-5)
    assert np.abs(got - wanted).max() > 1e-3  # and at the seam they do not


def receptive_radius(network: nn.Module) -> int:
    """How far one pixel's answer looks, measured: where its gradient ends."""
    picture = torch.rand(1, 3, 64, 64, requires_grad=True)
    network(picture)[0, :, 32, 32].sum().backward()
    assert picture.grad is not None
    seen = picture.grad.abs().sum((0, 1)).nonzero()
    # A place at an odd offset from the grid of the pooling may look one cell further.
    return int((seen - 32).abs().max()) + 2


def test_blending_hides_the_seam() -> None:
    torch.manual_seed(0)
    network = BACKBONES.build("unet", {"widths": [4, 6]}, 3, 4).eval()
    picture = torch.rand(3, 96, 40)
    wanted = whole(network, picture)
    worst = {}
    for overlap in (0.0, 0.5):
        axes = tiled_axes((96, 40), (48, 40), overlap, "gaussian")
        got = np.concatenate(list(blended(axes, reader(network, picture))), axis=1)
        worst[overlap] = np.abs(got - wanted).max()
    assert worst[0.5] < 0.2 * worst[0.0]


def peak_bytes(n_rows: int) -> int:
    """Most that is held at once while a picture of so many rows streams through."""
    axes = tiled_axes((n_rows, 64), (32, 32), 0.5, "gaussian")
    tile = np.ones((8, 32, 32), np.float32)
    tracemalloc.start()
    try:
        for rows in blended(axes, lambda place: tile):
            assert rows.shape[1] <= 32
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_what_is_held_does_not_grow_with_the_picture() -> None:
    peak_bytes(64)
    short, tall = peak_bytes(320), peak_bytes(3200)
    strip = 8 * 32 * 64 * 4
    assert strip < short < 3.5 * strip
    assert tall < 1.5 * short  # ten times the picture


def test_every_tile_is_estimated_once() -> None:
    axes = tiled_axes((70, 50), (32, 32), 0.5, "linear")
    places = []

    def estimate(place: Place) -> Floats:
        places.append(tuple((part.start, part.stop) for part in place))
        return np.zeros((2, 32, 32), np.float32)

    assert sum(rows.shape[1] for rows in blended(axes, estimate)) == 70
    assert len(places) == len(set(places)) == n_tiles(axes)


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 30))
def test_what_is_mirrored_has_the_original_in_its_middle(
    height: int, width: int, tile: int
) -> None:
    pixels = np.arange(height * width * 2).reshape(height, width, 2)
    larger = mirrored(pixels, (tile, tile))
    assert larger.shape == (max(height, tile), max(width, tile), 2)
    np.testing.assert_array_equal(larger[middle((height, width), (tile, tile))], pixels)


def test_the_border_itself_is_not_repeated() -> None:
    row = np.array([[1, 2, 3]])
    np.testing.assert_array_equal(mirrored(row, (1, 7)), [[3, 2, 1, 2, 3, 2, 1]])
