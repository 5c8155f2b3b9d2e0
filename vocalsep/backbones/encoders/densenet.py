"""DenseNet 121 and 161: every layer reads all that were made before it in its block.

Source: Huang et al., "Densely Connected Convolutional Networks", CVPR 2017 (DenseNet-BC: 1×1 to
four times the growth, 3×3 to the growth; transitions halve width and size).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.compose import Encoder
from vocalsep.backbones.encoders.base import conv_norm, encoder, scaled, stage_strides
from vocalsep.backbones.parts.layers import Kernel


class DenseBlock(nn.Module):
    """Layers of BN-ReLU-1×1-BN-ReLU-3×3, each adding `growth` channels to its input."""

    def __init__(self, d_in: int, n_layers: int, growth: int, dilation: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for k in range(n_layers):
            width = d_in + k * growth
            self.layers.append(
                nn.Sequential(
                    nn.BatchNorm2d(width),
                    nn.ReLU(),
                    conv_norm((width, 4 * growth), 1),
                    nn.Conv2d(4 * growth, growth, 3, 1, dilation, dilation, bias=False),
                )
            )
        self.d_out = d_in + n_layers * growth

    def forward(self, features: Tensor) -> Tensor:
        for layer in self.layers:
            features = torch.cat([features, layer(features)], dim=1)
        return features


class DenseNet(Encoder):
    """7×7 stem with pooling, four dense blocks, transitions between them.

    Args:
        in_channels: D of the input.
        n_layers: of each block.
        growth: channels that every layer adds.
        stem: width of the first convolution.
        width: factor on growth and stem.
        output_stride: total stride that is not passed; later blocks are dilated instead.

    Features: of the stem, then of each block; strides 2, 4, 8, 16 and 32 unless limited.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        n_layers: Sequence[int] = (6, 12, 24, 16),
        growth: int = 32,
        stem: int = 64,
        width: float = 1.0,
        output_stride: int = 32,
    ) -> None:
        super().__init__()
        d_in, growth = scaled(stem, width), scaled(growth, width)
        self.stem = conv_norm((in_channels, d_in), Kernel(7, 2))
        self.blocks = nn.ModuleList()
        self.downs = nn.ModuleList([nn.MaxPool2d(3, 2, padding=1)])
        channels = [d_in]
        plan = stage_strides(2, 5, output_stride)
        for index, (stride, dilation, _) in enumerate(plan[1:]):
            if index > 0:
                d_out = d_in // 2
                self.downs.append(
                    nn.Sequential(
                        nn.BatchNorm2d(d_in),
                        nn.ReLU(),
                        nn.Conv2d(d_in, d_out, 1, bias=False),
                        nn.AvgPool2d(stride) if stride > 1 else nn.Identity(),
                    )
                )
                d_in = d_out
            block = DenseBlock(d_in, n_layers[index], growth, dilation)
            self.blocks.append(block)
            d_in = block.d_out
            channels.append(d_in)
        self.norm = nn.BatchNorm2d(d_in)
        self.channels, self.strides = tuple(channels), tuple(total for _, _, total in plan)

    def forward(self, features: Tensor) -> list[Tensor]:
        out = [self.stem(features)]
        for down, block in zip(self.downs, self.blocks, strict=True):
            out.append(block(down(out[-1])))
        return [*out[:-1], functional.relu(self.norm(out[-1]))]


PAPER = "Huang et al., CVPR 2017"
encoder("densenet121", PAPER)(DenseNet)
encoder("densenet161", PAPER)(partial(DenseNet, n_layers=(6, 12, 36, 24), growth=48, stem=96))
