"""TFC-TDF, second version: the network of MDX-Net."""

from __future__ import annotations

from itertools import pairwise

from torch import nn

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import Stack
from vocalsep.backbones.parts.decoders import TopDown
from vocalsep.backbones.parts.down import halving_conv
from vocalsep.backbones.parts.frequency import (
    FrequencyLastNetwork,
    FrequencyLayers,
    WithFrequencyLayers,
)
from vocalsep.backbones.parts.layers import ConvNormAct, Style, conv
from vocalsep.backbones.parts.merge import Multiply
from vocalsep.backbones.parts.up import TransposedNormAct
from vocalsep.recipe.part import check


@BACKBONES.register("tfc_tdf_v2")
class TFCTDFv2(FrequencyLastNetwork):
    """Three convolutions in a row, then F -> F/8 -> F; skips are multiplied, not concatenated.

    Source: Kim et al., "KUIELab-MDX-Net", MDX workshop at ISMIR 2021. There the output is the
    complex spectrum itself, real and imaginary parts as channels: the mask "direct".

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        n_bins: frequency bins of the input.
        width: D of the finest level, and by how much each coarser one has more.
        n_levels: times that the size is halved.
        n_convs: convolutions of each block.
        bottleneck: by how much the inner dense layer is narrower.
    """

    about = About(
        family="audio",
        paper="Kim et al., MDX workshop 2021",
        ndims=(2,),
        references=(Reference(4, 4, 7_423_236, "kuielab/mdx-net", {"n_bins": 2048}),),
        thin={"width": 4, "n_levels": 2, "n_convs": 1, "bottleneck": 2},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        n_bins: int,
        width: int = 32,
        n_levels: int = 5,
        n_convs: int = 3,
        bottleneck: int = 8,
    ) -> None:
        check("n_bins", n_bins, n_bins >= 1, "1 or more")
        check("bottleneck", bottleneck, bottleneck >= 1, "1 or more")
        check("n_levels", n_levels, 1 <= n_levels <= 8, "1 to 8")
        finest = -(-n_bins // 2**n_levels) * 2**n_levels
        style = Style(bias=True)
        widths = [width * (level + 1) for level in range(n_levels + 1)]

        def block(level: int) -> nn.Module:
            d, bins = widths[level], finest // 2**level
            convs = nn.Sequential(*(ConvNormAct(style, (d, d)) for _ in range(n_convs)))
            tdf = FrequencyLayers(d, bins, max(1, bins // bottleneck))
            return WithFrequencyLayers(convs, tdf)

        first = ConvNormAct(style, (in_channels, width), 1)
        pairs = list(pairwise(widths))
        encoder = Stack(
            [nn.Sequential(first, block(0)), *(block(n) for n in range(1, n_levels + 1))],
            [halving_conv(style, pair) for pair in pairs],
            widths,
        )
        decoder = TopDown(
            [TransposedNormAct(style, (coarse, fine)) for fine, coarse in pairs[::-1]],
            [Multiply() for _ in pairs],
            [block(level) for level in range(n_levels)[::-1]],
        )
        super().__init__(encoder, decoder, conv(2, (width, out_channels), 1))
        self.n_bins = n_bins
