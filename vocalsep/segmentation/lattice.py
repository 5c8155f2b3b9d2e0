"""Gaussian filtering in many dimensions: the permutohedral lattice.

Filters values that sit at points of a space of few dimensions (place and colour: 5) with
exp(−½‖fᵢ − fⱼ‖²) in time linear in the points, by splatting each onto the corners of the simplex
it lies in, blurring along the lattice, and reading back at the points. Source: Adams, Baek and
Davis, "Fast High-Dimensional Filtering Using the Permutohedral Lattice", Eurographics 2010; the
formulas here follow its sections 3 and 4.

It approximates: the response is no exact Gaussian, and what would be blurred through corners that
do not exist is lost. Beyond the paper, the neighbours of the corners beside points exist too, which
halves the error where points are scattered (measured: 4 times the corners on photographs). The
gain is arbitrary; who needs sums divides by the filtered ones.
"""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from vocalsep.errors import VocalsepError

Integers = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]


class Lattice:
    """A Gaussian filter between N points.

    Args:
        features: (N, d) the points, in units of one standard deviation along each axis.

    Raises:
        VocalsepError: the points lie too many standard deviations apart for 64-bit keys.
    """

    def __init__(self, features: Reals) -> None:
        n_points, d = features.shape
        corners, shares = _simplices(_elevated(features))
        keys = _Keys(corners)
        packed = keys.packed(corners).ravel()
        beside = np.unique(packed)
        steps = keys.steps()
        around = [beside + sign * step for step in steps for sign in (-1, 1)]
        vertices = np.unique(np.concatenate([beside, *around]))
        vertex_of = np.searchsorted(vertices, packed)
        order = np.argsort(vertex_of, kind="stable")
        starts = np.searchsorted(vertex_of[order], np.arange(len(vertices)))
        self._vertex = torch.from_numpy(vertex_of.reshape(n_points, d + 1))
        self._share = torch.from_numpy(shares.astype(np.float32))
        # The transpose of reading back: for each vertex its points and their shares.
        self._point = torch.from_numpy(order // (d + 1))
        self._point_share = self._share.reshape(-1)[order]
        self._start = torch.from_numpy(starts)
        self._neighbours = [_neighbours(vertices, step) for step in steps]

    @property
    def n_vertices(self) -> int:
        """Corners of the lattice beside which points lie, and their neighbours."""
        return len(self._start)

    def filter(self, values: Tensor) -> Tensor:
        """(N, K) float32 -> (N, K): Σⱼ g·exp(−½‖fᵢ − fⱼ‖²)·valuesⱼ with an unknown gain g."""
        at_vertices = functional.embedding_bag(
            self._point, values, self._start, mode="sum", per_sample_weights=self._point_share
        )
        nothing = at_vertices.new_zeros(1, values.shape[1])  # the neighbour that does not exist
        for before, after in self._neighbours:
            padded = torch.cat([at_vertices, nothing])
            at_vertices = at_vertices + 0.5 * (padded[before] + padded[after])
        return functional.embedding_bag(
            self._vertex, at_vertices, mode="sum", per_sample_weights=self._share
        )


def _elevated(features: Reals) -> Reals:
    """(N, d) -> (N, d + 1): onto the plane of sum 0, one sigma as long as the blur makes it."""
    d = features.shape[1]
    axis = np.arange(1, d + 1)
    scale = (d + 1) * np.sqrt(2 / 3) / np.sqrt(axis * (axis + 1))
    basis = np.triu(np.ones((d + 1, d)))  # row i: 1 from column i on …
    basis[axis, axis - 1] = -axis  # … and −i before them
    elevated: Reals = (features * scale) @ basis.T
    return elevated


def _simplices(elevated: Reals) -> tuple[Integers, Reals]:
    """The simplex around every point.

    Returns:
        corners: (N, d + 1, d) the first d coordinates of its d + 1 corners.
        shares: (N, d + 1) the point's barycentric coordinates; they sum to 1.
    """
    n_points, n_axes = elevated.shape
    d = n_axes - 1
    nearest = np.round(elevated / n_axes).astype(np.int64)
    excess = nearest.sum(axis=1, keepdims=True)
    order = np.argsort(nearest * n_axes - elevated, axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(n_axes)[None], axis=1)
    # Coordinates must sum to 0: those that were rounded most go the other way.
    rank += excess
    turned = (rank < 0).astype(np.int64) - (rank > d)
    rank += turned * n_axes
    nearest = (nearest + turned) * n_axes

    delta = (elevated - nearest) / n_axes
    shares = np.zeros((n_points, n_axes + 1))
    rows = np.arange(n_points)[:, None]
    # The ranks of a row are distinct: each element is met once.
    shares[rows, d - rank] += delta
    shares[rows, n_axes - rank] -= delta
    shares[:, 0] += 1.0 + shares[:, n_axes]

    corner = np.arange(n_axes)[:, None]
    offsets = np.where(np.arange(n_axes) <= d - corner, corner, corner - n_axes)  # (corner, rank)
    corners = nearest[:, None, :d] + offsets[:, rank[:, :d]].swapaxes(0, 1)
    return corners, shares[:, :n_axes]


class _Keys:
    """Lattice coordinates packed into one number, with room for two steps around all."""

    def __init__(self, corners: Integers) -> None:
        self._d = d = corners.shape[-1]
        flat = corners.reshape(-1, d)
        self._low = flat.min(axis=0) - 2 * d
        spans = (flat.max(axis=0) + 2 * d + 1 - self._low).tolist()
        if prod(spans) >= 2**63:
            raise VocalsepError(
                f"the widths of the CRF are too small for this picture: it spans {spans} of them"
            )
        self._strides = np.array([prod(spans[i + 1 :]) for i in range(d)], np.int64)

    def packed(self, corners: Integers) -> Integers:
        keys: Integers = (corners - self._low) @ self._strides
        return keys

    def steps(self) -> list[int]:
        """What a key grows by for one step along each of the d + 1 directions of the lattice."""
        vectors = np.ones((self._d + 1, self._d), np.int64)
        vectors[np.arange(self._d), np.arange(self._d)] = -self._d
        steps: list[int] = (vectors @ self._strides).tolist()
        return steps


def _neighbours(vertices: Integers, step: int) -> tuple[Tensor, Tensor]:
    """Index of the vertex a step before and after each; the number of vertices if there is none."""
    found = []
    for wanted in (vertices - step, vertices + step):
        index = np.searchsorted(vertices, wanted)
        index[vertices[np.minimum(index, len(vertices) - 1)] != wanted] = len(vertices)
        found.append(torch.from_numpy(index))
    return found[0], found[1]
