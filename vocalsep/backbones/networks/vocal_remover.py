"""Cascaded networks of vocal-remover: bands first, then the whole spectrum."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Backbone, Reference
from vocalsep.backbones.compose import Stack
from vocalsep.backbones.parts.decoders import TopDown
from vocalsep.backbones.parts.frequency import FrameLSTM
from vocalsep.backbones.parts.layers import ConvNormAct, Kernel, Style, conv
from vocalsep.backbones.parts.merge import Concat, concat
from vocalsep.backbones.parts.pyramid import ASPP
from vocalsep.backbones.parts.up import Bilinear
from vocalsep.recipe.part import check

SOURCE = "tsurumeso/vocal-remover"
RATES = ((4, 2), (8, 4), (12, 6))  # of the dilated convolutions: frequency, time
AUXILIARY_WEIGHT = 0.25  # the reference weighs 0.8 : 0.2


@BACKBONES.register("vocal_remover")
class VocalRemover(Backbone):
    """Two stages of one network for each half of the spectrum, a third for all of it.

    Every stage sees the input and the features of the stages before it.

    Source: tsurumeso/vocal-remover, CascadedNet. Its auxiliary head reads the features of the first
    two stages. Masks and the 64 frames that are cut at each end there are the separator's business.

    Args:
        in_channels: D of the input: 2 for magnitudes of stereo, 4 for complex values.
        out_channels: D of the output.
        n_bins: frequency bins of the input.
        width: D of the last network; the others are narrower.
        hidden: of the LSTMs of the last network and the low bands; half of it for the high bands.
    """

    about = About(
        family="audio",
        paper="tsurumeso/vocal-remover, 2021",
        ndims=(2,),
        references=(
            Reference(2, 2, 14_740_882, SOURCE + ", magnitude", {"n_bins": 1024}),
            Reference(4, 4, 14_742_866, SOURCE + ", complex", {"n_bins": 1024}),
        ),
        thin={"width": 8, "hidden": 4},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        n_bins: int,
        width: int = 32,
        hidden: int = 128,
    ) -> None:
        super().__init__()
        check("n_bins", n_bins, n_bins >= 1, "1 or more")
        check("width", width, width >= 4 and width % 4 == 0, "a multiple of 4")
        check("hidden", hidden, hidden >= 4 and hidden % 4 == 0, "a multiple of 4")
        self.n_bins = n_bins
        self.stride = (32, 16)  # both halves of the spectrum are divided by 16
        self.auxiliary_weights = (AUXILIARY_WEIGHT,)
        half = -(-n_bins // 32) * 16
        second = width // 4 + in_channels
        self.low = nn.ModuleList(
            nn.Sequential(Net(d_in, d, half, hidden), ConvNormAct(Style(), (d, d // 2), 1))
            for d_in, d in ((in_channels, width // 2), (second, width))
        )
        self.high = nn.ModuleList(
            Net(d_in, d, half, hidden // 2)
            for d_in, d in ((in_channels, width // 4), (second, width // 2))
        )
        d_bands = 3 * width // 4
        self.full = Net(d_bands + in_channels, width, 2 * half, hidden)
        self.head = conv(2, (width, out_channels), 1, bias=False)
        self.auxiliary_head = conv(2, (d_bands, out_channels), 1, bias=False)

    def bands(self, features: Tensor) -> Tensor:
        """Features of both stages of the bands, joined: (B, D, F, T) -> (B, 3/4 width, F, T)."""
        low, high = features.chunk(2, dim=2)
        first = [self.low[0](low), self.high[0](high)]
        second = [self.low[1](concat(low, first[0])), self.high[1](concat(high, first[1]))]
        return concat(torch.cat(first, dim=2), torch.cat(second, dim=2))

    def transform(self, features: Tensor) -> Tensor:
        return self.transform_all(features)[0]

    def transform_all(self, features: Tensor) -> list[Tensor]:
        bands = self.bands(features)
        full = self.full(concat(features, bands))
        return [self.head(full), self.auxiliary_head(bands)]


class Net(nn.Module):
    """A U-Net of four strides with ASPP at the bottom and an LSTM over frames in the decoder.

    Args:
        d_in: D of the input.
        width: D of the finest level; 2, 4, 6 and 8 times that further down.
        n_bins: frequency bins of the input.
        hidden: of the LSTM, which works at half of the bins.
    """

    def __init__(self, d_in: int, width: int, n_bins: int, hidden: int) -> None:
        super().__init__()
        leaky = Style(act="leaky_relu_0.01")
        widths = [width, 2 * width, 4 * width, 6 * width, 8 * width]
        pairs = list(pairwise(widths))
        downs = [
            nn.Sequential(
                ConvNormAct(leaky, pair, Kernel(stride=2)), ConvNormAct(leaky, (pair[1], pair[1]))
            )
            for pair in pairs
        ]
        first = ConvNormAct(Style(), (d_in, width))
        self.encoder = Stack([first, *downs], [nn.Identity() for _ in downs], widths)
        self.aspp = ASPP((widths[-1], widths[-1]), RATES, keep_time=True, dropout=0.1)
        blocks: list[nn.Module] = [
            ConvNormAct(Style(), (fine + coarse, fine)) for fine, coarse in pairs[:0:-1]
        ]
        blocks[-1] = nn.Sequential(blocks[-1], WithLSTM(2 * width, n_bins // 2, hidden))
        blocks.append(ConvNormAct(Style(), (3 * width + 1, width)))
        ups = [Bilinear(2, (coarse, coarse), align_corners=True) for _, coarse in pairs[::-1]]
        self.decoder = TopDown(ups, [Concat() for _ in pairs], blocks)

    def forward(self, features: Tensor) -> Tensor:
        *skips, coarsest = self.encoder(features)
        out: Tensor = self.decoder([*skips, self.aspp(coarsest)])[0]
        return out


class WithLSTM(nn.Module):
    """One more channel: what an LSTM over frames makes of the features."""

    def __init__(self, channels: int, n_bins: int, hidden: int) -> None:
        super().__init__()
        self.lstm = FrameLSTM(channels, n_bins, hidden)

    def forward(self, features: Tensor) -> Tensor:
        return concat(features, self.lstm(features))
