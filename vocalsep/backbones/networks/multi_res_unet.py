"""MultiResUNet: blocks that see three scales, and skips that are convolved on their way."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import EncoderDecoder, Stack, check_widths
from vocalsep.backbones.parts.decoders import TopDown
from vocalsep.backbones.parts.down import max_pool
from vocalsep.backbones.parts.layers import ConvNormAct, Style, norm
from vocalsep.backbones.parts.merge import concat
from vocalsep.backbones.parts.up import Transposed


@BACKBONES.register("multi_res_unet")
class MultiResUNet(EncoderDecoder):
    """U-Net of MultiRes blocks with Res paths of 4, 3, 2 and 1 units from the finest level on.

    Source: Ibtehaz & Rahman, "MultiResUNet", Neural Networks 121, 2020; parameters as in the
    authors' PyTorch code, which has one output channel more than classes. There one norm is used
    twice in each unit of a Res path; ours has it once, on the sum, which counts the same.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        widths: U of every level, from the finest to the coarsest; a block makes 1.67 · U channels.
        ndim: 1, 2 or 3.
    """

    about = About(
        family="U-Net",
        paper="Ibtehaz & Rahman, Neural Networks 2020",
        ndims=(1, 2, 3),
        references=(Reference(3, 2, 7_251_376, "nibtehaz/MultiResUNet (PyTorch)"),),
        thin={"widths": [5, 6, 8]},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        widths: Sequence[int] = (32, 64, 128, 256, 512),
        ndim: int = 2,
    ) -> None:
        check_widths(widths)
        style = Style(ndim, bias=True)
        made = [sum(parts_of(width)) for width in widths]
        d_ins = [in_channels, *made[:-1]]
        encoder = Stack(
            [MultiRes(style, pair) for pair in zip(d_ins, widths, strict=True)],
            [max_pool(ndim) for _ in widths[1:]],
            made,
        )
        levels = range(len(widths) - 1)[::-1]
        decoder = TopDown(
            [Transposed(ndim, (made[n + 1], widths[n])) for n in levels],
            [ResPathConcat(style, (made[n], widths[n]), len(widths) - 1 - n) for n in levels],
            [MultiRes(style, (2 * widths[n], widths[n])) for n in levels],
        )
        head = ConvNormAct(Style(ndim, act="none", bias=True), (made[0], out_channels), 1)
        super().__init__(encoder, decoder, head, ndim=ndim)


def parts_of(width: int) -> tuple[int, int, int]:
    """Channels of the three convolutions of a block: 1/6, 1/3 and 1/2 of 1.67 · width, cut off.

    >>> parts_of(32), sum(parts_of(32))
    ((8, 17, 26), 51)
    """
    whole = width * 1.67
    return int(whole * 0.167), int(whole * 0.333), int(whole * 0.5)


class MultiRes(nn.Module):
    """Three 3×3 layers in a row, whose outputs together see 3×3, 5×5 and 7×7; plus a shortcut."""

    def __init__(self, style: Style, channels: tuple[int, int]) -> None:
        super().__init__()
        parts = parts_of(channels[1])
        d_out = sum(parts)
        pairs = pairwise([channels[0], *parts])
        self.chain = nn.ModuleList(ConvNormAct(style, pair) for pair in pairs)
        self.norm = norm(style.norm, style.ndim, d_out)
        self.shortcut = shortcut(style, (channels[0], d_out))
        self.finish = nn.Sequential(norm(style.norm, style.ndim, d_out), nn.ReLU())

    def forward(self, features: Tensor) -> Tensor:
        out, parts = features, []
        for layer in self.chain:
            out = layer(out)
            parts.append(out)
        result: Tensor = self.finish(self.norm(concat(*parts)) + self.shortcut(features))
        return result


class ResPathConcat(nn.Module):
    """Bring the skip closer to the decoder's features by residual units, then join both."""

    def __init__(self, style: Style, channels: tuple[int, int], n_units: int) -> None:
        super().__init__()
        d_out = channels[1]
        pairs = [channels, *[(d_out, d_out)] * (n_units - 1)]
        self.layers = nn.ModuleList(ConvNormAct(style, pair) for pair in pairs)
        self.shortcuts = nn.ModuleList(shortcut(style, pair) for pair in pairs)
        self.norms = nn.ModuleList(norm(style.norm, style.ndim, d_out) for _ in pairs)

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        for layer, short, norm_of_sum in zip(self.layers, self.shortcuts, self.norms, strict=True):
            skip = norm_of_sum(layer(skip) + short(skip)).relu()
        return concat(skip, features)


def shortcut(style: Style, channels: tuple[int, int]) -> ConvNormAct:
    """1×1 convolution and norm."""
    linear = Style(style.ndim, style.norm, "none", style.bias)
    return ConvNormAct(linear, channels, 1)
