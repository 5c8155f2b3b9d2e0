"""DFNet V1 and V2, found by partial order pruning.

Source: Li et al., "Partial Order Pruning: for Best Speed/Accuracy Trade-off in Neural Architecture
Search", CVPR 2019: basic residual units, most of them where they cost least time.
"""

from __future__ import annotations

from functools import partial

from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.compose import Encoder
from vocalsep.backbones.encoders.base import conv_norm, encoder, scaled
from vocalsep.backbones.encoders.resnet import basic
from vocalsep.backbones.parts.layers import Kernel

# Of each feature: its stages as (width, units, stride).
Plan = tuple[tuple[tuple[int, int, int], ...], ...]
V1: Plan = (((64, 3, 2),), ((128, 3, 2),), ((256, 3, 2),), ((512, 1, 1),))
V2: Plan = (
    ((64, 2, 2), (128, 1, 1)),
    ((128, 10, 2), (256, 1, 1)),
    ((256, 4, 2), (512, 2, 1)),
)


class DFNet(Encoder):
    """Two strided convolutions and stages of basic units.

    Args:
        in_channels: D of the input.
        plan: which DFNet.
        width: factor on all widths.
        stem_strides: of the two convolutions; (1, 1) for features four times as fine.

    Features: of the second convolution, then of each row of the plan; strides 4, 8, 16 and 32
    (V1 has two at 32).
    """

    def __init__(
        self,
        in_channels: int,
        plan: Plan,
        *,
        width: float = 1.0,
        stem_strides: tuple[int, int] = (2, 2),
    ) -> None:
        super().__init__()
        half, d_in = scaled(32, width), scaled(64, width)
        first, second = stem_strides
        self.stem = nn.Sequential(
            conv_norm((in_channels, half), Kernel(3, first)),
            conv_norm((half, d_in), Kernel(3, second)),
        )
        self.levels = nn.ModuleList()
        channels, strides = [d_in], [first * second]
        for stages in plan:
            units: list[nn.Module] = []
            total = strides[-1]
            for out, n_units, stride in stages:
                d_out = scaled(out, width)
                for k in range(n_units):
                    units.append(basic((d_in, d_out), stride if k == 0 else 1))
                    d_in = d_out
                total *= stride
            self.levels.append(nn.Sequential(*units))
            channels.append(d_in)
            strides.append(total)
        self.channels, self.strides = tuple(channels), tuple(strides)

    def forward(self, features: Tensor) -> list[Tensor]:
        out = [self.stem(features)]
        for level in self.levels:
            out.append(functional.relu(level(out[-1])))
        return out


PAPER = "Li et al., CVPR 2019"
encoder("dfnet_v1", PAPER)(partial(DFNet, plan=V1))
encoder("dfnet_v2", PAPER)(partial(DFNet, plan=V2))
