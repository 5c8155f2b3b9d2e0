"""DeepLab v3+: a small decoder that takes detail from a fine feature.

Source: Chen et al., "Encoder-Decoder with Atrous Separable Convolution", ECCV 2018; parameter
count of kazuto1011/deeplab-pytorch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import EncoderDecoder
from vocalsep.backbones.encoders.base import build_encoder
from vocalsep.backbones.networks.deeplab_v3 import aspp_rates
from vocalsep.backbones.parts.blocks import Double
from vocalsep.backbones.parts.layers import ConvNormAct, Style, conv
from vocalsep.backbones.parts.merge import concat
from vocalsep.backbones.parts.pyramid import ASPP
from vocalsep.backbones.parts.resize import resize
from vocalsep.registry import one_of


class FuseLow(nn.Module):
    """A neck on the coarsest feature, joined with a fine one reduced to few channels.

    Args:
        neck: on the coarsest feature, gives `width` channels.
        low: index of the fine feature, and its D.
        width: D of what comes out.
        reduced: D of the fine feature before it is joined.
    """

    def __init__(
        self, neck: nn.Module, low: tuple[int, int], width: int, reduced: int = 48
    ) -> None:
        super().__init__()
        self.neck = neck
        self.index = low[0]
        self.reduce = ConvNormAct(Style(), (low[1], reduced), 1)
        self.fuse = Double(Style(), (width + reduced, width))

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        low = self.reduce(features[self.index])
        high = resize(self.neck(features[-1]), low.shape[2:])
        return [self.fuse(concat(high, low))]


@BACKBONES.register("deeplab_v3_plus")
class DeepLabV3Plus(EncoderDecoder):
    """Encoder of output stride 8 or 16, ASPP, and a fine feature of the encoder.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        encoder: name of an encoder; its further parameters are `encoder_params`.
        encoder_params: see the encoder; {"stem_stride": 1} gives a skip at full size.
        output_stride: of the encoder, 8 or 16.
        low: which feature of the encoder is the fine one: 1 has stride 4, or that of the stem.
        rates: dilations at output stride 16; at 8 they are doubled.
        width: D of every branch and of the decoder.
        keep_time: image pooling over frequency alone.
    """

    about = About(
        family="classic",
        paper="Chen et al., ECCV 2018",
        references=(
            Reference(3, 21, 59_344_309, "kazuto1011/deeplab-pytorch", {"encoder": "resnet101"}),
        ),
        thin={"encoder": "resnet18", "encoder_params": {"width": 1 / 16}, "width": 8},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        encoder: str = "xception65",
        encoder_params: Mapping[str, Any] | None = None,
        output_stride: Literal[8, 16] = 16,
        low: int = 1,
        rates: Sequence[int] = (6, 12, 18),
        width: int = 256,
        keep_time: bool = False,
    ) -> None:
        one_of("output_stride", output_stride, (8, 16))
        body = build_encoder(encoder, in_channels, {"output_stride": output_stride}, encoder_params)
        one_of("low", low, range(len(body.channels)))
        neck = ASPP((body.channels[-1], width), aspp_rates(rates, output_stride), keep_time, 0.1)
        decoder = FuseLow(neck, (low, body.channels[low]), width)
        super().__init__(body, decoder, conv(2, (width, out_channels), 1))
