"""FastFCN: a plain encoder of stride 32 whose last three features are up-sampled jointly.

Source: Wu et al., "FastFCN: Rethinking Dilated Convolution in the Backbone", arXiv 1903.11816;
parameter count of wuhuikai/FastFCN less the classifier that it carries along unused (2,049,000).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import Auxiliary, EncoderDecoder
from vocalsep.backbones.encoders.base import build_encoder
from vocalsep.backbones.parts.heads import conv_head
from vocalsep.backbones.parts.layers import conv
from vocalsep.backbones.parts.pyramid import ASPP, JointUpsampling, PyramidPooling
from vocalsep.registry import one_of


class Joint(nn.Module):
    """Joint up-sampling of the last three features, then a neck."""

    def __init__(self, jpu: JointUpsampling, neck: nn.Module) -> None:
        super().__init__()
        self.jpu, self.neck = jpu, neck

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        return [self.neck(self.jpu(features[-3:]))]


@BACKBONES.register("fastfcn")
class FastFCN(EncoderDecoder):
    """Encoder, joint pyramid up-sampling to stride 8, a head of choice.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        encoder: name of an encoder; its parameters are `encoder_params`.
        encoder_params: see the encoder; {"stem_stride": 1} for finer logits.
        width: D of each branch of the up-sampling.
        neck: "fcn" (none), "psp" (pyramid pooling) or "aspp".
        keep_time: these pool over frequency alone.
        auxiliary: weight of the loss on the last feature but one; 0: none.
    """

    about = About(
        family="classic",
        paper="Wu et al., 2019",
        references=(Reference(3, 21, 55_181_546, "wuhuikai/FastFCN"),),
        thin={"encoder": "resnet18", "encoder_params": {"width": 1 / 16}, "width": 8},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        encoder: str = "resnet50",
        encoder_params: Mapping[str, Any] | None = None,
        width: int = 512,
        neck: Literal["fcn", "psp", "aspp"] = "fcn",
        keep_time: bool = False,
        auxiliary: float = 0.4,
    ) -> None:
        one_of("neck", neck, ("fcn", "psp", "aspp"))
        body = build_encoder(encoder, in_channels, {"stem": "deep"}, encoder_params)
        jpu = JointUpsampling(body.channels[-3:], width)
        before, d = body.channels[-2], jpu.d_out
        choices: dict[str, tuple[nn.Module, nn.Module]] = {
            "fcn": (nn.Identity(), conv_head(d, width, out_channels)),
            "psp": (
                PyramidPooling(d, d // 4, keep_time=keep_time),
                conv_head(2 * d, width, out_channels),
            ),
            "aspp": (
                ASPP((d, width), (12, 24, 36), keep_time, 0.1),
                conv(2, (width, out_channels), 1),
            ),
        }
        module, head = choices[neck]
        extra = conv_head(before, before // 4, out_channels)
        super().__init__(
            body,
            Joint(jpu, module),
            head,
            [Auxiliary("encoder", -2, auxiliary, extra)] if auxiliary else [],
        )
