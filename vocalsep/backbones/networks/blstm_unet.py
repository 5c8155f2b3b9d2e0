"""U-Net with a recurrent layer over time at its coarsest level."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About
from vocalsep.backbones.compose import EncoderDecoder, pooled_stack, u_decoder
from vocalsep.backbones.parts.blocks import Double
from vocalsep.backbones.parts.frequency import FrameLSTM
from vocalsep.backbones.parts.layers import ConvNormAct, Style, conv
from vocalsep.backbones.parts.merge import Joined, concat
from vocalsep.backbones.parts.up import upsampler
from vocalsep.recipe.part import check


@BACKBONES.register("blstm_unet")
class BLSTMUNet(EncoderDecoder):
    """`unet_classic` whose coarsest frames are joined by a bidirectional LSTM.

    Convolutions see a few seconds at most; the LSTM carries what it heard through the whole chunk.
    It hears all coarse bins of a few squeezed channels, and a 1×1 convolution mixes what it says
    with the features. Our own composition, no paper; Takahashi et al., "MMDenseLSTM", IWAENC 2018,
    put LSTMs into a U-shaped network in a similar way.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        n_bins: frequency bins of the input.
        widths: D of every level, from the finest to the coarsest.
        squeezed: channels that the LSTM hears.
        hidden: outputs of the LSTM, both directions together.
        up: name of an upsampler.
        norm: name of a norm.
    """

    about = About(
        family="audio",
        paper="our own; cf. Takahashi et al., IWAENC 2018",
        ndims=(2,),
        thin={"widths": [4, 6, 8], "squeezed": 2, "hidden": 8, "norm": "group"},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        n_bins: int,
        widths: Sequence[int] = (32, 64, 128, 256, 256),
        squeezed: int = 8,
        hidden: int = 256,
        up: str = "transposed",
        norm: str = "batch",
    ) -> None:
        check("n_bins", n_bins, n_bins >= 1, "1 or more")
        check("hidden", hidden, hidden >= 2 and hidden % 2 == 0, "an even number")
        style = Style(2, norm)
        block = partial(Double, style)
        encoder = pooled_stack(2, in_channels, widths, block)
        coarse_bins = -(-n_bins // encoder.strides[-1])
        neck = LSTMNeck(style, FrameLSTM(widths[-1], coarse_bins, hidden, squeezed), widths[-1])
        decoder = u_decoder(widths, partial(upsampler, up, 2), block)
        head = conv(2, (widths[0], out_channels), 1)
        super().__init__(encoder, nn.Sequential(neck, decoder), head)
        self.n_bins = n_bins


class LSTMNeck(nn.Module):
    """The coarsest features, mixed with what an LSTM over frames makes of them."""

    def __init__(self, style: Style, lstm: FrameLSTM, channels: int) -> None:
        super().__init__()
        self.lstm = lstm
        self.mix = ConvNormAct(style, (Joined(channels, lstm.squeezed), channels), 1)

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        *skips, coarsest = features
        return [*skips, self.mix(concat(coarsest, self.lstm(coarsest)))]
