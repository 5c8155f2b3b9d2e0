"""DeepLab v2: dilated convolutions of four rates straight to the logits, summed.

Source: Chen et al., "DeepLab", TPAMI 2018; parameter counts of kazuto1011/deeplab-pytorch. As
there, the network can look at its input in several sizes and keep the largest logit of each
position. That reference strides in the first 1×1 of a bottleneck, here the 3×3 does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Backbone, Reference
from vocalsep.backbones.encoders.base import build_encoder
from vocalsep.backbones.networks.deeplab_v1 import large_field
from vocalsep.backbones.parts.layers import Kernel, conv
from vocalsep.backbones.parts.pyramid import SummedBranches
from vocalsep.backbones.parts.resize import resize
from vocalsep.recipe.part import check


@BACKBONES.register("deeplab_v2")
class DeepLabV2(Backbone):
    """Dilated encoder of output stride 8 and a sum of dilated convolutions.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        encoder: name of an encoder; its parameters are `encoder_params`.
        encoder_params: see the encoder; {"stem_stride": 1} for finer logits.
        rates: dilation of each branch: (6, 12, 18, 24) is ASPP-L, (2, 4, 8, 12) ASPP-S.
        branch_width: D of two more convolutions in each branch (1024 with VGG16); 0: none.
        scales: sizes, as factors, at which the input is looked at.
    """

    about = About(
        family="classic",
        paper="Chen et al., TPAMI 2018",
        references=(
            Reference(3, 21, 44_048_532, "kazuto1011/deeplab-pytorch"),
            Reference(3, 21, 37_877_652, "arithmetic", {"encoder": "vgg16", "branch_width": 1024}),
        ),
        thin={
            "encoder": "resnet18",
            "encoder_params": {"width": 1 / 16},
            "scales": [1.0, 0.5],
        },
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        encoder: str = "resnet101",
        encoder_params: Mapping[str, Any] | None = None,
        rates: Sequence[int] = (6, 12, 18, 24),
        branch_width: int = 0,
        scales: Sequence[float] = (1.0,),
    ) -> None:
        super().__init__()
        check("rates", list(rates), len(rates) > 0, "one rate or more")
        check("scales", list(scales), len(scales) > 0 and min(scales) > 0, "factors above 0")
        self.encoder = build_encoder(encoder, in_channels, {"output_stride": 8}, encoder_params)
        self.stride = self.encoder.strides[-1]
        self.scales = tuple(scales)
        last = self.encoder.channels[-1]
        branches: list[nn.Module] = [
            large_field(last, branch_width, out_channels, rate)
            if branch_width
            else conv(2, (last, out_channels), Kernel(dilation=rate))
            for rate in rates
        ]
        self.head = SummedBranches(branches)

    def transform(self, features: Tensor) -> Tensor:
        outs: list[Tensor] = []
        for scale in self.scales:
            scaled = resize(features, [max(1, round(n * scale)) for n in features.shape[2:]])
            logits = self.head(self.encoder(scaled)[-1])
            outs.append(logits if not outs else resize(logits, outs[0].shape[2:]))
        return torch.stack(outs).amax(0)
