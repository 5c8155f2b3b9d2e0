"""DeepLab v3: parallel dilated convolutions and image pooling on a dilated, multi-grid ResNet.

Source: Chen et al., "Rethinking Atrous Convolution for Semantic Image Segmentation", arXiv
1706.05587; parameter counts of kazuto1011/deeplab-pytorch and torchvision. Logits are brought to
the size of the input before any loss, as in the paper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from torch import nn

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import EncoderDecoder
from vocalsep.backbones.encoders.base import build_encoder
from vocalsep.backbones.parts.heads import OfLast, conv_head
from vocalsep.backbones.parts.layers import conv
from vocalsep.backbones.parts.pyramid import ASPP
from vocalsep.registry import one_of


def aspp_rates(rates: Sequence[int], output_stride: int) -> list[int]:
    """The rates given for output stride 16, doubled where it is 8: the same field of view."""
    return [rate * 16 // output_stride for rate in rates]


@BACKBONES.register("deeplab_v3")
class DeepLabV3(EncoderDecoder):
    """ResNet of output stride 8 or 16 with multi-grid 1, 2, 4; ASPP; 1×1.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        encoder: name of a ResNet; its further parameters are `encoder_params`.
        encoder_params: see the encoder; {"stem_stride": 1} for finer features.
        output_stride: of the encoder, 8 or 16.
        rates: dilations at output stride 16; at 8 they are doubled.
        width: D of every branch and of what follows.
        head_conv: one more 3×3 convolution before the logits, as torchvision has it.
        keep_time: image pooling over frequency alone.
    """

    about = About(
        family="classic",
        paper="Chen et al., 2017",
        references=(
            Reference(3, 21, 58_040_661, "kazuto1011/deeplab-pytorch"),
            Reference(3, 21, 58_040_661, "kazuto1011/deeplab-pytorch", {"output_stride": 8}),
            Reference(3, 21, 39_638_869, "torchvision", {"encoder": "resnet50", "head_conv": True}),
            Reference(3, 21, 58_630_997, "torchvision", {"head_conv": True}),
        ),
        thin={"encoder": "resnet18", "encoder_params": {"width": 1 / 16}, "width": 8},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        encoder: str = "resnet101",
        encoder_params: Mapping[str, Any] | None = None,
        output_stride: Literal[8, 16] = 16,
        rates: Sequence[int] = (6, 12, 18),
        width: int = 256,
        head_conv: bool = False,
        keep_time: bool = False,
    ) -> None:
        one_of("output_stride", output_stride, (8, 16))
        wanted = {"output_stride": output_stride, "multigrid": (1, 2, 4)}
        body = build_encoder(encoder, in_channels, wanted, encoder_params)
        neck = ASPP((body.channels[-1], width), aspp_rates(rates, output_stride), keep_time, 0.1)
        last = conv(2, (width, out_channels), 1)
        head: nn.Module = conv_head(width, width, out_channels, 0.0) if head_conv else last
        super().__init__(body, OfLast(neck), head)
