"""BiSeNet: a shallow path for detail beside a deep one for context.

Source: Yu et al., "BiSeNet: Bilateral Segmentation Network", ECCV 2018; parameter counts of
CoinCheung/BiSeNet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Backbone, Reference
from vocalsep.backbones.encoders.base import build_encoder, conv_norm
from vocalsep.backbones.parts.heads import conv_head
from vocalsep.backbones.parts.layers import Kernel
from vocalsep.backbones.parts.merge import concat
from vocalsep.backbones.parts.pyramid import ImagePooling, pool_to_grid
from vocalsep.backbones.parts.resize import resize


class Refinement(nn.Module):
    """Attention refinement: 3×3, then each channel times a sigmoid of the means of all."""

    def __init__(self, channels: tuple[int, int], keep_time: bool) -> None:
        super().__init__()
        self.keep_time = keep_time
        self.conv = conv_norm(channels)
        self.weigh = conv_norm((channels[1], channels[1]), 1, "none")

    def forward(self, features: Tensor) -> Tensor:
        features = self.conv(features)
        return features * torch.sigmoid(self.weigh(pool_to_grid(features, 1, self.keep_time)))


class FeatureFusion(nn.Module):
    """Join both paths, 1×1, then x + x · sigmoid(weights of its means)."""

    def __init__(self, channels: tuple[int, int], keep_time: bool) -> None:
        super().__init__()
        self.keep_time = keep_time
        self.conv = conv_norm(channels, 1)
        self.weigh = conv_norm((channels[1], channels[1]), 1, "none")

    def forward(self, features: Tensor) -> Tensor:
        features = self.conv(features)
        weights = torch.sigmoid(self.weigh(pool_to_grid(features, 1, self.keep_time)))
        return features + features * weights


@BACKBONES.register("bisenet")
class BiSeNet(Backbone):
    """Spatial path of three strided convolutions, context path on ResNet-18, feature fusion.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        encoder: name of the context path's encoder; its parameters are `encoder_params`.
        encoder_params: see the encoder.
        width: D of either path; fused features have twice as many.
        spatial_strides: of the spatial path's 7×7 and two 3×3 convolutions; their product is the
            stride of the logits, so (1, 1, 2) keeps harmonics apart.
        keep_time: all means over frequency alone.
        auxiliary: weight of the loss on each of the two context levels; 0: none.
    """

    about = About(
        family="real time",
        paper="Yu et al., ECCV 2018",
        references=(
            Reference(3, 19, 13_425_721, "CoinCheung/BiSeNet"),
            Reference(3, 19, 13_275_539, "CoinCheung/BiSeNet", {"auxiliary": 0.0}),
        ),
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
        spatial_strides: tuple[int, int, int] = (2, 2, 2),
        keep_time: bool = False,
        auxiliary: float = 1.0,
    ) -> None:
        super().__init__()
        self.encoder = build_encoder(encoder, in_channels, {}, encoder_params)
        self.stride = max(self.encoder.strides[-1], 8)
        half = width // 2
        kernels = [Kernel(size, s) for size, s in zip((7, 3, 3), spatial_strides, strict=True)]
        self.spatial = nn.Sequential(
            conv_norm((in_channels, half), kernels[0]),
            conv_norm((half, half), kernels[1]),
            conv_norm((half, half), kernels[2]),
            conv_norm((half, width), 1),
        )
        # From the coarsest level to the finest.
        levels = self.encoder.channels[:-3:-1]
        self.mean = ImagePooling((levels[0], width), keep_time)
        self.refine = nn.ModuleList(Refinement((d, width), keep_time) for d in levels)
        self.smooth = nn.ModuleList(conv_norm((width, width)) for _ in levels)
        self.fuse = FeatureFusion((2 * width, 2 * width), keep_time)
        self.head = conv_head(2 * width, 2 * width, out_channels, 0.0)
        self.auxiliary_weights = (auxiliary,) * len(levels) if auxiliary else ()
        self.auxiliary_heads = nn.ModuleList(
            conv_head(width, half, out_channels, 0.0) for _ in self.auxiliary_weights
        )

    def _levels(self, features: Tensor) -> list[Tensor]:
        """The fused feature, then the context at two strides, the coarser first."""
        fine = self.spatial(features)
        finer, last = self.encoder(features)[-2:]
        context = self.mean(last)
        contexts: list[Tensor] = []
        sizes = (finer.shape[2:], fine.shape[2:])
        for k, (level, size) in enumerate(zip((last, finer), sizes, strict=True)):
            context = self.smooth[k](resize(self.refine[k](level) + context, size))
            contexts.append(context)
        return [self.fuse(concat(fine, context)), *contexts]

    def transform(self, features: Tensor) -> Tensor:
        out: Tensor = self.head(self._levels(features)[0])
        return out

    def transform_all(self, features: Tensor) -> list[Tensor]:
        last, *coarser = self._levels(features)
        heads = zip(self.auxiliary_heads, coarser, strict=False)
        return [self.head(last), *(head(each) for head, each in heads)]
