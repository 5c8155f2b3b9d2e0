"""Outlines are exact: filling them gives the mask back, and they are valid polygons."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vocalsep.segmentation.contours import Polygon, Ring, area, polygons
from vocalsep.segmentation.regions import Regions
from vocalsep.segmentation.shapes import geojson

Mask = npt.NDArray[np.bool_]
masks = arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def drawn(text: str) -> Mask:
    return np.array([[letter == "#" for letter in line] for line in text.split()])


CHESS = drawn("#.#. .#.# #.#. .#.#")
RING = drawn("##### #...# #.#.# #...# #####")
LOOSE_RING = drawn(".##. #..# #..# .##.")  # closed over corners alone
NOOSE = drawn("###. #.#. ##.# ####")  # a hole that touches the outside in a corner


def filled(polygon: Polygon, shape: tuple[int, ...]) -> Mask:
    """Even-odd: a pixel is inside if an odd number of vertical edges lies on its left."""
    crossings = np.zeros((shape[0], shape[1] + 1), int)
    for ring in [polygon.outer, *polygon.holes]:
        for (x, y), (next_x, next_y) in itertools.pairwise(ring):
            assert x == next_x or y == next_y
            crossings[min(y, next_y) : max(y, next_y), x] += x == next_x
    return np.cumsum(crossings, axis=1)[:, :-1] % 2 == 1


@settings(deadline=None)
@given(masks)
@example(CHESS)
@example(RING)
@example(LOOSE_RING)
@example(NOOSE)
def test_filling_gives_the_mask_back(mask: Mask) -> None:
    parts = [filled(polygon, mask.shape) for polygon in polygons(mask)]
    total = np.sum(parts, axis=0, dtype=int) if parts else np.zeros(mask.shape, int)
    np.testing.assert_array_equal(total, mask)  # each pixel lies in one polygon


@settings(deadline=None)
@given(masks)
@example(LOOSE_RING)
@example(NOOSE)
def test_rings_are_closed_simple_and_turn_at_every_point(mask: Mask) -> None:
    for polygon in polygons(mask):
        for ring in [polygon.outer, *polygon.holes]:
            assert ring[0] == ring[-1]
            assert len(set(ring)) == len(ring) - 1 >= 4
            for a, b, c in zip(ring, ring[1:], [*ring[2:], ring[1]], strict=False):
                assert (a[0] == b[0]) != (b[0] == c[0])


@settings(deadline=None)
@given(masks)
@example(NOOSE)
def test_areas_have_the_sign_of_their_kind_and_sum_to_the_pixels(mask: Mask) -> None:
    found = polygons(mask)
    for polygon in found:
        assert area(polygon.outer) > 0
        assert all(area(hole) < 0 for hole in polygon.holes)
    rings = [ring for polygon in found for ring in [polygon.outer, *polygon.holes]]
    assert sum(map(area, rings)) == mask.sum()


def flooded(mask: Mask) -> npt.NDArray[np.int64]:
    """Regions by filling them one after another; 0 where there is none."""
    numbers = np.zeros(mask.shape, np.int64)
    for row, column in zip(*mask.nonzero(), strict=True):
        if numbers[row, column]:
            continue
        waiting, number = [(row, column)], numbers.max() + 1
        while waiting:
            y, x = waiting.pop()
            inside = 0 <= y < mask.shape[0] and 0 <= x < mask.shape[1]
            if inside and mask[y, x] and not numbers[y, x]:
                numbers[y, x] = number
                waiting += [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
    return numbers


@settings(deadline=None)
@given(masks)
@example(RING)
@example(drawn("#.#.# #.#.# #####"))
def test_regions_are_those_of_flooding(mask: Mask) -> None:
    numbers, regions = flooded(mask), Regions(mask)
    pixels = list(zip(*mask.nonzero(), strict=True))
    found = [regions.at(row, column) for row, column in pixels]
    wanted = [numbers[pixel] for pixel in pixels]
    order = sorted(set(found))
    assert [order.index(each) + 1 for each in found] == wanted


@settings(deadline=None)
@given(masks)
def test_there_is_one_polygon_for_each_region(mask: Mask) -> None:
    numbers = flooded(mask)
    for number, polygon in enumerate(polygons(mask), start=1):
        np.testing.assert_array_equal(filled(polygon, mask.shape), numbers == number)
    assert len(polygons(mask)) == numbers.max(initial=0)


@pytest.mark.parametrize(
    ("mask", "outers", "holes"),
    [
        (drawn("##"), [[(0, 0), (2, 0), (2, 1), (0, 1)]], []),
        (drawn("..."), [], []),
        (
            drawn("### #.# ###"),
            [[(0, 0), (3, 0), (3, 3), (0, 3)]],
            [[(1, 1), (1, 2), (2, 2), (2, 1)]],
        ),
        (drawn("#. .#"), [[(0, 0), (1, 0), (1, 1), (0, 1)], [(1, 1), (2, 1), (2, 2), (1, 2)]], []),
    ],
)
def test_known_outlines(mask: Mask, outers: list[Ring], holes: list[Ring]) -> None:
    def turned(ring: Ring) -> Ring:
        """Open, from its smallest point on."""
        start = ring.index(min(ring[:-1]))
        return [*ring[start:-1], *ring[:start]]

    found = polygons(mask)
    assert [turned(polygon.outer) for polygon in found] == outers
    assert [turned(hole) for polygon in found for hole in polygon.holes] == holes


def test_a_geojson_document() -> None:
    labels = np.array([[0, 0, 1], [0, 0, 1]], np.uint8)
    document = geojson(labels, ["ground", "thing", "other"], [(0, 0, 0), (255, 128, 0), (1, 2, 3)])
    assert document["type"] == "FeatureCollection"
    ground, thing = document["features"]
    assert thing["properties"] == {
        "class": "thing",
        "label": 1,
        "n_pixels": 2,
        "color": "#ff8000",
    }
    assert ground["properties"]["n_pixels"] == 4
    (polygon,) = thing["geometry"]["coordinates"]
    (ring,) = polygon
    assert set(ring) == {(2, 0), (3, 0), (3, 2), (2, 2)}
