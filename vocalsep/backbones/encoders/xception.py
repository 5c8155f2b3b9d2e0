"""Aligned Xception with output stride 8, 16 or 32.

Source: Chollet, CVPR 2017, as changed in Chen et al., "Encoder-Decoder with Atrous Separable
Convolution", ECCV 2018: more middle units, strided separable convolutions for max-pooling, batch
norm (and ReLU in the last three) after every depthwise convolution too. Xception-65 has 37,867,312
parameters without its classifier, Xception-41 24,920,560.
"""

from __future__ import annotations

from functools import partial

from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.compose import Encoder
from vocalsep.backbones.encoders.base import conv_norm, encoder, scaled, stage_strides
from vocalsep.backbones.parts.layers import Kernel


def separable(
    channels: tuple[int, int], stride: int = 1, dilation: int = 1, act: str = "relu"
) -> nn.Sequential:
    """Depthwise 3×3, norm, activation, 1×1, norm, activation."""
    depthwise = Kernel(3, stride, dilation, groups=channels[0])
    return nn.Sequential(
        conv_norm((channels[0], channels[0]), depthwise, act), conv_norm(channels, 1, act)
    )


class Unit(nn.Module):
    """Three separable convolutions beside a shortcut, each after a ReLU."""

    def __init__(self, widths: tuple[int, int, int, int], stride: int, dilation: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for k in range(3):
            step = stride if k == 2 else 1
            layers += [nn.ReLU(), separable((widths[k], widths[k + 1]), step, dilation, "none")]
        self.branch = nn.Sequential(*layers)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or widths[0] != widths[3]:
            self.shortcut = conv_norm((widths[0], widths[3]), Kernel(1, stride), "none")

    def forward(self, features: Tensor) -> Tensor:
        out: Tensor = self.branch(features) + self.shortcut(features)
        return out


class Xception(Encoder):
    """Stem, three entry units, middle units, exit unit and three separable convolutions.

    Args:
        in_channels: D of the input.
        n_middle: middle units: 16 in Xception-65, 8 in Xception-41.
        width: factor on all widths.
        output_stride: total stride that is not passed; later units are dilated instead.

    Features: strides 2, 4, 8, 16 and 32 unless limited.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        n_middle: int = 16,
        width: float = 1.0,
        output_stride: int = 32,
    ) -> None:
        super().__init__()
        w = {n: scaled(n, width) for n in (32, 64, 128, 256, 728, 1024, 1536, 2048)}
        self.stem = nn.Sequential(
            conv_norm((in_channels, w[32]), Kernel(3, 2)), conv_norm((w[32], w[64]))
        )
        plan = stage_strides(2, 5, output_stride)
        ends = [(w[64], w[128]), (w[128], w[256]), (w[256], w[728]), (w[728], w[1024])]
        units = []
        for (d_in, d_out), (stride, dilation, _) in zip(ends, plan[1:], strict=True):
            inner = w[728] if d_out == w[1024] else d_out
            units.append(Unit((d_in, inner, d_out, d_out), stride, dilation))
        middle = [Unit((w[728],) * 4, 1, plan[3][1]) for _ in range(n_middle)]
        rate = plan[4][1]
        last = [(w[1024], w[1536]), (w[1536], w[1536]), (w[1536], w[2048])]
        self.stages = nn.ModuleList(
            [units[0], units[1], nn.Sequential(units[2], *middle), units[3]]
        )
        self.last = nn.Sequential(*[separable(pair, dilation=rate) for pair in last])
        self.channels = (w[64], w[128], w[256], w[728], w[2048])
        self.strides = tuple(total for _, _, total in plan)

    def forward(self, features: Tensor) -> list[Tensor]:
        features = self.stem(features)
        out = [features]
        for stage in self.stages:
            features = stage(features)
            out.append(features)
        # Units start with their own ReLU, so what they hand on is not activated yet.
        return [functional.relu(each) for each in out[:-1]] + [self.last(functional.relu(out[-1]))]


PAPER = "Chollet, CVPR 2017; Chen et al., ECCV 2018"
encoder("xception41", PAPER)(partial(Xception, n_middle=8))
encoder("xception65", PAPER)(partial(Xception, n_middle=16))
