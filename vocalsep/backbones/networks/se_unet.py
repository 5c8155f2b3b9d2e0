"""U-Net with a gate on the channels, or on channels and positions, after every block."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from torch import nn

from vocalsep.backbones.base import BACKBONES, About
from vocalsep.backbones.compose import EncoderDecoder, pooled_stack, u_decoder
from vocalsep.backbones.parts.attention import ATTENTIONS
from vocalsep.backbones.parts.blocks import Double
from vocalsep.backbones.parts.layers import Style, conv
from vocalsep.backbones.parts.up import upsampler


@BACKBONES.register("se_unet")
class SEUNet(EncoderDecoder):
    """`unet_classic` with squeeze and excitation ("se" or "scse") after every block.

    Source: Roy, Navab & Wachinger, MICCAI 2018. Their base network is smaller; no count is
    documented. In a spectrogram the mean over time ties a frame to the length of the chunk:
    `keep_time` gives every frame weights of its own.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        widths: D of every level, from the finest to the coarsest.
        attention: "se" (channels) or "scse" (channels and positions).
        reduction: by how much the inner layer of the channel gate is narrower.
        keep_time: average over all axes but the last.
        up: name of an upsampler.
        norm: name of a norm.
        ndim: 1, 2 or 3.
    """

    about = About(
        family="U-Net",
        paper="Roy et al., MICCAI 2018",
        ndims=(1, 2, 3),
        thin={"widths": [6, 8, 8], "norm": "group", "reduction": 1},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        widths: Sequence[int] = (64, 128, 256, 512, 1024),
        attention: str = "scse",
        reduction: int = 16,
        keep_time: bool = False,
        up: str = "transposed",
        norm: str = "batch",
        ndim: int = 2,
    ) -> None:
        style = Style(ndim, norm)
        gate = ATTENTIONS.get(attention)

        def block(channels: tuple[int, int]) -> nn.Module:
            gated = gate(ndim, channels[1], reduction, keep_time)
            return nn.Sequential(Double(style, channels), gated)

        super().__init__(
            pooled_stack(ndim, in_channels, widths, block),
            u_decoder(widths, partial(upsampler, up, ndim), block),
            conv(ndim, (widths[0], out_channels), 1),
            ndim=ndim,
        )
