"""LR-ASPP on MobileNetV3: coarse features gated by their own means, a fine one added.

Source: Howard et al., "Searching for MobileNetV3", ICCV 2019; parameter count of torchvision, which
like this one averages over everything (the paper over large windows). The fine feature is the last
of its size; torchvision takes the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from vocalsep.backbones.base import BACKBONES, About, Backbone, Reference
from vocalsep.backbones.encoders.base import build_encoder, conv_norm
from vocalsep.backbones.parts.layers import conv
from vocalsep.backbones.parts.pyramid import pool_to_grid
from vocalsep.backbones.parts.resize import resize
from vocalsep.registry import one_of


@BACKBONES.register("lr_aspp")
class LRASPP(Backbone):
    """MobileNetV3-Large of output stride 16, a gated 1×1, logits of two levels summed.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        encoder: name of an encoder; its parameters are `encoder_params`.
        encoder_params: see the encoder.
        low: which feature of the encoder is the fine one: 2 has stride 8, 0 stride 2.
        width: D of the gated features.
        keep_time: means over frequency alone.
    """

    about = About(
        family="real time",
        paper="Howard et al., ICCV 2019",
        references=(Reference(3, 21, 3_221_538, "torchvision"),),
        thin={"encoder_params": {"width": 1 / 8}, "width": 8},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        encoder: str = "mobilenet_v3_large",
        encoder_params: Mapping[str, Any] | None = None,
        low: int = 2,
        width: int = 128,
        keep_time: bool = False,
    ) -> None:
        super().__init__()
        self.encoder = build_encoder(encoder, in_channels, {"output_stride": 16}, encoder_params)
        one_of("low", low, range(len(self.encoder.channels)))
        self.stride = self.encoder.strides[-1]
        self.low, self.keep_time = low, keep_time
        fine, last = self.encoder.channels[low], self.encoder.channels[-1]
        self.project = conv_norm((last, width), 1)
        self.weigh = conv(2, (last, width), 1, bias=False)
        self.of_low = conv(2, (fine, out_channels), 1)
        self.of_high = conv(2, (width, out_channels), 1)

    def transform(self, features: Tensor) -> Tensor:
        levels: Sequence[Tensor] = self.encoder(features)
        fine, last = levels[self.low], levels[-1]
        weights = torch.sigmoid(self.weigh(pool_to_grid(last, 1, self.keep_time)))
        high = resize(self.project(last) * weights, fine.shape[2:])
        out: Tensor = self.of_low(fine) + self.of_high(high)
        return out
