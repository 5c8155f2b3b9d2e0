"""TFC-TDF, first version: dense blocks of convolutions with layers over all frequencies."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import Stack, u_decoder
from vocalsep.backbones.parts.down import halving_conv
from vocalsep.backbones.parts.frequency import (
    FrequencyLastNetwork,
    FrequencyLayers,
    WithFrequencyLayers,
)
from vocalsep.backbones.parts.layers import ConvNormAct, Style
from vocalsep.backbones.parts.merge import concat
from vocalsep.backbones.parts.up import TransposedNormAct
from vocalsep.recipe.part import check

SOURCE = "ws-choi/ISMIR2020_U_Nets_SVS"
LEAST_INNER = 16  # bins between the two dense layers


@BACKBONES.register("tfc_tdf_v1")
class TFCTDFv1(FrequencyLastNetwork):
    """Five densely connected convolutions, then F -> F/16 -> F; as many channels at every level.

    Source: Choi et al., "Investigating U-Nets with various Intermediate Blocks for
    Spectrogram-based Singing Voice Separation", ISMIR 2020. The first and last convolution have
    two taps along frequency; there they trim 2049 bins to 2048 and bring them back, here one of
    their ends is padded so that the number of bins stays.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        n_bins: frequency bins of the input.
        width: D of all levels.
        n_levels: times that the size is halved.
        n_convs: convolutions of each block.
        bottleneck: by how much the inner dense layer is narrower.
        bias: whether dense layers have a bias, and their norms parameters.
    """

    about = About(
        family="audio",
        paper="Choi et al., ISMIR 2020",
        ndims=(2,),
        references=(
            Reference(4, 4, 987_476, SOURCE + ", small", {"n_bins": 1024}),
            Reference(
                4, 4, 2_232_132, SOURCE + ", large", {"n_bins": 2048, "n_levels": 4, "bias": True}
            ),
        ),
        thin={"width": 4, "n_levels": 2, "n_convs": 2},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        n_bins: int,
        width: int = 24,
        n_levels: int = 3,
        n_convs: int = 5,
        bottleneck: int = 16,
        bias: bool = False,
    ) -> None:
        check("n_bins", n_bins, n_bins >= 1, "1 or more")
        check("n_convs", n_convs, n_convs >= 1, "1 or more")
        check("bottleneck", bottleneck, bottleneck >= 1, "1 or more")
        check("n_levels", n_levels, 1 <= n_levels <= 8, "1 to 8")
        finest = -(-n_bins // 2**n_levels) * 2**n_levels

        def block(d_in: int, level: int) -> nn.Module:
            bins = finest // 2**level
            inner = max(LEAST_INNER, bins // bottleneck)
            tdf = FrequencyLayers(width, bins, inner, bias, affine=bias)
            return WithFrequencyLayers(DenseConvs(d_in, width, n_convs), tdf)

        levels = iter(range(n_levels)[::-1])
        linear = Style(act="none", bias=True)
        downs = [halving_conv(linear, (width, width)) for _ in range(n_levels)]
        first = nn.Sequential(
            TwoTaps(in_channels, width, at_end=True), nn.BatchNorm2d(width), nn.ReLU()
        )
        blocks = [
            nn.Sequential(first, block(width, 0)),
            *(block(width, level) for level in range(1, n_levels + 1)),
        ]
        widths = [width] * (n_levels + 1)
        decoder = u_decoder(
            widths,
            lambda pair: TransposedNormAct(linear, pair),
            lambda pair: block(pair[0], next(levels)),
        )
        super().__init__(
            Stack(blocks, downs, widths), decoder, TwoTaps(width, out_channels, at_end=False)
        )
        self.n_bins = n_bins


class DenseConvs(nn.Module):
    """TFC: each 3×3 layer sees the input and all earlier layers; the last one's output is given."""

    def __init__(self, d_in: int, width: int, n_convs: int) -> None:
        super().__init__()
        style = Style(bias=True)
        self.layers = nn.ModuleList(
            ConvNormAct(style, (d_in + n * width, width)) for n in range(n_convs)
        )

    def forward(self, features: Tensor) -> Tensor:
        out = features
        for n, layer in enumerate(self.layers):
            features = features if n == 0 else concat(out, features)
            out = layer(features)
        return out


class TwoTaps(nn.Conv2d):
    """Convolution of two bins of one frame; a zero at one end keeps the number of bins."""

    def __init__(self, d_in: int, d_out: int, at_end: bool) -> None:
        super().__init__(d_in, d_out, (1, 2))
        self.pad = [0, 1] if at_end else [1, 0]

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(functional.pad(input, self.pad))
