"""DF-Seg: a pruned encoder, pyramid pooling and two fusion nodes.

Source: Li et al., "Partial Order Pruning", CVPR 2019; parameter counts of lxtGH/Fast_Seg less the
classifier that its encoder carries along unused (513,000).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import EncoderDecoder
from vocalsep.backbones.encoders.base import build_encoder
from vocalsep.backbones.parts.layers import ConvNormAct, Style, conv
from vocalsep.backbones.parts.merge import concat
from vocalsep.backbones.parts.pyramid import PyramidPooling
from vocalsep.backbones.parts.resize import resize

FAST_SEG = "lxtGH/Fast_Seg, without its unused classifier"


class Fusion(nn.Module):
    """Pyramid pooling on the last of three features, joined with the two finer ones in turn."""

    def __init__(self, channels: Sequence[int], width: int, keep_time: bool) -> None:
        super().__init__()
        pyramid = PyramidPooling(channels[-1], width, keep_time=keep_time)
        self.pyramid = nn.Sequential(pyramid, ConvNormAct(Style(), (pyramid.d_out, width), 1))
        coarse_to_fine = [width, *reversed(channels[:-1])]
        self.lateral = nn.ModuleList(conv(2, (d, width), 1) for d in coarse_to_fine)
        self.fuse = nn.ModuleList(
            conv(2, (2 * width, width), bias=False) for _ in coarse_to_fine[1:]
        )

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        *finer, last = features[-len(self.lateral) :]
        coarse_to_fine = [self.pyramid(last), *reversed(finer)]
        laterals = [c(x) for c, x in zip(self.lateral, coarse_to_fine, strict=True)]
        out = laterals[0]
        for fuse, skip in zip(self.fuse, laterals[1:], strict=True):
            out = fuse(concat(resize(out, skip.shape[2:]), skip))
        return [out]


@BACKBONES.register("df_seg")
class DFSeg(EncoderDecoder):
    """DFNet with a light decoder; logits at stride 16 (V1) or 8 (V2).

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        encoder: "dfnet_v1", "dfnet_v2" or any other with three features or more.
        encoder_params: see the encoder; {"stem_strides": [1, 1]} for finer logits.
        width: D of the decoder.
        keep_time: pyramid pooling over frequency alone.
    """

    about = About(
        family="real time",
        paper="Li et al., CVPR 2019",
        references=(
            Reference(3, 19, 9_220_659, FAST_SEG),
            Reference(3, 19, 18_674_739, FAST_SEG, {"encoder": "dfnet_v2"}),
        ),
        thin={"encoder": "dfnet_v2", "encoder_params": {"width": 1 / 16}, "width": 8},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        encoder: str = "dfnet_v1",
        encoder_params: Mapping[str, Any] | None = None,
        width: int = 128,
        keep_time: bool = False,
    ) -> None:
        body = build_encoder(encoder, in_channels, {}, encoder_params)
        head = nn.Sequential(
            ConvNormAct(Style(bias=True), (width, width)),
            nn.Dropout(0.1),
            conv(2, (width, out_channels), 1),
        )
        super().__init__(body, Fusion(body.channels[-3:], width, keep_time), head)
