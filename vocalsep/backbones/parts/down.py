"""Halve the size of features between two levels of an encoder."""

from __future__ import annotations

from torch import nn

from vocalsep.backbones.parts.layers import CONV, MAX_POOL, norm


def max_pool(ndim: int, factor: int = 2) -> nn.Module:
    """Maximum of cells of `factor` along every axis, (B, D, *size) -> (B, D, *(size // factor))."""
    return MAX_POOL[ndim](factor)


def halving_conv(ndim: int, channels: tuple[int, int], bias: bool = True) -> nn.Module:
    """Convolution of kernel 2 and stride 2, (B, D_in, *size) -> (B, D_out, *(size // 2))."""
    return CONV[ndim](*channels, 2, stride=2, bias=bias)


class HalvingConvNormAct(nn.Sequential):
    """Convolution of kernel 2 and stride 2, norm, ReLU."""

    def __init__(self, ndim: int, channels: tuple[int, int], norm_name: str = "batch") -> None:
        super().__init__(
            halving_conv(ndim, channels), norm(norm_name, ndim, channels[1]), nn.ReLU()
        )
