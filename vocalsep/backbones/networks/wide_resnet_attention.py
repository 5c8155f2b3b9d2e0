"""Wide ResNet, dilated convolutions, attention over channels and positions side by side.

There is no paper of this combination; the definition is: a Wide ResNet of output stride 16, ASPP
of rates 6, 12 and 18, then y = x·C(x) + x·P(x) with C squeeze and excitation (Hu et al., CVPR 2018)
and P a sigmoid of one 1×1 convolution (scSE, Roy et al., MICCAI 2018), then the decoder of DeepLab
v3+. The two can also follow one another, or be those of DANet (Fu et al., CVPR 2019). No reference
count exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About
from vocalsep.backbones.compose import EncoderDecoder
from vocalsep.backbones.encoders.base import build_encoder
from vocalsep.backbones.networks.deeplab_v3_plus import FuseLow
from vocalsep.backbones.parts.attention import ChannelGate
from vocalsep.backbones.parts.context import attend
from vocalsep.backbones.parts.layers import conv
from vocalsep.backbones.parts.pyramid import ASPP
from vocalsep.registry import one_of

Order = Literal["parallel", "channel_first", "position_first"]


class PositionGate(nn.Module):
    """Each position times a sigmoid of one 1×1 convolution of its channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weigh = conv(2, (channels, 1), 1)

    def forward(self, features: Tensor) -> Tensor:
        return features * torch.sigmoid(self.weigh(features))


class ChannelLikeness(nn.Module):
    """x + γ·(softmax(X·Xᵀ)·X): every channel takes from those like it; γ starts at 0 (DANet).

    As published, the softmax is over (largest − X·Xᵀ): from those unlike it most of all.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, features: Tensor) -> Tensor:
        x = features.flatten(2)
        likeness = x @ x.transpose(1, 2)
        weights = (likeness.amax(2, keepdim=True) - likeness).softmax(dim=2)
        return features + self.gamma * (weights @ x).view_as(features)


class PositionLikeness(nn.Module):
    """x + γ·(softmax(Q·Kᵀ)·V): every position takes from those like it; γ starts at 0 (DANet)."""

    def __init__(self, channels: int, keep_time: bool) -> None:
        super().__init__()
        inner = max(1, channels // 8)
        self.keep_time = keep_time
        self.query = conv(2, (channels, inner), 1)
        self.key = conv(2, (channels, inner), 1)
        self.value = conv(2, (channels, channels), 1)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, features: Tensor) -> Tensor:
        triple = (self.query(features), self.key(features), self.value(features))
        return features + self.gamma * attend(*triple, self.keep_time)


class DualAttention(nn.Module):
    """Attention over channels and over positions, side by side (summed) or one after the other."""

    def __init__(self, by_channel: nn.Module, by_position: nn.Module, order: Order) -> None:
        super().__init__()
        self.by_channel, self.by_position, self.order = by_channel, by_position, order

    def forward(self, features: Tensor) -> Tensor:
        if self.order == "parallel":
            both: Tensor = self.by_channel(features) + self.by_position(features)
            return both
        first, second = self.by_channel, self.by_position
        if self.order == "position_first":
            first, second = second, first
        out: Tensor = second(first(features))
        return out


@BACKBONES.register("wide_resnet_attention")
class WideResNetAttention(EncoderDecoder):
    """wide_resnet50_2, ASPP, dual attention, one fine feature of the encoder.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        encoder: name of an encoder; its parameters are `encoder_params`.
        encoder_params: see the encoder; {"stem_stride": 1} gives a skip at full size.
        attention: "gates" (squeeze and excitation, scSE) or "likeness" (DANet).
        order: "parallel", "channel_first" or "position_first".
        width: D of ASPP and decoder.
        keep_time: means and likeness of positions over frequency alone.
    """

    about = About(
        family="classic",
        paper="after Chen et al., ECCV 2018; Roy et al., MICCAI 2018",
        thin={"encoder": "resnet18", "encoder_params": {"width": 1 / 16}, "width": 8},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        encoder: str = "wide_resnet50_2",
        encoder_params: Mapping[str, Any] | None = None,
        attention: Literal["gates", "likeness"] = "gates",
        order: Order = "parallel",
        width: int = 256,
        keep_time: bool = False,
    ) -> None:
        one_of("attention", attention, ("gates", "likeness"))
        one_of("order", order, get_args(Order))
        body = build_encoder(encoder, in_channels, {"output_stride": 16}, encoder_params)
        if attention == "gates":
            by_channel: nn.Module = ChannelGate(2, width, 16, keep_time)
            by_position: nn.Module = PositionGate(width)
        else:
            by_channel, by_position = ChannelLikeness(), PositionLikeness(width, keep_time)
        neck = nn.Sequential(
            ASPP((body.channels[-1], width), keep_time=keep_time),
            DualAttention(by_channel, by_position, order),
        )
        decoder = FuseLow(neck, (1, body.channels[1]), width)
        super().__init__(body, decoder, conv(2, (width, out_channels), 1))
