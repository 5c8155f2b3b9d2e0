"""VGG: stacks of 3×3 convolutions with pooling between them.

Source: Simonyan & Zisserman, "Very Deep Convolutional Networks", ICLR 2015: configuration D has
13 convolutions (16 layers with its classifier) and 14,714,688 parameters without the classifier.
Dilated for dense output as in DeepLab (Chen et al., ICLR 2015).
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from torch import Tensor, nn

from vocalsep.backbones.compose import Encoder
from vocalsep.backbones.encoders.base import encoder, scaled, stage_strides
from vocalsep.backbones.parts.layers import ConvNormAct, Kernel, Style

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # width, convolutions


def vgg_stages(in_channels: int, width: float, style: Style, dilations: list[int]) -> nn.ModuleList:
    """The convolutions of each stage, without the pooling after it."""
    stages = nn.ModuleList()
    d_in = in_channels
    for (channels, n_convs), dilation in zip(STAGES, dilations, strict=True):
        d_out = scaled(channels, width)
        widths = [d_in] + [d_out] * n_convs
        kernel = Kernel(dilation=dilation)
        stages.append(
            nn.Sequential(*[ConvNormAct(style, pair, kernel) for pair in pairwise(widths)])
        )
        d_in = d_out
    return stages


class VGG(Encoder):
    """Five stages, a pooling after each.

    Args:
        in_channels: D of the input.
        batch_norm: after every convolution.
        width: factor on all widths.
        output_stride: total stride that is not passed; later stages are dilated instead.

    Features: of the first stage before its pooling (stride 1), then after each pooling; strides
    1, 2, 4, 8, 16 and 32 unless limited.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        batch_norm: bool = False,
        width: float = 1.0,
        output_stride: int = 32,
    ) -> None:
        super().__init__()
        plan = stage_strides(1, len(STAGES) + 1, output_stride)
        style = Style(norm="batch" if batch_norm else "none", bias=True)
        self.stages = vgg_stages(
            in_channels, width, style, [dilation for _, dilation, _ in plan[:-1]]
        )
        self.pools = nn.ModuleList(
            nn.MaxPool2d(2) if stride == 2 else nn.MaxPool2d(3, 1, padding=1)
            for stride, _, _ in plan[1:]
        )
        widths = [scaled(channels, width) for channels, _ in STAGES]
        self.channels = (widths[0], *widths)
        self.strides = tuple(total for _, _, total in plan)

    def forward(self, features: Tensor) -> list[Tensor]:
        out: list[Tensor] = []
        for stage, pool in zip(self.stages, self.pools, strict=True):
            features = stage(features)
            if not out:
                out.append(features)
            features = pool(features)
            out.append(features)
        return out


PAPER = "Simonyan & Zisserman, ICLR 2015"
encoder("vgg16", PAPER)(VGG)
encoder("vgg16_bn", PAPER)(partial(VGG, batch_norm=True))
