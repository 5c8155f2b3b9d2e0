"""Fully dense U-Net: dense blocks on both sides, and a correction that is added to the input."""

from __future__ import annotations

from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About
from vocalsep.backbones.compose import EncoderDecoder, Stack, u_decoder
from vocalsep.backbones.parts.layers import ConvNormAct, Kernel, Style, conv
from vocalsep.backbones.parts.merge import concat
from vocalsep.backbones.parts.up import Transposed
from vocalsep.recipe.part import check


@BACKBONES.register("dense_unet")
class DenseUNet(EncoderDecoder):
    """FD-UNet: level l has f · 2ˡ channels, each dense block grows from them to twice as many.

    Source: Guan et al., "Fully Dense UNet for 2-D Sparse Photoacoustic Tomography Artifact
    Removal", IEEE JBHI 2020 (f = 64, growth 8 · 2ˡ, layers of 1×1 to f · 2ˡ and 3×3). No code with
    a count is known; the layout follows a description, not the paper's own text. The paper adds
    the output to its one-channel input; ours adds a 1×1 projection of it where the channels differ.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        width: f, D of the finest level before its block.
        growth: channels that each dense layer of the finest level adds; must divide `width`.
        n_levels: levels, the coarsest included.
        ndim: 1, 2 or 3.
    """

    about = About(
        family="U-Net",
        paper="Guan et al., IEEE JBHI 2020",
        ndims=(1, 2, 3),
        thin={"width": 4, "growth": 2, "n_levels": 3},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        width: int = 64,
        growth: int = 8,
        n_levels: int = 5,
        ndim: int = 2,
    ) -> None:
        fits = growth >= 1 and width % growth == 0 and width > 0
        check("growth", growth, fits, f"a divisor of width, which is {width}")
        check("n_levels", n_levels, 2 <= n_levels <= 12, "2 to 12")
        style = Style(ndim)
        widths = [width * 2**level for level in range(n_levels)]
        wide = [2 * each for each in widths]  # D after each dense block

        def dense(level: int) -> DenseBlock:
            return DenseBlock(style, widths[level], growth * 2**level)

        downs = [Shrink(style, (2 * each, 2 * each)) for each in widths[:-1]]
        blocks: list[nn.Module] = [nn.Sequential(conv(ndim, (in_channels, width), 3), dense(0))]
        blocks += [dense(level) for level in range(1, n_levels)]
        by_width = {each: level for level, each in enumerate(widths)}

        def decode(channels: tuple[int, int]) -> nn.Module:
            narrow = ConvNormAct(style, (channels[0], channels[1] // 2), 1)
            return nn.Sequential(narrow, dense(by_width[channels[1] // 2]))

        super().__init__(
            Stack(blocks, downs, wide),
            u_decoder(wide, lambda pair: Transposed(ndim, pair), decode),
            conv(ndim, (wide[0], out_channels), 1),
            ndim=ndim,
        )
        same = in_channels == out_channels
        self.shortcut = nn.Identity() if same else conv(ndim, (in_channels, out_channels), 1)

    def transform(self, features: Tensor) -> Tensor:
        out: Tensor = super().transform(features) + self.shortcut(features)
        return out

    def transform_all(self, features: Tensor) -> list[Tensor]:
        return [self.transform(features)]


class DenseBlock(nn.Module):
    """D -> 2 · D: each layer adds `growth` channels made from all that came before it."""

    def __init__(self, style: Style, channels: int, growth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                ConvNormAct(style, (before, channels), 1), ConvNormAct(style, (channels, growth))
            )
            for before in range(channels, 2 * channels, growth)
        )

    def forward(self, features: Tensor) -> Tensor:
        for layer in self.layers:
            features = concat(features, layer(features))
        return features


class Shrink(nn.Sequential):
    """1×1, then 3×3 with stride 2: half the size."""

    def __init__(self, style: Style, channels: tuple[int, int]) -> None:
        super().__init__(
            ConvNormAct(style, channels, 1),
            ConvNormAct(style, (channels[1], channels[1]), Kernel(stride=2)),
        )
