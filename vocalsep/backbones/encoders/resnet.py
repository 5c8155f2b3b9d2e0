"""Residual networks: ResNet 18, 34, 50 and 101, Wide ResNet, dilated for dense output.

Source: He et al., "Deep Residual Learning", CVPR 2016; Zagoruyko & Komodakis, "Wide Residual
Networks", BMVC 2016; multi-grid: Chen et al., arXiv 1706.05587. The stride of a bottleneck is in
its 3×3 convolution, as in torchvision (the Caffe models have it in the first 1×1).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.compose import Encoder
from vocalsep.backbones.encoders.base import conv_norm, encoder, scaled, stage_strides
from vocalsep.backbones.parts.layers import Kernel
from vocalsep.registry import one_of

WIDTHS = (64, 128, 256, 512)


class Residual(nn.Module):
    """ReLU, then x + branch(x): a residual unit cut open before its last activation.

    Each unit applies the ReLU that ends the one before it, so that what comes out is the sum
    before its activation, which some decoders want.
    """

    def __init__(self, branch: nn.Module, channels: tuple[int, int], stride: int) -> None:
        super().__init__()
        self.branch = branch
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels[0] != channels[1]:
            self.shortcut = conv_norm(channels, Kernel(1, stride), "none")

    def forward(self, features: Tensor) -> Tensor:
        features = functional.relu(features)
        out: Tensor = self.branch(features) + self.shortcut(features)
        return out


def basic(channels: tuple[int, int], stride: int = 1, dilation: int = 1) -> Residual:
    """Two 3×3 convolutions beside the shortcut."""
    branch = nn.Sequential(
        conv_norm(channels, Kernel(3, stride, dilation)),
        conv_norm((channels[1], channels[1]), Kernel(dilation=dilation), "none"),
    )
    return Residual(branch, channels, stride)


def bottleneck(
    channels: tuple[int, int], stride: int = 1, dilation: int = 1, widen: int = 1
) -> Residual:
    """1×1 to a quarter of the width (times `widen`), 3×3, 1×1 back, beside the shortcut."""
    d_in, d_out = channels
    inner = d_out // 4 * widen
    branch = nn.Sequential(
        conv_norm((d_in, inner), 1),
        conv_norm((inner, inner), Kernel(3, stride, dilation)),
        conv_norm((inner, d_out), 1, "none"),
    )
    return Residual(branch, channels, stride)


class ResNet(Encoder):
    """A stem and four stages of residual units.

    Args:
        in_channels: D of the input.
        n_blocks: units in each stage.
        unit: "basic" or "bottleneck" (four times as wide outside).
        widen: factor on the 3×3 convolutions of bottlenecks: 2 in wide_resnet50_2.
        width: factor on all widths.
        output_stride: total stride that is not passed; later stages are dilated instead.
        multigrid: factors on the dilation of the last stage's units, in turn.
        stem: "single" 7×7 convolution, or "deep": three of 3×3.
        stem_stride: 4 (strided convolution and pooling), 2 (no pooling) or 1 (nothing strided):
            finer features throughout, for spectrograms.
        activated: whether features come after the ReLU of their last unit.

    Features: of the stem, then of each stage; strides 2, 4, 8, 16 and 32 unless limited. A dilated
    stage's first unit is dilated like the others (in torchvision, like the stage before).
    """

    def __init__(
        self,
        in_channels: int,
        *,
        n_blocks: Sequence[int] = (3, 4, 6, 3),
        unit: Literal["basic", "bottleneck"] = "bottleneck",
        widen: int = 1,
        width: float = 1.0,
        output_stride: int = 32,
        multigrid: Sequence[int] = (1,),
        stem: Literal["single", "deep"] = "single",
        stem_stride: Literal[1, 2, 4] = 4,
        activated: bool = True,
    ) -> None:
        super().__init__()
        one_of("unit", unit, ("basic", "bottleneck"))
        one_of("stem", stem, ("single", "deep"))
        one_of("stem_stride", stem_stride, (1, 2, 4))
        self.activated = activated
        root = scaled(64, width)
        conv_stride = min(stem_stride, 2)
        if stem == "deep":
            d_in = 2 * root
            self.stem = nn.Sequential(
                conv_norm((in_channels, root), Kernel(3, conv_stride)),
                conv_norm((root, root)),
                conv_norm((root, d_in)),
            )
        else:
            d_in = root
            self.stem = nn.Sequential(conv_norm((in_channels, root), Kernel(7, conv_stride)))
        self.pool = nn.MaxPool2d(3, 2, padding=1) if stem_stride == 4 else nn.Identity()
        self.stages = nn.ModuleList()
        channels: list[int] = [d_in]
        strides: list[int] = [conv_stride]
        plan = stage_strides(stem_stride, len(WIDTHS), output_stride)
        for index, (stride, dilation, total) in enumerate(plan):
            d_out = scaled(WIDTHS[index], width) * (4 if unit == "bottleneck" else 1)
            units: list[nn.Module] = []
            for k in range(n_blocks[index]):
                grid = multigrid[k % len(multigrid)] if index == len(plan) - 1 else 1
                pair, step = ((d_in, d_out), stride) if k == 0 else ((d_out, d_out), 1)
                if unit == "basic":
                    units.append(basic(pair, step, dilation * grid))
                else:
                    units.append(bottleneck(pair, step, dilation * grid, widen))
            self.stages.append(nn.Sequential(*units))
            d_in = d_out
            channels.append(d_out)
            strides.append(total)
        self.channels, self.strides = tuple(channels), tuple(strides)

    def forward(self, features: Tensor) -> list[Tensor]:
        features = self.stem(features)
        out = [features]
        features = self.pool(features)
        for stage in self.stages:
            features = stage(features)
            out.append(functional.relu(features) if self.activated else features)
        return out


PAPER, WIDE_PAPER = "He et al., CVPR 2016", "Zagoruyko & Komodakis, BMVC 2016"
encoder("resnet18", PAPER)(partial(ResNet, n_blocks=(2, 2, 2, 2), unit="basic"))
encoder("resnet34", PAPER)(partial(ResNet, n_blocks=(3, 4, 6, 3), unit="basic"))
encoder("resnet50", PAPER)(partial(ResNet, n_blocks=(3, 4, 6, 3)))
encoder("resnet101", PAPER)(partial(ResNet, n_blocks=(3, 4, 23, 3)))
encoder("wide_resnet50_2", WIDE_PAPER)(partial(ResNet, n_blocks=(3, 4, 6, 3), widen=2))
encoder("wide_resnet101_2", WIDE_PAPER)(partial(ResNet, n_blocks=(3, 4, 23, 3), widen=2))
