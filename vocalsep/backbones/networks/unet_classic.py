"""U-Net with max pooling and double convolutions, in the forms that most code means by "U-Net"."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import EncoderDecoder, pooled_stack, u_decoder
from vocalsep.backbones.parts.blocks import Double
from vocalsep.backbones.parts.decoders import TopDown
from vocalsep.backbones.parts.layers import Style, conv
from vocalsep.backbones.parts.merge import Concat, Joined
from vocalsep.backbones.parts.up import upsampler


@BACKBONES.register("unet_classic")
class ClassicUNet(EncoderDecoder):
    """Blocks of two 3×3 convolutions, 2×2 max pooling, skips by concatenation.

    Source: Ronneberger, Fischer & Brox, "U-Net", MICCAI 2015, with the changes that nearly all
    code since has made: convolutions keep the size and have a norm (`unet_valid` is the original).
    Ours interpolates with pixel centres aligned, milesial/Pytorch-UNet with corners.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        widths: D of every level, from the finest to the coarsest.
        up: name of an upsampler. Interpolation ("bilinear") keeps the channels, so that with it
            each decoder block halves them for the next and the coarsest level is half as wide.
        norm: name of a norm.
        bias: whether convolutions before a norm have a bias.
        ndim: 1, 2 or 3.
    """

    about = About(
        family="U-Net",
        paper="Ronneberger et al., MICCAI 2015",
        ndims=(1, 2, 3),
        references=(
            Reference(3, 2, 31_037_698, "milesial/Pytorch-UNet"),
            Reference(3, 2, 17_263_042, "milesial/Pytorch-UNet, bilinear", {"up": "bilinear"}),
            Reference(
                3,
                1,
                34_527_041,
                "LeeJunHyun/Image_Segmentation",
                {"up": "nearest_conv", "bias": True},
            ),
        ),
        thin={"widths": [4, 6, 8], "norm": "group"},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        widths: Sequence[int] = (64, 128, 256, 512, 1024),
        up: str = "transposed",
        norm: str = "batch",
        bias: bool = False,
        ndim: int = 2,
    ) -> None:
        style = Style(ndim, norm, bias=bias)
        block = partial(Double, style)
        if up == "bilinear":
            widths = [*widths[:-1], *widths[-2:-1]]
            decoder = halving_decoder(style, widths)
        else:
            decoder = u_decoder(widths, partial(upsampler, up, ndim), block)
        super().__init__(
            pooled_stack(ndim, in_channels, widths, block),
            decoder,
            conv(ndim, (widths[0], out_channels), 1),
            ndim=ndim,
        )


def halving_decoder(style: Style, widths: Sequence[int]) -> TopDown:
    """Interpolate, concatenate, and leave half of the channels to the next, finer level."""
    levels = range(len(widths) - 1)[::-1]
    outs = [widths[max(level - 1, 0)] for level in levels]
    joined = [Joined(widths[level], widths[level]) for level in levels]
    return TopDown(
        [upsampler("bilinear", style.ndim, (widths[n], widths[n])) for n in levels],
        [Concat() for _ in levels],
        [Double(style, pair, pair[0] // 2) for pair in zip(joined, outs, strict=True)],
    )
