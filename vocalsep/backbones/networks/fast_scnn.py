"""Fast-SCNN: shallow shared layers, then a deep branch at low resolution beside a skip.

Source: Poudel, Liwicki & Cipolla, "Fast-SCNN: Fast Semantic Segmentation Network", BMVC 2019;
parameter counts of Tramac/Fast-SCNN-pytorch and lxtGH/Fast_Seg (auxiliary head).
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.base import BACKBONES, About, Backbone, Reference
from vocalsep.backbones.encoders.base import conv_norm, scaled
from vocalsep.backbones.encoders.mobilenet import InvertedResidual, Separable, Unit
from vocalsep.backbones.parts.heads import conv_head
from vocalsep.backbones.parts.layers import ConvNormAct, Kernel, Style, conv
from vocalsep.backbones.parts.pyramid import PyramidPooling
from vocalsep.backbones.parts.resize import resize

BOTTLENECKS = ((64, 2), (96, 2), (128, 1))  # width and stride of three units each


def separable(d_in: int, d_out: int, stride: int = 1) -> Separable:
    """Depthwise 3×3 and 1×1 convolution, each with norm and ReLU."""
    return Separable(d_in, Unit(0, d_out), stride)


@BACKBONES.register("fast_scnn")
class FastSCNN(Backbone):
    """Learning to down-sample, inverted residuals with pyramid pooling, fusion by sum.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        width: factor on all widths.
        strides: of the three shared layers; their product is the stride of the logits, so
            (1, 1, 2) keeps harmonics apart.
        keep_time: pyramid pooling over frequency alone.
        auxiliary: weight of the loss on the shared layers; 0: none.
    """

    about = About(
        family="real time",
        paper="Poudel et al., BMVC 2019",
        references=(
            Reference(3, 19, 1_176_278, "lxtGH/Fast_Seg"),
            Reference(3, 19, 1_138_051, "Tramac/Fast-SCNN-pytorch", {"auxiliary": 0.0}),
        ),
        thin={"width": 1 / 8, "strides": [1, 1, 2]},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        width: float = 1.0,
        strides: tuple[int, int, int] = (2, 2, 2),
        keep_time: bool = False,
        auxiliary: float = 0.4,
    ) -> None:
        super().__init__()
        a, b, c = (scaled(n, width) for n in (32, 48, 64))
        self.stride = 4 * strides[0] * strides[1] * strides[2]
        self.shared = nn.Sequential(
            conv_norm((in_channels, a), Kernel(3, strides[0])),
            separable(a, b, strides[1]),
            separable(b, c, strides[2]),
        )
        units: list[nn.Module] = []
        d = c
        for out, stride in BOTTLENECKS:
            d_out = scaled(out, width)
            for k in range(3):
                units.append(InvertedResidual(d, Unit(6 * d, d_out), stride if k == 0 else 1))
                d = d_out
        pyramid = PyramidPooling(d, d // 4, keep_time=keep_time)
        self.context = nn.Sequential(*units, pyramid, conv_norm((pyramid.d_out, d), 1))
        linear = Style(act="none", bias=True)
        self.low = nn.Sequential(
            conv_norm((d, d), Kernel(groups=d)), ConvNormAct(linear, (d, d), 1)
        )
        self.high = ConvNormAct(linear, (c, d), 1)
        self.head = nn.Sequential(
            separable(d, d), separable(d, d), nn.Dropout(0.1), conv(2, (d, out_channels), 1)
        )
        self.auxiliary_weights = (auxiliary,) if auxiliary else ()
        self.auxiliary_heads = nn.ModuleList(
            conv_head(c, c, out_channels) for _ in self.auxiliary_weights
        )

    def _levels(self, features: Tensor) -> list[Tensor]:
        """The fused feature, then the shared one."""
        shared = self.shared(features)
        context = resize(self.context(shared), shared.shape[2:])
        return [functional.relu(self.low(context) + self.high(shared)), shared]

    def transform(self, features: Tensor) -> Tensor:
        out: Tensor = self.head(self._levels(features)[0])
        return out

    def transform_all(self, features: Tensor) -> list[Tensor]:
        last, *coarser = self._levels(features)
        heads = zip(self.auxiliary_heads, coarser, strict=False)
        return [self.head(last), *(head(each) for head, each in heads)]
