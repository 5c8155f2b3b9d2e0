"""Layers by name: what they promise, and what a misspelt name says."""

from __future__ import annotations

import pytest
import torch

from vocalsep.backbones.parts.layers import CONV, Kernel, activation, conv, norm
from vocalsep.errors import RecipeError


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
def test_same_padding_divides_the_size_rounding_up(kernel: int, stride: int, dilation: int) -> None:
    layer = conv(1, (1, 1), Kernel(kernel, stride, dilation))
    assert layer(torch.zeros(1, 1, 17)).shape[-1] == -(-17 // stride)


def test_group_norm_takes_any_number_of_channels() -> None:
    for channels in (1, 7, 8, 16, 17, 20):
        x = torch.randn(2, channels, 5)
        assert norm("group", 1, channels)(x).shape == x.shape


def test_mistakes_are_named() -> None:
    with pytest.raises(RecipeError, match="did you mean 'instance'"):
        norm("instanz", 2, 4)
    with pytest.raises(RecipeError, match="did you mean 'leaky_relu'"):
        activation("leakyrelu")
    with pytest.raises(RecipeError, match="ndim is 4: expected one of \\[1, 2, 3\\]"):
        CONV[4]
