"""The residual network of hybrid transformers: standardised weights and group norm (ResNetV2)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.compose import Encoder

GROUPS = 32  # of the group norms; fewer where the width is not a multiple


class HybridResNet(Encoder):
    """ResNetV2 with standardised weights and group norm; features at strides 2, 4, 8 and 16."""

    def __init__(self, in_channels: int, width: int, n_blocks: Sequence[int]) -> None:
        super().__init__()
        self.root = nn.Sequential(
            StandardisedConv(in_channels, width, 7, stride=2), group_norm(width), nn.ReLU()
        )
        outs = [4 * width, 8 * width, 16 * width]
        stages = []
        for (d_in, d_out), n, stride in zip(
            pairwise([width, *outs]), n_blocks, (1, 2, 2), strict=True
        ):
            rest = [Bottleneck(d_out, d_out, 1) for _ in range(n - 1)]
            stages.append(nn.Sequential(Bottleneck(d_in, d_out, stride), *rest))
        self.stages = nn.ModuleList(stages)
        self.channels = (width, *outs)
        self.strides = (2, 4, 8, 16)

    def forward(self, features: Tensor) -> list[Tensor]:
        out = [self.root(features)]
        pooled = functional.max_pool2d(out[0], 3, stride=2, padding=1)
        for stage in self.stages:
            pooled = stage(pooled)
            out.append(pooled)
        return out


class StandardisedConv(nn.Conv2d):
    """Convolution whose weights have mean 0 and variance 1 for every output channel; no bias."""

    def __init__(self, d_in: int, d_out: int, kernel: int, stride: int = 1) -> None:
        super().__init__(d_in, d_out, kernel, stride, padding=kernel // 2, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        variance, mean = torch.var_mean(self.weight, (1, 2, 3), keepdim=True, unbiased=False)
        weight = (self.weight - mean) * torch.rsqrt(variance + 1e-5)
        return functional.conv2d(input, weight, None, self.stride, self.padding)


def group_norm(channels: int, groups: int = GROUPS) -> nn.GroupNorm:
    """Group norm of `groups`, or as many as divide the channels."""
    return nn.GroupNorm(next(n for n in range(groups, 0, -1) if channels % n == 0), channels)


class Bottleneck(nn.Module):
    """1×1 to a quarter, 3×3 with the stride, 1×1 back; a projected shortcut where sizes change."""

    def __init__(self, d_in: int, d_out: int, stride: int) -> None:
        super().__init__()
        d_mid = d_out // 4
        self.body = nn.Sequential(
            StandardisedConv(d_in, d_mid, 1),
            group_norm(d_mid),
            nn.ReLU(),
            StandardisedConv(d_mid, d_mid, 3, stride),
            group_norm(d_mid),
            nn.ReLU(),
            StandardisedConv(d_mid, d_out, 1),
            group_norm(d_out),
        )
        same = stride == 1 and d_in == d_out
        # The shortcut's norm has one group a channel.
        self.shortcut = (
            nn.Identity()
            if same
            else nn.Sequential(StandardisedConv(d_in, d_out, 1, stride), group_norm(d_out, d_out))
        )

    def forward(self, features: Tensor) -> Tensor:
        return torch.relu(self.body(features) + self.shortcut(features))
