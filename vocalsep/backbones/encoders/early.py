"""AlexNet and GoogLeNet, without their classifiers: small encoders of historical interest.

Sources: Krizhevsky, arXiv 1404.5997 (one-tower AlexNet; 2,469,696 parameters; padded here so that
every size divides by its stride); Szegedy et al.,
CVPR 2015 (GoogLeNet, here with batch norm and 3×3 in place of 5×5 convolutions, as torchvision
has it; 5,599,904 parameters).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vocalsep.backbones.compose import Encoder
from vocalsep.backbones.encoders.base import conv_norm, encoder, scaled
from vocalsep.backbones.parts.layers import Kernel


def halve() -> nn.MaxPool2d:
    """Overlapping max-pooling, n -> ceil(n / 2)."""
    return nn.MaxPool2d(3, 2, padding=1)


def conv_relu(channels: tuple[int, int], kernel: int, stride: int = 1) -> nn.Sequential:
    """Convolution with bias and ReLU."""
    return nn.Sequential(nn.Conv2d(*channels, kernel, stride, kernel // 2), nn.ReLU())


class _Chain(Encoder):
    """Stages one after another."""

    def __init__(self, stages: list[nn.Module]) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)

    def forward(self, features: Tensor) -> list[Tensor]:
        out: list[Tensor] = []
        for stage in self.stages:
            features = stage(features)
            out.append(features)
        return out


@encoder("alexnet", "Krizhevsky, 2014")
class AlexNet(_Chain):
    """Five convolutions; features at strides 4, 8 and 16.

    Args:
        in_channels: D of the input.
        width: factor on all widths.
    """

    def __init__(self, in_channels: int, *, width: float = 1.0) -> None:
        a, b, c, d = (scaled(n, width) for n in (64, 192, 384, 256))
        super().__init__(
            [
                conv_relu((in_channels, a), 11, 4),
                nn.Sequential(halve(), conv_relu((a, b), 5)),
                nn.Sequential(
                    halve(), conv_relu((b, c), 3), conv_relu((c, d), 3), conv_relu((d, d), 3)
                ),
            ]
        )
        self.channels, self.strides = (a, b, d), (4, 8, 16)


class Inception(nn.Module):
    """Four branches side by side: 1×1; 1×1-3×3; 1×1-3×3; pooling-1×1.

    Args:
        d_in: D of the input.
        widths: of 1×1; 1×1 and 3×3; 1×1 and 3×3; 1×1 after pooling.
    """

    def __init__(self, d_in: int, widths: list[int]) -> None:
        super().__init__()
        a, b1, b3, c1, c3, pooled = widths
        self.branches = nn.ModuleList(
            [
                conv_norm((d_in, a), 1),
                nn.Sequential(conv_norm((d_in, b1), 1), conv_norm((b1, b3))),
                nn.Sequential(conv_norm((d_in, c1), 1), conv_norm((c1, c3))),
                nn.Sequential(nn.MaxPool2d(3, 1, padding=1), conv_norm((d_in, pooled), 1)),
            ]
        )
        self.d_out = a + b3 + c3 + pooled

    def forward(self, features: Tensor) -> Tensor:
        return torch.cat([branch(features) for branch in self.branches], dim=1)


INCEPTIONS = (
    ((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)),
    (
        (192, 96, 208, 16, 48, 64),
        (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64),
        (256, 160, 320, 32, 128, 128),
    ),
    ((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)),
)


@encoder("googlenet", "Szegedy et al., CVPR 2015")
class GoogLeNet(_Chain):
    """Three convolutions and nine inception modules; features at strides 2, 4, 8, 16 and 32.

    Args:
        in_channels: D of the input.
        width: factor on all widths.
    """

    def __init__(self, in_channels: int, *, width: float = 1.0) -> None:
        a, d_in = scaled(64, width), scaled(192, width)
        stages: list[nn.Module] = [
            conv_norm((in_channels, a), Kernel(7, 2)),
            nn.Sequential(halve(), conv_norm((a, a), 1), conv_norm((a, d_in))),
        ]
        channels = [a, d_in]
        for rows in INCEPTIONS:
            stage: list[nn.Module] = [halve()]
            for row in rows:
                module = Inception(d_in, [scaled(n, width) for n in row])
                d_in = module.d_out
                stage.append(module)
            stages.append(nn.Sequential(*stage))
            channels.append(d_in)
        super().__init__(stages)
        self.channels, self.strides = tuple(channels), (2, 4, 8, 16, 32)
