"""MSFNet: averages of every fine feature join the coarser ones; a second branch finds boundaries.

Source: Si et al., "Real-Time Semantic Segmentation via Multiply Spatial Fusion Network", arXiv
1911.07217: spatial-aware pooling after each stage of ResNet-18, fusion of what has one size, two
up-sampling branches, logits at stride 8. The authors published neither code nor a count of
parameters (what lxtGH/Fast_Seg calls MSFNet is an empty file), so the layers below follow that
definition, and their count is not documented by anyone. Here the boundary logits also join the
last convolution, so that the loss on the masks reaches them too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.base import BACKBONES, About, Backbone
from vocalsep.backbones.encoders.base import build_encoder, conv_norm
from vocalsep.backbones.parts.layers import conv
from vocalsep.backbones.parts.merge import concat
from vocalsep.backbones.parts.resize import resize
from vocalsep.registry import one_of


class SpatialAwarePooling(nn.Module):
    """Every level plus averages of all finer ones at its size, each through a 1×1 convolution."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        # One row for each level: its convolutions of the levels up to itself.
        self.n_levels = len(channels)
        self.project = nn.ModuleList(
            conv_norm((d, width), 1) for k in range(self.n_levels) for d in channels[: k + 1]
        )

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        fused: list[Tensor] = []
        convs = iter(self.project)
        for k in range(self.n_levels):
            height, columns = features[k].shape[2:]
            pooled = [
                functional.adaptive_avg_pool2d(each, (height, columns))
                for each in features[: k + 1]
            ]
            fused.append(torch.stack([next(convs)(each) for each in pooled]).sum(0))
        return fused


class Branch(nn.Module):
    """Top-down: interpolate, add the level, 3×3."""

    def __init__(self, width: int, n_levels: int) -> None:
        super().__init__()
        self.blend = nn.ModuleList(conv_norm((width, width)) for _ in range(n_levels - 1))

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        out = features[-1]
        for blend, skip in zip(self.blend, reversed(features[:-1]), strict=True):
            out = blend(resize(out, skip.shape[2:]) + skip)
        return out


@BACKBONES.register("msfnet")
class MSFNet(Backbone):
    """ResNet-18, spatial-aware pooling, one branch for masks and one for their boundaries.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        encoder: name of an encoder; its parameters are `encoder_params`.
        encoder_params: see the encoder; {"stem_stride": 1} for finer logits.
        width: D of both branches.
        finest: which feature of the encoder is the finest used: 2 has stride 8.
    """

    about = About(
        family="real time",
        paper="Si et al., 2019",
        thin={"encoder_params": {"width": 1 / 16}, "width": 8},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        encoder: str = "resnet18",
        encoder_params: Mapping[str, Any] | None = None,
        width: int = 128,
        finest: int = 2,
    ) -> None:
        super().__init__()
        self.encoder = build_encoder(encoder, in_channels, {}, encoder_params)
        one_of("finest", finest, range(len(self.encoder.channels)))
        self.stride = self.encoder.strides[-1]
        self.finest = finest
        channels = self.encoder.channels[finest:]
        self.pool = SpatialAwarePooling(channels, width)
        self.masks = Branch(width, len(channels))
        self.boundaries = Branch(width, len(channels))
        self.boundary_head = conv(2, (width, out_channels), 1)
        self.head = nn.Sequential(
            conv_norm((width + out_channels, width)), conv(2, (width, out_channels), 1)
        )

    def edges(self, features: Tensor) -> Tensor:
        """Boundary logits, (B, D_in, *size) -> (B, D_out, *size / stride); sizes as `transform`."""
        out: Tensor = self.boundary_head(self.boundaries(self._levels(features)))
        return out

    def transform(self, features: Tensor) -> Tensor:
        levels = self._levels(features)
        edges = self.boundary_head(self.boundaries(levels))
        out: Tensor = self.head(concat(self.masks(levels), torch.sigmoid(edges)))
        return out

    def _levels(self, features: Tensor) -> list[Tensor]:
        fused: list[Tensor] = self.pool(self.encoder(features)[self.finest :])
        return fused
