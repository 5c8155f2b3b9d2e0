"""SwiftNet: ResNet-18, spatial pyramid pooling and a light ladder of sums.

Source: Orsic et al., "In Defense of Pre-trained ImageNet Architectures for Real-time Semantic
Segmentation", CVPR 2019; parameter count of orsic/swiftnet. As there, skips are the sums of the
residual units before their ReLU, and three of the four grids are used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import EncoderDecoder
from vocalsep.backbones.encoders.base import build_encoder
from vocalsep.backbones.parts.layers import conv
from vocalsep.backbones.parts.merge import concat
from vocalsep.backbones.parts.pyramid import check_grids
from vocalsep.backbones.parts.resize import resize


def norm_act_conv(channels: tuple[int, int], kernel: int = 1, bias: bool = False) -> nn.Sequential:
    """Batch norm, ReLU, convolution."""
    return nn.Sequential(
        nn.BatchNorm2d(channels[0]), nn.ReLU(), conv(2, channels, kernel, bias=bias)
    )


class SpatialPyramid(nn.Module):
    """Reduce, average over grids whose cells are about square, join, reduce again.

    A grid of g rows has g · W/H columns (one at least), or every column with `keep_time`.
    """

    def __init__(self, channels: tuple[int, int], grids: Sequence[int], keep_time: bool) -> None:
        super().__init__()
        d_in, width = channels
        self.grids, self.keep_time = tuple(grids), keep_time
        each = width // len(self.grids)
        self.reduce = norm_act_conv((d_in, width))
        self.levels = nn.ModuleList(norm_act_conv((width, each)) for _ in self.grids)
        self.fuse = norm_act_conv((width + each * len(self.grids), width))

    def forward(self, features: Tensor) -> Tensor:
        features = self.reduce(features)
        height, columns = features.shape[2:]
        out = [features]
        for rows, level in zip(self.grids, self.levels, strict=True):
            cells = columns if self.keep_time else max(1, round(rows * columns / height))
            pooled = functional.adaptive_avg_pool2d(features, (rows, cells))
            out.append(resize(level(pooled), (height, columns)))
        fused: Tensor = self.fuse(concat(*out))
        return fused


class Ladder(nn.Module):
    """From the coarsest feature up: interpolate, add the projected skip, blend by a 3×3.

    Args:
        bottom: from the coarsest feature to `width` channels.
        channels: D of the finer features, finest first.
        width: D of the ladder.
    """

    def __init__(self, bottom: nn.Module, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.bottom = bottom
        self.lateral = nn.ModuleList(norm_act_conv((d, width)) for d in reversed(channels))
        self.blend = nn.ModuleList(norm_act_conv((width, width), 3) for _ in channels)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        out = self.bottom(features[-1])
        skips = reversed(features[:-1])
        for lateral, blend, skip in zip(self.lateral, self.blend, skips, strict=False):
            out = blend(resize(out, skip.shape[2:]) + lateral(skip))
        return [out]


@BACKBONES.register("swiftnet")
class SwiftNet(EncoderDecoder):
    """Single-scale SwiftNet; logits at stride 4.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        encoder: name of a ResNet; its parameters are `encoder_params`.
        encoder_params: see the encoder; {"stem_stride": 1} gives logits at full size.
        width: D of the decoder.
        grids: rows of each grid of the pyramid.
        keep_time: grids divide frequency alone.
    """

    about = About(
        family="real time",
        paper="Orsic et al., CVPR 2019",
        references=(Reference(3, 19, 11_797_071, "orsic/swiftnet"),),
        thin={"encoder_params": {"width": 1 / 16}, "width": 12},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        encoder: str = "resnet18",
        encoder_params: Mapping[str, Any] | None = None,
        width: int = 128,
        grids: Sequence[int] = (8, 4, 2),
        keep_time: bool = False,
    ) -> None:
        check_grids("grids", grids)
        body = build_encoder(encoder, in_channels, {"activated": False}, encoder_params)
        pyramid = SpatialPyramid((body.channels[-1], width), grids, keep_time)
        # The stem's feature is left out: the finest skip is that of the first stage.
        decoder = Ladder(pyramid, body.channels[1:-1], width)
        super().__init__(body, decoder, norm_act_conv((width, out_channels), bias=True))
