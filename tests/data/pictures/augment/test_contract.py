"""One contract for all augmentations of pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vocalsep.data.pictures.augment import (
    PICTURE_AUGMENTATIONS,
    Chain,
    Example,
    PictureAugmentation,
)
from vocalsep.data.pictures.codes import IGNORE
from vocalsep.errors import RecipeError
from vocalsep.recipe import Part

SIZE = (33, 47)
SIZES = {2: SIZE, 3: (9, 12, 10)}
#: Those whose default does nothing to a picture that already has the wanted size.
PARAMS: dict[str, dict[str, Any]] = {
    "crop": {"scale": [1.5, 1.5]},
    "low_resolution": {"scale": [0.5, 0.6]},
}
NAMES = PICTURE_AUGMENTATIONS.names()


def always(name: str, size: tuple[int, ...] = ()) -> PictureAugmentation:
    return PICTURE_AUGMENTATIONS.build(name, {"p": 1.0, **PARAMS.get(name, {})}, size)


def example(ndim: int = 2, n_channels: int = 3, seed: int = 0) -> Example:
    rng = np.random.default_rng(seed)
    size = SIZES[ndim]
    labels = rng.choice(np.array([0, 1, 2, 3, IGNORE], np.uint8), size)
    return Example(rng.random((n_channels, *size), np.float32), labels)


@pytest.mark.parametrize("name", NAMES)
class TestContract:
    @pytest.mark.parametrize(("ndim", "n_channels"), [(2, 3), (2, 1), (3, 1), (3, 2)])
    def test_keeps_types_and_input_and_size(self, name: str, ndim: int, n_channels: int) -> None:
        before, kept = example(ndim, n_channels), example(ndim, n_channels)
        for seed in range(3):
            out = always(name)(np.random.default_rng(seed), before)
            assert out.pixels.dtype == np.float32
            assert out.labels.dtype == np.uint8
            assert out.pixels.shape == before.pixels.shape
            assert out.labels.shape == before.labels.shape
            assert np.isfinite(out.pixels).all()
            assert -1e-6 <= out.pixels.min() <= out.pixels.max() <= 1 + 1e-6
        assert not np.array_equal(out.pixels, kept.pixels)
        assert np.array_equal(before.pixels, kept.pixels)
        assert np.array_equal(before.labels, kept.labels)

    def test_same_generator_same_result(self, name: str) -> None:
        a, b = (always(name)(np.random.default_rng(5), example()) for _ in range(2))
        assert np.array_equal(a.pixels, b.pixels)
        assert np.array_equal(a.labels, b.labels)

    def test_never_with_probability_zero(self, name: str, rng: np.random.Generator) -> None:
        before = example()
        assert PICTURE_AUGMENTATIONS.build(name, {"p": 0.0}, SIZE)(rng, before) is before

    def test_makes_no_labels_up(self, name: str, rng: np.random.Generator) -> None:
        before = example()
        for labels in (np.full(SIZE, 3, np.uint8), np.full(SIZE, IGNORE, np.uint8)):
            out = always(name)(rng, Example(before.pixels, labels))
            assert set(np.unique(out.labels)) <= {int(labels[0, 0]), IGNORE}

    def test_labels_go_where_pixels_go(self, name: str) -> None:
        """Large squares of grey, labelled by their grey: they still agree inside of the squares."""
        squares = np.kron(np.arange(12).reshape(3, 4) % 5, np.ones((40, 40))).astype(np.uint8)
        before = Example(np.repeat(squares[None] / np.float32(5), 3, 0), squares)
        for seed in range(3):
            draws = np.random.default_rng(seed), np.random.default_rng(seed)
            out = always(name)(draws[0], before)
            # The same change of pixels that are their own labels, whatever it does to their light.
            again = always(name)(draws[1], Example(before.pixels, squares * 0))
            assert np.array_equal(out.pixels, again.pixels)
            moved = not np.array_equal(out.labels, squares)
            if moved:
                greys = np.round(out.pixels[0] * 5).astype(int)
                inside = out.labels != IGNORE
                assert (greys == out.labels)[inside].mean() > 0.93

    def test_a_picture_of_one_pixel(self, name: str, rng: np.random.Generator) -> None:
        tiny = Example(np.full((3, 1, 1), 0.5, np.float32), np.ones((1, 1), np.uint8))
        out = always(name)(rng, tiny)
        assert out.labels.shape == (1, 1)
        assert np.isfinite(out.pixels).all()

    def test_flipped_views_are_taken_too(self, name: str, rng: np.random.Generator) -> None:
        before = example()
        view = Example(before.pixels[:, ::-1, ::-1], before.labels[::-1, ::-1])
        assert always(name)(rng, view).pixels.shape == before.pixels.shape

    def test_an_impossible_probability_is_refused(self, name: str) -> None:
        with pytest.raises(RecipeError, match="probability"):
            PICTURE_AUGMENTATIONS.build(name, {"p": 1.5}, SIZE)


@pytest.mark.parametrize(
    ("name", "params", "says"),
    [
        ("crop", {"scale": [0.0, 1.0]}, "scale"),
        ("crop", {"scale": [2.0, 1.0]}, "scale"),
        ("crop", {"scale": 2.0}, "crop"),
        ("crop", {"stretch": 0.5}, "stretch"),
        ("crop", {"padding": "miror"}, "did you mean 'mirror'"),
        ("flip", {"axis": 0}, "axis"),
        ("colour_jitter", {"hue": 0.7}, "hue"),
        ("colour_jitter", {"brightness": -0.1}, "brightness"),
        ("color_jitter", {}, "colour_jitter"),
        ("rotation", {"degrees": 200}, "degrees"),
        ("rotation", {"padding": "black"}, "padding"),
        ("rotation", {"planes": "first"}, "planes"),
        ("low_resolution", {"scale": [0.5, 2.0]}, "scale"),
        ("elastic", {"sigma": -1}, "sigma"),
        ("elastic", {"grid": 1}, "grid"),
        ("blur", {"sigma": [0.0, 1.0]}, "sigma"),
        ("noise", {"sigma": 2.0}, "sigma"),
        ("gamma", {"gamma": [0.0, 2.0]}, "gamma"),
    ],
)
def test_impossible_values_are_recipe_errors(name: str, params: dict[str, Any], says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        PICTURE_AUGMENTATIONS.build(name, params, SIZE)


def test_a_chain_ends_with_contiguous_examples_of_the_size(rng: np.random.Generator) -> None:
    every = [Part(name, {"p": 0.5}) for name in NAMES if name != "crop"]
    chain = Chain([*every, Part("crop", {"scale": [0.3, 3.0], "p": 0.7})], (24, 60))
    for _ in range(20):
        out = chain(rng, example())
        assert out.labels.shape == (24, 60)
        assert out.pixels.shape == (3, 24, 60)
        assert out.pixels.flags.c_contiguous
        assert out.labels.flags.c_contiguous


def test_an_empty_chain_cuts_windows_out_of_the_picture(rng: np.random.Generator) -> None:
    before = example()
    out = Chain([], (20, 20))(rng, before)
    windows = np.lib.stride_tricks.sliding_window_view(before.labels, (20, 20))
    assert (windows == out.labels).all(axis=(2, 3)).any()
    whole = Chain([])(rng, before)
    assert np.array_equal(whole.pixels, before.pixels)


def test_a_chain_says_what_a_recipe_got_wrong() -> None:
    with pytest.raises(RecipeError, match="did you mean 'crop'"):
        Chain([Part("crops")], SIZE)
