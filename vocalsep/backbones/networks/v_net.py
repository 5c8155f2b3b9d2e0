"""V-Net: residual stages of wide convolutions for volumes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import EncoderDecoder, Stack, check_widths
from vocalsep.backbones.parts.decoders import TopDown
from vocalsep.backbones.parts.down import halving_conv
from vocalsep.backbones.parts.layers import ConvNormAct, Style, activation, conv
from vocalsep.backbones.parts.merge import Concat
from vocalsep.backbones.parts.up import TransposedNormAct
from vocalsep.recipe.part import check


@BACKBONES.register("v_net")
class VNet(EncoderDecoder):
    """Kernel 5, strided and transposed convolutions of kernel 2, a residual around every stage.

    Source: Milletari, Navab & Ahmadi, "V-Net", 3DV 2016 (convolutions per stage 1, 2, 3, 3, 3 and
    PReLU, no norm). The defaults are those of most code since: batch norm, ELU, convolutions
    1, 1, 2, 3, 2 down and 2, 2, 1, 1 up, and a head of a 5-wide layer and a 1×1.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        widths: D of every level of the encoder; the decoder's are twice that, but for the finest.
        n_convs_down: convolutions of every stage of the encoder, from the finest.
        n_convs_up: convolutions of every stage of the decoder, from the coarsest.
        norm: name of a norm.
        act: name of an activation.
        kernel: size of the convolutions.
        ndim: 1, 2 or 3.
    """

    about = About(
        family="volumes",
        paper="Milletari et al., 3DV 2016",
        ndims=(1, 2, 3),
        references=(
            Reference(1, 2, 45_597_898, "Project-MONAI/MONAI"),
            Reference(1, 2, 9_358_730, "Project-MONAI/MONAI, 2-D", {"ndim": 2}),
        ),
        thin={"widths": [4, 6], "n_convs_down": [1, 2], "n_convs_up": [2], "norm": "group"},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        widths: Sequence[int] = (16, 32, 64, 128, 256),
        n_convs_down: Sequence[int] = (1, 1, 2, 3, 2),
        n_convs_up: Sequence[int] = (2, 2, 1, 1),
        norm: str = "batch",
        act: str = "elu",
        kernel: int = 5,
        ndim: int = 3,
    ) -> None:
        check_widths(widths)
        n = len(widths)
        check("n_convs_down", list(n_convs_down), len(n_convs_down) == n, f"{n} numbers")
        check("n_convs_up", list(n_convs_up), len(n_convs_up) == n - 1, f"{n - 1} numbers")
        style = Style(ndim, norm, act)
        first = Stage(style, (in_channels, widths[0]), n_convs_down[0], kernel)
        stages = [
            Stage(style, (width, width), count, kernel)
            for width, count in zip(widths[1:], n_convs_down[1:], strict=True)
        ]
        downs = [halving_conv(style, pair) for pair in pairwise(widths)]
        steps = list(zip(widths, widths[1:], n_convs_up[::-1], strict=False))[::-1]
        below = widths[-1]
        ups: list[nn.Module] = []
        blocks: list[nn.Module] = []
        for fine, coarse, count in steps:
            ups.append(TransposedNormAct(style, (below, coarse - fine)))
            below = coarse
            blocks.append(Stage(style, (below, below), count, kernel))
        head = nn.Sequential(
            ConvNormAct(style, (below, out_channels), kernel),
            conv(ndim, (out_channels, out_channels), 1),
        )
        decoder = TopDown(ups, [Concat() for _ in steps], blocks)
        super().__init__(Stack([first, *stages], downs, widths), decoder, head, ndim=ndim)


class Stage(nn.Module):
    """n layers of convolution, norm and activation; their input, repeated to D, is added.

    The activation after the sum is the last one: the last layer itself is linear where it is the
    only one of the first stage, as in the reference.
    """

    def __init__(self, style: Style, channels: tuple[int, int], n_convs: int, kernel: int) -> None:
        super().__init__()
        d_in, d_out = channels
        first = d_in != d_out
        inner = Style(style.ndim, style.norm, "none" if first else style.act, style.bias)
        pairs = [channels, *[(d_out, d_out)] * (n_convs - 1)]
        self.body = nn.Sequential(*(ConvNormAct(inner, pair, kernel) for pair in pairs))
        self.act = activation(style.act)
        self.d_out = d_out

    def forward(self, features: Tensor) -> Tensor:
        repeats = -(-self.d_out // features.shape[1])
        same = torch.cat([features] * repeats, dim=1)[:, : self.d_out]
        out: Tensor = self.act(self.body(features) + same)
        return out
