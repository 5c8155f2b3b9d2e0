"""Halve the size of features between two levels of an encoder."""

from __future__ import annotations

from torch import nn

from vocalsep.backbones.parts.layers import CONV, MAX_POOL, Style, activation, norm


def max_pool(ndim: int) -> nn.Module:
    """Maximum of cells of 2 along every axis, (B, D, *size) -> (B, D, *(size // 2))."""
    return MAX_POOL[ndim](2)


def halving_conv(style: Style, channels: tuple[int, int]) -> nn.Module:
    """Convolution of kernel 2 and stride 2, norm, activation: half the size."""
    return nn.Sequential(
        CONV[style.ndim](*channels, 2, stride=2, bias=style.bias or style.norm == "none"),
        norm(style.norm, style.ndim, channels[1]),
        activation(style.act),
    )
