"""U-Net whose skips are weighed by attention gates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from torch import nn

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import EncoderDecoder, PairToModule, pooled_stack, u_decoder
from vocalsep.backbones.parts.attention import GatedConcat
from vocalsep.backbones.parts.blocks import Double
from vocalsep.backbones.parts.layers import Style, conv
from vocalsep.backbones.parts.up import NearestConv

SOURCE = "LeeJunHyun/Image_Segmentation"


class LeeUNet(EncoderDecoder):
    """What this network shares with the recurrent ones: nearest + 3×3 up, batch norm, all biases.

    Args:
        channels: D of input and output.
        widths: D of every level, from the finest to the coarsest.
        block: (D_in, D_out) -> block.
        merge: D of the skip -> what joins features and skip.
        ndim: 1, 2 or 3.
    """

    def __init__(
        self,
        channels: tuple[int, int],
        widths: Sequence[int],
        block: PairToModule,
        merge: Callable[[int], nn.Module],
        ndim: int,
    ) -> None:
        super().__init__(
            pooled_stack(ndim, channels[0], widths, block),
            u_decoder(widths, partial(NearestConv, ndim), block, merge),
            conv(ndim, (widths[0], channels[1]), 1),
            ndim=ndim,
        )


@BACKBONES.register("attention_unet")
class AttentionUNet(LeeUNet):
    """U-Net whose decoder says at every level which positions of the skip matter.

    Source: Oktay et al., "Attention U-Net", MIDL 2018. The paper's gates work on a coarser grid and
    leave out the finest skip; this is the form in which gate and skip have the same size and all
    skips are gated. With all weights at 1 it is `unet_classic` with up "nearest_conv".

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        widths: D of every level, from the finest to the coarsest.
        ndim: 1, 2 or 3.
    """

    about = About(
        family="U-Net",
        paper="Oktay et al., MIDL 2018",
        ndims=(1, 2, 3),
        references=(Reference(3, 1, 34_878_573, SOURCE),),
        thin={"widths": [4, 6, 8]},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        widths: Sequence[int] = (64, 128, 256, 512, 1024),
        ndim: int = 2,
    ) -> None:
        block = partial(Double, Style(ndim, bias=True))
        super().__init__(
            (in_channels, out_channels), widths, block, partial(GatedConcat, ndim), ndim
        )
