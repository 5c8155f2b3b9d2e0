"""U-Nets of recurrent residual blocks, with and without attention gates."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from torch import nn

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.networks.attention_unet import SOURCE, LeeUNet
from vocalsep.backbones.parts.attention import GatedConcat
from vocalsep.backbones.parts.blocks import RecurrentResidual
from vocalsep.backbones.parts.layers import Style
from vocalsep.backbones.parts.merge import Concat


@BACKBONES.register("r2_unet")
class R2UNet(LeeUNet):
    """U-Net of recurrent residual blocks.

    Source: Alom et al., "Recurrent Residual Convolutional Neural Network based on U-Net", 2018.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        widths: D of every level, from the finest to the coarsest.
        t: how often each convolution's output is fed back to it; costs time, no parameters.
        ndim: 1, 2 or 3.
    """

    gated: ClassVar[bool] = False  # whether skips go through attention gates
    about = About(
        family="U-Net",
        paper="Alom et al., 2018",
        ndims=(1, 2, 3),
        references=(Reference(3, 1, 39_091_393, SOURCE),),
        thin={"widths": [4, 6, 8]},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        widths: Sequence[int] = (64, 128, 256, 512, 1024),
        t: int = 2,
        ndim: int = 2,
    ) -> None:
        block = partial(RecurrentResidual, Style(ndim, bias=True), t=t)

        def merge(width: int) -> nn.Module:
            return GatedConcat(ndim, width) if self.gated else Concat()

        super().__init__((in_channels, out_channels), widths, block, merge, ndim)


@BACKBONES.register("attention_r2_unet")
class AttentionR2UNet(R2UNet):
    """R2U-Net with the gates of Attention U-Net: the sum of both ideas, from the same code."""

    gated = True
    about = About(
        family="U-Net",
        paper="Oktay et al., MIDL 2018; Alom et al., 2018",
        ndims=(1, 2, 3),
        references=(Reference(3, 1, 39_442_925, SOURCE),),
        thin={"widths": [4, 6, 8]},
    )
