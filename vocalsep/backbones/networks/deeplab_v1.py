"""DeepLab v1 "LargeFOV": VGG16 that keeps stride 8, with a wide dilated convolution on top.

Source: Chen et al., "Semantic Image Segmentation with Deep Convolutional Nets and Fully Connected
CRFs", ICLR 2015 (20.5 M parameters; the fully connected CRF after it is no part of the network).
"""

from __future__ import annotations

from torch import nn

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import EncoderDecoder
from vocalsep.backbones.encoders.base import build_encoder
from vocalsep.backbones.parts.heads import OfLast
from vocalsep.backbones.parts.layers import Kernel, conv


def large_field(d_in: int, d_mid: int, d_out: int, rate: int) -> nn.Sequential:
    """VGG's fully connected layers as a dilated 3×3 and two 1×1 convolutions."""
    return nn.Sequential(
        conv(2, (d_in, d_mid), Kernel(dilation=rate)),
        nn.ReLU(),
        nn.Dropout(0.5),
        conv(2, (d_mid, d_mid), 1),
        nn.ReLU(),
        nn.Dropout(0.5),
        conv(2, (d_mid, d_out), 1),
    )


@BACKBONES.register("deeplab_v1")
class DeepLabV1(EncoderDecoder):
    """Poolings 4 and 5 without stride, the fifth stage dilated by 2, a 3×3 of rate 12.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        width: factor on the encoder's widths.
        head_width: D of the two convolutions before the logits.
        rate: dilation of the first of them.
    """

    about = About(
        family="classic",
        paper="Chen et al., ICLR 2015",
        references=(Reference(3, 21, 20_505_429, "arithmetic; paper: 20.5 M"),),
        thin={"width": 1 / 16, "head_width": 8},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        width: float = 1.0,
        head_width: int = 1024,
        rate: int = 12,
    ) -> None:
        wanted = {"width": width, "output_stride": 8}
        body = build_encoder("vgg16", in_channels, wanted, None)
        head = large_field(body.channels[-1], head_width, out_channels, rate)
        super().__init__(body, OfLast(nn.Identity()), head)
