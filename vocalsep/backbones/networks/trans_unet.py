"""TransUNet: a residual network, a transformer over its coarsest positions, a decoder."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import EncoderDecoder, check_widths
from vocalsep.backbones.encoders.hybrid_resnet import HybridResNet
from vocalsep.backbones.parts.blocks import Double
from vocalsep.backbones.parts.layers import ConvNormAct, Style, conv
from vocalsep.backbones.parts.merge import concat
from vocalsep.backbones.parts.resize import resize
from vocalsep.backbones.parts.transformer import Tokens, TransformerBlock
from vocalsep.recipe.part import check

SOURCE = "Beckschen/TransUNet, R50-ViT-B_16"


@BACKBONES.register("trans_unet")
class TransUNet(EncoderDecoder):
    """ResNet-50 of three stages, 12 ViT blocks at stride 16, a decoder of four steps.

    Source: Chen et al., "TransUNet", 2021. The table of learned positions is interpolated to the
    grid at hand, so any height and width will do; the reference wants squares. There a one-channel
    input is repeated to three, here the first convolution takes any number. Attention is quadratic
    in the number of positions: 512×128 bins are 32×8 of them.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        width: D after the first convolution; the stages have 4, 8 and 16 times as much.
        n_blocks: residual blocks of the three stages.
        hidden: D of the transformer.
        n_layers: transformer blocks.
        n_heads: attention heads; must divide `hidden`.
        positions: rows and columns of the table of positions.
        decoder_widths: D after each step of the decoder, from the coarsest.
        dropout: probability inside the transformer.
    """

    about = About(
        family="transformer",
        paper="Chen et al., 2021",
        ndims=(2,),
        references=(
            Reference(3, 9, 105_277_081, SOURCE + " at 224²"),
            Reference(3, 9, 105_912_985, SOURCE + " at 512²", {"positions": [32, 32]}),
        ),
        thin={
            "width": 4,
            "n_blocks": [1, 1, 1],
            "hidden": 8,
            "n_layers": 1,
            "n_heads": 2,
            "positions": [2, 2],
            "decoder_widths": [8, 8, 4, 4],
        },
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        width: int = 64,
        n_blocks: tuple[int, int, int] = (3, 4, 9),
        hidden: int = 768,
        n_layers: int = 12,
        n_heads: int = 12,
        positions: tuple[int, int] = (14, 14),
        decoder_widths: tuple[int, int, int, int] = (256, 128, 64, 16),
        dropout: float = 0.1,
    ) -> None:
        check_widths(decoder_widths)
        check("width", width, width >= 1, "1 or more")
        divides = n_heads >= 1 and hidden >= 1 and hidden % n_heads == 0
        check("n_heads", n_heads, divides, f"a divisor of hidden, which is {hidden}")
        check("positions", list(positions), min(positions) >= 1, "1 or more along each axis")
        encoder = HybridResNet(in_channels, width, n_blocks)
        layer = [TransformerBlock(hidden, n_heads, dropout) for _ in range(n_layers)]
        neck = Tokens(encoder.channels[-1], hidden, positions, dropout, nn.Sequential(*layer))
        skips = [*encoder.channels[:-1][::-1], 0]
        decoder = nn.Sequential(neck, Cup(hidden, 8 * width, skips, decoder_widths))
        super().__init__(encoder, decoder, conv(2, (decoder_widths[-1], out_channels), 3))
        self.least = 32  # one position alone has no variance to normalise by


class Cup(nn.Module):
    """Cascaded upsampler: a 3×3 layer, then four times bilinear ×2, skip, two 3×3 layers."""

    def __init__(
        self, hidden: int, d_first: int, skips: Sequence[int], widths: Sequence[int]
    ) -> None:
        super().__init__()
        style = Style()
        self.first = ConvNormAct(style, (hidden, d_first))
        pairs = pairwise([d_first, *widths])
        self.blocks = nn.ModuleList(
            Double(style, (d_in + skip, d_out))
            for (d_in, d_out), skip in zip(pairs, skips, strict=True)
        )

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        *skips, grid = features
        out = self.first(grid)
        for block in self.blocks:
            out = resize(out, [2 * n for n in out.shape[2:]])
            out = block(concat(skips.pop(), out) if skips else out)
        return [out]
