"""3D U-Net: U-Net of volumes, with narrow first convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import EncoderDecoder, pooled_stack
from vocalsep.backbones.parts.blocks import Double
from vocalsep.backbones.parts.decoders import TopDown
from vocalsep.backbones.parts.layers import Style, conv
from vocalsep.backbones.parts.merge import Concat
from vocalsep.backbones.parts.up import Transposed


@BACKBONES.register("unet_3d")
class UNet3D(EncoderDecoder):
    """Channels double before pooling, upsampling keeps them: no bottleneck in the description.

    Source: Çiçek et al., "3D U-Net", MICCAI 2016. Its 19,069,955 parameters are the weights and
    biases of the convolutions without those of the norms; the transposed convolutions have no bias.
    The paper's convolutions are valid; ours keep the size.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        widths: D of every level, from the finest to the coarsest.
        norm: name of a norm.
        ndim: 1, 2 or 3.
    """

    about = About(
        family="volumes",
        paper="Çiçek et al., MICCAI 2016",
        ndims=(1, 2, 3),
        references=(Reference(3, 3, 19_069_955, "paper, norms not counted", {"norm": "none"}),),
        thin={"widths": [4, 6, 8], "norm": "group"},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        widths: Sequence[int] = (64, 128, 256, 512),
        norm: str = "batch",
        ndim: int = 3,
    ) -> None:
        style = Style(ndim, norm, bias=True)

        def rising(channels: tuple[int, int]) -> nn.Module:
            return Double(style, channels, channels[1] // 2)

        steps = list(pairwise(widths))[::-1]
        decoder = TopDown(
            [Transposed(ndim, (coarse, coarse), bias=False) for _, coarse in steps],
            [Concat() for _ in steps],
            [Double(style, (fine + coarse, fine)) for fine, coarse in steps],
        )
        super().__init__(
            pooled_stack(ndim, in_channels, widths, rising),
            decoder,
            conv(ndim, (widths[0], out_channels), 1),
            ndim=ndim,
        )
