"""ISNet: context of the whole image and context of each class, both by likeness.

Source: Jin et al., "ISNet: Integrate Image-Level and Semantic-Level Context for Semantic
Segmentation", ICCV 2021, with the layer sizes of SegmentationBLWX/sssegmentation; no parameter
count is documented. "Classes" are the outputs: on spectrograms, the sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.base import BACKBONES, About, Backbone
from vocalsep.backbones.encoders.base import build_encoder, conv_norm
from vocalsep.backbones.parts.context import Correlation
from vocalsep.backbones.parts.heads import conv_head
from vocalsep.backbones.parts.merge import concat
from vocalsep.backbones.parts.pyramid import pool_to_grid


def class_means(features: Tensor, logits: Tensor) -> Tensor:
    """At every position the mean feature of its class: (B, D, H, W), (B, K, H, W) -> (B, D, H, W).

    A position belongs to its largest logit; the mean of a class is over its positions, weighted by
    the softmax of their logits for it.
    """
    n_classes = logits.shape[1]
    flat = logits.flatten(2)
    member = functional.one_hot(flat.argmax(1), n_classes).transpose(1, 2).bool()
    # An empty class gets some mean or other, which no position asks for.
    weights = flat.masked_fill(~member, -1e4).softmax(dim=2)
    means = weights @ features.flatten(2).transpose(1, 2)
    scattered = means.transpose(1, 2) @ member.to(means.dtype)
    return scattered.view_as(features)


@BACKBONES.register("isnet")
class ISNet(Backbone):
    """Dilated ResNet with a deep stem, image-level and semantic-level context, two stages.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        encoder: name of an encoder; its parameters are `encoder_params`.
        encoder_params: see the encoder.
        width: D of the context features; likeness is measured on half as many.
        keep_time: means and likeness over frequency alone (the classes' means stay whole).
        auxiliary: weight of the loss on the last feature but one and on the first stage; 0: none.
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
        keep_time: bool = False,
        auxiliary: float = 0.4,
    ) -> None:
        super().__init__()
        wanted = {"output_stride": 8, "stem": "deep"}
        self.encoder = build_encoder(encoder, in_channels, wanted, encoder_params)
        self.stride = self.encoder.strides[-1]
        self.keep_time = keep_time
        before, last = self.encoder.channels[-2:]
        self.reduce = conv_norm((last, width))
        self.of_image = Correlation((width, 2 * width), width // 2, keep_time)
        self.join_image = conv_norm((2 * width, width))
        self.of_classes = Correlation((width, width), width // 2, keep_time)
        self.join_classes = conv_norm((2 * width, width))
        self.first = conv_head(width, width, out_channels, kernel=1)
        self.second = conv_head(width, width, out_channels, kernel=1)
        self.auxiliary_weights = (auxiliary, auxiliary) if auxiliary else ()
        self.auxiliary_heads = nn.ModuleList(
            conv_head(before, width, out_channels) for _ in self.auxiliary_weights[:1]
        )

    def _stages(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of the second and of the first stage, and the encoder's last feature but one."""
        *_, before, last = self.encoder(features)
        x = self.reduce(last)
        mean = pool_to_grid(x, 1, self.keep_time).expand_as(x)
        of_image = self.join_image(concat(x, self.of_image(x, concat(mean, x))))
        first = self.first(x)
        of_classes = self.of_classes(x, class_means(x, first))
        second = self.second(self.join_classes(concat(of_image, of_classes)))
        return second, first, before

    def transform(self, features: Tensor) -> Tensor:
        return self._stages(features)[0]

    def transform_all(self, features: Tensor) -> list[Tensor]:
        second, first, before = self._stages(features)
        extra = [head(before) for head in self.auxiliary_heads]
        return [second, *extra, first] if extra else [second]
