"""U-Net with strided convolutions, for 1, 2 or 3 dimensions.

Source: Jansson et al., "Singing Voice Separation with Deep U-Net Convolutional Networks",
ISMIR 2017 (kernel 5, widths 16…512, batch norm, dropout 0.5 on the first three decoder levels,
LeakyReLU(0.2) down and ReLU up, skips by concatenation): with one input and one output channel
that is 9,823,313 parameters. The last level has no norm and no activation: the task adds its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Backbone, Reference
from vocalsep.backbones.parts.layers import ConvNormAct, Kernel, Style, norm
from vocalsep.backbones.parts.merge import Joined, concat
from vocalsep.backbones.parts.up import doubling_conv
from vocalsep.errors import RecipeError

MAX_LEVELS = 12  # every level doubles what an input is padded to


@BACKBONES.register("unet")
class UNet(Backbone):
    """Encoder of strided convolutions, decoder of transposed ones, a skip at every level.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        widths: D after each down block, from the finest to the coarsest level.
        kernel: convolution size along every axis, at least 2.
        norm: "batch", "group", "instance" or "none".
        dropout: probability on the three coarsest decoder levels, in training only.
        ndim: 1, 2 or 3.

    Raises:
        RecipeError: no widths, a kernel below 2 or an unknown norm.
    """

    about = About(
        family="audio",
        paper="Jansson et al., ISMIR 2017",
        ndims=(1, 2, 3),
        references=(Reference(1, 1, 9_823_313, "paper"),),
        thin={"widths": [4, 8, 8], "kernel": 4, "norm": "group"},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        widths: Sequence[int] = (16, 32, 64, 128, 256, 512),
        kernel: int = 5,
        norm: str = "batch",
        dropout: float = 0.5,
        ndim: int = 2,
    ) -> None:
        super().__init__()
        n_levels = len(widths)
        fits = 1 <= n_levels <= MAX_LEVELS and min(widths) >= 1 and kernel >= 2
        if not fits or ndim not in self.about.ndims:
            raise RecipeError(
                f"unet: widths={list(widths)}, kernel={kernel}, ndim={ndim}: expected 1 to "
                f"{MAX_LEVELS} positive widths, a kernel of 2 or more and 1 to 3 dimensions"
            )
        self.ndim = ndim
        self.stride = 2 ** len(widths)
        encoder = [in_channels, *widths]
        style = Style(ndim, norm, "leaky_relu", bias=True)
        self.down = nn.ModuleList(
            ConvNormAct(style, pair, Kernel(kernel, stride=2))
            for pair in zip(encoder, widths, strict=False)
        )
        self.up = nn.ModuleList()
        coarse_to_fine = list(widths)[::-1]
        for level, width in enumerate(coarse_to_fine[1:]):
            # Every level but the coarsest gets its skip beside what comes from below.
            above = coarse_to_fine[level]
            d_in = above if level == 0 else Joined(above, above)
            self.up.append(up(style, (d_in, width), kernel, dropout if level < 3 else 0.0))
        last = widths[0] if len(widths) == 1 else Joined(widths[0], widths[0])
        self.out = doubling_conv(ndim, (last, out_channels), kernel)

    def transform(self, features: Tensor) -> Tensor:
        skips: list[Tensor] = []
        for block in self.down:
            features = block(features)
            skips.append(features)
        features = skips.pop()
        for block in self.up:
            features = concat(block(features), skips.pop())
        out: Tensor = self.out(features)
        return out


def up(style: Style, channels: tuple[int, int], kernel: int, dropout: float) -> nn.Sequential:
    """Double every axis: transposed convolution, norm, ReLU and, in training, dropout."""
    layers = [
        doubling_conv(style.ndim, channels, kernel),
        norm(style.norm, style.ndim, channels[1]),
        nn.ReLU(),
    ]
    return nn.Sequential(*layers, *([nn.Dropout(dropout)] if dropout > 0 else []))
