"""Wide ResNet-38 with full pre-activation, the encoder of Gated-SCNN.

Source: Wu, Shen & van den Hengel, "Wider or Deeper", arXiv 1611.10080: seven modules; 105,070,912
parameters without the classifier. Dilated from the fourth module on (their model A2).
"""

from __future__ import annotations

from torch import Tensor, nn

from vocalsep.backbones.compose import Encoder
from vocalsep.backbones.encoders.base import encoder, scaled, stage_strides

# Of modules 2 to 7: units, widths inside a unit (two 3×3, or 1×1, 3×3, 1×1).
MODULES = (
    (3, (128, 128)),
    (3, (256, 256)),
    (6, (512, 512)),
    (3, (512, 1024)),
    (1, (512, 1024, 2048)),
    (1, (1024, 2048, 4096)),
)


def norm_act_conv(channels: tuple[int, int], kernel: int, stride: int, dilation: int) -> nn.Module:
    """Batch norm, ReLU, convolution."""
    padding = dilation * (kernel // 2)
    conv = nn.Conv2d(*channels, kernel, stride, padding, dilation, bias=False)
    return nn.Sequential(nn.BatchNorm2d(channels[0]), nn.ReLU(), conv)


class Unit(nn.Module):
    """Pre-activated convolutions beside a shortcut, which starts after the first activation."""

    def __init__(self, d_in: int, widths: tuple[int, ...], stride: int, dilation: int) -> None:
        super().__init__()
        kernels = (3, 3) if len(widths) == 2 else (1, 3, 1)
        ends = zip((d_in, *widths), widths, strict=False)
        layers = [
            norm_act_conv(pair, kernel, stride if k == 0 else 1, dilation if kernel == 3 else 1)
            for k, (pair, kernel) in enumerate(zip(ends, kernels, strict=True))
        ]
        first = list(layers[0].children())
        self.activate = nn.Sequential(*first[:2])
        self.branch = nn.Sequential(first[2], *layers[1:])
        changes = stride != 1 or d_in != widths[-1]
        self.shortcut = nn.Conv2d(d_in, widths[-1], 1, stride, bias=False) if changes else None

    def forward(self, features: Tensor) -> Tensor:
        active = self.activate(features)
        shortcut = features if self.shortcut is None else self.shortcut(active)
        out: Tensor = self.branch(active) + shortcut
        return out


@encoder("wide_resnet38", "Wu et al., 2016")
class WideResNet38(Encoder):
    """A 3×3 convolution (module 1) and six modules of residual units.

    Args:
        in_channels: D of the input.
        width: factor on all widths.
        output_stride: total stride that is not passed; later modules are dilated instead.
        activated: whether the last feature comes after a norm and ReLU.

    Features: of modules 1 to 7, strides 1, 2, 4, 8, 16, 32 and 32 unless limited.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        width: float = 1.0,
        output_stride: int = 8,
        activated: bool = True,
    ) -> None:
        super().__init__()
        d_in = scaled(64, width)
        self.stages = nn.ModuleList([nn.Conv2d(in_channels, d_in, 3, padding=1, bias=False)])
        channels = [d_in]
        plan = stage_strides(1, 6, output_stride)
        plan.append((1, plan[-1][1], plan[-1][2]))
        for index, (n_units, widths) in enumerate(MODULES):
            stride, dilation, _ = plan[index + 1]
            inner = tuple(scaled(n, width) for n in widths)
            units: list[nn.Module] = []
            if index < 2:  # pooling before modules 2 and 3, strides in the later ones
                units.append(nn.MaxPool2d(3, 2, padding=1))
                stride = 1
            for k in range(n_units):
                units.append(Unit(d_in, inner, stride if k == 0 else 1, dilation))
                d_in = inner[-1]
            self.stages.append(nn.Sequential(*units))
            channels.append(d_in)
        self.last: nn.Module = nn.Identity()
        if activated:
            self.last = nn.Sequential(nn.BatchNorm2d(d_in), nn.ReLU())
        self.channels, self.strides = tuple(channels), tuple(total for _, _, total in plan)

    def forward(self, features: Tensor) -> list[Tensor]:
        out: list[Tensor] = []
        for module in self.stages:
            features = module(features)
            out.append(features)
        return [*out[:-1], self.last(features)]
