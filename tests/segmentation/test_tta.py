"""Looking several times: answers are turned back, averaged, and streams stay in step."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from vocalsep.segmentation.tiles import Floats
from vocalsep.segmentation.tta import (
    at_scale,
    mean_of_streams,
    mean_over_mirrorings,
    mirrorings,
)


def softmax_of(network: nn.Module) -> nn.Module:
    return nn.Sequential(network, nn.Softmax(1)).eval()


@pytest.mark.parametrize("letters", ["", "h", "v", "hv"])
def test_a_network_without_direction_answers_the_same(letters: str) -> None:
    network = softmax_of(nn.Conv2d(3, 4, 1))
    picture = torch.rand(1, 3, 9, 14)
    with torch.no_grad():
        got = mean_over_mirrorings(network, mirrorings(letters, 2))(picture)
        torch.testing.assert_close(got, network(picture))


def test_all_eight_mirror_images_of_a_volume() -> None:
    network = softmax_of(nn.Conv3d(1, 2, 1))
    sets = mirrorings("hvd", 3)
    assert len(sets) == len(set(sets)) == 8
    volume = torch.rand(2, 1, 4, 5, 6)
    with torch.no_grad():
        torch.testing.assert_close(mean_over_mirrorings(network, sets)(volume), network(volume))


def test_a_directed_network_is_averaged_with_its_mirror_image() -> None:
    """A network that always answers "left half" answers ½ everywhere."""

    def left(pictures: Tensor) -> Tensor:
        answers = torch.zeros(pictures.shape[0], 1, *pictures.shape[2:])
        answers[..., : pictures.shape[3] // 2] = 1.0
        return answers

    picture = torch.zeros(1, 3, 4, 10)
    sides = mean_over_mirrorings(left, mirrorings("h", 2))(picture)
    torch.testing.assert_close(sides, torch.full((1, 1, 4, 10), 0.5))
    up_down = mean_over_mirrorings(left, mirrorings("v", 2))(picture)
    torch.testing.assert_close(up_down, left(picture))


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.75])
@pytest.mark.parametrize("ndim", [2, 3])
def test_scales_leave_what_is_the_same_everywhere(scale: float, ndim: int) -> None:
    sizes = []

    def network(pictures: Tensor) -> Tensor:
        sizes.append(tuple(pictures.shape[2:]))
        return pictures[:, :2] * 0.5

    picture = torch.full((1, 3, *(8, 12, 10)[:ndim]), 0.6)
    got = at_scale(network, scale)(picture)
    torch.testing.assert_close(got, torch.full((1, 2, *(8, 12, 10)[:ndim]), 0.3))
    assert sizes == [tuple(round(n * scale) for n in (8, 12, 10)[:ndim])]


def test_a_smooth_picture_survives_another_scale() -> None:
    across = torch.linspace(0, 1, 64).expand(1, 1, 64, 64)
    for scale in (0.5, 1.5):
        got = at_scale(lambda pictures: pictures, scale)(across)
        assert (got - across).abs().max() < 0.02


cuts = st.lists(st.integers(0, 30), max_size=6).map(lambda inner: sorted({0, 30, *inner}))


@settings(deadline=None)
@given(st.lists(cuts, min_size=1, max_size=4))
def test_the_mean_of_streams_does_not_depend_on_how_they_are_cut(streams: list[list[int]]) -> None:
    rng = np.random.default_rng(len(streams))
    wholes = [rng.random((2, 30, 3), np.float32) for _ in streams]

    def cut(whole: Floats, at: list[int]) -> list[Floats]:
        return [whole[:, a:b] for a, b in itertools.pairwise(at)]

    parts = [iter(cut(whole, at)) for whole, at in zip(wholes, streams, strict=True)]
    got = np.concatenate(list(mean_of_streams(parts)), axis=1)
    np.testing.assert_allclose(got, np.mean(wholes, axis=0), rtol=1e-6)
