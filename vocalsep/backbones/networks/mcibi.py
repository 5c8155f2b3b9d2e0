"""MCIBI: a memory of what each class looks like, beyond the image at hand.

Source: Jin et al., "Mining Contextual Information Beyond Image for Semantic Segmentation", ICCV
2021; no parameter count is documented. There the memory holds the classes' mean features, moved
after every step by the truth of the batch; here it is learned by gradient like all else, so that
any trainer trains it. "Classes" are the outputs: on spectrograms, the sources.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Backbone
from vocalsep.backbones.encoders.base import build_encoder, conv_norm
from vocalsep.backbones.parts.context import Correlation
from vocalsep.backbones.parts.heads import conv_head
from vocalsep.backbones.parts.merge import concat
from vocalsep.backbones.parts.pyramid import PyramidPooling, check_grids


@BACKBONES.register("mcibi")
class MCIBI(Backbone):
    """Dilated ResNet, pyramid pooling within the image, memory beyond it, two stages.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        encoder: name of an encoder; its parameters are `encoder_params`.
        encoder_params: see the encoder.
        width: D of the features and of each class in memory.
        bins: cells along each axis of every grid of the pyramid pooling.
        keep_time: pooling and likeness over frequency alone.
        auxiliary: weight of the loss on the first stage; 0: none.
    """

    about = About(
        family="classic",
        paper="Jin et al., ICCV 2021",
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
        bins: Sequence[int] = (1, 2, 3, 6),
        keep_time: bool = False,
        auxiliary: float = 0.4,
    ) -> None:
        check_grids("bins", bins)
        super().__init__()
        wanted = {"output_stride": 8, "stem": "deep"}
        self.encoder = build_encoder(encoder, in_channels, wanted, encoder_params)
        self.stride = self.encoder.strides[-1]
        last = self.encoder.channels[-1]
        pyramid = PyramidPooling(last, width // len(bins), bins, keep_time)
        self.within = nn.Sequential(pyramid, conv_norm((pyramid.d_out, width)))
        self.reduce = conv_norm((last, width))
        self.memory = nn.Parameter(torch.randn(out_channels, width))
        self.of_memory = Correlation((width, width), width // 2, keep_time)
        self.of_memory_within = Correlation((width, width), width // 2, keep_time)
        self.join = conv_norm((4 * width, width))
        self.first = conv_head(width, width, out_channels)
        self.second = conv_head(width, width, out_channels)
        self.auxiliary_weights = (auxiliary,) if auxiliary else ()

    def recall(self, logits: Tensor) -> Tensor:
        """The memory mixed by the classes' probabilities: (B, K, H, W) -> (B, width, H, W)."""
        return torch.einsum("bkhw,kd->bdhw", logits.softmax(1), self.memory)

    def transform_all(self, features: Tensor) -> list[Tensor]:
        last = self.encoder(features)[-1]
        x, within = self.reduce(last), self.within(last)
        first = self.first(x)
        recalled = self.recall(first)
        joined = concat(
            x, self.of_memory(x, recalled), within, self.of_memory_within(within, recalled)
        )
        second = self.second(self.join(joined))
        return [second, first] if self.auxiliary_weights else [second]

    def transform(self, features: Tensor) -> Tensor:
        return self.transform_all(features)[0]
