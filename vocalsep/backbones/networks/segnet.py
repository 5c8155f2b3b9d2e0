"""SegNet: a decoder that puts every value back where the encoder's pooling took it from.

Source: Badrinarayanan, Kendall & Cipolla, "SegNet", TPAMI 2017. Parameter counts: 29,455,125 with
21 classes. No feature crosses from encoder to decoder, only the positions of the maxima.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Backbone, Reference
from vocalsep.backbones.encoders.base import scaled
from vocalsep.backbones.encoders.vgg import STAGES, vgg_stages
from vocalsep.backbones.parts.layers import ConvNormAct, Style, conv
from vocalsep.backbones.parts.positions import max_pool_with_positions, max_unpool

ARITHMETIC = "arithmetic of the paper's layers"


@BACKBONES.register("segnet")
class SegNet(Backbone):
    """The 13 convolutions of VGG16, their mirror image, un-pooling by position.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        width: factor on all widths.
        norm: name of the norm after every convolution.
    """

    about = About(
        family="classic",
        paper="Badrinarayanan et al., TPAMI 2017",
        references=(
            Reference(3, 21, 29_455_125, ARITHMETIC),
            Reference(3, 11, 29_449_355, ARITHMETIC),
            Reference(3, 21, 29_439_253, ARITHMETIC, {"norm": "none"}),
        ),
        thin={"width": 1 / 16},
    )

    def __init__(
        self, in_channels: int, out_channels: int, *, width: float = 1.0, norm: str = "batch"
    ) -> None:
        super().__init__()
        self.stride = 2 ** len(STAGES)
        style = Style(norm=norm, bias=True)
        self.down = vgg_stages(in_channels, width, style, [1] * len(STAGES))
        self.up = nn.ModuleList()
        ends = [None, *(scaled(channels, width) for channels, _ in STAGES)]
        for (channels, n_convs), d_out in reversed(list(zip(STAGES, ends, strict=False))):
            d_in = scaled(channels, width)
            # The last convolution of a stage goes to the width below, that of all to the logits.
            widths = [d_in] * n_convs + ([] if d_out is None else [d_out])
            layers = [ConvNormAct(style, pair) for pair in pairwise(widths)]
            self.up.append(nn.Sequential(*layers))
        self.out = conv(2, (scaled(STAGES[0][0], width), out_channels))

    def transform(self, features: Tensor) -> Tensor:
        pooled: list[tuple[Tensor, Tensor]] = []
        for stage in self.down:
            before = stage(features)
            features, positions = max_pool_with_positions(before)
            pooled.append((before, positions))
        for stage in self.up:
            before, positions = pooled.pop()
            features = stage(max_unpool(features, positions, before.shape[2:]))
        out: Tensor = self.out(features)
        return out
