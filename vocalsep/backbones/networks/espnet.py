"""ESPNet: efficient spatial pyramids of dilated convolutions on very few channels.

Source: Mehta et al., "ESPNet: Efficient Spatial Pyramid of Dilated Convolutions", ECCV 2018;
parameter counts of sacmehta/ESPNet. Its decoder is as wide as there are classes; with fewer than
five outputs it is five wide here, because a pyramid has five branches.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.base import BACKBONES, About, Backbone, Reference
from vocalsep.backbones.parts.layers import Kernel, conv
from vocalsep.backbones.parts.merge import concat

RATES = (1, 2, 4, 8, 16)


def norm_act(channels: int) -> nn.Sequential:
    """Batch norm and a PReLU with a slope for each channel."""
    return nn.Sequential(nn.BatchNorm2d(channels), nn.PReLU(channels))


class Pyramid(nn.Module):
    """Reduce, split into five dilated 3×3, add up from narrow to wide, join, norm, PReLU.

    Adding up hides the grid pattern of dilated convolutions.

    Args:
        channels: D before and after; the latter is 5 or more.
        stride: 2 reduces by a strided 3×3, 1 by a 1×1.
        residual: whether the input is added to what was joined.
    """

    def __init__(self, channels: tuple[int, int], stride: int = 1, residual: bool = True) -> None:
        super().__init__()
        d_in, d_out = channels
        each = d_out // len(RATES)
        first = d_out - each * (len(RATES) - 1)
        kernel = Kernel(3, 2) if stride == 2 else Kernel(1)
        self.reduce = conv(2, (d_in, each), kernel, bias=False)
        self.branches = nn.ModuleList(
            conv(2, (each, first if rate == 1 else each), Kernel(dilation=rate), bias=False)
            for rate in RATES
        )
        self.norm_act = norm_act(d_out)
        self.residual = residual

    def forward(self, features: Tensor) -> Tensor:
        reduced = self.reduce(features)
        narrow, total, *wider = (branch(reduced) for branch in self.branches)
        parts = [narrow, total]
        for each in wider:
            total = total + each
            parts.append(total)
        joined = concat(*parts)
        out: Tensor = self.norm_act(features + joined if self.residual else joined)
        return out


def halved(features: Tensor, n_times: int = 1) -> Tensor:
    """3×3 averages at every second position."""
    for _ in range(n_times):
        features = functional.avg_pool2d(features, 3, 2, 1)
    return features


def doubling(width: int, d_out: int) -> nn.ConvTranspose2d:
    """Transposed convolution of kernel and stride 2, without bias."""
    return nn.ConvTranspose2d(width, d_out, 2, 2, bias=False)


@BACKBONES.register("espnet")
class ESPNet(Backbone):
    """Three levels of pyramids that see the input again at every level; logits at full size.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        n_second: pyramids at stride 4, after the one that strides.
        n_third: pyramids at stride 8, after the one that strides.
        widths: D of the first, second and third level.
    """

    about = About(
        family="real time",
        paper="Mehta et al., ECCV 2018",
        references=(
            Reference(3, 19, 363_462, "sacmehta/ESPNet"),
            Reference(3, 19, 201_542, "sacmehta/ESPNet", {"n_third": 3}),
        ),
        thin={"n_second": 1, "n_third": 1, "widths": [4, 10, 15]},
    )
    stride = 8

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        n_second: int = 2,
        n_third: int = 8,
        widths: tuple[int, int, int] = (16, 64, 128),
    ) -> None:
        super().__init__()
        first, second, third = widths
        self.first = nn.Sequential(
            conv(2, (in_channels, first), Kernel(3, 2), bias=False), norm_act(first)
        )
        fine = first + in_channels
        self.join_first = norm_act(fine)
        self.second = nn.ModuleList(
            [Pyramid((fine, second), 2, False)]
            + [Pyramid((second, second)) for _ in range(n_second)]
        )
        middle = 2 * second + in_channels
        self.join_second = norm_act(middle)
        self.third = nn.ModuleList(
            [Pyramid((middle, third), 2, False)] + [Pyramid((third, third)) for _ in range(n_third)]
        )
        self.join_third = norm_act(2 * third)
        d = max(out_channels, len(RATES))
        self.of_third = nn.Sequential(
            conv(2, (2 * third, d), 1, bias=False), nn.BatchNorm2d(d), doubling(d, d)
        )
        self.of_second = conv(2, (middle, d), 1, bias=False)
        self.merge = nn.Sequential(
            norm_act(2 * d), Pyramid((2 * d, d), 1, False), doubling(d, d), norm_act(d)
        )
        self.refine = nn.Sequential(conv(2, (fine + d, d), bias=False), norm_act(d))
        self.out = doubling(d, out_channels)

    def transform(self, features: Tensor) -> Tensor:
        fine = self.join_first(concat(self.first(features), halved(features)))
        start, second = _climb(self.second, fine)
        middle = self.join_second(concat(second, start, halved(features, 2)))
        start, third = _climb(self.third, middle)
        coarse = self.of_third(self.join_third(concat(start, third)))
        merged = self.merge(concat(self.of_second(middle), coarse))
        out: Tensor = self.out(self.refine(concat(merged, fine)))
        return out


def _climb(level: nn.ModuleList, features: Tensor) -> tuple[Tensor, Tensor]:
    """What the strided pyramid of a level gives, and what the level ends with."""
    start = features = level[0](features)
    for pyramid in list(level)[1:]:
        features = pyramid(features)
    return start, features
