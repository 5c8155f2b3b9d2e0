"""Fully convolutional networks: class scores at several strides, summed and up-sampled.

Source: Long, Shelhamer & Darrell, "Fully Convolutional Networks for Semantic Segmentation", CVPR
2015; parameter counts of wkentaro/pytorch-fcn and torchvision. The original pads its first
convolution by 100 and crops what comes out; here every convolution keeps the size, which changes
no count and only the borders. Its up-sampling convolutions were kept fixed in the release; here
they start as bilinear interpolation and learn, as in the paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Backbone, Reference
from vocalsep.backbones.compose import Auxiliary, EncoderDecoder
from vocalsep.backbones.encoders.base import build_encoder
from vocalsep.backbones.parts.heads import OfLast, conv_head
from vocalsep.backbones.parts.layers import conv
from vocalsep.backbones.parts.up_learned import TransposedBilinear
from vocalsep.registry import one_of

PYTORCH_FCN = "wkentaro/pytorch-fcn"


@BACKBONES.register("fcn_vgg")
class FCN(Backbone):
    """FCN-32s, -16s and -8s on VGG16: coarse logits, as a baseline.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        finest: stride of the finest scores: 32 (the last features alone), 16 or 8.
        width: factor on the encoder's widths.
        head_width: D of the two convolutions that were VGG's fully connected layers.
    """

    about = About(
        family="classic",
        paper="Long et al., CVPR 2015",
        references=(
            Reference(3, 21, 134_489_759, PYTORCH_FCN),
            Reference(3, 21, 134_815_994, PYTORCH_FCN, {"finest": 16}),
            Reference(3, 21, 136_152_917, PYTORCH_FCN, {"finest": 32}),
        ),
        thin={"width": 1 / 16, "head_width": 8},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        finest: Literal[8, 16, 32] = 8,
        width: float = 1.0,
        head_width: int = 4096,
    ) -> None:
        super().__init__()
        one_of("finest", finest, (8, 16, 32))
        self.encoder = build_encoder("vgg16", in_channels, {"width": width}, None)
        self.stride = 32
        self.classify = nn.Sequential(
            conv(2, (self.encoder.channels[-1], head_width), 7),
            nn.ReLU(),
            nn.Dropout(0.5),
            conv(2, (head_width, head_width), 1),
            nn.ReLU(),
            nn.Dropout(0.5),
            conv(2, (head_width, out_channels), 1),
        )
        classes = (out_channels, out_channels)
        n_skips = {32: 0, 16: 1, 8: 2}[finest]
        self.scores = nn.ModuleList(
            conv(2, (self.encoder.channels[-2 - k], out_channels), 1) for k in range(n_skips)
        )
        self.ups = nn.ModuleList(TransposedBilinear(2, classes) for _ in range(n_skips))
        self.last_up = TransposedBilinear(2, classes, finest)

    def transform(self, features: Tensor) -> Tensor:
        levels = self.encoder(features)
        logits = self.classify(levels[-1])
        skips = levels[-2::-1]
        for score, up, skip in zip(self.scores, self.ups, skips, strict=False):
            logits = up(logits, skip.shape[2:]) + score(skip)
        out: Tensor = self.last_up(logits, features.shape[2:])
        return out


@BACKBONES.register("fcn_resnet")
class FCNResNet(EncoderDecoder):
    """Dilated ResNet of output stride 8 and one convolution: torchvision's FCN.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        encoder: name of an encoder; its parameters are `encoder_params`.
        encoder_params: see the encoder; {"stem_stride": 1} for finer logits.
        auxiliary: weight of the loss on the last feature but one; 0: none.
    """

    about = About(
        family="classic",
        paper="Long et al., CVPR 2015; He et al., CVPR 2016",
        references=(
            Reference(3, 21, 35_322_218, "torchvision"),
            Reference(3, 21, 32_957_013, "torchvision", {"auxiliary": 0.0}),
            Reference(3, 21, 54_314_346, "torchvision", {"encoder": "resnet101"}),
        ),
        thin={"encoder": "resnet18", "encoder_params": {"width": 1 / 16}},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        encoder: str = "resnet50",
        encoder_params: Mapping[str, Any] | None = None,
        auxiliary: float = 0.4,
    ) -> None:
        body = build_encoder(encoder, in_channels, {"output_stride": 8}, encoder_params)
        before, last = body.channels[-2:]
        extra = conv_head(before, before // 4, out_channels)
        super().__init__(
            body,
            OfLast(nn.Identity()),
            conv_head(last, last // 4, out_channels),
            [Auxiliary("encoder", -2, auxiliary, extra)] if auxiliary else [],
        )
