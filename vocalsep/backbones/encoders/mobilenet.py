"""MobileNet v1, v2 and v3: depthwise-separable convolutions, inverted residuals.

Sources: Howard et al., arXiv 1704.04861 (v1); Sandler et al., CVPR 2018 (v2: expansion 6, linear
bottleneck, residual where stride and width stay); Howard et al., ICCV 2019 (v3: squeeze and
excitation, hard swish).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from vocalsep.backbones.compose import Encoder
from vocalsep.backbones.encoders.base import conv_norm, encoder, scaled
from vocalsep.backbones.parts.layers import Kernel


@dataclass(frozen=True)
class Unit:
    """One inverted residual: its published widths, before scaling."""

    expanded: int
    out: int
    stride: int = 1
    kernel: int = 3
    excite: bool = False
    act: str = "relu"


def _v2() -> list[Unit]:
    """Rows (expansion, width, repeats, stride) of the paper's table 2."""
    units: list[Unit] = []
    d_in = 32
    rows = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)]
    for factor, out, n, stride in [*rows, (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for k in range(n):
            units.append(Unit(factor * d_in, out, stride if k == 0 else 1, act="relu6"))
            d_in = out
    return units


# Tables 1 and 2 of the v3 paper.
_HARD = "hard_swish"
V3_LARGE = [
    Unit(16, 16), Unit(64, 24, 2), Unit(72, 24),
    Unit(72, 40, 2, 5, True), Unit(120, 40, 1, 5, True), Unit(120, 40, 1, 5, True),
    Unit(240, 80, 2, act=_HARD), Unit(200, 80, act=_HARD),
    Unit(184, 80, act=_HARD), Unit(184, 80, act=_HARD),
    Unit(480, 112, 1, 3, True, _HARD), Unit(672, 112, 1, 3, True, _HARD),
    Unit(672, 160, 2, 5, True, _HARD), Unit(960, 160, 1, 5, True, _HARD),
    Unit(960, 160, 1, 5, True, _HARD),
]  # fmt: skip
V3_SMALL = [
    Unit(16, 16, 2, 3, True), Unit(72, 24, 2), Unit(88, 24),
    Unit(96, 40, 2, 5, True, _HARD), Unit(240, 40, 1, 5, True, _HARD),
    Unit(240, 40, 1, 5, True, _HARD), Unit(120, 48, 1, 5, True, _HARD),
    Unit(144, 48, 1, 5, True, _HARD), Unit(288, 96, 2, 5, True, _HARD),
    Unit(576, 96, 1, 5, True, _HARD), Unit(576, 96, 1, 5, True, _HARD),
]  # fmt: skip


class SqueezeExcite(nn.Module):
    """Scale channels by a hard sigmoid of their own means (v3): D → D/4 → D."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        # Never more than a tenth below a quarter of the width, as published.
        squeezed = scaled(channels // 4, 1, 8)
        squeezed += 8 if squeezed < 0.9 * (channels // 4) else 0
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1),
            nn.ReLU(),
            nn.Conv2d(squeezed, channels, 1),
            nn.Hardsigmoid(),
        )

    def forward(self, features: Tensor) -> Tensor:
        out: Tensor = features * self.gate(features)
        return out


class InvertedResidual(nn.Module):
    """1×1 to the expanded width, depthwise, (squeeze and excitation,) linear 1×1."""

    def __init__(self, d_in: int, unit: Unit, stride: int, dilation: int = 1) -> None:
        super().__init__()
        wide, act = unit.expanded, unit.act
        depthwise = Kernel(unit.kernel, stride, dilation, groups=wide)
        self.branch = nn.Sequential(
            *([] if wide == d_in else [conv_norm((d_in, wide), 1, act)]),
            conv_norm((wide, wide), depthwise, act),
            *([SqueezeExcite(wide)] if unit.excite else []),
            conv_norm((wide, unit.out), 1, "none"),
        )
        self.residual = stride == 1 and d_in == unit.out

    def forward(self, features: Tensor) -> Tensor:
        out: Tensor = self.branch(features)
        return features + out if self.residual else out


class Separable(nn.Sequential):
    """Depthwise 3×3 and 1×1 convolution, each with norm and activation (v1)."""

    def __init__(self, d_in: int, unit: Unit, stride: int, dilation: int = 1) -> None:
        depthwise = Kernel(3, stride, dilation, groups=d_in)
        super().__init__(conv_norm((d_in, d_in), depthwise), conv_norm((d_in, unit.out), 1))


_V1_OUT = [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]
V1 = [Unit(0, out, 2 if k in (1, 3, 5, 11) else 1) for k, out in enumerate(_V1_OUT)]


@dataclass(frozen=True)
class Plan:
    """What differs between the versions: units, and the convolutions before and after them."""

    paper: str
    units: list[Unit]
    stem: int
    last: int
    act: str
    unit: type[InvertedResidual] | type[Separable] = InvertedResidual


class MobileNet(Encoder):
    """A strided convolution, units, and (v2, v3) a last 1×1 convolution.

    Args:
        in_channels: D of the input.
        plan: which MobileNet.
        width: factor on all widths.
        output_stride: total stride that is not passed; later units are dilated instead.

    Features: what each size ends with; strides 2, 4, 8, 16 and 32 unless limited.
    """

    def __init__(
        self,
        in_channels: int,
        plan: Plan,
        *,
        width: float = 1.0,
        output_stride: int = 32,
    ) -> None:
        super().__init__()
        d_in = scaled(plan.stem, width)
        stages = [nn.Sequential(conv_norm((in_channels, d_in), Kernel(3, 2), plan.act))]
        strides, channels = [2], [d_in]
        dilation = 1
        for unit in plan.units:
            stride = unit.stride if strides[-1] * unit.stride <= output_stride else 1
            dilation *= unit.stride // stride
            if unit.stride == 2:
                stages.append(nn.Sequential())
                strides.append(strides[-1] * stride)
                channels.append(0)
            grown = Unit(
                scaled(unit.expanded, width), scaled(unit.out, width), stride, unit.kernel,
                unit.excite, unit.act,
            )  # fmt: skip
            stages[-1].append(plan.unit(d_in, grown, stride, dilation))
            d_in = channels[-1] = grown.out
        if plan.last:
            channels[-1] = scaled(plan.last, width)
            stages[-1].append(conv_norm((d_in, channels[-1]), 1, plan.act))
        self.stages = nn.ModuleList(stages)
        self.channels, self.strides = tuple(channels), tuple(strides)

    def forward(self, features: Tensor) -> list[Tensor]:
        out: list[Tensor] = []
        for stage in self.stages:
            features = stage(features)
            out.append(features)
        return out


PLANS = {
    "mobilenet_v1": Plan("Howard et al., 2017", V1, 32, 0, "relu", Separable),
    "mobilenet_v2": Plan("Sandler et al., CVPR 2018", _v2(), 32, 1280, "relu6"),
    "mobilenet_v3_large": Plan("Howard et al., ICCV 2019", V3_LARGE, 16, 960, _HARD),
    "mobilenet_v3_small": Plan("Howard et al., ICCV 2019", V3_SMALL, 16, 576, _HARD),
}
for _name, _plan in PLANS.items():
    encoder(_name, _plan.paper)(partial(MobileNet, plan=_plan))
