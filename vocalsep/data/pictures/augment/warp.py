"""Changes of shape: every pixel of the result is taken from somewhere else."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from vocalsep.data.draws import checked
from vocalsep.data.pictures.augment.base import (
    PADDING,
    PICTURE_AUGMENTATIONS,
    Example,
    PictureAugmentation,
    Size,
)
from vocalsep.data.pictures.codes import IGNORE
from vocalsep.registry import one_of

Places = npt.NDArray[np.float32]  # (A, *size) coordinates along the last A axes of what is sampled


@PICTURE_AUGMENTATIONS.register("rotation")
class Rotation(PictureAugmentation):
    """Turns about the middle.

    Args:
        degrees: most in each plane, either way, 0…180.
        planes: in which volumes turn: "last" (of their last two axes) or "all" three.
        padding: what comes into view: "mirror" or "void" (black, labelled IGNORE).
        p: probability.
    """

    def __init__(
        self,
        size: Size,
        degrees: float = 10.0,
        planes: str = "last",
        padding: str = "mirror",
        p: float = 0.5,
    ) -> None:
        super().__init__(size, p)
        checked("degrees", degrees, 0, 180)
        one_of("planes", planes, ("last", "all"))
        one_of("padding", padding, PADDING)
        self.degrees = degrees
        self.in_all_planes = planes == "all"
        self.pad_with_void = padding == "void"

    def apply(self, rng: np.random.Generator, example: Example) -> Example:
        """The turned example."""
        size = example.labels.shape if self.in_all_planes else example.labels.shape[-2:]
        matrix = np.eye(len(size), dtype=np.float32)
        for plane in itertools.combinations(range(len(size)), 2):
            angle = math.radians(rng.uniform(-self.degrees, self.degrees))
            turn = np.eye(len(size), dtype=np.float32)
            turn[np.ix_(plane, plane)] = [
                [math.cos(angle), -math.sin(angle)],
                [math.sin(angle), math.cos(angle)],
            ]
            matrix = matrix @ turn
        middle = (np.array(size, np.float32) - 1) / 2
        middle = middle.reshape(-1, *[1] * len(size))
        grid = np.stack(np.meshgrid(*[np.arange(n, dtype=np.float32) for n in size], indexing="ij"))
        places = np.tensordot(matrix, grid - middle, 1) + middle
        return warped(example, np.asarray(places, np.float32), self.pad_with_void)


@PICTURE_AUGMENTATIONS.register("elastic")
class Elastic(PictureAugmentation):
    """Smooth random displacements (U-Net, Ronneberger et al., 2015, section 3.1).

    Displacements are drawn at the knots of a coarse grid and interpolated with Keys' bicubic
    kernel; pixels are then interpolated linearly, and mirrored at the borders.

    Args:
        sigma: standard deviation of the displacements, pixels, 0…200.
        grid: knots along each axis, 2…32.
        p: probability.
    """

    def __init__(self, size: Size, sigma: float = 10.0, grid: int = 3, p: float = 0.5) -> None:
        super().__init__(size, p)
        checked("sigma", sigma, 0, 200)
        checked("grid", grid, 2, 32)
        self.sigma = sigma
        self.grid = int(grid)

    def apply(self, rng: np.random.Generator, example: Example) -> Example:
        """The deformed example."""
        size = example.labels.shape
        knots = rng.normal(0.0, self.sigma, (len(size), *[self.grid] * len(size)))
        places = smooth(knots.astype(np.float32), size)
        for axis, n in enumerate(size):
            shape = [n if other == axis else 1 for other in range(len(size))]
            places[axis] += np.arange(n, dtype=np.float32).reshape(shape)
        return warped(example, places, pad_with_void=False)


def smooth(knots: npt.NDArray[np.float32], size: Size) -> npt.NDArray[np.float32]:
    """(A, grid, …) values at knots, the outermost at the corners -> (A, *size)."""
    for axis, n in enumerate(size, 1):
        weights = cubic_weights(knots.shape[axis], n)
        knots = np.moveaxis(np.tensordot(weights, knots, (1, axis)), 0, axis)
    return np.ascontiguousarray(knots)


def cubic_weights(n_knots: int, n: int) -> npt.NDArray[np.float32]:
    """(n, n_knots): how n places over all knots are made up of them (Keys, 1981, a = −½).

    Beyond the outermost knots their values go on.
    """
    place = np.linspace(0, n_knots - 1, n) if n > 1 else np.array([(n_knots - 1) / 2])
    first = np.floor(place).astype(int) - 1
    weights = np.zeros((n, n_knots))
    for tap in range(4):
        distance = np.abs(place - (first + tap))
        near = 1.5 * distance**3 - 2.5 * distance**2 + 1
        far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
        weight = np.where(distance <= 1, near, np.where(distance < 2, far, 0.0))
        np.add.at(weights, (np.arange(n), np.clip(first + tap, 0, n_knots - 1)), weight)
    return weights.astype(np.float32)


def warped(example: Example, places: Places, pad_with_void: bool) -> Example:
    """The example sampled at places: pixels linearly between neighbours, labels at the nearest.

    Args:
        places: (A, *size); leading axes of the example beyond its last A are kept.
        pad_with_void: outside of the picture pixels are 0 and labels IGNORE; else both are
            mirrored.
    """
    sizes = example.labels.shape[-len(places) :]
    within = np.stack([reflected(along, n) for along, n in zip(places, sizes, strict=True)])
    pixels = _linear(_flat(example.pixels, len(places)), within, sizes)
    nearest = np.ravel_multi_index(tuple((within + 0.5).astype(np.intp)), sizes)
    labels = np.take(_flat(example.labels, len(places)), nearest, axis=-1)
    if pad_with_void:
        inside = np.ones(places.shape[1:], bool)
        for along, n in zip(places, sizes, strict=True):
            inside &= (along >= -0.5) & (along <= n - 0.5)
        labels[..., ~inside] = IGNORE
        pixels *= inside
    return Example(pixels, labels)


def reflected(places: npt.NDArray[np.float32], n: int) -> npt.NDArray[np.float32]:
    """Places beyond the first and the last pixel, mirrored there, within 0…n − 1.

    >>> reflected(np.array([-1.5, 0.5, 3.5, 7.0], np.float32), 3).tolist()
    [1.5, 0.5, 0.5, 1.0]
    """
    last = max(n - 1, 0)
    folded = np.abs(places)
    if n > 1 and folded.max(initial=0) > 2 * last:
        folded %= 2 * last
    inside: npt.NDArray[np.float32] = np.minimum(folded, 2 * last - folded)
    return inside.clip(0, last)


def _flat(values: npt.NDArray[Any], n_axes: int) -> npt.NDArray[Any]:
    """The last axes as one."""
    return values.reshape(*values.shape[:-n_axes], -1)


def _linear(
    pixels: npt.NDArray[np.float32], places: Places, sizes: Size
) -> npt.NDArray[np.float32]:
    """A weighted sum of the 2^A pixels around each place.

    Args:
        pixels: (…, Π sizes).
        places: within the picture.
    """
    first = np.zeros(places.shape[1:], np.intp)
    after: list[npt.NDArray[np.float32]] = []
    strides: list[int] = []
    for n, along in zip(sizes, places, strict=True):
        index = np.minimum(along.astype(np.intp), max(n - 2, 0))
        after.append(along - index.astype(np.float32))
        strides = [stride * n for stride in strides] + [1 if n > 1 else 0]
        first = first * n + index
    out = np.zeros((*pixels.shape[:-1], *places.shape[1:]), np.float32)
    for corner in itertools.product((0, 1), repeat=len(places)):
        weight = np.ones(places.shape[1:], np.float32)
        for step, share in zip(corner, after, strict=True):
            weight *= share if step else 1 - share
        offset = sum(step * stride for step, stride in zip(corner, strides, strict=True))
        tap = np.take(pixels, first + offset, axis=-1)
        tap *= weight
        out += tap
    return out
