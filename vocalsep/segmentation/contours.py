"""Exact outlines of masks, along the edges of pixels.

Coordinates are (x, y) in pixels, x to the right, y down, (0, 0) the upper left corner of the
picture: pixel (row, column) covers the square from (column, row) to (column + 1, row + 1). Filling
the polygons gives back the mask, pixel by pixel.

Regions are 4-connected: pixels that share only a corner lie in two polygons. No ring meets itself;
a hole may touch its outer ring in a corner. Outer rings run so that their area
½ Σ (xᵢ yᵢ₊₁ − xᵢ₊₁ yᵢ) is positive, holes the other way round: what RFC 7946 calls
counter-clockwise, in the sense of the numbers (on the screen, where y points down, it looks
clockwise). Rings end where they start.

     ┌──────┐      Only corners are looked at. Along every row of the grid they pair up from left
     │ ┌──┐ │      to right into horizontal edges, along every column into vertical ones; an
     └─┘  └─┘      outline alternates between the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vocalsep.segmentation.regions import Regions

Mask: TypeAlias = npt.NDArray[np.bool_]
#: [(x, y), …], the last the same as the first.
Ring: TypeAlias = list[tuple[int, int]]


@dataclass(frozen=True)
class Polygon:
    """One region of a mask.

    Attributes:
        outer: its outline.
        holes: outlines of what is missing in it.
    """

    outer: Ring
    holes: list[Ring] = field(default_factory=list)


def polygons(mask: Mask) -> list[Polygon]:
    """The regions of a mask (H, W), in reading order of their first pixels."""
    regions = Regions(mask)
    outers: dict[int, Polygon] = {}
    holes: list[tuple[int, Ring]] = []
    for ring in _rings(mask):
        region = regions.at(*_pixel_beside(ring))
        if area(ring) > 0:
            outers[region] = Polygon(ring)
        else:
            holes.append((region, ring))
    for region, ring in holes:
        outers[region].holes.append(ring)
    return [outers[region] for region in sorted(outers)]


def area(ring: Ring) -> float:
    """In pixels: positive for outer rings, negative for holes.

    >>> area([(0, 0), (2, 0), (2, 1), (0, 1), (0, 0)])
    2.0
    """
    x, y = np.array(ring, np.int64).T
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum()) / 2


def _pixel_beside(ring: Ring) -> tuple[int, int]:
    """(row, column) of the pixel of the mask at the start of the first edge.

    The mask lies to the right of whoever walks along: below edges that run to the right.
    """
    (x, y), (next_x, next_y) = ring[:2]
    if y == next_y:
        return (y, x) if next_x > x else (y - 1, x - 1)
    return (y, x - 1) if next_y > y else (y - 1, x)


def _rings(mask: Mask) -> Iterator[Ring]:
    """All outlines; those that pass a corner twice are cut in two there."""
    points, next_start = _corners(mask)
    while next_start:
        first, after = next_start.popitem()
        path = [points[first], points[first ^ 1]]
        while after != first:
            path += [points[after], points[after ^ 1]]
            after = next_start.pop(after)
        yield from _loops(path)


def _corners(mask: Mask) -> tuple[list[tuple[int, int]], dict[int, int]]:
    """The corners of all outlines, and how they follow each other.

    Returns:
        points: (x, y) of each corner in reading order; 2 i and 2 i + 1 are the ends of a
            horizontal edge. Where two pixels touch in a corner only, it is there twice, first
            as the end of the edge on its left.
        next_start: from the start of each horizontal edge, in walking direction, to that of the
            next one of its outline.
    """
    padded = np.pad(mask, 1)
    nw, ne, sw, se = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    touch = (nw == se) & (ne == sw) & (nw != ne)
    n_here = (nw ^ ne ^ sw ^ se).astype(np.int8) + 2 * touch.astype(np.int8)
    y, x = (np.repeat(axis, n_here[n_here > 0]) for axis in n_here.nonzero())
    is_left = np.arange(len(x)) % 2 == 0  # rows hold whole edges, so reading order alternates
    # Of two that touch, the one above meets the edge from above: first in its column.
    lower = touch[y, x] & (is_left == nw[y, x])
    by_column = np.lexsort((lower, y, x))
    below = np.empty(len(x), np.int64)
    below[by_column[::2]], below[by_column[1::2]] = by_column[1::2], by_column[::2]
    starts = np.flatnonzero(np.where(is_left, se[y, x], nw[y, x]))
    next_start = dict(zip(starts.tolist(), below[starts ^ 1].tolist(), strict=True))
    return list(zip(x.tolist(), y.tolist(), strict=True)), next_start


def _loops(path: list[tuple[int, int]]) -> Iterator[Ring]:
    """Cut a closed path where it meets itself."""
    index: dict[tuple[int, int], int] = {}
    walked: list[tuple[int, int]] = []
    for point in path:
        if point in index:
            loop = walked[index[point] :]
            del walked[index[point] :]
            for each in loop:
                del index[each]
            yield [*loop, point]
        index[point] = len(walked)
        walked.append(point)
    yield [*walked, walked[0]]
