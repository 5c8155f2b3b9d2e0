"""Rotation and elastic deformation, against closed forms and SciPy."""

from __future__ import annotations

import numpy as np
import pytest

from vocalsep.data.pictures.augment import Example
from vocalsep.data.pictures.augment.warp import (
    Elastic,
    Rotation,
    cubic_weights,
    reflected,
    smooth,
    warped,
)
from vocalsep.data.pictures.codes import IGNORE

scipy_ndimage = pytest.importorskip("scipy.ndimage")


def example(*size: int, n_channels: int = 2) -> Example:
    rng = np.random.default_rng(3)
    return Example(rng.random((n_channels, *size), np.float32), rng.integers(0, 5, size, np.uint8))


@pytest.mark.parametrize("size", [(12, 17), (6, 7, 8)])
def test_sampling_is_scipys_linear_with_mirrors(
    size: tuple[int, ...], rng: np.random.Generator
) -> None:
    before = example(*size)
    places = np.stack([rng.uniform(-2.4 * n, 3.4 * n, size) for n in size]).astype(np.float32)
    out = warped(before, places, pad_with_void=False)
    for channel, expected in zip(out.pixels, before.pixels, strict=True):
        oracle = scipy_ndimage.map_coordinates(expected, places, order=1, mode="mirror")
        np.testing.assert_allclose(channel, oracle, atol=1e-4)
    folded = np.stack([reflected(along, n) for along, n in zip(places, size, strict=True)])
    assert np.array_equal(out.labels, before.labels[tuple(np.floor(folded + 0.5).astype(int))])


def test_leading_axes_are_kept() -> None:
    before = example(3, 8, 9)
    places = np.mgrid[:8, :9].astype(np.float32) + 0.3
    out = warped(before, places, pad_with_void=False)
    alone = warped(Example(before.pixels[:, 1], before.labels[1]), places, False)
    assert np.array_equal(out.pixels[:, 1], alone.pixels)
    assert np.array_equal(out.labels[1], alone.labels)


def test_outside_is_void_on_demand() -> None:
    before = example(4, 4)
    places = np.mgrid[:4, :4].astype(np.float32) + np.array([2, -3], np.float32)[:, None, None]
    out = warped(before, places, pad_with_void=True)
    assert np.array_equal(out.labels[:2, 3:], before.labels[2:, :1])
    assert np.array_equal(out.pixels[:, :2, 3:], before.pixels[:, 2:, :1])
    assert (out.labels[2:] == IGNORE).all()
    assert (out.labels[:, :3] == IGNORE).all()
    assert not out.pixels[:, 2:].any()
    assert (before.labels != IGNORE).all()


class Fixed(np.random.Generator):
    """Draws the upper end of every range."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))

    def uniform(self, low: float = 0.0, high: float = 1.0, size: object = None) -> float:  # type: ignore[override]
        return high


@pytest.mark.parametrize("turns", [1, 2])
def test_quarter_turns_are_exact(turns: int) -> None:
    before = example(9, 9)
    out = Rotation((), 90.0 * turns, "last", "void", 1.0).apply(Fixed(), before)
    assert np.array_equal(out.labels, np.rot90(before.labels, -turns))  # clockwise
    np.testing.assert_allclose(out.pixels, np.rot90(before.pixels, -turns, (1, 2)), atol=1e-5)
    deep = example(3, 9, 9)
    turned = Rotation((), 90.0 * turns, p=1.0).apply(Fixed(), deep)
    flat = Rotation((), 90.0 * turns, p=1.0).apply(
        Fixed(), Example(deep.pixels[:, 2], deep.labels[2])
    )
    assert np.array_equal(turned.labels[2], flat.labels)


def test_volumes_turn_in_all_planes() -> None:
    """Three quarter turns of a cube, one in each plane, leave it a cube."""
    before = example(7, 7, 7)
    out = Rotation((), 90.0, "all", "void", 1.0).apply(Fixed(), before)
    turned = before.labels
    for plane in ((0, 1), (0, 2), (1, 2)):
        turned = np.rot90(turned, -1, plane)
    assert np.array_equal(out.labels, turned)
    flat = Example(before.pixels[:, 0], before.labels[0])
    a, b = (
        Rotation((), 30.0, planes, p=1.0)(np.random.default_rng(1), flat)
        for planes in ("all", "last")
    )
    assert np.array_equal(a.pixels, b.pixels)


def test_rotation_keeps_the_middle_and_voids_the_corners() -> None:
    before = Example(np.ones((1, 41, 41), np.float32), np.ones((41, 41), np.uint8))
    out = Rotation((), 45.0, "last", "void", 1.0).apply(Fixed(), before)
    assert (out.labels[[0, 0, -1, -1], [0, -1, 0, -1]] == IGNORE).all()
    assert (out.labels[10:31, 10:31] == 1).all()
    np.testing.assert_allclose((out.labels == 1).mean(), 2 * (np.sqrt(2) - 1), atol=0.02)


def test_cubic_weights_are_keys_kernel() -> None:
    """They keep constants and, inside, straight and squared ramps (third-order accuracy)."""
    weights = cubic_weights(7, 61)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    knots = np.arange(7.0)
    place = np.linspace(0, 6, 61)
    inside = (place >= 1) & (place <= 5)
    np.testing.assert_allclose((weights @ knots)[inside], place[inside], atol=1e-5)
    np.testing.assert_allclose((weights @ knots**2)[inside], place[inside] ** 2, atol=1e-4)
    np.testing.assert_allclose(weights[::10], np.eye(7), atol=1e-6)  # through the knots
    assert cubic_weights(3, 1).tolist() == [[0, 1, 0]]


def test_elastic_displacements_have_their_deviation(rng: np.random.Generator) -> None:
    drawn = np.stack([smooth(rng.normal(0, 10, (2, 3, 3)).astype(np.float32), (65, 81))
                      for _ in range(300)])  # fmt: skip
    assert drawn.shape == (300, 2, 65, 81)
    assert abs(drawn[:, :, 0, 0].std() - 10) < 1
    assert abs(drawn[:, :, 32, 40].std() - 10) < 1
    assert np.abs(np.diff(drawn, axis=-1)).max() < 3  # smooth


def test_no_displacement_is_no_change(rng: np.random.Generator) -> None:
    for before in (example(14, 15), example(6, 7, 8)):
        out = Elastic((), sigma=0.0, p=1.0)(rng, before)
        np.testing.assert_allclose(out.pixels, before.pixels, atol=1e-6)
        assert np.array_equal(out.labels, before.labels)
