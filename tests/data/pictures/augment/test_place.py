"""Crops and flips, against closed forms and Pillow."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from vocalsep.data.pictures.augment import Example
from vocalsep.data.pictures.augment.place import Crop, Flip
from vocalsep.data.pictures.augment.resample import Span, mirrored, taps, window
from vocalsep.data.pictures.codes import IGNORE


def example(*size: int) -> Example:
    rng = np.random.default_rng(1)
    return Example(rng.random((2, *size), np.float32), rng.integers(0, 5, size, np.uint8))


def test_flips_closed_form(rng: np.random.Generator) -> None:
    before = example(3, 4)
    out = Flip((), -1, 1.0)(rng, before)
    assert np.array_equal(out.pixels, before.pixels[:, :, ::-1])
    assert np.array_equal(out.labels, before.labels[:, ::-1])
    assert np.array_equal(Flip((), -2, 1.0)(rng, before).labels, before.labels[::-1])
    deep = example(3, 4, 5)
    assert np.array_equal(Flip((), -3, 1.0)(rng, deep).pixels, deep.pixels[:, ::-1])


@pytest.mark.parametrize("scaled", [(31, 45), (15, 11), (47, 20), (90, 91), (31, 22), (1, 1)])
def test_scaling_is_pillows_bilinear_and_nearest(scaled: tuple[int, int]) -> None:
    # Odd sizes: no scaled pixel lies right between two, which may be rounded either way.
    before = example(31, 45)
    spans = [Span(n, m, 0, m) for n, m in zip((31, 45), scaled, strict=True)]
    out = window(before, spans, pad_with_void=False)
    height, width = scaled
    expected = [
        Image.fromarray(channel).resize((width, height), Image.Resampling.BILINEAR)
        for channel in before.pixels
    ]
    np.testing.assert_allclose(out.pixels, np.stack(expected), atol=2e-6)
    nearest = Image.fromarray(before.labels).resize((width, height), Image.Resampling.NEAREST)
    assert np.array_equal(out.labels, np.asarray(nearest))


def test_a_window_of_the_scaled_picture_is_computed_alone() -> None:
    before = example(20, 30)
    whole = window(before, [Span(20, 35, 0, 35), Span(30, 41, 0, 41)], False)
    part = window(before, [Span(20, 35, 7, 11), Span(30, 41, 20, 9)], False)
    assert np.array_equal(part.pixels, whole.pixels[:, 7:18, 20:29])
    assert np.array_equal(part.labels, whole.labels[7:18, 20:29])


@pytest.mark.parametrize("n_out", [(26, 31), (70, 95)])
def test_padding_mirrors_at_the_border_pixel(n_out: tuple[int, int]) -> None:
    before = example(20, 30)
    starts = tuple(-(m - n) // 2 for m, n in zip(n_out, (20, 30), strict=True))
    spans = [Span(n, n, s, m) for n, s, m in zip((20, 30), starts, n_out, strict=True)]
    pads = [(-s, m - n + s) for n, s, m in zip((20, 30), starts, n_out, strict=True)]
    mirror = window(before, spans, pad_with_void=False)
    assert np.array_equal(mirror.labels, np.pad(before.labels, pads, "reflect"))
    assert np.array_equal(mirror.pixels, np.pad(before.pixels, [(0, 0), *pads], "reflect"))
    void = window(before, spans, pad_with_void=True)
    padded = np.pad(before.labels, pads, constant_values=IGNORE)
    assert np.array_equal(void.labels, padded)
    assert np.array_equal(void.pixels, np.pad(before.pixels, [(0, 0), *pads]))


def test_weights_add_up_and_lie_around_the_pixel() -> None:
    for n, n_scaled in [(5, 11), (100, 7), (3, 3), (1, 4), (9, 1)]:
        indices, weights = taps(np.arange(n_scaled), n, n_scaled)
        np.testing.assert_allclose(weights.sum(axis=0), 1, atol=1e-6)
        assert 0 <= indices.min() <= indices.max() < n
    assert mirrored(np.arange(-3, 3), 1).tolist() == [0] * 6


def test_crops_reach_every_place_and_both_scales(rng: np.random.Generator) -> None:
    ramp = np.arange(8, dtype=np.uint8)[None].repeat(8, 0)
    before = Example(ramp[None] / np.float32(8), ramp)
    firsts = {int(Crop((8, 3))(rng, before).labels[0, 0]) for _ in range(80)}
    assert firsts == set(range(6))
    spread = [np.ptp(Crop((8, 8), [0.5, 2.0])(rng, before).labels) for _ in range(60)]
    assert min(spread) <= 4  # enlarged: half of the ramp is seen
    assert max(spread) == 7


def test_stretch_changes_the_shape(rng: np.random.Generator) -> None:
    disc = np.hypot(*np.mgrid[-40:41, -40:41]) < 15
    before = Example(disc[None].astype(np.float32), disc.astype(np.uint8))
    ratios = []
    for _ in range(30):
        labels = Crop((), stretch=2.0)(rng, before).labels
        if 0 == labels[[0, -1]].max() == labels[:, [0, -1]].max():
            ratios.append(labels.any(axis=1).sum() / labels.any(axis=0).sum())
    assert min(ratios) < 0.75
    assert max(ratios) > 1.33


@pytest.mark.parametrize("size", [(40, 50), (9, 40, 20)])
def test_windows_around_what_is_rare(size: tuple[int, ...], rng: np.random.Generator) -> None:
    """One pixel of class 2 beside half a picture of class 1: each is drawn as often."""
    labels = np.zeros(size, np.uint8)
    labels[: size[0] // 2] = 1
    labels.reshape(-1)[-2:] = (IGNORE, 2)
    before = Example(rng.random((1, *size), np.float32), labels)
    crop = Crop((8,) * len(size), foreground=1.0)
    shown = [set(np.unique(crop(rng, before).labels).tolist()) for _ in range(60)]
    assert all(each & {1, 2} for each in shown)
    assert 15 <= sum(2 in each for each in shown) <= 45
    never = Crop((8,) * len(size), foreground=0.0)
    assert sum(2 in np.unique(never(rng, before).labels) for _ in range(60)) < 10


def test_a_rare_pixel_is_in_the_window_at_any_scale(rng: np.random.Generator) -> None:
    labels = np.zeros((30, 30), np.uint8)
    labels[10:13, 17:20] = 1
    before = Example(labels[None].astype(np.float32), labels)
    crop = Crop((11, 7), scale=(0.5, 3.0), stretch=1.5, foreground=1.0)
    assert all(crop(rng, before).labels.any() for _ in range(50))


def test_background_alone_is_cropped_anywhere(rng: np.random.Generator) -> None:
    labels = np.full((30, 30), IGNORE, np.uint8)
    labels[5:] = 0
    before = Example(rng.random((1, 30, 30), np.float32), labels)
    assert Crop((8, 8), foreground=1.0)(rng, before).labels.shape == (8, 8)
