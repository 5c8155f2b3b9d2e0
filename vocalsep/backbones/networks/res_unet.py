"""ResUNet: residual units with norm and activation first, strides instead of pooling."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import EncoderDecoder, Stack, check_widths
from vocalsep.backbones.parts.decoders import TopDown
from vocalsep.backbones.parts.layers import Kernel, Style, activation, conv, norm
from vocalsep.backbones.parts.merge import Concat, Joined
from vocalsep.backbones.parts.up import upsampler

SOURCE = "nikhilroxtomar/Semantic-Segmentation-Architecture"


@BACKBONES.register("res_unet")
class ResUNet(EncoderDecoder):
    """Deep residual U-Net of seven units: three down, a bridge, three up.

    Source: Zhang, Liu & Wang, "Road Extraction by Deep Residual U-Net", IEEE GRSL 2018. Shortcuts
    are 1×1 convolutions in every unit, as in nikhilroxtomar's code, which has the count below; the
    paper's 7.8 M was not verified.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        widths: D of every level, from the finest to the coarsest.
        up: name of an upsampler that can keep the channels.
        norm: name of a norm.
        ndim: 1, 2 or 3.
    """

    about = About(
        family="U-Net",
        paper="Zhang et al., IEEE GRSL 2018",
        ndims=(1, 2, 3),
        references=(Reference(3, 1, 8_220_993, SOURCE),),
        thin={"widths": [4, 6, 8], "norm": "group"},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        widths: Sequence[int] = (64, 128, 256, 512),
        up: str = "bilinear",
        norm: str = "batch",
        ndim: int = 2,
    ) -> None:
        check_widths(widths)
        style = Style(ndim, norm, bias=True)
        unit = partial(ResidualUnit, style)
        pairs = list(pairwise(widths))
        first = ResidualUnit(style, (in_channels, widths[0]), plain_start=True)
        encoder = Stack(
            [first, *(unit(pair, stride=2) for pair in pairs)],
            [nn.Identity() for _ in pairs],
            widths,
        )
        steps = pairs[::-1]
        decoder = TopDown(
            [upsampler(up, ndim, (coarse, coarse)) for _, coarse in steps],
            [Concat() for _ in steps],
            [unit((Joined(fine, coarse), fine)) for fine, coarse in steps],
        )
        super().__init__(encoder, decoder, conv(ndim, (widths[0], out_channels), 1), ndim=ndim)


class ResidualUnit(nn.Module):
    """(norm, activation, 3×3) twice, plus a 1×1 shortcut.

    Args:
        style: of the layers.
        channels: D before and after.
        stride: of the first convolution and the shortcut.
        plain_start: begin with the convolution: nothing is to be normalised in the input itself.
    """

    def __init__(
        self,
        style: Style,
        channels: tuple[int, int],
        stride: int = 1,
        plain_start: bool = False,
    ) -> None:
        super().__init__()
        d_in, d_out = channels
        start = [] if plain_start else [norm(style.norm, style.ndim, d_in), activation(style.act)]
        self.body = nn.Sequential(
            *start,
            conv(style.ndim, channels, Kernel(stride=stride), style.bias),
            norm(style.norm, style.ndim, d_out),
            activation(style.act),
            conv(style.ndim, (d_out, d_out), 3, style.bias),
        )
        self.shortcut = conv(style.ndim, channels, Kernel(1, stride), style.bias)

    def forward(self, features: Tensor) -> Tensor:
        out: Tensor = self.body(features) + self.shortcut(features)
        return out
