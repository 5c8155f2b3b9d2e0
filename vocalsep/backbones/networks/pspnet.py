"""PSPNet: averages over coarser and coarser grids beside the features themselves.

Source: Zhao et al., "Pyramid Scene Parsing Network", CVPR 2017; parameter counts of hszhao/semseg.
The reference wants sizes of 8n + 1 and stops at others; here any size will do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import Auxiliary, EncoderDecoder
from vocalsep.backbones.encoders.base import build_encoder
from vocalsep.backbones.parts.heads import OfLast, conv_head
from vocalsep.backbones.parts.pyramid import PyramidPooling, check_grids


@BACKBONES.register("pspnet")
class PSPNet(EncoderDecoder):
    """Dilated ResNet with a deep stem, pyramid pooling, one convolution.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        encoder: name of an encoder; its parameters are `encoder_params`.
        encoder_params: see the encoder; {"stem_stride": 1} for finer logits.
        bins: cells along each axis of every grid.
        keep_time: grids divide frequency alone, so that frames do not depend on the chunk.
        auxiliary: weight of the loss on the last feature but one; 0: none.
    """

    about = About(
        family="classic",
        paper="Zhao et al., CVPR 2017",
        references=(
            Reference(3, 21, 49_081_578, "hszhao/semseg"),
            Reference(3, 21, 68_073_706, "hszhao/semseg", {"encoder": "resnet101"}),
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
        bins: Sequence[int] = (1, 2, 3, 6),
        keep_time: bool = False,
        auxiliary: float = 0.4,
    ) -> None:
        check_grids("bins", bins)
        wanted = {"output_stride": 8, "stem": "deep"}
        body = build_encoder(encoder, in_channels, wanted, encoder_params)
        before, last = body.channels[-2:]
        pyramid = PyramidPooling(last, last // len(bins), bins, keep_time)
        extra = conv_head(before, before // 4, out_channels)
        super().__init__(
            body,
            OfLast(pyramid),
            conv_head(pyramid.d_out, last // 4, out_channels),
            [Auxiliary("encoder", -2, auxiliary, extra)] if auxiliary else [],
        )
