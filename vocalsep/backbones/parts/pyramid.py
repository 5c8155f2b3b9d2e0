"""Necks that see far: pooling pyramids and dilated convolutions side by side (2-D).

`keep_time` pools over frequency (rows) alone: a frame of a spectrogram then does not depend on how
long the chunk is that it is part of.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.parts.layers import ConvNormAct, Kernel, Style
from vocalsep.backbones.parts.merge import concat
from vocalsep.backbones.parts.resize import resize
from vocalsep.recipe.part import check


def check_grids(key: str, grids: Sequence[int]) -> None:
    """Refuse impossible grids of a recipe.

    Raises:
        RecipeError: no grid, or one without cells.
    """
    fits = len(grids) > 0 and min(grids) >= 1
    check(key, list(grids), fits, "one grid or more, each of 1 cell or more along an axis")


def pool_to_grid(features: Tensor, bins: int, keep_time: bool = False) -> Tensor:
    """Average over a grid of `bins` × `bins` cells, or `bins` rows of every column."""
    columns = features.shape[3] if keep_time else bins
    return functional.adaptive_avg_pool2d(features, (bins, columns))


class PyramidPooling(nn.Module):
    """The features beside averages of them over coarser and coarser grids.

    Each grid: average, 1×1 to `d_each` with norm and ReLU, linear interpolation back.
    (B, D, H, W) -> (B, D + len(bins)·d_each, H, W). Source: Zhao et al., "PSPNet", CVPR 2017.
    """

    def __init__(
        self,
        channels: int,
        d_each: int,
        bins: Sequence[int] = (1, 2, 3, 6),
        keep_time: bool = False,
    ) -> None:
        super().__init__()
        self.bins, self.keep_time = tuple(bins), keep_time
        self.convs = nn.ModuleList(ConvNormAct(Style(), (channels, d_each), 1) for _ in bins)
        self.d_out = channels + d_each * len(self.bins)

    def forward(self, features: Tensor) -> Tensor:
        out = [features]
        for bins, conv in zip(self.bins, self.convs, strict=True):
            pooled = conv(pool_to_grid(features, bins, self.keep_time))
            out.append(resize(pooled, features.shape[2:]))
        return concat(*out)


class ImagePooling(nn.Module):
    """One average of everything (or of every frame), 1×1 with norm and ReLU, spread back."""

    def __init__(self, channels: tuple[int, int], keep_time: bool = False) -> None:
        super().__init__()
        self.keep_time = keep_time
        self.conv = ConvNormAct(Style(), channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        pooled = self.conv(pool_to_grid(features, 1, self.keep_time))
        return resize(pooled, features.shape[2:])


class ASPP(nn.Module):
    """1×1, dilated 3×3 of several rates and image pooling side by side, then 1×1 over all.

    Source: Chen et al., "Rethinking Atrous Convolution", arXiv 1706.05587.

    Args:
        channels: D before and after, and of each branch.
        rates: dilations of the 3×3 convolutions, one number or one an axis.
        keep_time: image pooling over frequency alone.
        dropout: after the last 1×1, in training.
    """

    def __init__(
        self,
        channels: tuple[int, int],
        rates: Sequence[int | tuple[int, ...]] = (6, 12, 18),
        keep_time: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        d_out = channels[1]
        self.branches = nn.ModuleList(
            [
                ConvNormAct(Style(), channels, 1),
                *(ConvNormAct(Style(), channels, Kernel(dilation=rate)) for rate in rates),
                ImagePooling(channels, keep_time),
            ]
        )
        self.project = nn.Sequential(
            ConvNormAct(Style(), (len(self.branches) * d_out, d_out), 1), nn.Dropout(dropout)
        )

    def forward(self, features: Tensor) -> Tensor:
        out: Tensor = self.project(concat(*(branch(features) for branch in self.branches)))
        return out


class SummedBranches(nn.Module):
    """The sum of several modules' outputs."""

    def __init__(self, branches: Sequence[nn.Module]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, features: Tensor) -> Tensor:
        return torch.stack([branch(features) for branch in self.branches]).sum(0)


class JointUpsampling(nn.Module):
    """Features of strides 8, 16 and 32 as one of stride 8 that saw what dilation would have seen.

    3×3 to `width` each, brought to the finest size and joined; four separable convolutions of
    rates 1, 2, 4 and 8 side by side. (…) -> (B, 4·width, H/8, W/8).
    Source: Wu et al., "FastFCN" (JPU), arXiv 1903.11816.
    """

    def __init__(self, channels: Sequence[int], width: int = 512) -> None:
        super().__init__()
        self.level = nn.ModuleList(ConvNormAct(Style(), (d, width)) for d in channels)
        joined = len(self.level) * width
        self.branches = nn.ModuleList(
            nn.Sequential(
                ConvNormAct(Style(act="none"), (joined, joined), Kernel(3, 1, rate, joined)),
                ConvNormAct(Style(), (joined, width), 1),
            )
            for rate in (1, 2, 4, 8)
        )
        self.d_out = 4 * width

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        size = features[0].shape[2:]
        levels = [resize(c(x), size) for c, x in zip(self.level, features, strict=True)]
        joined = concat(*levels)
        return concat(*(branch(joined) for branch in self.branches))
